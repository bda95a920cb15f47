"""What of a configuration belongs to which device group, how it travels, and how it is taken over.

A folder's objects belong to the folder's device group (section 3.1 of the iControl REST reference).
What stays each device's own: interfaces, trunks, VLANs, route domains, static ARP entries, objects
of traffic-group-local-only such as self IPs that do not float (and virtual servers whose address is
one), and the system's own settings.
This list follows what the manufacturer publishes on config sync; it is unverified.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bigip_sim.catalogue import KINDS
from bigip_sim.ephemerals import is_ephemeral
from bigip_sim.folders import device_group, folder_of, traffic_group
from bigip_sim.kinds import DOMAIN
from bigip_sim.membership import TRUST_GROUP
from bigip_sim.standing import LOCAL_ONLY
from bigip_sim.tree import Draft, Item, Key, Tree

_LOCAL = (
    *("net/vlan", "net/vlan-group", "net/interface", "net/trunk", "net/route-domain", "net/stp"),
    *("net/arp", "net/ndp", "net/fdb/vlan", "cm/cert", "cm/key", DOMAIN),
)
_MAY_BE_LOCAL = frozenset({"net/self", "net/tunnels/tunnel", "ltm/virtual-address"})
_SYNCED_SYS = ("sys/folder", "sys/file", "sys/crypto")

Wire = list[Any]  # [kind, owner, name, attributes], as JSON


def group_of(tree: Tree | Draft, item: Item, otherwise: str) -> str:
    """Return the full path of the device group of an object, "" if it stays on its device.

    `otherwise` is the group of folders for which nobody has named one.
    """
    if is_ephemeral(item):
        return ""  # each device asks its own resolver (unverified)
    while item.key.owner:
        above = tree.get(Key(KINDS[KINDS[item.kind].parent].of_family, "", item.key.owner))
        if above is None:
            break
        item = above
    kind, name = item.kind, item.key.name
    if KINDS[kind].single:
        return ""
    if kind.startswith(_LOCAL) or (kind.startswith("sys/") and not kind.startswith(_SYNCED_SYS)):
        return ""
    if kind.startswith("cm/"):
        return TRUST_GROUP
    if kind in _MAY_BE_LOCAL and _stays(tree, item):
        return ""
    if kind == "ltm/virtual" and _has_local_address(tree, item):
        return ""
    if kind.startswith("net/fdb/tunnel"):
        tunnel = tree.get(Key("net/tunnels/tunnel", "", name))
        if tunnel is not None and _stays(tree, tunnel):
            return ""
    folder = name if kind == "sys/folder" else f"/{name}" if kind == "auth/partition" else None
    group = device_group(tree, folder_of(name) if folder is None else folder, otherwise)
    return "" if group == "none" else group


def _has_local_address(tree: Tree | Draft, virtual: Item) -> bool:
    name = virtual.own.get("~address")
    address = tree.get(Key("ltm/virtual-address", "", str(name)))
    return address is not None and _stays(tree, address)


def _stays(tree: Tree | Draft, item: Item) -> bool:
    if "trafficGroup" not in item.own and item.kind != "ltm/virtual-address":
        default = KINDS[item.kind].defaults.get("trafficGroup")
        return default == LOCAL_ONLY
    return traffic_group(tree, item) == LOCAL_ONLY


def written(items: Iterable[Item]) -> list[Wire]:
    """Return objects as they travel; a device's own marks stay at home."""
    return [[i.kind, i.key.owner, i.key.name, _without_marks(i.own)] for i in items]


def belonging(tree: Tree | Draft, items: Iterable[Item], group: str, otherwise: str) -> list[Item]:
    """Return those of the objects that belong to a device group."""
    return [item for item in items if group_of(tree, item, otherwise) == group]


def take(draft: Draft, objects: Sequence[Wire], gone: Sequence[Sequence[str]]) -> set[Key]:
    """Lay what another device has sent over a draft; return which objects it sent."""
    sent = set()
    for kind_path, owner, name, own in objects:
        kind = KINDS[str(kind_path)]
        key = kind.key(str(name), str(owner))
        sent.add(key)
        _put(draft, key, kind.path, own)
    for family, owner, name in gone:
        _drop(draft, Key(str(family), str(owner), str(name)))
    return sent


def prune(draft: Draft, sent: set[Key], group: str, otherwise: str) -> None:
    """Let go of what a device group has here, but not where the whole of it was sent from."""
    for item in belonging(draft.base, draft.base.items.values(), group, otherwise):
        if item.key not in sent:
            _drop(draft, item.key)


def _put(draft: Draft, key: Key, kind: str, own: Mapping[str, object]) -> None:
    old = draft.get(key)
    if old is None:
        draft.put(key, kind, own)
    elif old.kind != kind or _without_marks(old.own) != own:
        marks = {name: value for name, value in old.own.items() if name.startswith("~sync")}
        draft.put(key, kind, {**own, **marks}, old.builtin)


def _drop(draft: Draft, key: Key) -> None:
    item = draft.get(key)
    if item is not None and not item.builtin:
        draft.drop(key)


def _without_marks(own: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in own.items() if not name.startswith("~sync")}
