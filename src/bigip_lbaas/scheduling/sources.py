"""Decides which device of a group is written, where the others get it by their own sync."""

from collections.abc import Collection, Mapping

from bigip_lbaas.domain.cluster import Sight
from bigip_lbaas.domain.fleet import UNKNOWN_SERIAL
from bigip_lbaas.domain.ids import AgentId

Views = Mapping[
    AgentId, tuple[Sight, ...]
]  # live agent of the group -> the devices as it sees them


def choose_source(views: Views, besides: Collection[str] = ()) -> str | None:
    """Return the device to be written, or None when no agent reaches one that all of them name.

    The best is reached by the most agents, then one that was in sync, then the first by serial
    number: the same for all who ask. besides: serial numbers that are out of question.
    """
    named = [{sight.device for sight in sights} for sights in views.values()]
    common = set.intersection(*named) if named else set()
    reached = {
        device: [sight for sight in _of(device, views) if not sight.away_s]
        for device in sorted(common - set(besides))
    }
    candidates = [device for device, sights in reached.items() if sights]
    return min(
        candidates,
        key=lambda device: (
            -len(reached[device]),
            not any(sight.is_level for sight in reached[device]),
            device,
        ),
        default=None,
    )


def why_lost(source: str, views: Views, patience_s: float) -> str | None:
    """Return why the source cannot stay what it is, or None.

    It is lost when every live agent has missed it for that long, or none names it any more. An
    agent that alone does not reach it takes it from nobody.
    """
    if not views:
        return None
    sights = _of(source, views)
    unnamed = [
        one for each in views.values() for one in each if one.device.startswith(UNKNOWN_SERIAL)
    ]
    if not sights and any(sight.away_s < patience_s for sight in unnamed):
        return None  # one that has not said who it is may be it
    if not sights:
        return f"no agent names device {source} any more"
    if all(sight.away_s >= patience_s for sight in sights):
        return f"no agent has reached device {source} for {patience_s:g} s"
    return None


def is_level(devices: Collection[str], views: Views) -> bool:
    """Return whether these devices said last that the group is in sync, to somebody at least."""
    return all(any(sight.is_level for sight in _of(device, views)) for device in devices)


def _of(device: str, views: Views) -> list[Sight]:
    return [sight for sights in views.values() for sight in sights if sight.device == device]
