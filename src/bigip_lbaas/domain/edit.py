"""Edits of a service graph: each gives the new graph and what has left it, or says why not."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from bigip_lbaas.domain.errors import RequestRejected
from bigip_lbaas.domain.graph import (
    HealthMonitor,
    Listener,
    Member,
    ObjectKind,
    ObjectRef,
    Pool,
    ServiceGraph,
)
from bigip_lbaas.domain.ids import ObjectId

HIGHEST_PORT = 65535
HIGHEST_WEIGHT = 256

_Child = TypeVar("_Child", Listener, Pool, Member)


@dataclass(frozen=True, slots=True)
class Edited:
    """A graph after an edit, and the objects that the edit took away."""

    graph: ServiceGraph
    removed: tuple[ObjectRef, ...] = ()


def canonical_address(text: str, what: str) -> str:
    """Return the one spelling of an IP address; `what` begins the sentence when it is none."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError as error:
        raise RequestRejected(
            f"{what} {text!r} is not an IP address; give one like 192.0.2.10 or 2001:db8::10."
        ) from error
    if "%" in str(address):
        raise RequestRejected(f"{what} {text!r} names a zone; give the address without it.")
    return str(address)


def settle(graph: ServiceGraph) -> ServiceGraph:
    """Return the same graph, sorted and with canonical addresses.

    Raises RequestRejected when it contradicts itself: two listeners on a port, a default pool
    that is not there, two members at one place, an address that is none.
    """
    settled = replace(
        graph,
        vip_address=canonical_address(graph.vip_address, "The VIP address"),
        listeners=_sorted(graph.listeners),
        pools=_sorted(_settle_pool(pool) for pool in graph.pools),
    )
    holders: dict[int, str] = {}
    for listener in settled.listeners:
        _check_listener(settled, listener)
        holder = holders.setdefault(listener.protocol_port, listener.id)
        if holder != listener.id:
            raise _port_taken(settled, listener, holder)
    _check_ids(settled)
    return settled


def put_load_balancer(
    graph: ServiceGraph, *, name: str | None = None, admin_state_up: bool | None = None
) -> Edited:
    """Change the load balancer itself; None leaves a field as it is."""
    return Edited(
        replace(
            graph,
            name=graph.name if name is None else name,
            admin_state_up=graph.admin_state_up if admin_state_up is None else admin_state_up,
        )
    )


def put_listener(graph: ServiceGraph, listener: Listener) -> Edited:
    """Add the listener, or replace the one with its id."""
    _check_listener(graph, listener)
    for other in graph.listeners:
        if other.protocol_port == listener.protocol_port and other.id != listener.id:
            raise _port_taken(graph, listener, other.id)
    return _checked(replace(graph, listeners=_with(graph.listeners, listener)))


def drop_listener(graph: ServiceGraph, listener_id: str) -> Edited:
    """Take the listener away; its default pool stays. Dropping what is not there is no fault."""
    return Edited(
        replace(graph, listeners=_without(graph.listeners, listener_id)),
        (ObjectRef(ObjectKind.LISTENER, listener_id),),
    )


def put_pool(graph: ServiceGraph, pool: Pool, listener_id: str | None = None) -> Edited:
    """Add the pool, or replace the one with its id; make it the listener's default pool."""
    before = graph.pool(pool.id)
    settled = _settle_pool(pool)
    edited = replace(graph, pools=_with(graph.pools, settled))
    if listener_id is not None:
        listener = find_listener(edited, listener_id)
        attached = replace(listener, default_pool_id=pool.id)
        edited = replace(edited, listeners=_with(edited.listeners, attached))
    kept = set(_below(settled))
    return _checked(edited, tuple(ref for ref in _below(before) if ref not in kept))


def drop_pool(graph: ServiceGraph, pool_id: str) -> Edited:
    """Take the pool away with all under it, also from the listeners that used it."""
    listeners = tuple(
        replace(listener, default_pool_id=None) if listener.default_pool_id == pool_id else listener
        for listener in graph.listeners
    )
    return Edited(
        replace(graph, pools=_without(graph.pools, pool_id), listeners=listeners),
        (*_below(graph.pool(pool_id)), ObjectRef(ObjectKind.POOL, pool_id)),
    )


def put_member(graph: ServiceGraph, pool_id: str, member: Member) -> Edited:
    """Add the member, or replace the one with its id."""
    pool = find_pool(graph, pool_id)
    return put_pool(graph, replace(pool, members=_with(pool.members, member)))


def drop_member(graph: ServiceGraph, pool_id: str, member_id: str) -> Edited:
    """Take the member away; one that is not there is no fault."""
    removed = (ObjectRef(ObjectKind.MEMBER, member_id),)
    pool = graph.pool(pool_id)
    if pool is None:
        return Edited(graph, removed)
    left = replace(pool, members=_without(pool.members, member_id))
    return Edited(replace(graph, pools=_with(graph.pools, left)), removed)


def put_members(graph: ServiceGraph, pool_id: str, members: Iterable[Member]) -> Edited:
    """Give the pool exactly these members; the others leave."""
    pool = find_pool(graph, pool_id)
    return put_pool(graph, replace(pool, members=tuple(members)))


def put_monitor(graph: ServiceGraph, pool_id: str, monitor: HealthMonitor) -> Edited:
    """Add the health monitor, or replace the one with its id; a pool has at most one."""
    pool = find_pool(graph, pool_id)
    if pool.monitor and pool.monitor.id != monitor.id:
        raise RequestRejected(
            f"Pool {pool_id} already has health monitor {pool.monitor.id}; delete that one first."
        )
    return put_pool(graph, replace(pool, monitor=monitor))


def drop_monitor(graph: ServiceGraph, pool_id: str, monitor_id: str) -> Edited:
    """Take the health monitor away; one that is not there is no fault."""
    removed = (ObjectRef(ObjectKind.HEALTH_MONITOR, monitor_id),)
    pool = graph.pool(pool_id)
    if pool is None or pool.monitor is None or pool.monitor.id != monitor_id:
        return Edited(graph, removed)
    left = replace(pool, monitor=None)
    return Edited(replace(graph, pools=_with(graph.pools, left)), removed)


def replace_all(graph: ServiceGraph, wanted: ServiceGraph) -> Edited:
    """Make the graph what `wanted` says, the VIP and the project excepted."""
    edited = settle(
        replace(
            graph,
            name=wanted.name,
            admin_state_up=wanted.admin_state_up,
            listeners=wanted.listeners,
            pools=wanted.pools,
        )
    )
    kept = set(edited.objects())
    return Edited(edited, tuple(ref for ref in graph.objects() if ref not in kept))


def find_listener(graph: ServiceGraph, listener_id: str) -> Listener:
    """Return the listener of that id, or reject the request."""
    return _find(graph, graph.listeners, listener_id, "listener")


def find_pool(graph: ServiceGraph, pool_id: str) -> Pool:
    """Return the pool of that id, or reject the request."""
    return _find(graph, graph.pools, pool_id, "pool")


def find_member(graph: ServiceGraph, pool_id: str, member_id: str) -> Member:
    """Return the member of that id in the pool, or reject the request."""
    return _find(graph, find_pool(graph, pool_id).members, member_id, "member")


def find_monitor(graph: ServiceGraph, pool_id: str, monitor_id: str) -> HealthMonitor:
    """Return the health monitor of that id in the pool, or reject the request."""
    monitor = find_pool(graph, pool_id).monitor
    if monitor is None or monitor.id != monitor_id:
        raise _unknown(graph, "health monitor", monitor_id)
    return monitor


def _checked(graph: ServiceGraph, removed: tuple[ObjectRef, ...] = ()) -> Edited:
    return Edited(settle(graph), removed)


def _settle_pool(pool: Pool) -> Pool:
    """Return the pool with sorted members at canonical addresses, no two at one place."""
    members = _sorted(
        replace(member, address=canonical_address(member.address, f"Address of member {member.id}"))
        for member in pool.members
    )
    places: dict[tuple[str, int], str] = {}
    for member in members:
        _check_port(member.protocol_port, f"member {member.id}")
        if not 0 <= member.weight <= HIGHEST_WEIGHT:
            raise RequestRejected(
                f"Weight {member.weight} of member {member.id} is not within 0 to {HIGHEST_WEIGHT}."
            )
        other = places.setdefault((member.address, member.protocol_port), member.id)
        if other != member.id:
            raise RequestRejected(
                f"Members {other} and {member.id} of pool {pool.id} are both at"
                f" {member.address} port {member.protocol_port}."
            )
    if pool.monitor and min(pool.monitor.delay_s, pool.monitor.timeout_s) < 1:
        raise RequestRejected(
            f"Delay and timeout of health monitor {pool.monitor.id} must be at least 1 second."
        )
    return replace(pool, members=members)


def _check_listener(graph: ServiceGraph, listener: Listener) -> None:
    _check_port(listener.protocol_port, f"listener {listener.id}")
    if listener.default_pool_id is not None:
        find_pool(graph, listener.default_pool_id)


def _check_port(port: int, whose: str) -> None:
    if not 1 <= port <= HIGHEST_PORT:
        raise RequestRejected(f"Port {port} of {whose} is not within 1 to {HIGHEST_PORT}.")


def _check_ids(graph: ServiceGraph) -> None:
    """Reject a graph in which two objects have one id: the id alone names them to the API."""
    seen: set[str] = set()
    for ref in graph.objects():
        if ref.id in seen:
            raise RequestRejected(f"Two objects of load balancer {graph.id} have the id {ref.id}.")
        seen.add(ref.id)


def _port_taken(graph: ServiceGraph, listener: Listener, holder: str) -> RequestRejected:
    return RequestRejected(
        f"Port {listener.protocol_port} of load balancer {graph.id} ({graph.vip_address})"
        f" is already taken by listener {holder}; choose another port.",
        f"listener {listener.id} of project {graph.project_id} wants port"
        f" {listener.protocol_port}, which listener {holder} has",
    )


def _unknown(graph: ServiceGraph, what: str, object_id: str) -> RequestRejected:
    return RequestRejected(
        f"Load balancer {graph.id} has no {what} {object_id}.",
        f"{what} {object_id} is in the API's request but not in the stored service graph of"
        f" load balancer {graph.id}; the comparison with the API repairs the graph",
    )


def _find(graph: ServiceGraph, children: tuple[_Child, ...], object_id: str, what: str) -> _Child:
    for child in children:
        if child.id == object_id:
            return child
    raise _unknown(graph, what, object_id)


def _below(pool: Pool | None) -> tuple[ObjectRef, ...]:
    """Return what is under a pool, in the order in which it may be deleted."""
    if pool is None:
        return ()
    members = tuple(ObjectRef(ObjectKind.MEMBER, member.id) for member in pool.members)
    if pool.monitor is None:
        return members
    return (*members, ObjectRef(ObjectKind.HEALTH_MONITOR, pool.monitor.id))


def _sorted(children: Iterable[_Child]) -> tuple[_Child, ...]:
    return tuple(sorted(children, key=_id_of))


def _id_of(child: _Child) -> ObjectId:
    return child.id


def _with(children: tuple[_Child, ...], child: _Child) -> tuple[_Child, ...]:
    others = list(_without(children, child.id))
    others.append(child)
    return _sorted(others)


def _without(children: tuple[_Child, ...], object_id: str) -> tuple[_Child, ...]:
    return tuple(child for child in children if child.id != object_id)
