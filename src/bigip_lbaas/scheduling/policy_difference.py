"""Says how the capacity policies of one device group's agents differ; they should not."""

from collections.abc import Iterable, Mapping

from bigip_lbaas.domain.capacity import CapacityReport
from bigip_lbaas.scheduling.words import amount


def difference(reports: Iterable[CapacityReport]) -> str | None:
    """Return in words how these reports' policies differ, "" when they do not.

    None: it cannot be said, because a report could not read one of its metrics. The order of the
    reports does not matter.
    """
    ordered = sorted(reports, key=lambda report: report.agent_id)
    if any(report.unreadable for report in ordered):
        return None
    policies = {report.agent_id: _limits(report) for report in ordered}
    metrics = sorted({metric for policy in policies.values() for metric in policy})
    parts = []
    for metric in metrics:
        said = {agent: _limit(policy, metric) for agent, policy in policies.items()}
        if len(set(said.values())) > 1:
            parts.append(
                f"{metric}: " + ", ".join(f"{a} says {limit}" for a, limit in said.items())
            )
    return "; ".join(parts)


def _limits(report: CapacityReport) -> Mapping[str, float]:
    """Return the policy's own limits: those of one device."""
    return {reading.metric: reading.limit / reading.over for reading in report.readings}


def _limit(policy: Mapping[str, float], metric: str) -> str:
    return amount(policy[metric]) if metric in policy else "no limit"
