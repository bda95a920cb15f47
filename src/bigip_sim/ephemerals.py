"""Nodes and pool members that come of names: one for each address that a name leads to.

A node by name has no address; the device makes an ephemeral node for each address, `_auto_` and
the address by name, and in each pool with a member on the node an ephemeral member (seen in
reports of users of F5's Terraform provider). All addresses are taken where `autopopulate` of the
node, and of the member, is enabled, else the first one (a report of AS3's users). That ephemeral
objects have all else from what they come of, that they go with it, and the state of what has no
address, is unverified. A device asks every `interval` seconds; here the answer is always known.
"""

from collections.abc import Iterator, Mapping

from bigip_sim.catalogue import KINDS
from bigip_sim.catalogue_ltm import member_node
from bigip_sim.names import join_path, split_path, split_port, write_endpoint
from bigip_sim.tree import Draft, Item, Key

_NODE, _MEMBER = "ltm/node", "ltm/pool/members"
_FAMILIES = {"ipv4": (4,), "ipv6": (6,), "all": (4, 6)}
_SWITCHED = ("~session", "~state")  # of an ephemeral object these may be its own


def is_ephemeral(item: Item) -> bool:
    """Whether the device has made it of a name."""
    return item.own.get("ephemeral") == "true"


def settle(draft: Draft, *, anyway: bool = False) -> None:
    """Let ephemeral nodes and members be as the names say, if anything of them has changed."""
    if draft.about.resolve("") is None or not (anyway or any(_changed(draft))):
        return
    wanted = dict(_nodes(draft))
    for pool in draft.of_kind("ltm/pool"):
        members = dict(_members(draft, pool.key.name, wanted))
        _keep(draft, _MEMBER, pool.key.name, members)
    _keep(draft, _NODE, "", wanted)


def _changed(draft: Draft) -> Iterator[bool]:
    for key, item in draft.changed.items():
        if key.family in {_NODE, _MEMBER}:
            seen = (one for one in (item, draft.base.get(key)) if one is not None)
            yield any(is_ephemeral(one) or _name(one) for one in seen)


def _nodes(draft: Draft) -> Iterator[tuple[Key, dict[str, object]]]:
    kind = KINDS[_NODE]
    nodes = draft.of_kind(_NODE)
    taken = {n.own.get("~place") for n in nodes if not is_ephemeral(n)}
    for node in nodes:
        if is_ephemeral(node) or not _name(node):
            continue
        found = _found(draft, node)
        state = "fqdn-up" if found else "fqdn-down"
        if node.own.get("~resolved") != state:
            draft.put(node.key, node.kind, {**node.own, "~resolved": state}, node.builtin)
        partition = split_path(node.key.name).partition
        domain = _domain(draft, partition)
        for address in found:
            if f"{address}%{domain}" in taken:
                continue  # a node of its own has it
            about = {"address": address, "~place": f"{address}%{domain}"}
            yield (
                kind.key(join_path(f"_auto_{address}", partition)),
                _like(node, about, "address", "~place", "~resolved"),
            )


def _members(
    draft: Draft, pool: str, nodes: Mapping[Key, Mapping[str, object]]
) -> Iterator[tuple[Key, dict[str, object]]]:
    kind = KINDS[_MEMBER]
    for member in draft.of_kind(_MEMBER, pool):
        (under,) = member_node(member)
        node = draft.get(KINDS[_NODE].key(under))
        if is_ephemeral(member) or node is None or not _name(node):
            continue
        path = split_path(member.key.name)
        port = split_port(path.name)[1]
        found = _found(draft, node)
        populates = _fqdn(member).get("autopopulate") == "enabled"
        for address in found if populates else found[:1]:
            key = KINDS[_NODE].key(join_path(f"_auto_{address}", path.partition))
            if key not in nodes:
                continue
            end = write_endpoint(address, int(port), ":" in address)
            about = {"address": address, "~place": nodes[key]["~place"]}
            yield (
                kind.key(join_path(f"_auto_{end}", path.partition), pool),
                _like(member, about, "address", "~place"),
            )


def _keep(draft: Draft, path: str, owner: str, wanted: Mapping[Key, dict[str, object]]) -> None:
    """Let there be these ephemeral objects and no others."""
    for item in draft.of_kind(path, owner):
        if is_ephemeral(item) and item.key not in wanted:
            draft.drop(item.key)
    for key, own in wanted.items():
        old = draft.get(key)
        if old is not None:
            own |= {name: old.own[name] for name in _SWITCHED if name in old.own}
        if old is None or old.own != own:
            draft.put(key, path, own)


def _like(item: Item, about: Mapping[str, object], *but: str) -> dict[str, object]:
    own = {name: value for name, value in item.own.items() if name not in but}
    return {**own, **about, "ephemeral": "true"}


def _found(draft: Draft, node: Item) -> list[str]:
    versions = _FAMILIES.get(str(_fqdn(node).get("addressFamily", "ipv4")), (4,))
    addresses = draft.about.resolve(_name(node)) or ()
    found = [a for a in addresses if (6 if ":" in a else 4) in versions]
    return found if _fqdn(node).get("autopopulate") == "enabled" else found[:1]


def _domain(draft: Draft, partition: str) -> object:
    home = draft.get(Key("auth/partition", "", partition))
    return home.own.get("defaultRouteDomain", 0) if home is not None else 0


def _fqdn(item: Item) -> Mapping[str, object]:
    fqdn = item.own.get("fqdn")
    return fqdn if isinstance(fqdn, Mapping) else {}


def _name(item: Item) -> str:
    return str(_fqdn(item).get("tmName", ""))
