"""Compares what devices have with what the database knows, and takes off what nobody knows.

After a backup was restored, devices have load balancers that came after it. Whether they are
wanted only the API can say; one that is not leaves as a tombstone does: by its home's agent,
under a fence, and nobody is told.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bigip_lbaas.controller.places import leave_a_tombstone, move_all_in, move_out
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.domain.graph import ServiceGraph
from bigip_lbaas.domain.ids import GroupNumber, LoadBalancerId, RequestId
from bigip_lbaas.store import records
from bigip_lbaas.store.aside import select_readable
from bigip_lbaas.store.events import record_event
from bigip_lbaas.store.fences import LOSSES, LOST_AT
from bigip_lbaas.store.port import OneOf, Transaction
from bigip_lbaas.store.records import UNFINISHED, Phase
from bigip_lbaas.wire.messages import Sighting, Sightings

PLACED_UNNOTICED_S = 300.0  # so long before a loss was noticed load balancers may have been placed


@dataclass(frozen=True, slots=True)
class Known:
    """What the database knows of those that were seen."""

    lbs: Mapping[LoadBalancerId, records.LoadBalancer]
    places: Mapping[LoadBalancerId, records.PlacementRow]
    placed_at: Mapping[LoadBalancerId, float]
    lost_at: float | None  # when commits were last seen to be lost
    unreadable: frozenset[str]  # known, and no more


def record_sightings(
    tx: Transaction, settings: ControllerSettings, sightings: Sightings
) -> tuple[LoadBalancerId, ...]:
    """Write down who is not known, and what is where it should not be; return whom to attend to.

    One that waits for a place, and is on devices, has its place there: its placement was lost.
    """
    group, attend = sightings.group, []
    seen = {one.load_balancer_id: one for one in sightings.load_balancers}
    known = _known(tx, tuple(seen))
    for id_, one in seen.items():
        lb, place = known.lbs.get(id_), known.places.get(id_)
        is_others = lb is not None and lb.environment != settings.environment
        if is_others or id_ in known.unreadable:
            continue
        if lb is None and sightings.twice:
            let_go_of_orphans(tx, settings, group, (one,))
        elif place is None and lb is None:
            _note_stranger(tx, settings, group, one)
        elif place is None and lb is not None and lb.phase in UNFINISHED:
            _give_place(tx, settings, group, id_, one)
            attend.append(id_)
        elif _is_a_copy(known, id_, group):
            copy = LoadBalancerId(f"{id_}@{group}")
            if tx.get(records.LoadBalancer, copy) is None:
                why = f"a copy of load balancer {id_} in a group that is not its own"
                _bury(tx, settings, group, copy, one, why)
                attend.append(copy)
    return tuple(attend)


def take_off(tx: Transaction, settings: ControllerSettings) -> tuple[LoadBalancerId, ...]:
    """Have strangers that the API does not know either taken off the devices; return them.

    Only those that two audits or sweeps have found, or where commits are known to have been lost,
    and no more of them than there are load balancers: a database that knows next to nothing is
    likelier the wrong one. Those that are left alone are forgotten: what is still there is found
    again.
    """
    where: dict[str, Any] = {"environment": settings.environment}
    rows = tx.select(records.Stranger, unwanted=True, **where)
    if not rows:
        return ()
    many = tx.count(records.LoadBalancer, "environment", **where).get(settings.environment, 0)
    too_many, none_lost = "", tx.get(records.Sequence, LOSSES) is None
    if len(rows) > many:
        too_many = f"there are {len(rows)} such ones and {many} that are known"
    gone = []
    these = OneOf("id", tuple(row.load_balancer_id for row in rows))
    known = tx.count(records.LoadBalancer, "id", these)
    for row in rows:
        tx.delete(records.Stranger, row.load_balancer_id)
        if row.load_balancer_id in known:
            continue
        one = Sighting(row.load_balancer_id, row.project_id, row.vip_address)
        why = "neither this database nor the API knows it"
        why_not = too_many
        if none_lost and not row.may_go and not too_many:
            why_not = "no commits are known to have been lost, and no two looks have found it"
        if why_not:
            _leave_alone(tx, settings, row, f"{why}; it is left on the devices, since {why_not}")
        else:
            _bury(tx, settings, row.group, row.load_balancer_id, one, why)
            gone.append(row.load_balancer_id)
    return tuple(gone)


def let_go_of_orphans(
    tx: Transaction, settings: ControllerSettings, group: GroupNumber, orphans: Iterable[Sighting]
) -> None:
    """Have the API asked for what two looks have found and nobody here knows; then it may go."""
    for one in orphans:
        id_ = one.load_balancer_id
        if tx.count(records.LoadBalancer, "id", OneOf("id", (id_,))):
            continue  # it was accepted, or is being taken off, since
        row = tx.get(records.Stranger, id_, lock=True)
        place = tx.get(records.PlacementRow, id_)
        if place is not None and place.group != group:
            continue
        if row is None:
            _note_stranger(tx, settings, group, one)
            row = tx.get(records.Stranger, id_)
        if row is not None and not row.may_go:
            tx.put(replace(row, may_go=True))


def _leave_alone(
    tx: Transaction, settings: ControllerSettings, row: records.Stranger, why: str
) -> None:
    move_out(tx, row.load_balancer_id)
    record_event(tx, settings.environment, "left alone", row.load_balancer_id, why)


def _known(tx: Transaction, ids: tuple[LoadBalancerId, ...]) -> Known:
    of_these = OneOf("load_balancer_id", ids)
    rows, unreadable = select_readable(tx, records.LoadBalancer, OneOf("id", ids))
    lbs = {row.id: row for row in rows}
    places = {row.load_balancer_id: row for row in tx.select(records.PlacementRow, of_these)}
    placed_at = tx.highest(records.PlacementDecision, "decided_at", "load_balancer_id", of_these)
    lost = tx.get(records.Sequence, LOST_AT)
    lost_at = float(lost.value) if lost else None
    return Known(lbs, places, placed_at, lost_at, frozenset(each.key for each in unreadable))


def _is_a_copy(known: Known, id_: LoadBalancerId, group: GroupNumber) -> bool:
    """Return whether it was placed in another group when its first placement had been lost."""
    if known.lost_at is None or id_ not in known.lbs:
        return False
    place = known.places.get(id_)
    if place is None:
        return True  # it was refused a place
    placed_at = known.placed_at.get(id_, 0.0)
    return place.group != group and placed_at > known.lost_at - PLACED_UNNOTICED_S


def _note_stranger(
    tx: Transaction, settings: ControllerSettings, group: GroupNumber, one: Sighting
) -> None:
    """Write a stranger down, with the place that it has."""
    tx.put(
        records.Stranger(
            one.load_balancer_id,
            settings.environment,
            one.project_id,
            group,
            one.vip_address,
            tx.now(),
        )
    )
    _give_place(tx, settings, group, one.load_balancer_id, one)
    said = (
        f"devices of group {group} have it, of project {one.project_id} with address"
        f" {one.vip_address}, and this database does not know it; the API is asked"
    )
    record_event(tx, settings.environment, "stranger", one.load_balancer_id, said)


def _give_place(
    tx: Transaction,
    settings: ControllerSettings,
    group: GroupNumber,
    id_: LoadBalancerId,
    one: Sighting,
) -> None:
    move_all_in(tx, [records.PlacementRow(id_, settings.environment, one.project_id, group)])


def _bury(
    tx: Transaction,
    settings: ControllerSettings,
    group: GroupNumber,
    id_: LoadBalancerId,
    one: Sighting,
    why: str,
) -> None:
    """Make a tombstone: the sweep has it taken off every device of the group."""
    place = tx.get(records.PlacementRow, id_)
    if place is None:
        place = records.PlacementRow(id_, settings.environment, one.project_id, group)
        move_all_in(tx, [place])
    leave_a_tombstone(tx, place)
    row = tx.get(records.Group, settings.environment, group)
    now = tx.now()
    tx.put(
        records.LoadBalancer(
            id_,
            settings.environment,
            one.project_id,
            int(now),  # higher than any that an agent may remember of it
            ServiceGraph(one.load_balancer_id, one.project_id, one.vip_address),
            wanted=False,
            phase=Phase.GONE,
            request_id=RequestId(f"req-{id_}"),
            accepted_at=now,
            reason=why,
            unclean=_devices(row),
            behind=True,
        )
    )
    record_event(tx, settings.environment, "taken off", one.load_balancer_id, why)


def _devices(row: records.Group | None) -> tuple[str, ...]:
    return (row.devices if row else ()) or ("unknown",)
