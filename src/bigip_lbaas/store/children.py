"""The rows that say whose each object of a graph is."""

from collections.abc import Iterator

from bigip_lbaas.domain.graph import ObjectKind, ServiceGraph
from bigip_lbaas.store.records import Child


def children_of(graph: ServiceGraph) -> Iterator[Child]:
    """Yield a row for each object but the load balancer; a member's has its address."""
    addresses = {str(member.id): member.address for pool in graph.pools for member in pool.members}
    for ref in graph.objects():
        if ref.kind is ObjectKind.MEMBER:
            address = addresses[ref.id]
            yield Child(ref.id, ref.kind.value, graph.id, graph.project_id, address)
        elif ref.kind is not ObjectKind.LOAD_BALANCER:
            yield Child(ref.id, ref.kind.value, graph.id)
