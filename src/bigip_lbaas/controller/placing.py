"""Attends to load balancers: places those without a place, records why, says what to assign."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from bigip_lbaas.controller.assigning import Known, assign_all
from bigip_lbaas.controller.books import Residents, read_projects
from bigip_lbaas.controller.costs import RememberedCosts, costs_of_all
from bigip_lbaas.controller.decisions import Decided, record_decisions
from bigip_lbaas.controller.fullness import remember_full
from bigip_lbaas.controller.homes import Nonces, as_home
from bigip_lbaas.controller.ledger import Ledger, OpenBooks
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.controller.settling import settle_all
from bigip_lbaas.controller.telling import tell_deleted, tell_refused
from bigip_lbaas.domain.home import Home
from bigip_lbaas.domain.ids import AgentId, GroupNumber, LoadBalancerId
from bigip_lbaas.domain.placement import Need, Placement, Unplaced
from bigip_lbaas.scheduling.choosing import choose
from bigip_lbaas.scheduling.recall import fleet_at
from bigip_lbaas.scheduling.reservations import brought_by, share_in_flight
from bigip_lbaas.scheduling.schedule import schedule
from bigip_lbaas.store import records
from bigip_lbaas.store.aside import select_readable
from bigip_lbaas.store.locking import locked
from bigip_lbaas.store.port import OneOf, Transaction
from bigip_lbaas.store.records import UNFINISHED, Phase
from bigip_lbaas.wire.messages import Assignment

OPEN = (*UNFINISHED, Phase.FAILED)  # some device may not have what it must
Waited = Callable[
    [records.LoadBalancer], float
]  # seconds that it has been seen to wait for a place


@dataclass(frozen=True, slots=True)
class Desk:
    """What a controller places with. ledger, costs: what it remembers between transactions."""

    settings: ControllerSettings
    waited_s: Waited
    nonces: Nonces
    ledger: Ledger = field(default_factory=Ledger)
    costs: RememberedCosts = field(default_factory=RememberedCosts)


@dataclass(frozen=True, slots=True)
class Attended:
    """What came of attending to a load balancer: at most one of the first three is set.

    measure: the group in which much is in flight, with the agent to be asked for a fresh score.
    """

    assignment: Assignment | None = None
    waits_because: str = ""
    told: bool = False  # its statuses were put into the outbox
    measure: tuple[GroupNumber, AgentId] | None = None


@dataclass(slots=True)
class Attention:
    """What came of attending to several in one transaction.

    places: of those that have one. homes: that are locked already. books: for the ledger to keep
    once all is committed; None when nothing was to be placed.
    """

    results: dict[LoadBalancerId, Attended] = field(default_factory=dict)
    places: dict[LoadBalancerId, records.PlacementRow] = field(default_factory=dict)
    homes: tuple[Home, ...] = ()
    books: OpenBooks | None = None
    decided: Sequence[Decided] = ()

    def known(self) -> Known:
        """Return what need not be read again to assign what was placed."""
        if self.books is None:
            return Known()
        placed_in = {booking.group for booking in self.books.bookings}
        epochs: dict[AgentId, str] = {}
        for number in placed_in:
            epochs |= self.books.groups[number].epochs
        return Known(self.homes, epochs)


def unsettled(lb: records.LoadBalancer) -> bool:
    """Return whether some device may not have what this load balancer must be."""
    return lb.phase in OPEN or lb.behind or bool(lb.unclean)


def attend_all(tx: Transaction, desk: Desk, ids: Sequence[LoadBalancerId]) -> Attention:
    """Take load balancers as far as a controller can, one after the other, in one transaction."""
    done, environment = Attention(), desk.settings.environment
    rows, _unreadable = select_readable(  # the sweep tells of those
        tx, records.LoadBalancer, OneOf("id", tuple(ids)), lock=True
    )
    lbs = {row.id: row for row in rows if row.environment == environment and unsettled(row)}
    places = tx.select(records.PlacementRow, OneOf("load_balancer_id", tuple(lbs)))
    done.places = {row.load_balancer_id: row for row in places}
    without = [
        lb
        for lb in (lbs[id_] for id_ in ids if id_ in lbs)
        if lb.id not in done.places and not _is_at_its_end(tx, lb, done)
    ]
    if without:
        _place_all(tx, desk, without, done)
    to_assign = [(lbs[id_], done.places[id_]) for id_ in ids if id_ in done.places]
    for assignment in assign_all(tx, desk.settings, to_assign, done.known(), desk.nonces):
        id_ = assignment.load_balancer_id
        before = done.results.get(id_, Attended())
        done.results[id_] = replace(before, assignment=assignment)
    return done


def _is_at_its_end(tx: Transaction, lb: records.LoadBalancer, done: Attention) -> bool:
    """Return whether one without a place needs none any more; tell what is to be told."""
    if lb.phase not in UNFINISHED:
        return True  # it found no place once; nothing moves by itself
    if not lb.wanted:
        tell_deleted(tx, lb)
    elif lb.refused:  # it shares the fate of what it was added to
        tell_refused(tx, lb, lb.reason)
    else:
        return False
    done.results[lb.id] = Attended(told=True)
    return True


def _place_all(
    tx: Transaction, desk: Desk, lbs: Sequence[records.LoadBalancer], done: Attention
) -> None:
    """Place those that find room, and tell or leave the others."""
    settings = desk.settings
    # the books: nobody else places in this environment until the end of the transaction
    locked(tx, records.Environment(settings.environment), settings.environment)
    books = done.books = desk.ledger.open(tx, settings)
    scores = dict(books.shortlist.scores)
    needs = _needs(tx, desk, lbs)
    residents = read_projects(tx, settings, needs, books.groups, lock=True)
    done.decided = decided = []
    for lb, need in zip(lbs, needs, strict=True):
        one = decide(settings, need, lb.revision, books, residents)
        decided.append(one)
        if isinstance(one.answer, Unplaced):
            done.results[lb.id] = _refuse(tx, lb, one.answer)
        else:
            measure = _enter(settings, one, one.answer, books, residents)
            done.results[lb.id] = Attended(measure=measure)
    record_decisions(tx, settings, books, decided, desk.nonces() + desk.nonces())
    places, homes = settle_all(tx, settings, lbs, decided, desk.nonces)
    done.places |= places
    done.homes = (*map(as_home, residents.home_rows), *homes)
    remember_full(tx, settings, scores)
    books.note_version(tx, settings)


def decide(
    settings: ControllerSettings, need: Need, revision: int, books: OpenBooks, residents: Residents
) -> Decided:
    """Ask the scheduler on the books as they are by now; what is held for this one is free."""
    standings = residents.standings(need)
    answer: Placement | Unplaced | None = choose(need, books.shortlist, standings, settings.rules)
    if answer is None:
        groups = books.shortlist.groups.values()
        fleet = fleet_at(settings.environment, groups, (), standings.values())
        answer = schedule(need, fleet, settings.rules, settings.policies)
    return Decided(need, revision, tuple(standings.values()), len(books.bookings), answer)


def _enter(
    settings: ControllerSettings,
    decided: Decided,
    answer: Placement,
    books: OpenBooks,
    residents: Residents,
) -> tuple[GroupNumber, AgentId] | None:
    """Write a placement into the books; return the group, when it is to be measured anew."""
    need, number = decided.need, answer.group
    standing = next((one for one in decided.standings if one.group == number), None)
    group = books.shortlist.groups[number]
    seen = group if standing is None else standing.seen(group)
    uncertain = share_in_flight(need, seen, answer.costs)
    books.book(number, answer.costs, standing)
    residents.move_in(need, number, answer.agent_id)
    return (number, answer.agent_id) if uncertain > settings.refresh_above else None


def _refuse(tx: Transaction, lb: records.LoadBalancer, answer: Unplaced) -> Attended:
    if answer.may_wait:
        return Attended(waits_because=answer.because)
    tell_refused(tx, lb, answer.because)
    return Attended(told=True)


def _needs(tx: Transaction, desk: Desk, lbs: Sequence[records.LoadBalancer]) -> tuple[Need, ...]:
    projects = {lb.project_id for lb in lbs}
    costs = desk.costs.of(projects, tx.now(), lambda some: costs_of_all(tx, desk.settings, some))
    return tuple(need_of(lb, costs[lb.project_id], desk.waited_s(lb)) for lb in lbs)


def need_of(lb: records.LoadBalancer, seen_costs: dict[str, float], waited_s: float) -> Need:
    """Return what a load balancer asks of placement."""
    return Need(
        lb.id,
        lb.project_id,
        member_addresses=lb.graph.member_addresses(),
        demands=frozenset(lb.demands),
        waited_s=waited_s,
        seed=_seed(lb),
        brings=brought_by(lb.graph),
        seen_costs=seen_costs,
    )


def _seed(lb: records.LoadBalancer) -> int:
    digest = hashlib.sha256(f"{lb.id}:{lb.revision}".encode()).digest()
    return int.from_bytes(digest[:6], "big")
