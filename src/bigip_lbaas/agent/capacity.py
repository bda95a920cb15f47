"""Measures how full the agent's device group is, device by device at the same time."""

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass

from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.domain.capacity import CapacityReport, Reading
from bigip_lbaas.domain.errors import DeviceBusy, DeviceError
from bigip_lbaas.icontrol.port import Device, Measured

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Measuring:
    """One device's answer; error is why it has none."""

    serial: str
    measured: Measured | None
    error: DeviceError | None = None


class Survey:
    """Measures devices at the same time; one that hangs holds up no report but its own."""

    def __init__(self, pool: Executor, within_s: float) -> None:
        """Wait at most `within_s` for answers."""
        self._pool = pool
        self._within_s = within_s
        self._owed: dict[str, Future[Measured]] = {}  # serial -> what it has not answered yet

    def measure(
        self, devices: Mapping[str, Device], metrics: Sequence[str]
    ) -> tuple[Measuring, ...]:
        """Read the metrics of each device (serial number -> device).

        A device that still owes an answer is not asked again: an answer that comes late says
        nothing of now, and hanging calls must not fill the pool.
        """
        self._owed = {serial: each for serial, each in self._owed.items() if not each.done()}
        asked = {
            serial: self._pool.submit(device.measure, metrics)
            for serial, device in sorted(devices.items())
            if serial not in self._owed
        }
        late = wait(asked.values(), self._within_s).not_done
        self._owed |= {serial: each for serial, each in asked.items() if each in late}
        for serial in sorted(self._owed.keys() & asked.keys()):
            LOG.warning(
                "%s has not been measured within %g s; the report does not cover it",
                devices[serial].name, self._within_s,
            )  # fmt: skip
        return tuple(
            self._hanging(serial, device)
            if serial in self._owed
            else _result(serial, asked[serial])
            for serial, device in sorted(devices.items())
        )

    def _hanging(self, serial: str, device: Device) -> Measuring:
        said = f"has not answered within {self._within_s:g} s when measured"
        return Measuring(serial, None, DeviceBusy(device.name, said))


def _result(serial: str, future: Future[Measured]) -> Measuring:
    try:
        return Measuring(serial, future.result())
    except DeviceError as error:
        return Measuring(serial, None, error)


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
