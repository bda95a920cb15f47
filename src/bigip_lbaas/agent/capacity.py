"""Measures how full the agent's device group is, device by device at the same time."""

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass, replace

from bigip_lbaas.agent.rates import SHORTEST_S, Rates
from bigip_lbaas.agent.settings import AgentSettings, Clock, Pause
from bigip_lbaas.domain.capacity import CapacityReport, Reading
from bigip_lbaas.domain.errors import DeviceBusy, DeviceError
from bigip_lbaas.icontrol.metrics import Across, Metric
from bigip_lbaas.icontrol.port import Device, Sample

LOG = logging.getLogger(__name__)

APART_S = 2.0  # between the two readings that a first rate needs
assert APART_S > SHORTEST_S


@dataclass(frozen=True, slots=True)
class Measuring:
    """One device's answer; error is why it has none. In `sample`, counters have become rates."""

    serial: str
    sample: Sample | None
    error: DeviceError | None = None
    is_active: bool = True
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class _Answer:
    sample: Sample
    is_active: bool


class Survey:
    """Measures devices at the same time; one that hangs holds up no report but its own."""

    def __init__(self, settings: AgentSettings, pool: Executor, clock: Clock, stop: Pause) -> None:
        """Measure what the settings' policy has limits for; `stop` ends a wait between readings."""
        policy = settings.policy
        self._metrics = {name: settings.metrics[name] for name in (policy.limits if policy else ())}
        self._owns = settings.counted
        self._within_s = settings.measure_timeout_s
        self._pool = pool
        self._clock = clock
        self._stop = stop
        self._rates = Rates()
        self._owed: dict[str, Future[_Answer]] = {}  # serial -> what it has not answered yet

    def measure(self, devices: Mapping[str, Device]) -> tuple[Measuring, ...]:
        """Read the metrics of each device (serial number -> device).

        A device of whose counters nothing is known yet is read twice, a little apart, so that a
        restart leaves no group without a score for long.
        """
        found = self._ask(devices, self._metrics)
        counters = {name: metric for name, metric in self._metrics.items() if metric.is_counter}
        lacking = {
            serial: devices[serial]
            for serial, one in found.items()
            if one.sample is not None and _lacks(one.sample, counters)
        }
        if lacking and not self._clock.wait(self._stop, APART_S):
            for serial, again in self._ask(lacking, counters).items():
                found[serial] = _joined(found[serial], again)
        return tuple(_told(found[serial], counters) for serial in sorted(found))

    def _ask(
        self, devices: Mapping[str, Device], metrics: Mapping[str, Metric]
    ) -> dict[str, Measuring]:
        """Sample each device once.

        A device that still owes an answer is not asked again: an answer that comes late says
        nothing of now, and hanging calls must not fill the pool.
        """
        asks_active = len(devices) > 1 and any(
            metric.across is Across.ACTIVE for metric in metrics.values()
        )
        self._owed = {serial: each for serial, each in self._owed.items() if not each.done()}
        asked = {
            serial: self._pool.submit(self._one, device, metrics, asks_active)
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
        return {
            serial: self._hanging(serial, device)
            if serial in self._owed
            else self._settled(serial, asked[serial], metrics)
            for serial, device in devices.items()
        }

    def _one(self, device: Device, metrics: Mapping[str, Metric], asks_active: bool) -> _Answer:
        is_active = device.is_active() if asks_active else True
        return _Answer(device.sample(metrics, self._owns), is_active)

    def _settled(
        self, serial: str, future: Future[_Answer], metrics: Mapping[str, Metric]
    ) -> Measuring:
        """Return a device's answer with rates in the place of counters, where they are known."""
        try:
            answer = future.result()
        except DeviceError as error:
            return Measuring(serial, None, error)
        sample = answer.sample
        values = {}
        for name, value in sample.values.items():
            rate: float | None = value
            if metrics[name].is_counter:
                rate = self._rates.settle(serial, name, sample.read_at_s[name], value)
            if rate is not None:
                values[name] = rate
        return Measuring(serial, Sample(values, sample.unreadable), None, answer.is_active)

    def _hanging(self, serial: str, device: Device) -> Measuring:
        said = f"has not answered within {self._within_s:g} s when measured"
        return Measuring(serial, None, DeviceBusy(device.name, said), is_late=True)


def _lacks(sample: Sample, counters: Mapping[str, Metric]) -> bool:
    return any(name not in sample.values and name not in sample.unreadable for name in counters)


def _joined(first: Measuring, again: Measuring) -> Measuring:
    """Return a device's answer with the rates of its second reading."""
    if first.sample is None or again.sample is None:
        return again
    values = {**first.sample.values, **again.sample.values}
    return replace(
        first, sample=Sample(values, {**first.sample.unreadable, **again.sample.unreadable})
    )


def _told(one: Measuring, counters: Mapping[str, Metric]) -> Measuring:
    """Return the answer with every rate that is still not known as unreadable."""
    if one.sample is None:
        return one
    unknown = {
        name: "its counters began again while they were read"
        for name in counters
        if name not in one.sample.values and name not in one.sample.unreadable
    }
    return replace(one, sample=Sample(one.sample.values, {**one.sample.unreadable, **unknown}))


def nothing_read(settings: AgentSettings, epoch: str, number: int) -> CapacityReport:
    """Return the report of a group of which no device answered: its score is not known."""
    return CapacityReport(
        settings.environment,
        settings.group,
        settings.agent_id,
        epoch,
        has_policy=True,
        unreadable=("no device answers",),
        number=number,
    )


def report(
    settings: AgentSettings,
    epoch: str,
    measurings: Sequence[Measuring],
    as_of: float | None,
    number: int,
) -> CapacityReport | None:
    """Return the group's report, or None when no device answered: then nothing is known.

    A metric that one device cannot read is unknown for the group.
    """
    answered = [(one.serial, one.sample) for one in measurings if one.sample is not None]
    if not answered:
        return None
    active = [one.sample for one in measurings if one.sample is not None and one.is_active]
    limits: Mapping[str, float] = settings.policy.limits if settings.policy else {}
    readings = []
    unreadable = []
    for metric, limit in limits.items():
        reasons = [
            f"{metric} on {serial}: {sample.unreadable[metric]}"
            for serial, sample in answered
            if metric in sample.unreadable
        ]
        if reasons:
            unreadable.extend(reasons)
        elif settings.metrics[metric].across is Across.ACTIVE and len(active) > 1:
            carried = sum(sample.values[metric] for sample in active)
            readings.append(Reading(metric, carried, limit * len(active), len(active)))
        else:
            highest = max(sample.values[metric] for _, sample in answered)
            readings.append(Reading(metric, highest, limit))
    return CapacityReport(
        settings.environment,
        settings.group,
        settings.agent_id,
        epoch,
        has_policy=bool(limits),
        readings=tuple(readings),
        unreadable=tuple(unreadable),
        devices=tuple(serial for serial, _ in answered),
        as_of=as_of,
        number=number,
    )
