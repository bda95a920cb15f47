"""Measures one controller and what the database has, and says whether it does its job."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily

from bigip_lbaas.cmd.telemetry import catalogue
from bigip_lbaas.cmd.telemetry.catalogue import Measure
from bigip_lbaas.cmd.telemetry.database import Looks, Seen
from bigip_lbaas.domain.ids import EnvironmentName
from bigip_lbaas.domain.placement import Placement, Unplaced
from bigip_lbaas.wire.messages import Outcome

LATE_S = 15.0  # so long after it was due a look at the agents is missed


class ControllerTelemetry:
    """The metrics of one controller, in a registry of its own."""

    def __init__(
        self, environment: EnvironmentName, looks: Looks, monotonic_s: Callable[[], float]
    ) -> None:
        """Count from nothing; the first look at the agents is due now."""
        self.registry = CollectorRegistry()
        self._environment = str(environment)
        self._looks = looks
        self._monotonic_s = monotonic_s
        self._watched = (monotonic_s(), 0.0)  # when, and in how many seconds again
        self._decisions = catalogue.DECISIONS.counter(self.registry)
        self._outcomes = catalogue.OUTCOMES.counter(self.registry)
        self.registry.register(self)

    def decided(self, answer: Placement | Unplaced) -> None:
        """See ControllerMeasures."""
        word = "placed"
        if isinstance(answer, Unplaced):
            word = "waits" if answer.may_wait else "refused"
        self._decisions.labels(self._environment, word).inc()

    def ended(self, outcome: Outcome) -> None:
        """See ControllerMeasures."""
        word = "applied" if outcome.applied else "retrying" if outcome.retrying else "refused"
        self._outcomes.labels(self._environment, word).inc()

    def watched(self, next_in_s: float) -> None:
        """See ControllerMeasures."""
        self._watched = (self._monotonic_s(), next_in_s)

    def unwell(self) -> str:
        """Return why the controller does not do its job; empty when it does."""
        at_s, next_in_s = self._watched
        ago_s = self._monotonic_s() - at_s
        if ago_s <= next_in_s + LATE_S:
            return ""
        return (
            f"no look at the agents has ended well for {ago_s:.0f} s: check that the database"
            " answers; the controller's log says what it met"
        )

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Return what collect yields, without samples."""
        return catalogue.gauges(catalogue.CONTROLLER)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield how the controller is now, and what the database has, if it says so in time."""
        here, seen = self._environment, self._looks.look()
        yield self._family(catalogue.WATCH_AGE, {(here,): self._monotonic_s() - self._watched[0]})
        yield self._family(catalogue.DATABASE_ANSWERS, {(here,): float(seen is not None)})
        if seen is not None:
            yield from self._families(seen)

    def _families(self, seen: Seen) -> Iterator[GaugeMetricFamily]:
        here = self._environment
        phases = {(here, phase.value): float(n) for phase, n in seen.load_balancers.items()}
        ages = {(here, phase.value): age_s for phase, age_s in seen.pending_s.items()}
        alive = {(here, str(group)): float(n) for group, n in seen.alive.items()}
        silent = {(here, str(group)): age_s for group, age_s in seen.silent_s.items()}
        yield self._family(catalogue.LOAD_BALANCERS, phases)
        yield self._family(catalogue.PENDING_AGE, ages)
        yield self._family(catalogue.OUTBOX, {(here,): float(seen.untold)})
        yield self._family(catalogue.OUTBOX_AGE, {(here,): seen.untold_s})
        yield self._family(catalogue.AGENTS_ALIVE, alive)
        yield self._family(catalogue.GROUP_HEARTBEAT_AGE, silent)
        drift = {(here, str(group)): float(n) for group, n in seen.drift.items()}
        audited = {(here, str(group)): age_s for group, age_s in seen.audited_s.items()}
        yield self._family(catalogue.DRIFT, drift)
        yield self._family(catalogue.AUDIT_AGE, audited)

    def _family(self, measure: Measure, values: Mapping[Any, float]) -> GaugeMetricFamily:
        family = measure.gauge()
        for labels, value in values.items():
            family.add_metric(labels, value)
        return family
