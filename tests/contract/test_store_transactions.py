"""What every store promises on transactions: whole or not at all, and nobody in between."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bigip_lbaas.domain.errors import ConcurrentUpdate
from bigip_lbaas.store.port import Store, Transaction
from bigip_lbaas.store.records import Event, Sequence, Tenure

ROW = Sequence("fence", 7)


class OfTheWork(Exception):
    """An error that the store knows nothing of."""


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run all in threads of their own and return what they return."""
    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result(60) for future in [pool.submit(work) for work in works]]


def test_a_work_that_fails_leaves_nothing_behind(store: Store) -> None:
    store.write(lambda tx: [tx.put(ROW), tx.put(Sequence("old", 1))])

    def work(tx: Transaction) -> None:
        tx.insert(Sequence("new", 1))
        tx.put(Sequence("fence", 8))
        tx.put(Sequence("fence", 9))
        tx.delete(Sequence, "old")
        raise OfTheWork("no")

    with pytest.raises(OfTheWork, match="no"):
        store.write(work)
    assert store.read(lambda tx: tx.select(Sequence)) == (ROW, Sequence("old", 1))
    store.write(lambda tx: tx.insert(Sequence("new", 1)))  # and nothing is left locked


def test_a_work_that_loses_is_run_again_from_the_start(store: Store) -> None:
    seen = []

    def work(tx: Transaction) -> str:
        tx.insert(ROW)
        seen.append(tx.now())
        if len(seen) < 3:
            raise ConcurrentUpdate("read again, decide again")
        return "done"

    assert store.write(work) == "done"
    assert len(seen) == 3
    assert store.read(lambda tx: tx.select(Sequence)) == (ROW,)


def test_a_work_that_always_loses_is_given_up(store: Store) -> None:
    store.write(lambda tx: tx.insert(ROW))
    tries = []

    def work(tx: Transaction) -> None:
        tries.append(tx)
        tx.put(Sequence("other", 1))
        tx.insert(ROW)

    with pytest.raises(ConcurrentUpdate, match="gave up after 10 tries: there is a Sequence"):
        store.write(work)
    assert len(tries) == 10
    assert store.read(lambda tx: tx.select(Sequence)) == (ROW,)


def test_a_locked_row_counts_right_however_many_count(store: Store) -> None:
    store.write(lambda tx: tx.insert(Sequence("fence", 0)))

    def increment(tx: Transaction) -> None:
        row = tx.get(Sequence, "fence", lock=True)
        assert row is not None
        tx.put(Sequence("fence", row.value + 1))

    def many() -> None:
        for _ in range(50):
            store.write(increment)

    at_once(many, many)
    assert store.read(lambda tx: tx.get(Sequence, "fence")) == Sequence("fence", 100)


def test_two_that_draw_the_same_number_both_get_one_of_their_own(store: Store) -> None:
    def append(tx: Transaction) -> int:
        last = tx.select(Event, environment="env", order_by="-number", limit=1)
        number = last[0].number + 1 if last else 1
        tx.insert(Event("env", number, 0.0, "kind", "subject", ""))
        return number

    def many() -> list[int]:
        return [store.write(append) for _ in range(20)]

    first, second = at_once(many, many)
    assert sorted(first + second) == list(range(1, 41))


def test_of_two_that_insert_one_key_at_once_one_is_told(store: Store) -> None:
    start = threading.Barrier(2)

    def take(holder: str) -> bool:
        def work(tx: Transaction) -> bool:
            try:
                tx.insert(Tenure("outbox", holder, 0.0))
            except ConcurrentUpdate:
                return False
            return True

        start.wait(10)
        return store.write(work)

    won = at_once(lambda: take("a"), lambda: take("b"))
    assert sorted(won) == [False, True]
    row = store.read(lambda tx: tx.get(Tenure, "outbox"))
    assert row == Tenure("outbox", "ab"[won.index(True)], 0.0)


def test_a_read_sees_one_moment_though_others_write(store: Store, kind: str) -> None:
    store.write(lambda tx: [tx.put(Sequence("a", 1)), tx.put(Sequence("b", 1))])

    def change() -> None:
        store.write(lambda tx: [tx.put(Sequence("a", 2)), tx.put(Sequence("b", 2))])

    with ThreadPoolExecutor(1) as pool:

        def work(tx: Transaction) -> tuple[Any, ...]:
            first = tx.get(Sequence, "a")
            changed = pool.submit(change)
            if kind != "memory":  # there the writer waits until this has ended
                changed.result(30)
            return first, tx.get(Sequence, "b"), *tx.select(Sequence)

        a, b = Sequence("a", 1), Sequence("b", 1)
        assert store.read(work) == (a, b, a, b)
    assert store.read(lambda tx: tx.get(Sequence, "b")) == Sequence("b", 2)


def test_what_is_not_committed_nobody_else_reads(store: Store, kind: str) -> None:
    with ThreadPoolExecutor(1) as pool:

        def work(tx: Transaction) -> Any:
            tx.insert(ROW)
            seen = pool.submit(store.read, lambda other: other.get(Sequence, "fence"))
            return seen if kind == "memory" else seen.result(30)

        seen = store.write(work)
        # The twin's reader waits, and sees the whole.
        assert (seen.result(30) if kind == "memory" else seen) == (
            ROW if kind == "memory" else None
        )


def test_the_clock_goes_forward_and_stands_still_within_a_transaction(store: Store) -> None:
    def work(tx: Transaction) -> float:
        now = tx.now()
        tx.put(ROW)
        assert tx.now() == now
        return now

    first = store.write(work)
    assert first > 1.7e9  # seconds since 1970, not milliseconds or days
    assert first < 1e11
    later = first
    for _ in range(10_000):
        later = store.read(lambda tx: tx.now())
        assert later >= first
        if later > first:
            break
    assert 0.0 < later - first < 1.0  # it has parts of a second


@pytest.mark.parametrize(
    "call",
    [
        lambda tx: tx.insert(ROW),
        lambda tx: tx.put(ROW),
        lambda tx: tx.delete(Sequence, "fence"),
        lambda tx: tx.get(Sequence, "fence", lock=True),
    ],
    ids=["insert", "put", "delete", "lock"],
)
def test_read_writes_nothing(store: Store, call: Callable[[Transaction], Any]) -> None:
    with pytest.raises(RuntimeError, match="only reads"):
        store.read(call)
    assert store.read(lambda tx: tx.select(Sequence)) == ()


def test_a_transaction_inside_another_is_refused(store: Store) -> None:
    def work(tx: Transaction) -> None:
        tx.put(ROW)
        store.write(lambda inner: inner.put(Sequence("inner", 1)))

    with pytest.raises(RuntimeError, match="inside a transaction"):
        store.write(work)
    with pytest.raises(RuntimeError, match="inside a transaction"):
        store.read(lambda tx: store.read(lambda inner: inner.now()))
    assert store.read(lambda tx: tx.select(Sequence)) == ()


def test_a_transaction_that_has_ended_takes_no_more_calls(store: Store) -> None:
    kept: list[Transaction] = []

    def fail(tx: Transaction) -> None:
        kept.append(tx)
        raise OfTheWork

    store.write(kept.append)
    with pytest.raises(OfTheWork):
        store.write(fail)
    for ended in kept:
        for call in (lambda tx: tx.put(ROW), lambda tx: tx.get(Sequence, "x"), lambda tx: tx.now()):
            with pytest.raises(RuntimeError, match="has ended"):
                call(ended)
