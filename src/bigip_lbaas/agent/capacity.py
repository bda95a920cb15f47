"""Measures how full the agent's device group is, device by device at the same time."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.domain.capacity import CapacityReport, Reading
from bigip_lbaas.domain.errors import DeviceError
from bigip_lbaas.icontrol.port import Device, Measured


@dataclass(frozen=True, slots=True)
class Measuring:
    """One device's answer; error is why it has none."""

    serial: str
    measured: Measured | None
    error: DeviceError | None = None


def measure(
    devices: Mapping[str, Device], metrics: Sequence[str], pool: Executor
) -> tuple[Measuring, ...]:
    """Read the metrics of each device (serial number -> device), all at the same time."""

    def one(item: tuple[str, Device]) -> Measuring:
        serial, device = item
        try:
            return Measuring(serial, device.measure(metrics))
        except DeviceError as error:
            return Measuring(serial, None, error)

    return tuple(pool.map(one, sorted(devices.items())))


def report(
    settings: AgentSettings,
    epoch: str,
    measurings: Sequence[Measuring],
    as_of: float | None,
    number: int,
) -> CapacityReport | None:
    """Return the group's report, or None when no device answered: then nothing is known.

    A count of a group is the highest over its reachable devices: all of them are written alike,
    and the fullest one binds. So are connections, as one device of a group is active at a time.
    """
    answered = [one for one in measurings if one.measured is not None]
    if not answered:
        return None
    policy = settings.policy
    limits: Mapping[str, float] = policy.limits if policy else {}
    readings = []
    unreadable = []
    for metric, limit in limits.items():
        reasons = [
            f"{metric} on {one.serial}: {one.measured.unreadable[metric]}"
            for one in answered
            if one.measured is not None and metric in one.measured.unreadable
        ]
        if reasons:
            unreadable.extend(reasons)
            continue
        values = [one.measured.values[metric] for one in answered if one.measured is not None]
        readings.append(Reading(metric, max(values), limit))
    return CapacityReport(
        settings.environment,
        settings.group,
        settings.agent_id,
        epoch,
        has_policy=bool(limits),
        readings=tuple(readings),
        unreadable=tuple(unreadable),
        devices=tuple(one.serial for one in answered),
        as_of=as_of,
        number=number,
    )
