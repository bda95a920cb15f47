"""How folders and traffic groups read what a client writes.

Source: iControl REST reference, sections 3.1 and 3.11; how a folder stops to inherit is unverified.
"""

from collections.abc import Callable, Mapping

from bigip_sim import folders, membership
from bigip_sim.membership import path_of
from bigip_sim.shaping import Write


def folder(write: Write) -> None:
    """A group that is named is no longer inherited; one that is inherited is no longer named."""
    for field, inherited in (
        ("deviceGroup", "inheritedDevicegroup"),
        ("trafficGroup", "inheritedTrafficGroup"),
    ):
        named, inherits = write.body.get(field), write.body.get(inherited)
        if inherits in ("true", True):
            write.own.pop(field, None)
        elif isinstance(named, str):
            write.own[field] = named if named == "none" else path_of(named)
            write.own[inherited] = "false"
        elif inherits in ("false", False) and field not in write.own:
            write.own[field] = _now(write, field)


def _now(write: Write, field: str) -> str:
    if field == "deviceGroup":
        return folders.device_group(write.draft, write.key.name, folders.NONE)
    return folders.traffic_group_of(write.draft, write.key.name)


def traffic_group(write: Write) -> None:
    """Each traffic group that floats has a unit id of its own: the lowest that is free."""
    order = write.own.get("haOrder")
    if isinstance(order, list | tuple):
        write.own["haOrder"] = [path_of(str(name)) for name in order]
    if write.old is None and "unitId" not in write.own:
        taken = {item.own.get("unitId", 1) for item in membership.floating(write.draft)}
        write.own["unitId"] = next(n for n in range(1, len(taken) + 2) if n not in taken)


CM_SHAPES: Mapping[str, Callable[[Write], None]] = {
    "sys/folder": folder,
    "cm/traffic-group": traffic_group,
}
