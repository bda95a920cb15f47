"""Measures one agent, and says whether it does its job."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily

from bigip_lbaas.agent.converge import Ending
from bigip_lbaas.agent.measures import AgentState
from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.cmd.telemetry import catalogue

WITHOUT_LEASE_S = 30.0  # longer is no short absence of controllers or broker any more


class AgentTelemetry:
    """The metrics of one agent, in a registry of its own."""

    def __init__(self, settings: AgentSettings) -> None:
        """Measure nothing yet."""
        self.registry = CollectorRegistry()
        self._labels = (str(settings.environment), str(settings.group))
        self._name = settings.agent_id
        self._state: Callable[[], AgentState] | None = None
        self._applies = catalogue.APPLY_DURATION.histogram(self.registry)
        self._requests = catalogue.DEVICE_REQUEST_DURATION.histogram(self.registry)
        self.registry.register(self)

    def looks_at(self, state: Callable[[], AgentState]) -> None:
        """See AgentMeasures."""
        self._state = state

    def applied(self, ending: Ending, took_s: float) -> None:
        """See AgentMeasures."""
        self._applies.labels(*self._labels, _word(ending)).observe(took_s)

    def requested(self, device: str, method: str, how: str, took_s: float) -> None:
        """Count a request to a device; see icontrol.session.Timed."""
        self._requests.labels(*self._labels, device, method, how).observe(took_s)

    def unwell(self) -> str:
        """Return why the agent does not do its job; empty when it does."""
        state = self._state() if self._state is not None else None
        if state is None:
            return f"agent {self._name} has not been started yet"
        if state.without_lease_s <= WITHOUT_LEASE_S:
            return ""
        return (
            f"agent {self._name} has had no lease for {state.without_lease_s:.0f} s, so it writes"
            " nothing: check the message broker and the controllers"
        )

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Return what collect yields, without samples."""
        return catalogue.gauges(catalogue.AGENT)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield how the agent is now."""
        if self._state is None:
            return
        state = self._state()
        values = {
            catalogue.HEARTBEAT_AGE: state.answered_ago_s,
            catalogue.LEASE_LEFT: state.lease_left_s,
            catalogue.HOMES: float(state.homes),
            catalogue.TASKS: float(state.tasks),
            catalogue.TASK_AGE: state.oldest_task_s,
        }
        for measure, value in values.items():
            family = measure.gauge()
            if value is not None:
                family.add_metric(self._labels, value)
            yield family
        answers = catalogue.DEVICE_ANSWERS.gauge()
        for device, does in state.reachable.items():
            answers.add_metric((*self._labels, device), float(does))
        yield answers
        for measure, many in (
            (catalogue.DEVICE_REQUESTS_ALLOWED, state.allowed),
            (catalogue.DEVICE_REQUEST_SHARE, state.shares),
        ):
            family = measure.gauge()
            for device, count in many.items():
                family.add_metric((*self._labels, device), float(count))
            yield family


def _word(ending: Ending) -> str:
    """Return how an ending is called in a label."""
    if ending.fenced:
        return "fenced"
    if ending.refused:
        return "refused"
    if not ending.applied:
        return "again"
    return "partly" if ending.unclean else "applied"
