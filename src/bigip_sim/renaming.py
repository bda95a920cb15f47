"""A device gets another name: `cm/device mv`, which f5-ansible's bigip_hostname runs.

Only a device that no other one trusts is renamed here. That the name is kept at once, also by what
was saved before, is unverified.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from bigip_sim import membership, refusals
from bigip_sim.membership import TRUST_GROUP, path_of
from bigip_sim.tree import Draft, Item, Key

if TYPE_CHECKING:
    from bigip_sim.actions import Call

_NAMED = frozenset({"cm/device", "cm/device-group/devices"})
_NAMING = {"cm/trust-domain": "caDevices", "cm/traffic-group": "haOrder"}


def on_device(call: "Call") -> Mapping[str, object]:
    """POST cm/device {"command": "mv", "name": …, "target": …}."""
    device = call.device
    named, target = (path_of(str(call.body.get(word, ""))) for word in ("name", "target"))
    name = target.rpartition("/")[2]
    if not name:
        raise refusals.nothing_specified()
    with device.configuration.reading() as tree:
        if tree.get(membership.device_key(named)) is None:
            raise refusals.not_found("device", named)
        if tree.get(membership.device_key(target)) is not None:
            raise refusals.already_exists("device", target, "Common")
        trusted = membership.names(tree, TRUST_GROUP)
    if trusted != [named.rpartition("/")[2]]:  # what a device says then is unverified
        raise refusals.configuration_error(f"Device ({named}) is known to other devices")
    device.rename(name)
    return {}


def rename(draft: Draft, old: str, new: str) -> None:
    """Put the new name wherever a configuration has the old one."""
    before = draft.base.items
    after = renamed(before, old, new)
    draft.changed.update((key, None) for key in before.keys() - after.keys())
    draft.changed.update((k, item) for k, item in after.items() if before.get(k) is not item)


def renamed(items: Mapping[Key, Item], old: str, new: str) -> Mapping[Key, Item]:
    """Return the objects with the new name in the place of the old one."""
    was, becomes = path_of(old), path_of(new)
    found: dict[Key, Item] = {}
    for key, item in items.items():
        own = dict(item.own)
        if item.kind in _NAMED and key.name == was:
            key = key._replace(name=becomes)
            if own.get("hostname") == old:
                own["hostname"] = new
        field = _NAMING.get(item.kind, "")
        names = own.get(field)
        if isinstance(names, list) and was in names:
            own[field] = [becomes if name == was else name for name in names]
        changed = key != item.key or own != item.own
        found[key] = replace(item, key=key, own=own) if changed else item
    return found
