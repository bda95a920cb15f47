"""Decides which objects of a partition belong to a load balancer. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from bigip_lbaas.domain.graph import ObjectRef, ServiceGraph
from bigip_lbaas.ltm import kinds
from bigip_lbaas.ltm.names import Naming
from bigip_lbaas.ltm.state import ObjectPath, State
from bigip_lbaas.reconcile.render import RenderSettings, describe, render


@dataclass(frozen=True, slots=True)
class Target:
    """What one load balancer must be on a device; not wanted: nothing of it may be left.

    leaving: objects that earlier revisions had, which descriptions may not tell (objects made by
    another agent).
    """

    graph: ServiceGraph
    wanted: bool = True
    leaving: tuple[ObjectRef, ...] = ()


def belonging(target: Target, observed: State, naming: Naming) -> frozenset[ObjectPath]:
    """Return the objects in `observed` that are the target's, by name or by description.

    Only names of ours count, in the project's own partition; nodes are shared and never belong.
    """
    partition = naming.name(target.graph.project_id)
    ids = {ref.id for ref in (*target.graph.objects(), *target.leaving)}
    names = {naming.name(id_) for id_ in ids}
    mark = describe(target.graph.id)
    return frozenset(
        path
        for path, attributes in observed.items()
        if path.partition == partition
        and path.collection != kinds.NODE
        and naming.owns(path.name)
        and (path.name in names or attributes.get("description") == mark)
    )


def desired(
    targets: Iterable[Target], observed: State, naming: Naming, settings: RenderSettings
) -> State:
    """Return the whole partition as it must be: the targets as asked, the rest as it is."""
    state = dict(observed)
    for target in targets:
        for path in belonging(target, observed, naming):
            state.pop(path, None)
    for target in targets:
        if target.wanted:
            state.update(render(target.graph, naming, settings))
    return state
