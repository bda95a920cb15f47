"""How full a device group was over a span of time, so that somebody can say when it will be."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bigip_lbaas.domain.capacity import CapacityReport, Reading

FINE_S = 300
HOURLY_S = 3600
SPANS_S = (FINE_S, HOURLY_S)  # how long the spans are, in seconds


@dataclass(frozen=True, slots=True)
class Trace:
    """One metric over one span: its highest and its last value, in its unit, and the last limit."""

    highest: float
    last: float
    limit: float


@dataclass(frozen=True, slots=True)
class Span:
    """What the reports of one span said. highest and last are scores, None when never known.

    reports: how many there were; unknown: how many of them knew no score.
    """

    highest: float | None = None
    last: float | None = None
    metrics: Mapping[str, Trace] = field(default_factory=dict)
    reports: int = 0
    unknown: int = 0


def begin_of(at_s: float, span_s: int) -> int:
    """Return when the span of that length began in which `at_s` lies (seconds since 1970)."""
    return int(at_s // span_s) * span_s


def extended(span: Span, report: CapacityReport) -> Span:
    """Return the span with one more report; one that knows no score changes only the counts."""
    score = report.environment_capacity_score
    counted = replace(span, reports=span.reports + 1, unknown=span.unknown + (score is None))
    if score is None:
        return counted
    highest = score if span.highest is None else max(score, span.highest)
    traces = {reading.metric: _trace(span, reading) for reading in report.readings}
    return replace(counted, highest=highest, last=score, metrics={**span.metrics, **traces})


def _trace(span: Span, reading: Reading) -> Trace:
    before = span.metrics.get(reading.metric)
    highest = max(reading.value, before.highest) if before else reading.value
    return Trace(highest, reading.value, reading.limit)
