"""Who is in which device group, as a configuration has it."""

from bigip_sim.tree import Draft, Item, Key, Tree

TRUST_GROUP = "/Common/device_trust_group"
ROOT = Key("cm/trust-domain", "", "/Common/Root")


def path_of(name: str) -> str:
    """Return the full path of a device, device group or traffic group by its bare name."""
    return name if name.startswith("/") else f"/Common/{name}"


def device_key(name: str) -> Key:
    """Return the identity of a device's object."""
    return Key("cm/device", "", path_of(name))


def member_key(group: str, device: str) -> Key:
    """Return the identity of a device's membership in a device group."""
    return Key("cm/device-group/devices", path_of(group), path_of(device))


def members(tree: Tree | Draft, group: str) -> list[str]:
    """Return the full paths of a device group's devices."""
    return [item.key.name for item in tree.of_kind("cm/device-group/devices", group)]


def names(tree: Tree | Draft, group: str) -> list[str]:
    """Return the host names of a device group's devices."""
    return [path.rpartition("/")[2] for path in members(tree, group)]


def groups_of(tree: Tree | Draft, device: str) -> list[Item]:
    """Return the device groups that a device is in."""
    return [
        group
        for group in tree.of_kind("cm/device-group")
        if tree.get(member_key(group.key.name, device)) is not None
    ]


def failover_group(tree: Tree | Draft, device: str) -> str:
    """Return the sync-failover group of a device; "" if it is in none."""
    for group in groups_of(tree, device):
        if group.own.get("type") == "sync-failover":
            return group.key.name
    return ""


def floating(tree: Tree | Draft) -> list[Item]:
    """Return the traffic groups that move between devices."""
    return [
        item
        for item in tree.of_kind("cm/traffic-group")
        if item.own.get("isFloating", "true") == "true"
    ]


def authorities(tree: Tree | Draft) -> list[str]:
    """Return the devices that the trust domain names."""
    root = tree.get(ROOT)
    names = root.own.get("caDevices") if root is not None else None
    return [str(name) for name in names] if isinstance(names, list) else []
