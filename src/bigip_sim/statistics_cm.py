"""What traffic groups and device groups tell, of each device that takes part.

Source: iControl REST reference, section 3.11. The keys and fields of device groups are recorded (by
tests of telemetry streaming), as are the keys and `failoverState` of traffic groups; everything
else is unverified, also that one which does not move is told with dashes, as the shell shows it.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from bigip_sim.membership import path_of
from bigip_sim.names import to_segment
from bigip_sim.rendering import Fields
from bigip_sim.sources import Sources
from bigip_sim.sync_status import Commit
from bigip_sim.tree import Item

Entries = Iterable[tuple[str, Fields]]
_NOTHING = "-"


def _traffic_group(sources: Sources, item: Item) -> Entries:
    name = item.key.name
    if item.own.get("isFloating") == "false":
        told = dict.fromkeys(("deviceName", "failoverState", "nextActive"), _NOTHING)
        yield f":{_NOTHING}", {**told, "trafficGroup": name}
        return
    standing = sources.around.standing()
    devices = [device.key.name for device in sources.tree.of_kind("cm/device")]
    states = {device: standing.state_for(name, device) for device in devices}
    heir = _next(item, [device for device, state in states.items() if state == "standby"])
    for device, state in states.items():
        fields = {
            "deviceName": device,
            "failoverState": state,
            "nextActive": "true" if device == heir else "false",
            "trafficGroup": name,
        }
        yield f":{to_segment(device)}", fields


def _next(group: Item, fit: list[str]) -> str:
    """Return who takes a traffic group next: the first in its order, then by name."""
    order = group.own.get("haOrder")
    ranks = {str(name): rank for rank, name in enumerate(order if isinstance(order, list) else ())}
    return min(fit, key=lambda name: (ranks.get(name, len(ranks)), name), default="")


def _device_group(sources: Sources, item: Item) -> Entries:
    """How a device was last synchronised, and how long ago, is not told."""
    for member in sources.around.members(item.key.name):
        device = path_of(member.name)
        fields = {
            "commitIdOriginator": _originator(member.commit),
            "commitIdTime": _time(member.commit),
            "device": device,
            "devicegroup": item.key.name,
            "lastSyncType": "none",
            "lssOriginator": _originator(member.shared),
            "lssTime": _time(member.shared),
            "timeSinceLastSync": _NOTHING,
        }
        yield f":{to_segment(device)}", fields


def _originator(commit: Commit | None) -> str:
    return path_of(commit.by) if commit is not None and commit.by else _NOTHING


def _time(commit: Commit | None) -> str:
    if commit is None or not commit.by:
        return _NOTHING
    at = datetime.fromtimestamp(commit.at_us / 1_000_000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.000Z"


COUNTED: Mapping[str, Callable[[Sources, Item], Entries]] = {
    "cm/traffic-group": _traffic_group,
    "cm/device-group": _device_group,
}
