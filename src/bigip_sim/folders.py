"""What a folder hands down to the objects in it: the device group and the traffic group.

Source: iControl REST reference, section 3.1.
"""

from bigip_sim.names import split_path
from bigip_sim.tree import Draft, Item, Key, Tree

TRAFFIC_GROUP_1 = "/Common/traffic-group-1"
NONE = "none"


def device_group(tree: Tree | Draft, folder: str, otherwise: str) -> str:
    """Return the device group of a folder; `otherwise` holds when no folder above names one.

    That this is the sync-failover group of the device, without anybody naming it: unverified.
    """
    named = _handed_down(tree, folder, "deviceGroup", "inheritedDevicegroup")
    return otherwise if named is None else named


def traffic_group(tree: Tree | Draft, item: Item) -> str:
    """Return the traffic group of an object that may have one."""
    own = item.own.get("trafficGroup")
    if isinstance(own, str) and own:
        return own
    return traffic_group_of(tree, folder_of(item.key.name))


def traffic_group_of(tree: Tree | Draft, folder: str) -> str:
    """Return the traffic group of a folder."""
    named = _handed_down(tree, folder, "trafficGroup", "inheritedTrafficGroup")
    return TRAFFIC_GROUP_1 if named is None else named


def folder_of(path: str) -> str:
    """Return the folder that an object is in: /P or /P/sub."""
    parts = split_path(path)
    return f"/{parts.partition}" + (f"/{parts.sub_path}" if parts.sub_path else "")


def _handed_down(tree: Tree | Draft, folder: str, field: str, inherited: str) -> str | None:
    while True:
        item = tree.get(Key("sys/folder", "", folder or "/"))
        if item is not None and item.own.get(inherited) != "true":
            value = item.own.get(field)
            if isinstance(value, str) and value:
                return value
        if folder in {"", "/"}:
            return None
        folder = folder.rpartition("/")[0]
