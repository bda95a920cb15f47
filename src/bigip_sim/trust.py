"""The devices, device groups and trust of one device, as edits of a draft.

Source: iControl REST reference, section 3.11. Each device keeps a copy; that these travel between
the devices of a trust domain by `device_trust_group` is theirs to do (see `sync`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bigip_sim.catalogue import KINDS
from bigip_sim.folders import TRAFFIC_GROUP_1
from bigip_sim.membership import (
    ROOT,
    TRUST_GROUP,
    authorities,
    device_key,
    floating,
    member_key,
    path_of,
)
from bigip_sim.standing import LOCAL_ONLY, Standing
from bigip_sim.system import BASE_MAC, Identity
from bigip_sim.tree import Draft, Key, Tree


@dataclass(frozen=True, slots=True)
class Facts:
    """What a device has to know of another one; `name` is the host name."""

    name: str
    version: str = ""
    build: str = ""
    edition: str = ""
    serial: str = ""
    address: str = ""

    @classmethod
    def of(cls, me: Identity) -> "Facts":
        """Return what a device tells of itself."""
        return cls(me.name, me.version, me.build, me.edition, me.serial, me.address)


@dataclass(frozen=True, slots=True)
class Plan:
    """A device group that is made for a cluster from the start."""

    name: str
    devices: tuple[str, ...]  # host names
    settings: Mapping[str, object] = field(default_factory=dict)  # of the device group
    traffic_groups: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


def install(draft: Draft, me: Identity) -> None:
    """Put in what a fresh device has: itself, alone in its trust domain."""
    for kind, names in {
        "cm/cert": ("dtca.crt", "dtca-bundle.crt", "dtdi.crt"),
        "cm/key": ("dtca.key", "dtdi.key"),
    }.items():
        for name in names:
            draft.put(KINDS[kind].key(path_of(name)), kind, {}, builtin=True)
    draft.put(device_key(me.name), "cm/device", _described(Facts.of(me)), builtin=True)
    for group in ("device_trust_group", "gtm"):
        auto = {"autoSync": "enabled"} if path_of(group) == TRUST_GROUP else {}
        key = KINDS["cm/device-group"].key(path_of(group))
        draft.put(key, "cm/device-group", auto, builtin=True)
    key = member_key(TRUST_GROUP, me.name)
    draft.put(key, key.family, {}, builtin=True)
    groups = KINDS["cm/traffic-group"]
    draft.put(groups.key(TRAFFIC_GROUP_1), groups.path, {}, builtin=True)
    local = {"isFloating": "false", "unitId": 0}
    draft.put(groups.key(LOCAL_ONLY), groups.path, local, builtin=True)
    _write_root(draft, [path_of(me.name)])


def form(draft: Draft, plan: Plan, me: Identity) -> None:
    """Make the devices of a plan trust each other, and their group; twice is the same as once."""
    for name in plan.devices:
        add_device(draft, Facts(name, me.version, me.build, me.edition))
    key = KINDS["cm/device-group"].key(path_of(plan.name))
    _keep(draft, key, {"type": "sync-failover", "networkFailover": "enabled", **plan.settings})
    for name in plan.devices:
        _keep(draft, member_key(plan.name, name), {})
    for number, (name, settings) in enumerate(plan.traffic_groups.items(), start=1):
        group = KINDS["cm/traffic-group"].key(path_of(name))
        unit = {} if group.name == TRAFFIC_GROUP_1 else {"unitId": number}
        _keep(draft, group, {**unit, **settings})


def add_device(draft: Draft, facts: Facts, *, is_authority: bool = True) -> None:
    """Let a device into the trust domain; what is known of it already stays."""
    key = device_key(facts.name)
    if draft.get(key) is None:
        draft.put(key, key.family, _described(facts))
    member = member_key(TRUST_GROUP, facts.name)
    if draft.get(member) is None:
        draft.put(member, member.family, {})
    known = authorities(draft)
    if is_authority and key.name not in known:
        _write_root(draft, [*known, key.name])


def learn(draft: Draft, facts: Facts) -> None:
    """Take what a trusted device has told of itself."""
    key = device_key(facts.name)
    item = draft.get(key)
    told = _described(facts)
    if item is not None and any(item.own.get(name) != value for name, value in told.items()):
        draft.put(key, key.family, {**item.own, **told}, item.builtin)


def drop_device(draft: Draft, name: str) -> None:
    """Take a device out of the trust domain; whoever still names it refuses."""
    key = device_key(name)
    draft.drop(member_key(TRUST_GROUP, name))
    draft.drop(key)
    _write_root(draft, [other for other in authorities(draft) if other != key.name])


def leave(draft: Draft, me: Identity) -> None:
    """Be alone again: no other device, no groups but those that a fresh device has."""
    for item in list(draft.base.items.values()):
        if item.kind.startswith("cm/") and not item.builtin:
            draft.drop(item.key)
    _write_root(draft, [path_of(me.name)])


def alone(tree: Tree, name: str) -> Standing:
    """Return how a device stands that nobody takes part with: active for everything."""
    return Standing(path_of(name), frozenset(item.key.name for item in floating(tree)))


def _write_root(draft: Draft, devices: Iterable[str]) -> None:
    named = sorted(devices)
    kind = KINDS["cm/trust-domain"]
    links = ("caCert", "caCertBundle", "caKey", "trustGroup")
    own = {name: kind.defaults[name] for name in links}
    status = "standalone" if len(named) < 2 else "initialized"  # the second word is unverified
    draft.put(ROOT, kind.path, {**own, "caDevices": named, "status": status}, builtin=True)


def _keep(draft: Draft, key: Key, own: Mapping[str, object]) -> None:
    item = draft.get(key)
    if item is None:
        draft.put(key, key.family, own)
    elif any(item.own.get(name) != value for name, value in own.items()):
        draft.put(key, key.family, {**item.own, **own}, item.builtin)


def _described(facts: Facts) -> dict[str, object]:
    told = {
        "hostname": facts.name,
        "version": facts.version,
        "build": facts.build,
        "edition": facts.edition,
        "chassisId": facts.serial,
        "managementIp": facts.address,
    }
    return {
        **{name: value for name, value in told.items() if value},
        "cert": "/Common/dtdi.crt",
        "key": "/Common/dtdi.key",
        "baseMac": BASE_MAC,
    }
