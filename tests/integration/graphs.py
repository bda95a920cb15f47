"""Service graphs for tests of the whole line."""

import uuid

from bigip_lbaas.domain.graph import (
    Algorithm,
    HealthMonitor,
    Listener,
    ListenerProtocol,
    Member,
    MonitorType,
    Pool,
    PoolProtocol,
    ServiceGraph,
)
from bigip_lbaas.domain.ids import LoadBalancerId, ObjectId, ProjectId

PREFIX = "dev"


def id_of(*parts: object) -> str:
    """Return an id that is the same each time."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, ":".join(map(str, parts))))


def partition_of(project: str) -> str:
    """Return the name of a project's partition."""
    return f"{PREFIX}_{project}"


def graph(number: int, project: str = "acme", members: int = 2) -> ServiceGraph:
    """Return a load balancer with a listener, a pool, members and a monitor."""
    pool = Pool(
        ObjectId(id_of("pool", number)),
        PoolProtocol.HTTP,
        Algorithm.ROUND_ROBIN,
        members=tuple(
            sorted(
                (
                    Member(ObjectId(id_of("member", number, m)), f"10.0.{number}.{m + 1}", 80)
                    for m in range(members)
                ),
                key=lambda member: member.id,
            )
        ),
        monitor=HealthMonitor(
            ObjectId(id_of("monitor", number)),
            MonitorType.HTTP,
            5,
            3,
            3,
            3,
            http_method="GET",
            url_path="/",
            expected_codes="200",
        ),
    )
    listener = Listener(ObjectId(id_of("listener", number)), ListenerProtocol.HTTP, 80, pool.id)
    return ServiceGraph(
        LoadBalancerId(id_of("load balancer", number)),
        ProjectId(project),
        f"10.9.{number // 250}.{number % 250 + 1}",
        listeners=(listener,),
        pools=(pool,),
    )
