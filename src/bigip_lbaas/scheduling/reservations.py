"""What one load balancer is expected to cost a device group, metric by metric."""

from bigip_lbaas.domain.fleet import GroupState
from bigip_lbaas.domain.placement import Need, PlacementRules

# What has never been seen costs a prior, not nothing: without one, any number of load balancers
# that arrive between two reports would look free. A thousandth of the limit lets a burst of fifty
# spend a headroom of five per cent; whoever knows better says so in the expected cost.
PRIOR_SHARE_OF_LIMIT = 0.001


def expected_costs(need: Need, group: GroupState, rules: PlacementRules) -> dict[str, float]:
    """Return metric -> what `need` would cost `group`, in the metric's unit, in a fixed order.

    Only metrics that the group has limits for are counted. tenant_count and node_count are known
    exactly: a project's first load balancer there, and the member addresses new to its partition.
    """
    exact = {
        "tenant_count": 0.0 if group.project_lives_here else 1.0,
        "node_count": float(len(need.member_addresses - group.project_nodes)),
    }
    return {
        metric: exact[metric]
        if metric in exact
        else rules.expected_cost.get(metric, group.limits[metric] * PRIOR_SHARE_OF_LIMIT)
        for metric in sorted(group.limits)
    }
