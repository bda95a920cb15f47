"""Which layer-4 profile a virtual server gets that names none, and the protocol that follows it.

That a virtual server of a name alone has fastL4: iControl REST reference, section 3.5. That tcp
comes with http by itself: f5-cccl, issue 75. That the protocol follows the profiles: f5-ansible,
issue 554.
"""

from bigip_sim.catalogue import KINDS
from bigip_sim.shaping import Write, paths
from bigip_sim.tree import Draft, Key

_PROTOCOLS = {
    "ltm/profile/tcp": "tcp",
    "ltm/profile/udp": "udp",
    "ltm/profile/sctp": "sctp",
    "ltm/profile/fasthttp": "tcp",
}
_LAYER_4 = {*_PROTOCOLS, "ltm/profile/fastl4", "ltm/profile/ipother"}
_OVER_TCP = {"ltm/profile/http", "ltm/profile/client-ssl", "ltm/profile/one-connect"}
_MADE = "~made"  # put there by the device, so that it makes room
_TCP, _FAST_L4 = "/Common/tcp", "/Common/fastL4"


def fit(write: Write) -> None:
    """Complete the profiles of a virtual server that is being written."""
    named = write.body.get("profiles")
    if named is None:
        if write.old is None:
            _put(write.draft, write.key.name, _FAST_L4)
        return
    kinds = {_kind(write.draft, path) for path in paths(named)}
    if kinds & _OVER_TCP and not kinds & _LAYER_4:
        given = named if isinstance(named, list | tuple) else [named]
        write.body = {**write.body, "profiles": [*given, _TCP]}
        kinds.add("ltm/profile/tcp")
    spoken = {_PROTOCOLS[kind] for kind in kinds if kind in _PROTOCOLS}
    if write.old is None and "ipProtocol" not in write.body and len(spoken) == 1:
        (write.own["ipProtocol"],) = spoken


def make_room(write: Write) -> None:
    """A profile over TCP takes the place of a fastL4 that only the device put there.

    Where there is no layer-4 profile, tcp comes with it: OpenStack's agent takes fastL4 away
    before it adds http and oneconnect, one by one.
    That a virtual server of a name alone takes an http profile: the functional tests of
    f5-common-python. That it changes its layer-4 profile then is unverified.
    """
    draft, owner = write.draft, write.key.owner
    own = KINDS["ltm/virtual/profiles"].key(_FAST_L4, owner)
    made = draft.get(own)
    if _kind(draft, write.key.name) not in _OVER_TCP:
        return
    if made is not None:
        if not made.own.get(_MADE):
            return
        draft.drop(own)
    elif _stands(draft, owner):
        return
    _put(draft, owner, _TCP)
    virtual = draft.get(KINDS["ltm/virtual"].key(owner))
    if virtual is not None and virtual.own.get("ipProtocol", "any") == "any":
        draft.put(virtual.key, virtual.kind, {**virtual.own, "ipProtocol": "tcp"})


def _stands(draft: Draft, virtual: str) -> bool:
    """Whether a virtual server has a layer-4 profile."""
    profiles = draft.of_kind("ltm/virtual/profiles", virtual)
    return any(_kind(draft, item.key.name) in _LAYER_4 for item in profiles)


def _put(draft: Draft, virtual: str, profile: str) -> None:
    kind = KINDS["ltm/virtual/profiles"]
    draft.put(kind.key(profile, virtual), kind.path, {_MADE: True})


def _kind(draft: Draft, name: str) -> str:
    profile = draft.get(Key("profile", "", name))
    return profile.kind if profile is not None else ""
