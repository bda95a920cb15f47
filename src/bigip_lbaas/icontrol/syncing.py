"""Reads how a device stands in its cluster: whether it is active, and in sync with its peers.

Source: iControl REST reference, sections 3.11 and 4.1. The status is of the worst of the device's
groups. Which group a device is in, where a trust domain has several, is found by its name among
the groups' devices.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bigip_lbaas.icontrol.port import SyncState

STATUS = "cm/sync-status"
GROUPS = "cm/device-group"
DEVICES = "cm/device"
FAILOVER = "sync-failover"
Item = Mapping[str, Any]
Items = Callable[[str, Mapping[str, str]], Iterator[Item]]  # of a collection, by its query


def read_sync_state(
    statistics: Callable[[str], Item],
    items: Items,
) -> SyncState:
    """Ask for the status, and for the sync-failover group that the device is in."""
    status = next(_descriptions(statistics(STATUS), "status"), "")
    groups = [item for item in items(GROUPS, {}) if item.get("type") == FAILOVER]
    if len(groups) > 1:
        own = {_path(item) for item in items(DEVICES, {}) if item.get("selfDevice") == "true"}
        groups = [group for group in groups if own & _devices(group, items)]
    if not groups:
        return SyncState(status)
    return SyncState(status, _path(groups[0]), groups[0].get("autoSync") == "enabled")


def read_is_active(items: Items) -> bool:
    """Ask whether the device is active for any traffic group.

    Raises: ValueError when it does not say.
    """
    states = [
        str(item.get("failoverState", ""))
        for item in items(DEVICES, {"$select": "selfDevice,failoverState"})
        if item.get("selfDevice") == "true"
    ]
    if not states or not states[0]:
        raise ValueError("cm/device shows no failoverState of its own")
    return states[0] == "active"


def sync_command(group: str) -> Item:
    """Return what a device is told to have its configuration replace that of its peers."""
    return {"command": "run", "utilCmdArgs": f"config-sync to-group {group}"}


def _devices(group: Item, items: Items) -> set[str]:
    collection = f"{GROUPS}/{_path(group).replace('/', '~')}/devices"
    return {_path(item) for item in items(collection, {})}


def _path(item: Item) -> str:
    return str(item.get("fullPath") or f"/Common/{item['name']}")


def _descriptions(statistics: Item, name: str) -> Iterator[str]:
    """Yield the texts of a field, however deep the version nests it; the details come last."""
    entries = statistics.get("entries", {})
    for key, entry in entries.items():
        if key == name and "description" in entry:
            yield str(entry["description"])
    for entry in entries.values():
        yield from _descriptions(entry.get("nestedStats", {}), name)
