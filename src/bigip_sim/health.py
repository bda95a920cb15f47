"""What a member, node, pool and virtual server say of their health, from what monitors found.

Source: iControl REST reference, sections 3.3 and 4.4 (words and roll-up).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bigip_sim.catalogue import KINDS
from bigip_sim.catalogue_ltm import member_node
from bigip_sim.traffic import Counters
from bigip_sim.tree import Item, Tree

NO_MONITOR = "/Common/none"
_CHECKED_POOL = "Pool member is available"
_UNCHECKED_POOL = "Pool member does not have service checking enabled"
_REASONS = {
    "up": _CHECKED_POOL,
    "unchecked": _UNCHECKED_POOL,
    "down": "Pool member has been marked down by a monitor",  # unverified
    "checking": "Pool member does not have a result of service checking yet",  # unverified
    "user-down": "Forced down",
    "addr-down": "Parent down",  # unverified
    "fqdn-checking": "Pool member waits for its name to be resolved",  # unverified
    "fqdn-up": "Pool member has a name that is resolved",  # unverified
    "fqdn-down": "Pool member has a name that leads nowhere",  # unverified
}
_NOT_KNOWN = (
    "The children pool member(s) either don't have service checking enabled, or service check "
    "results are not available yet"
)
_FULL = "The {}'s connection limit has been reached"  # unverified
_AVAILABILITY = {
    "up": "available",
    "unchecked": "unknown",
    "checking": "unknown",
    "fqdn-checking": "unknown",
    "fqdn-up": "unknown",
}


class Probes(Protocol):
    """Where the results of monitors come from."""

    def result(self, pool: str, member: str) -> str:
        """Return up, down, checking, or disabled (by recvDisable) for a monitored member."""

    def node_result(self, node: str) -> str:
        """Return the same for a node that is monitored."""

    def virtual(self, name: str) -> Counters:
        """Return what a virtual server has carried; what is open counts against its limit."""

    def member(self, pool: str, member: str) -> Counters:
        """Return what a pool member has carried."""


@dataclass(frozen=True, slots=True)
class Health:
    """How one member or node reads."""

    session: str
    state: str
    monitor_rule: str
    availability: str  # available, offline, unknown, unavailable
    enabled: str  # enabled, disabled, disabled-by-parent
    reason: str

    @property
    def monitor_status(self) -> str:
        """Return the word that statistics use for `state`."""
        return "forced-down" if self.state == "user-down" else self.state

    @property
    def session_status(self) -> str:
        """Return the word that statistics use for `session`."""
        if self.enabled == "disabled-by-parent":
            return "addr-disabled"
        return "user-disabled" if self.session == "user-disabled" else "enabled"


def member_monitor(tree: Tree, member: Item) -> str:
    """Return the monitor expression that holds for a member, or an empty string."""
    own = str(member.own.get("monitor", "default"))
    if own == "default":
        pool = tree.get(KINDS["ltm/pool"].key(member.key.owner))
        own = str(pool.own.get("monitor", "")) if pool is not None else ""
    return "" if own == NO_MONITOR else own


def node_of(tree: Tree, member: Item) -> Item | None:
    """Return the node under a member."""
    (name,) = member_node(member)
    return tree.get(KINDS["ltm/node"].key(name))


def of_member(tree: Tree, member: Item, probes: Probes) -> Health:
    """Return how a pool member reads."""
    node = node_of(tree, member)
    expression = member_monitor(tree, member)
    state = probes.result(member.key.owner, member.key.name) if expression else "unchecked"
    enabled, session = "enabled", "monitor-enabled" if expression else "user-enabled"
    if state == "disabled":  # section 3.4: up, but its session is disabled
        state, enabled, session = "up", "disabled", "user-disabled"
    if node is not None:
        below = of_node(node, probes)
        if below.state.startswith("fqdn-"):
            state = below.state
        if below.state in {"down", "user-down"}:
            state = "addr-down"
        if below.enabled != "enabled":
            enabled = "disabled-by-parent"
    if member.own.get("~session") == "user-disabled":
        enabled, session = "disabled", "user-disabled"
    if member.own.get("~state") == "user-down":
        state = "user-down"
    availability, reason = _AVAILABILITY.get(state, "offline"), _REASONS[state]
    if availability != "offline" and _is_full(member, probes.member, member.key.owner):
        availability, reason = "unavailable", _FULL.format("pool member")
    rule = expression or "none"
    if expression and member.own.get("monitor", "default") == "default":
        rule += " (pool monitor)"  # recorded by tests of telemetry streaming
    return Health(session, state, rule, availability, enabled, reason)


def of_node(node: Item, probes: Probes) -> Health:
    """Return how a node reads."""
    expression = str(node.own.get("monitor", "default"))
    expression = "" if expression in {"default", NO_MONITOR} else expression
    state = probes.node_result(node.key.name) if expression else "unchecked"
    enabled, session = "enabled", "monitor-enabled" if expression else "user-enabled"
    if "~place" not in node.own:
        state = str(node.own.get("~resolved", "fqdn-checking"))
    if state == "disabled":
        state, enabled, session = "up", "disabled", "user-disabled"
    if node.own.get("~session") == "user-disabled":
        enabled, session = "disabled", "user-disabled"
    if node.own.get("~state") == "user-down":
        state = "user-down"
    reason = _REASONS[state].replace("Pool member", "Node address")
    availability = _AVAILABILITY.get(state, "offline")
    return Health(session, state, expression or "none", availability, enabled, reason)


@dataclass(frozen=True, slots=True)
class Status:
    """How a pool or a virtual server reads."""

    availability: str
    enabled: str
    reason: str
    members: int = 0
    available_members: int = 0
    active_members: int = 0
    group: int = 0  # the priority group in use


def of_pool(tree: Tree, pool: str, probes: Probes) -> Status:
    """Roll the members up: available if one is, offline if all are, else unknown.

    Of a name that is resolved the members that come of it count instead (unverified).
    """
    every = tree.of_kind("ltm/pool/members", pool)
    both = [(member, of_member(tree, member, probes)) for member in every]
    both = [(member, health) for member, health in both if health.state != "fqdn-up"]
    members, found = [member for member, _ in both], [health for _, health in both]
    available = [h for h in found if h.availability == "available"]
    states = {h.availability for h in found}
    serves = [h.availability != "offline" and h.enabled == "enabled" for h in found]
    if available:
        state, reason = "available", "The pool is available"
    elif states == {"offline"}:
        state, reason = "offline", "The children pool member(s) are down"  # unverified
    elif states and states <= {"offline", "unavailable"}:
        state, reason = "unavailable", "The children pool member(s) are unavailable"  # unverified
    else:
        state, reason = "unknown", _NOT_KNOWN
    item = tree.get(KINDS["ltm/pool"].key(pool))
    wanted = _number(item.own.get("minActiveMembers")) if item is not None else 0
    group = _group_in_use(
        [
            (_number(member.own.get("priorityGroup")), serving)
            for member, serving in zip(members, serves, strict=True)
        ],
        wanted,
    )
    return Status(state, "enabled", reason, len(found), len(available), sum(serves), group)


def _group_in_use(members: list[tuple[int, bool]], wanted: int) -> int:
    """Return the lowest priority that serves; the highest while groups are off (unverified)."""
    groups = sorted({group for group, _ in members}, reverse=True) or [0]
    if wanted < 1:
        return groups[0]
    for group in groups:
        if sum(serves for g, serves in members if g >= group) >= wanted:
            return group
    return groups[-1]


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _is_full(item: Item, carried: Callable[..., Counters], *owner: str) -> bool:
    """Whether so many connections are open as there may be (section 4.4)."""
    limit = _number(item.own.get("connectionLimit"))
    return limit > 0 and carried(*owner, item.key.name).current >= limit


def of_virtual(tree: Tree, virtual: Item, probes: Probes) -> Status:
    """A virtual server is as available as its pool; without one nothing is known."""
    enabled = "disabled" if virtual.own.get("disabled") else "enabled"
    if _is_full(virtual, probes.virtual):
        return Status("unavailable", enabled, _FULL.format("virtual server"))
    pool = virtual.own.get("pool")
    if not isinstance(pool, str):
        return Status("unknown", enabled, _NOT_KNOWN)
    status = of_pool(tree, pool, probes)
    reason = status.reason
    if status.availability == "available":
        reason = "The virtual server is available"  # unverified
    return Status(status.availability, enabled, reason)
