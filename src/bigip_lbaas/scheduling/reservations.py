"""What one load balancer is expected to cost a device group, metric by metric."""

from collections.abc import Mapping

from bigip_lbaas.domain.capacity import EXACT_METRICS
from bigip_lbaas.domain.fleet import GroupState
from bigip_lbaas.domain.graph import ServiceGraph
from bigip_lbaas.domain.placement import Need, PlacementRules

# What has never been seen costs a prior, not nothing: without one, any number of load balancers
# that arrive between two reports would look free. A thousandth of the limit lets a burst of fifty
# spend a headroom of five per cent; whoever knows better says so in the expected cost.
PRIOR_SHARE_OF_LIMIT = 0.001


def expected_costs(need: Need, group: GroupState, rules: PlacementRules) -> dict[str, float]:
    """Return metric -> what `need` would cost `group`, in the metric's unit, in a fixed order.

    Only metrics that the group has limits for are counted. tenant_count and node_count are known
    exactly: a project's first load balancer there, and the member addresses new to its partition.
    So is what the load balancer brings; the rest is what ones like it have been seen to cost,
    else what the operator expects, else a prior.
    """
    exact = {
        **need.brings,
        "tenant_count": 0.0 if group.project_lives_here else 1.0,
        "node_count": float(len(need.member_addresses - group.project_nodes)),
    }
    costs = {}
    for metric in sorted(group.limits):
        prior = rules.expected_cost.get(metric, group.limits[metric] * PRIOR_SHARE_OF_LIMIT)
        costs[metric] = exact.get(metric, need.seen_costs.get(metric, prior))
    return costs


def exact_metrics(need: Need) -> frozenset[str]:
    """Return the metrics of which it is known, not estimated, what `need` costs."""
    return EXACT_METRICS | need.brings.keys()


def brought_by(graph: ServiceGraph) -> dict[str, float]:
    """Return metric -> what a load balancer adds to its group, where its graph says it exactly.

    One without listeners (or members) says nothing of its virtual servers (or pool members): they
    come later. Networks and TLS profiles of its own it has none.
    """
    counts = dict.fromkeys(
        ("route_domain_count", "vlan_count", "tunnel_count", "clientssl_profile_count"), 0.0
    )
    if graph.listeners:
        counts["virtual_server_count"] = float(len(graph.listeners))
    members = sum(len(pool.members) for pool in graph.pools)
    if members:
        counts["pool_member_count"] = float(members)
    return counts


def share_in_flight(need: Need, group: GroupState, costs: Mapping[str, float]) -> float:
    """Return the highest share of a limit of the group that is reserved as an estimate.

    costs: what the request itself adds. What is known exactly does not count: a fresh score would
    say nothing new of it.
    """
    estimated = group.limits.keys() - exact_metrics(need)
    return max(
        (
            (group.reserved.get(metric, 0.0) + costs[metric]) / group.limits[metric]
            for metric in estimated
        ),
        default=0.0,
    )
