"""Writes placements down: who lives where, what is reserved for it, whose home it is."""

from collections.abc import Sequence

from bigip_lbaas.controller.decisions import Decided
from bigip_lbaas.controller.homes import HomeKey, Nonces, as_row, new_homes
from bigip_lbaas.controller.places import move_all_in
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.domain.errors import ConcurrentUpdate
from bigip_lbaas.domain.home import Home
from bigip_lbaas.domain.ids import AgentId, LoadBalancerId
from bigip_lbaas.domain.placement import Placement
from bigip_lbaas.store import records
from bigip_lbaas.store.port import OneOf, Transaction


def settle_all(
    tx: Transaction,
    settings: ControllerSettings,
    lbs: Sequence[records.LoadBalancer],
    decided: Sequence[Decided],
    nonces: Nonces,
) -> tuple[dict[LoadBalancerId, records.PlacementRow], tuple[Home, ...]]:
    """Write down those that found a place; return the new places and homes.

    Raises ConcurrentUpdate when others were faster.
    """
    placed = [
        (lb, one.answer, one)
        for lb, one in zip(lbs, decided, strict=True)
        if isinstance(one.answer, Placement)
    ]
    if not placed:
        return {}, ()
    environment, now = settings.environment, tx.now()
    tx.put_all(
        [
            records.Reservation(lb.id, environment, lb.project_id, answer.group, answer.costs, now)
            for lb, answer, _ in placed
        ]
    )
    homeless: dict[HomeKey, AgentId] = {}
    for lb, answer, one in placed:
        if not any(each.home and each.group == answer.group for each in one.standings):
            homeless.setdefault((environment, lb.project_id, answer.group), answer.agent_id)
    homes = _found_homes(tx, settings, homeless, nonces)
    places = [
        records.PlacementRow(lb.id, environment, lb.project_id, answer.group)
        for lb, answer, _ in placed
    ]
    move_all_in(tx, places)
    return {row.load_balancer_id: row for row in places}, homes


def _found_homes(
    tx: Transaction,
    settings: ControllerSettings,
    homeless: dict[HomeKey, AgentId],
    nonces: Nonces,
) -> tuple[Home, ...]:
    """Give each project that has none in its new group a home there."""
    if not homeless:
        return ()
    chosen = OneOf("id", tuple(sorted(set(homeless.values()))))
    agents = tx.select(records.Agent, chosen, environment=settings.environment, lock=True)
    ready = {row.id for row in agents if row.alive and row.admin_state_up}
    gone = sorted(set(homeless.values()) - ready)
    if gone:
        raise ConcurrentUpdate(f"agent {gone[0]} went while its work was placed")
    homes = new_homes(tx, homeless, nonces)
    tx.insert_all(tuple(as_row(home) for home in homes))
    return homes
