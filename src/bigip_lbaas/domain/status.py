"""Statuses: what the API is told of each object once a revision has ended."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from bigip_lbaas.domain.graph import Listener, Member, ObjectKind, ObjectRef, Pool, ServiceGraph


class Provisioning(StrEnum):
    """Whether the last change of an object has been carried out."""

    ACTIVE = "ACTIVE"
    DELETED = "DELETED"
    ERROR = "ERROR"
    PENDING = "PENDING"


class Operating(StrEnum):
    """Whether an object answers requests."""

    ONLINE = "ONLINE"
    OFFLINE = "OFFLINE"
    NO_MONITOR = "NO_MONITOR"
    ERROR = "ERROR"


@dataclass(frozen=True, slots=True)
class ObjectStatus:
    """What the API is told of one object; operating None leaves that status as it is."""

    object: ObjectRef
    provisioning: Provisioning
    operating: Operating | None = None


def statuses_when_applied(
    graph: ServiceGraph, leaving: Iterable[ObjectRef]
) -> tuple[ObjectStatus, ...]:
    """Return what to tell when every device has what `graph` asks for.

    The whole graph is told, not only what changed: the API set parents PENDING too. Objects in
    `leaving` are gone.
    """
    return (
        *(
            ObjectStatus(ref, Provisioning.ACTIVE, operating)
            for ref, operating in _operating(graph)
        ),
        *(ObjectStatus(ref, Provisioning.DELETED) for ref in leaving),
    )


def statuses_when_failed(
    graph: ServiceGraph, leaving: Iterable[ObjectRef]
) -> tuple[ObjectStatus, ...]:
    """Return what to tell when the revision could not be carried out: all of it is in ERROR."""
    return tuple(
        ObjectStatus(ref, Provisioning.ERROR, Operating.ERROR if is_root else None)
        for ref, is_root in (
            *((ref, ref.kind is ObjectKind.LOAD_BALANCER) for ref in graph.objects()),
            *((ref, False) for ref in leaving),
        )
    )


def statuses_when_deleted(
    graph: ServiceGraph, leaving: Iterable[ObjectRef]
) -> tuple[ObjectStatus, ...]:
    """Return what to tell when the load balancer and all under it are gone."""
    return tuple(
        ObjectStatus(ref, Provisioning.DELETED) for ref in (*leaving, *reversed([*graph.objects()]))
    )


def _operating(graph: ServiceGraph) -> Iterator[tuple[ObjectRef, Operating]]:
    """Yield each object with the operating status that clients expect beside ACTIVE."""
    up = graph.admin_state_up
    yield ObjectRef(ObjectKind.LOAD_BALANCER, graph.id), _online_if(up)
    for listener in graph.listeners:
        yield ObjectRef(ObjectKind.LISTENER, listener.id), _listener(listener)
    attached = {listener.default_pool_id for listener in graph.listeners}
    for pool in graph.pools:
        attached_and_up = pool.admin_state_up and pool.id in attached
        yield ObjectRef(ObjectKind.POOL, pool.id), _online_if(attached_and_up)
        for member in pool.members:
            yield ObjectRef(ObjectKind.MEMBER, member.id), _member(member, pool)
        if pool.monitor:
            ref = ObjectRef(ObjectKind.HEALTH_MONITOR, pool.monitor.id)
            yield ref, _online_if(pool.monitor.admin_state_up)


def _listener(listener: Listener) -> Operating:
    return _online_if(listener.admin_state_up)


def _member(member: Member, pool: Pool) -> Operating:
    if not member.admin_state_up:
        return Operating.OFFLINE
    return Operating.ONLINE if pool.monitor else Operating.NO_MONITOR


def _online_if(claim: bool) -> Operating:
    return Operating.ONLINE if claim else Operating.OFFLINE
