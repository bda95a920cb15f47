"""All metrics that there are; whatever measures takes their names, labels and words from here."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily

PREFIX = "bigip_lbaas_"
# a small change takes some 50 ms on a device at rest; a request is given up after 65 s
BUCKETS_S = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0)


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric. kind: gauge, counter or histogram. says: what it is, for people."""

    name: str
    kind: str
    labels: tuple[str, ...]
    says: str

    @property
    def samples(self) -> frozenset[str]:
        """Return the names that a query may use."""
        endings = {
            "gauge": ("",),
            "counter": ("",),
            "histogram": ("_bucket", "_count", "_sum"),
        }
        return frozenset(self.name + ending for ending in endings[self.kind])

    def gauge(self) -> GaugeMetricFamily:
        """Return the family that a collector fills at each scrape."""
        return GaugeMetricFamily(self.name, self.says, labels=self.labels)

    def counter(self, registry: CollectorRegistry) -> Counter:
        """Return a new counter in that registry."""
        return Counter(self.name, self.says, self.labels, registry=registry)

    def histogram(self, registry: CollectorRegistry) -> Histogram:
        """Return a new histogram in that registry."""
        return Histogram(self.name, self.says, self.labels, registry=registry, buckets=BUCKETS_S)


def gauges(measures: Iterable[Measure]) -> Iterator[GaugeMetricFamily]:
    """Yield the gauges among them, without samples: what a collector says that it collects."""
    return (measure.gauge() for measure in measures if measure.kind == "gauge")


def _gauge(name: str, labels: str, says: str) -> Measure:
    return Measure(f"{PREFIX}{name}", "gauge", tuple(labels.split()), says)


HEARTBEAT_AGE = _gauge(
    "agent_heartbeat_age_seconds",
    "environment group",
    "How long ago this agent sent the last heartbeat that was answered; not there before one was.",
)
LEASE_LEFT = _gauge(
    "agent_lease_left_seconds", "environment group", "For how long this agent may still write."
)
HOMES = _gauge("agent_homes", "environment group", "Homes for which this agent writes.")
TASKS = _gauge("agent_tasks", "environment group", "Tasks that wait in this agent.")
TASK_AGE = _gauge(
    "agent_task_age_seconds",
    "environment group",
    "How long the task that waits longest in this agent has waited, its tries included.",
)
DEVICE_ANSWERS = _gauge(
    "device_answers",
    "environment group device",
    "1 when the device answered this agent the last time, 0 when it did not.",
)
DEVICE_REQUESTS_ALLOWED = _gauge(
    "device_requests_allowed",
    "environment group device",
    "How many requests this agent may have under way at the device now: its share, and fewer after"
    " trouble.",
)
DEVICE_REQUEST_SHARE = _gauge(
    "device_request_share",
    "environment group device",
    "How many requests of the device's limit are this agent's, as controllers share them out.",
)
APPLY_DURATION = Measure(
    f"{PREFIX}apply_duration_seconds",
    "histogram",
    ("environment", "group", "outcome"),
    "How long working on a load balancer took, on all devices, with what shared its transactions."
    " Outcome: applied; partly (some device did not answer, and is brought level later); refused;"
    " again (it is tried again); fenced (another agent has the home).",
)
DEVICE_REQUEST_DURATION = Measure(
    f"{PREFIX}device_request_duration_seconds",
    "histogram",
    ("environment", "group", "device", "method", "outcome"),
    "How long a request to a device took. Outcome: ok; refused (4xx, which includes asking for what"
    " is not there); failed (5xx); no_answer.",
)
AGENT = (
    HEARTBEAT_AGE, LEASE_LEFT, HOMES, TASKS, TASK_AGE, DEVICE_ANSWERS, DEVICE_REQUESTS_ALLOWED,
    DEVICE_REQUEST_SHARE, APPLY_DURATION,
    DEVICE_REQUEST_DURATION,
)  # fmt: skip

WATCH_AGE = _gauge(
    "controller_watch_age_seconds",
    "environment",
    "How long ago this controller last read all agents and saw to the silent ones.",
)
DECISIONS = Measure(
    f"{PREFIX}decisions_total",
    "counter",
    ("environment", "outcome"),
    "Decisions of placement that this controller stored, but for rooms held before the API accepts."
    " Outcome: placed; waits (for an agent or a score); refused.",
)
OUTCOMES = Measure(
    f"{PREFIX}outcomes_total",
    "counter",
    ("environment", "outcome"),
    "What agents told this controller of their work. Outcome: applied; refused; retrying.",
)
DATABASE_ANSWERS = _gauge(
    "database_answers",
    "environment",
    "1 when the database answered this scrape in time; 0: what is read of it is not there.",
)
LOAD_BALANCERS = _gauge(
    "load_balancers",
    "environment phase",
    "Load balancers in the database. Phase: waiting (for a place) and assigned are PENDING for the"
    " API; applied; failed is ERROR; gone.",
)
PENDING_AGE = _gauge(
    "pending_age_seconds",
    "environment phase",
    "How long the load balancer that is PENDING longest has been, by phase; 0 when none is.",
)
OUTBOX = _gauge(
    "outbox_statuses", "environment", "Load balancers whose statuses the API is still to be told."
)
OUTBOX_AGE = _gauge(
    "outbox_age_seconds",
    "environment",
    "How long the statuses have waited that wait longest to be told; 0 when none do.",
)
AGENTS_ALIVE = _gauge(
    "group_agents_alive", "environment group", "Agents of a device group that count as alive."
)
GROUP_HEARTBEAT_AGE = _gauge(
    "group_heartbeat_age_seconds",
    "environment group",
    "How long ago that living agent of a device group was heard that was longest ago.",
)
DRIFT = _gauge(
    "drift_findings",
    "environment group",
    "Differences between a group's devices and the database, as the last audits found them.",
)
AUDIT_AGE = _gauge(
    "audit_age_seconds",
    "environment group",
    "How long ago that audit of a device group ended that is the oldest last one of a device and a"
    " living agent; not there before one was made.",
)
CONTROLLER = (
    WATCH_AGE, DECISIONS, OUTCOMES, DATABASE_ANSWERS, LOAD_BALANCERS, PENDING_AGE, OUTBOX,
    OUTBOX_AGE, AGENTS_ALIVE, GROUP_HEARTBEAT_AGE, DRIFT, AUDIT_AGE,
)  # fmt: skip
