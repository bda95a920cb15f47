"""Writes a decision of placement so that an operator can follow it, group by group."""

from bigip_lbaas.domain.placement import Need, Opinion, Placement, PlacementRules, Unplaced
from bigip_lbaas.scheduling.words import amount, listed, share

HEADER = ("group", "score", "projection", "binding metric", "stage", "reason")


def explain(need: Need, answer: Placement | Unplaced, rules: PlacementRules) -> str:
    """Return the answer, what was asked under which rules, and one row for every device group."""
    table = (HEADER, *rows(answer))
    widths = [max(len(row[column]) for row in table) for column in range(len(HEADER))]
    padded = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in table)
    return "\n".join((*_said(need, answer), _ruled(rules), "", *padded))


def rows(answer: Placement | Unplaced) -> tuple[tuple[str, ...], ...]:
    """Return one row of text for every device group, to go under HEADER."""
    chosen = answer.group if isinstance(answer, Placement) else None
    return tuple(_row(opinion, opinion.group == chosen) for opinion in answer.opinions)


def _row(opinion: Opinion, is_chosen: bool) -> tuple[str, ...]:
    group = f"{opinion.group}{' (own)' if opinion.is_projects_own else ''}"
    reason = opinion.why_not or opinion.note
    return (
        group,
        share(opinion.score),
        share(opinion.projection),
        opinion.binding_metric or "-",
        opinion.stage or "-",
        f"chosen: {reason}" if is_chosen else reason,
    )


def _ruled(rules: PlacementRules) -> str:
    affinity = "hard" if rules.affinity_is_hard else "soft"
    return (
        f"rules: policy {rules.policy}, headroom {amount(rules.headroom)}, affinity {affinity},"
        f" patience {amount(rules.patience_s)} s"
    )


def _said(need: Need, answer: Placement | Unplaced) -> tuple[str, ...]:
    asked = (
        f"asked: load balancer {need.load_balancer_id} of project {need.project_id}, "
        f"{len(need.member_addresses)} member addresses, "
        f"demands {listed(tuple(sorted(need.demands))) or 'nothing'}, "
        f"waited {amount(need.waited_s)} s, seed {need.seed}"
    )
    if isinstance(answer, Unplaced):
        result = "not placed, waiting" if answer.may_wait else "not placed"
        return asked, f"answer: {result}", f"because: {answer.because}"
    costs = (f"{metric} {amount(cost)}" for metric, cost in sorted(answer.costs.items()))
    reserved = ", ".join(costs) or "nothing, the group has no capacity policy"
    answered = f"answer: group {answer.group}, agent {answer.agent_id}"
    return asked, answered, f"because: {answer.because}", f"reserved: {reserved}"
