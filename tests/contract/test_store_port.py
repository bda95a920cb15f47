"""What every store promises on single rows: the same body for the twin and for each database."""

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

import strategies
from bigip_lbaas.domain.capacity import CapacityReport, Reading
from bigip_lbaas.domain.errors import ConcurrentUpdate
from bigip_lbaas.domain.graph import (
    Algorithm,
    Listener,
    ListenerProtocol,
    Member,
    Pool,
    PoolProtocol,
    ServiceGraph,
)
from bigip_lbaas.store.port import AtLeast, AtMost, OneOf, OneOfPairs, Plus, Store, Transaction
from bigip_lbaas.store.records import (
    Agent,
    Child,
    Environment,
    Event,
    Group,
    Home,
    LoadBalancer,
    Phase,
    Report,
    Reservation,
    Sequence,
    Tenure,
)

ROW = Sequence("fence", 7)


def written(store: Store, *rows: Any) -> None:
    """Put all rows in one transaction."""

    def put(tx: Transaction) -> None:
        for row in rows:
            tx.put(row)

    store.write(put)


def load_balancer(name: str, graph: ServiceGraph | None = None, **changes: Any) -> LoadBalancer:
    """Return a plain row of that id."""
    graph = graph or ServiceGraph(name, "project", "192.0.2.1")
    row = LoadBalancer(name, "env", "project", 1, graph, True, Phase.WAITING, "req-1", 1.5)
    return replace(row, **changes)


def reservation(name: str, **changes: Any) -> Reservation:
    """Return a plain row of that id."""
    return replace(
        Reservation(name, "env", "acme", 1, {"node_count": 2.0}, made_at=10.0), **changes
    )


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(row=strategies.rows)
def test_any_row_that_is_put_comes_back_unchanged(store: Store, row: Any) -> None:
    written(store, row)
    key = [getattr(row, name) for name in row.KEY]
    back = store.read(lambda tx: tx.get(type(row), *key))
    assert back == row
    assert [type(getattr(back, name)) for name in row.__slots__] == [
        type(getattr(row, name)) for name in row.__slots__
    ]


def test_a_row_that_was_never_written_is_none(store: Store) -> None:
    assert store.read(lambda tx: tx.get(Sequence, "fence")) is None
    assert store.write(lambda tx: tx.get(Sequence, "fence", lock=True)) is None


def test_put_replaces_the_row_of_its_key(store: Store) -> None:
    written(store, ROW, Sequence("fence", 8), Environment("env"), Environment("env"))
    assert store.read(lambda tx: tx.select(Sequence)) == (Sequence("fence", 8),)
    assert store.read(lambda tx: tx.select(Environment)) == (Environment("env"),)


def test_what_a_transaction_wrote_it_reads(store: Store) -> None:
    def work(tx: Transaction) -> tuple[Sequence, ...]:
        tx.insert(ROW)
        tx.put(Sequence("other", 1))
        tx.delete(Sequence, "fence")
        return tx.select(Sequence)

    assert store.write(work) == (Sequence("other", 1),)


def test_delete_says_whether_there_was_a_row(store: Store) -> None:
    written(store, ROW)
    assert store.write(lambda tx: tx.delete(Sequence, "fence")) is True
    assert store.write(lambda tx: tx.delete(Sequence, "fence")) is False


def test_insert_of_a_taken_key_is_told_at_once_and_the_work_may_go_on(store: Store) -> None:
    written(store, ROW)

    def work(tx: Transaction) -> Sequence | None:
        tx.insert(Sequence("before", 1))
        with pytest.raises(ConcurrentUpdate, match=r"there is a Sequence \('fence',\) already"):
            tx.insert(Sequence("fence", 1))
        tx.insert(Sequence("after", 1))
        return tx.get(Sequence, "fence", lock=True)

    assert store.write(work) == ROW
    assert store.read(lambda tx: tx.count(Sequence, "value")) == {1: 2, 7: 1}


@pytest.mark.parametrize("record", [Group, Home, Child], ids=lambda record: record.__name__)
def test_a_key_of_several_fields_is_taken_only_as_a_whole(store: Store, record: Any) -> None:
    rows = {
        Group: (Group("env", 1), Group("env", 2), Group("other", 1)),
        Home: (
            Home("env", "p", 1, "a", 1, "n"),
            Home("env", "p", 2, "a", 1, "n"),
            Home("env", "q", 1, "a", 1, "n"),
        ),
        Child: (Child("1", "pool", "lb"), Child("2", "pool", "lb"), Child("3", "pool", "lb")),
    }[record]

    def work(tx: Transaction) -> None:
        for row in rows:
            tx.insert(row)

    store.write(work)
    assert store.read(lambda tx: tx.select(record)) == rows


def test_keys_and_texts_differ_by_case_accent_and_script(store: Store) -> None:
    names = ["", "A", "a", "aa", "b", "ss", "z", "ß", "á", "ä", "ａ", "字", "😀", "a\u0301"]
    written(store, *(Tenure(name, name, 0.0) for name in names))
    rows = store.read(lambda tx: tx.select(Tenure))
    assert [row.name for row in rows] == sorted(names)  # by code points
    for name in names:
        assert store.read(lambda tx, name=name: tx.select(Tenure, holder=name)) == (
            Tenure(name, name, 0.0),
        )
    by_text = store.read(lambda tx: tx.select(Tenure, order_by="-holder"))
    assert [row.name for row in by_text] == sorted(names, reverse=True)


def test_select_keeps_the_rows_that_meet_every_condition(store: Store) -> None:
    rows = (
        reservation("a", applied_at=1.0),
        reservation("b", group=2, applied_at=2.0),
        reservation("c", applied_at=3.5),
        reservation("d"),
    )
    written(store, *rows)

    def found(*conditions: Any, **equals: Any) -> str:
        kept = store.read(lambda tx: tx.select(Reservation, *conditions, **equals))
        assert all(row in rows for row in kept)
        return "".join(row.load_balancer_id for row in kept)

    assert found() == "abcd"
    assert found(group=1) == "acd"
    assert found(group=1, environment="env", load_balancer_id="c") == "c"
    assert found(environment="other") == ""
    assert found(applied_at=None) == "d"
    assert found(AtMost("applied_at", 2.0)) == "ab"
    assert found(AtLeast("applied_at", 2.0)) == "bc"
    assert found(AtLeast("applied_at", 2), AtMost("applied_at", 3), group=2) == "b"
    assert found(AtLeast("group", 1.5)) == "b"
    assert found(AtMost("group", 1.5)) == "acd"
    assert found(OneOf("load_balancer_id", ("a", "d", "x"))) == "ad"
    assert found(OneOf("applied_at", (1.0, None))) == "ad"
    assert found(OneOf("group", ())) == ""
    assert found(OneOf("group", (None,))) == ""


def test_select_by_enumeration_and_boolean(store: Store) -> None:
    waiting = load_balancer("1")
    failed = load_balancer("2", phase=Phase.FAILED, wanted=False)
    written(store, waiting, failed)
    assert store.read(lambda tx: tx.select(LoadBalancer, phase=Phase.FAILED)) == (failed,)
    assert store.read(lambda tx: tx.select(LoadBalancer, wanted=True)) == (waiting,)
    either = OneOf("phase", (Phase.FAILED, Phase.GONE))
    assert store.read(lambda tx: tx.select(LoadBalancer, either)) == (failed,)


def test_select_orders_by_the_field_then_by_key_and_none_is_lowest(store: Store) -> None:
    written(
        store,
        reservation("a", applied_at=2.0),
        reservation("b"),
        reservation("c", applied_at=1.0),
        reservation("d"),
        reservation("e", applied_at=2.0),
    )

    def order(order_by: str | None, limit: int | None = None) -> str:
        rows = store.read(lambda tx: tx.select(Reservation, order_by=order_by, limit=limit))
        return "".join(row.load_balancer_id for row in rows)

    assert order(None) == "abcde"
    assert order("applied_at") == "bdcae"
    assert order("-applied_at") == "aecbd"
    assert order("-load_balancer_id") == "edcba"
    assert order("applied_at", limit=3) == "bdc"
    assert order(None, limit=2) == "ab"
    assert order(None, limit=0) == ""


def test_count_has_a_number_for_each_value_that_occurs(store: Store) -> None:
    rows = [load_balancer(str(number)) for number in range(3)]
    written(store, *rows, load_balancer("x", phase=Phase.GONE, environment="other"))
    written(store, reservation("a"), reservation("b", applied_at=1.0))

    counted = store.read(lambda tx: tx.count(LoadBalancer, "phase"))
    assert counted == {Phase.WAITING: 3, Phase.GONE: 1}
    assert all(type(phase) is Phase for phase in counted)
    assert store.read(lambda tx: tx.count(LoadBalancer, "phase", environment="other")) == {
        Phase.GONE: 1
    }
    assert store.read(lambda tx: tx.count(LoadBalancer, "wanted")) == {True: 4}
    assert store.read(lambda tx: tx.count(Reservation, "applied_at")) == {None: 1, 1.0: 1}
    assert store.read(lambda tx: tx.count(Agent, "group")) == {}
    some = OneOf("id", ("0", "2", "x"))
    assert store.read(lambda tx: tx.count(LoadBalancer, "phase", some)) == {
        Phase.WAITING: 2, Phase.GONE: 1,
    }  # fmt: skip


def test_the_highest_is_found_for_each_value_that_occurs(store: Store) -> None:
    rows = [load_balancer(str(number), revision=number) for number in range(3)]
    written(store, *rows, load_balancer("x", phase=Phase.GONE, environment="other", revision=9))
    written(store, reservation("a"), reservation("b", applied_at=1.0))

    def highest(*conditions: Any, **equals: Any) -> Any:
        return store.read(
            lambda tx: tx.highest(LoadBalancer, "revision", "phase", *conditions, **equals)
        )

    assert highest() == {Phase.WAITING: 2, Phase.GONE: 9}
    assert highest(OneOf("id", ("0", "1"))) == {Phase.WAITING: 1}
    assert highest(environment="other") == {Phase.GONE: 9}
    assert highest(environment="nowhere") == {}
    assert store.read(lambda tx: tx.highest(Reservation, "applied_at", "environment")) == {
        "env": 1.0
    }


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda tx: tx.select(LoadBalancer, graph=1), "LoadBalancer.graph is JSON"),
        (lambda tx: tx.select(LoadBalancer, order_by="leaving"), "LoadBalancer.leaving is JSON"),
        (lambda tx: tx.count(LoadBalancer, "graph"), "LoadBalancer.graph is JSON"),
        (lambda tx: tx.select(LoadBalancer, colour="red"), "LoadBalancer has no field 'colour'"),
        (lambda tx: tx.get(Group, "env"), "key of Group is .environment, number., not .'env',"),
        (lambda tx: tx.get(str, "env"), "str is no record of the store"),
    ],
)
def test_a_question_that_no_database_can_answer_is_refused(
    store: Store, call: Any, message: str
) -> None:
    with pytest.raises(LookupError, match=message):
        store.read(call)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (Event("e", 1, 0.0, "kind", "subject", "a\0b"), "Event.text .*NUL"),
        (Event("e", 1, 0.0, "kind", "subject", "\ud800"), "Event.text .*surrogates"),
        (Event("e", 1, math.inf, "kind", "subject", ""), "Event.at .*inf is no finite number"),
        (Environment("e" * 256), "Environment.name .*256 characters, 255 is the most"),
        (Environment("e "), "Environment.name .*ends in a space"),
        (Environment(None), "Environment.name .*None is no str"),
        (Sequence("fence", 2**63), "Sequence.value .* is no integer of 64 bits"),
        (
            Report(
                "a",
                "e",
                1,
                0.0,
                CapacityReport("e", 1, "a", "x", True, (Reading("m", math.nan, 1.0),)),
            ),
            "Report.report cannot be stored",
        ),
        (
            Report("a", "e", 1, 0.0, CapacityReport("e", 1, "a", "x", True, as_of=math.inf)),
            "Report.report cannot be stored: it holds a number that is not finite",
        ),
    ],
)
def test_what_some_database_could_not_give_back_is_refused(
    store: Store, row: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        store.write(lambda tx: tx.put(row))


def test_texts_that_are_no_keys_may_be_long(store: Store) -> None:
    event = Event("e", 1, 0.0, "kind", "subject", "ä" * 200_000)
    written(store, event)
    assert store.read(lambda tx: tx.get(Event, "e", 1)) == event


def test_a_graph_of_5000_members_is_stored(store: Store) -> None:
    members = tuple(Member(f"{n:05}", f"10.0.{n // 256}.{n % 256}", 80) for n in range(5000))
    pool = Pool("pool", PoolProtocol.HTTP, Algorithm.ROUND_ROBIN, members=members)
    listener = Listener("listener", ListenerProtocol.HTTP, 80, "pool")
    graph = ServiceGraph("lb", "p", "192.0.2.1", listeners=(listener,), pools=(pool,))
    written(store, load_balancer("lb", graph))
    back = store.read(lambda tx: tx.get(LoadBalancer, "lb"))
    assert back is not None
    assert back.graph == graph


def test_many_rows_are_put_at_once(store: Store) -> None:
    written(store, reservation("a", group=9))
    rows = [reservation(name, group=number) for number, name in enumerate("abc")]
    store.write(lambda tx: tx.put_all(rows))
    assert store.read(lambda tx: tx.select(Reservation)) == tuple(rows)
    store.write(lambda tx: (tx.put_all(()), tx.insert_all(())))


def test_many_rows_are_inserted_as_a_whole_or_not_at_all(store: Store) -> None:
    rows = [reservation(name) for name in "abc"]
    store.write(lambda tx: tx.insert_all(rows[:2]))

    def work(tx: Transaction) -> None:
        tx.put(ROW)
        tx.insert_all(rows[1:])

    with pytest.raises(ConcurrentUpdate):
        store.write(work)
    assert store.read(lambda tx: tx.select(Reservation)) == tuple(rows[:2])
    assert store.read(lambda tx: tx.get(Sequence, "fence")) is None


def test_fields_of_many_rows_are_changed_at_once(store: Store) -> None:
    rows = [replace(load_balancer(name), revision=n) for n, name in enumerate("abcd")]
    written(store, *rows)
    some = OneOf("id", ("a", "b", "c", "z"))
    change = {"phase": Phase.ASSIGNED, "revision": Plus(10)}
    assert store.write(lambda tx: tx.alter(LoadBalancer, some, change=change, wanted=True)) == 3
    found = {row.id: row for row in store.read(lambda tx: tx.select(LoadBalancer))}
    assert {id_: (row.phase, row.revision) for id_, row in found.items()} == {
        "a": (Phase.ASSIGNED, 10),
        "b": (Phase.ASSIGNED, 11),
        "c": (Phase.ASSIGNED, 12),
        "d": (Phase.WAITING, 3),
    }
    assert found["b"].graph == rows[1].graph


@pytest.mark.parametrize("change", [{"id": "x"}, {"graph": None}, {"nonsense": 1}])
def test_keys_and_json_are_not_changed_in_many_rows(store: Store, change: dict[str, Any]) -> None:
    with pytest.raises(LookupError):
        store.write(lambda tx: tx.alter(LoadBalancer, change=change))


def test_rows_are_selected_and_locked_at_once(store: Store) -> None:
    written(store, load_balancer("a"), load_balancer("b"))
    ids = OneOf("id", ("b", "a", "c"))
    found = store.write(lambda tx: tx.select(LoadBalancer, ids, lock=True))
    assert [row.id for row in found] == ["a", "b"]
    with pytest.raises(RuntimeError):
        store.read(lambda tx: tx.select(LoadBalancer, ids, lock=True))


@pytest.mark.parametrize("many", [1, 5, 70, 300])
def test_rows_are_found_by_pairs_of_fields(store: Store, many: int) -> None:
    rows = [
        Child(f"{project}-{number}", "member", "lb", project, f"192.0.2.{number}")
        for project in ("a", "b")
        for number in range(4)
    ]
    store.write(lambda tx: tx.put_all(rows))
    fields = ("project_id", "address")
    strange = [("c", f"198.51.100.{number}") for number in range(many)]
    wanted = (("a", "192.0.2.1"), ("b", "192.0.2.2"), *strange)

    def found(*pairs: tuple[str, str]) -> list[str]:
        question = OneOfPairs(fields, pairs)
        return [row.object_id for row in store.read(lambda tx: tx.select(Child, question))]

    assert found(*wanted) == ["a-1", "b-2"]
    assert found() == []
    with pytest.raises(LookupError):
        store.read(lambda tx: tx.select(LoadBalancer, OneOfPairs(("id", "graph"), (("a", "b"),))))
