"""The cases of the old system's documentation, and its known defects: what it did, what we do.

Each case is played when the table is written; what it shows is in the last column. The old system
is F5's LBaaSv2 driver and agent, whose capacity-based scale-out this replaces.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from bookkeeping import ENVIRONMENT, Books, ready

from bigip_lbaas.controller.books import read_fleet
from bigip_lbaas.domain.capacity import CapacityReport, Reading
from bigip_lbaas.domain.errors import ConcurrentUpdate, StoreUnavailable
from bigip_lbaas.domain.placement import Placement, Unplaced
from bigip_lbaas.scheduling.conflicts import conflict
from bigip_lbaas.scheduling.takeover import share_out
from bigip_lbaas.store import records
from bigip_lbaas.store.memory import MemoryTransaction
from bigip_lbaas.store.records import Phase
from bigip_lbaas.wire.codec import Unreadable, decode, encode
from bigip_lbaas.wire.messages import Registration
from strategies_fleet import NEED, RULES, agent, group, place


@dataclass(frozen=True)
class Case:
    """One row of the table; `play` plays it and returns what it showed."""

    id: str
    case: str
    it_did: str
    we_do: str
    play: Callable[[], str]


def placed(answer: Placement | Unplaced, number: int) -> str:
    assert isinstance(answer, Placement)
    assert answer.group == number
    return answer.because


def refused(answer: Placement | Unplaced) -> str:
    assert isinstance(answer, Unplaced)
    return answer.because


def own(number: int, value: float, **more: Any) -> Any:
    return group(number, value, project_lives_here=True, **more)


def tenants(value: float) -> tuple[Reading, ...]:
    return (Reading("tenant_count", value, 10.0),)


# -- as documented


def own_group_has_room() -> str:
    return placed(place(own(1, 50.0), group(2, 10.0)), 1)


def own_group_is_full() -> str:
    return placed(place(own(1, 100.0), group(2, 10.0)), 2)


def lowest_score() -> str:
    return placed(place(group(1, 50.0), group(2, 10.0), group(3, 30.0)), 2)


def all_full() -> str:
    return refused(place(group(1, 100.0), group(2, 130.0)))


def no_policy() -> str:
    bare = {"limits": {}, "measured": {}}
    return placed(place(group(1, load_balancers=3, **bare), group(2, load_balancers=1, **bare)), 2)


def agent_in_group() -> str:
    home = own(1, 10.0, agents=(agent("a"), agent("b"), agent("c")), project_home="b")
    return placed(place(home), 1)


def different_devices_in_a_group() -> str:
    there = replace(_peer(), group=1)
    return conflict(_newcomer(devices=("serial-2",)), [there]) or ""


# -- defects


def the_score_arrives() -> str:
    books = Books()
    epoch = ready(books, readings=tenants(6.0)).epoch
    wired = encode(CapacityReport(ENVIRONMENT, 1, "h1:1", epoch, True, tenants(6.0)))  # type: ignore[arg-type]
    report = decode(CapacityReport, wired)
    books.report("h1:1", epoch, readings=report.readings)
    answer = books.assigned(books.accept(1)) and books.decisions()[0].answer
    assert answer.opinions[0].score == report.environment_capacity_score == 0.6
    return f"reported 0.6, decided upon: {answer.because}"


def equal_scores_spread() -> str:
    counts = Counter({1: 0, 2: 0, 3: 0})
    for number in range(60):
        groups = [group(n, load_balancers=counts[n]) for n in counts]
        answer = place(*groups, need=replace(NEED, load_balancer_id=f"lb-{number}"))
        assert isinstance(answer, Placement)
        counts[answer.group] += 1
    assert set(counts.values()) == {20}
    return f"60 load balancers on three idle groups: {', '.join(map(str, counts.values()))}"


def takeover_stays_in_the_group() -> str:
    books = Books()
    ready(books, group=1)
    ready(books, "h2", 2)
    books.put(replace(_group_row(books, 1), draining=True))
    books.assigned(books.accept(1))
    taken = books.take_homes(books.agent("h2:2"))
    assert taken is not None
    home = books.home(group=2)
    assert home is not None
    return f"homes given to another group: {len(taken.given)}; left to group 2: {taken.left}"


def takeover_spreads() -> str:
    shares = share_out([f"p{n}" for n in range(6)], {"a": 2, "b": 0, "c": 1})  # type: ignore[list-item, dict-item]
    return "six homes for agents with 2, 0 and 1: " + _counted(shares.values())


def nobody_is_there() -> str:
    books = Books()
    ready(books)
    row = books.accept(1)
    books.assigned(row)
    books.take_homes(books.agent("h1:1"))
    assert books.attend(row).assignment is None
    return "nothing is sent to nobody; the sweep asks again, and at the deadline it is ERROR"


def after_a_return() -> str:
    books = Books()
    ready(books)
    books.register("h2", 1, ("device-of-1",))
    books.assigned(books.accept(1))
    before = books.home()
    assert before is not None
    books.take_homes(books.agent(before.agent_id))
    books.register(before.agent_id.partition(":")[0], 1, ("device-of-1",))
    after = books.home()
    assert after is not None
    assert after.agent_id != before.agent_id
    return "the home stays with its new agent, which writes to the same devices"


def affinity_by_the_group() -> str:
    books = Books()
    ready(books, readings=tenants(5.0))
    row = books.accept(1)
    books.assigned(row)
    second = books.register("h2", 1, ("device-of-1",)).epoch
    books.report("h2:1", second, readings=tenants(10.0))
    ready(books, "h3", 2)
    later = books.accept(2)
    books.assigned(later)
    (decision,) = books.decisions(load_balancer_id=later.id)
    said = placed(decision.answer, 2)
    return f"group 1 {decision.answer.opinions[0].why_not}. {said}"


def own_group_is_away() -> str:
    away = own(1, 0.0, agents=(agent("a", live=False),))
    waits = place(away, group(2))
    assert isinstance(waits, Unplaced)
    assert waits.may_wait
    late = place(away, group(2), need=replace(NEED, waited_s=RULES.patience_s))
    return f"{waits.because} Later: {placed(late, 2)}"


def what_a_decision_reads() -> str:
    reads = []
    for many in (5, 50):
        books = Books()
        ready(books, readings=(Reading("active_connections", 0.0, 1e9),))
        for number in range(many):
            books.assigned(books.accept(number, f"project-{number}"))
        reads.append(_statements(books, books.accept(99, "another")))
    assert reads[0] == reads[1]
    return f"statements of a placement with 5 load balancers: {reads[0]}; with 50: {reads[1]}"


def group_numbers() -> str:
    plain = encode(_newcomer())
    try:
        decode(Registration, {**plain, "group": "2"})
    except Unreadable as error:
        return f'group "2": {error}'
    raise AssertionError("it was read")


def a_stale_report() -> str:
    books = Books()
    epoch = ready(books, readings=tenants(1.0)).epoch
    second = books.register("h2", 1, ("device-of-1",)).epoch
    books.report("h2:1", second, readings=tenants(10.0))
    books.now += books.settings.report_ttl_s + 1.0
    for name, of in (("h1:1", epoch), ("h2:1", second)):
        books.beat(name, of, 1)  # type: ignore[arg-type]
    books.report("h1:1", epoch, readings=tenants(1.0))
    fleet = books.store.read(lambda tx: read_fleet(tx, books.settings, NEED))
    return f"an old 10 of 10 beside a fresh 1 of 10: {fleet.groups[0].measured['tenant_count']:g}"


def a_herd() -> str:
    books = Books()
    for number in (1, 2, 3):
        ready(books, group=number, readings=(Reading("active_connections", 0.0, 1e4),))
    homes = [books.assigned(books.accept(n, f"project-{n}")).home.group for n in range(30)]
    assert set(Counter(homes).values()) == {10}
    return "30 projects between two reports on three idle groups: " + _counted(homes)


def inside_a_group() -> str:
    return placed(place(group(1)), 1)


def children_of_a_full_group() -> str:
    books = Books()
    epoch = ready(books, readings=tenants(5.0)).epoch
    row = books.accept(1)
    books.assigned(row)
    books.report("h1:1", epoch, readings=tenants(10.0))
    books.put(replace(row, revision=2))
    assert books.assigned(row).revision == 2
    return "the group is full, and the change goes to its agent"


def children_of_one_in_error() -> str:
    books = Books()
    ready(books, readings=tenants(10.0))
    row = books.accept(1)
    books.attend(row)
    found = books.lb(row)
    assert found is not None
    books.put(replace(found, revision=2, phase=Phase.WAITING))
    books.report("h1:1", books.agent("h1:1").epoch, readings=tenants(0.0))
    assert books.attend(row).told
    assert books.get(records.PlacementRow, row.id) is None
    return f"room is there again, and all of it is {_statuses(books, row)}"


def nothing_stays_pending() -> str:
    books = Books()
    ready(books, readings=tenants(10.0))
    row = books.accept(1)
    books.attend(row)
    return f"the load balancer and all below: {_statuses(books, row)}"


def delete_without_an_agent() -> str:
    books = Books()
    ready(books)
    row = books.accept(1)
    books.assigned(row)
    books.take_homes(books.agent("h1:1"))
    books.put(replace(row, wanted=False, revision=2))
    assert books.attend(row).assignment is None
    assert books.told(row) == {}
    kept = books.lb(row)
    assert kept is not None
    return f"its row stays ({kept.phase}), and so does its place, until an agent has cleaned"


def no_shared_state() -> str:
    from bigip_lbaas.provider.octavia.driver import BigipProviderDriver

    assert vars(BigipProviderDriver()) == {}
    try:
        NEED.seed = 1  # type: ignore[misc]
    except AttributeError as error:
        return f"the driver keeps nothing; a request cannot be changed: {error}"
    raise AssertionError("it was changed")


def one_sweeper() -> str:
    from tests.integration.world import World

    world = World()
    for controller in world.controllers:
        controller.sweep()
    tenures = world.store.read(lambda tx: tx.select(records.Tenure))
    assert len(tenures) == 1
    return f"two controllers swept; {tenures[0].name} belongs to {tenures[0].holder} alone"


def an_error_is_no_empty_fleet() -> str:
    books = Books()
    row = books.accept(1)

    def fail(tx: Any) -> None:
        raise StoreUnavailable("no connection")

    try:
        books.write(fail)
    except (StoreUnavailable, ConcurrentUpdate) as error:
        assert books.lb(row) == row
        return f"{type(error).__name__}: {error}; the load balancer waits as before"
    raise AssertionError("it was taken for an answer")


def a_score_of_text() -> str:
    report = encode(CapacityReport(ENVIRONMENT, 1, "h1:1", "e", True, tenants(6.0)))  # type: ignore[arg-type]
    report["readings"][0]["value"] = "0.1"
    try:
        decode(CapacityReport, report)
    except Unreadable as error:
        return str(error)
    raise AssertionError("it was read")


def one_device_in_two_groups() -> str:
    return conflict(_newcomer(group=2), [_peer()]) or ""


# -- parts


def _newcomer(**more: Any) -> Registration:
    fields = {"host": "h2", "group": 1, "devices": ("serial-1",), **more}
    return Registration("h2:1", ENVIRONMENT, **fields)  # type: ignore[arg-type]


def _peer() -> records.Agent:
    return records.Agent(
        "h1:1", ENVIRONMENT, "h1", 1, "e", 1, True, True, ("serial-1",), 0.0, 0.0  # type: ignore[arg-type]
    )  # fmt: skip


def _group_row(books: Books, number: int) -> records.Group:
    row = books.get(records.Group, ENVIRONMENT, number)
    assert row is not None
    return row


def _counted(values: Any) -> str:
    return ", ".join(f"{count} to {key}" for key, count in sorted(Counter(values).items()))


def _statuses(books: Books, row: records.LoadBalancer) -> str:
    return ", ".join(sorted(set(books.told(row).values())))


def _statements(books: Books, row: records.LoadBalancer) -> int:
    """Return how many statements a placement takes."""
    count = 0
    original = MemoryTransaction._check

    def counted(self: Any, **named: Any) -> None:
        nonlocal count
        count += 1
        original(self, **named)

    MemoryTransaction._check = counted  # type: ignore[method-assign]
    try:
        books.assigned(row)
    finally:
        MemoryTransaction._check = original  # type: ignore[method-assign]
    return count
