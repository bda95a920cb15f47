"""What only a real database can do: lose connections, deadlock, be missing, survive a crash."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from databases import (
    DATABASES,
    MARIADB,
    POSTGRESQL,
    SERVERS,
    database,
    end_connections,
)

from bigip_lbaas.domain.capacity import CapacityReport
from bigip_lbaas.domain.errors import (
    ConcurrentUpdate,
    ConfigurationRefused,
    StoreUnavailable,
)
from bigip_lbaas.store import schema
from bigip_lbaas.store.engines import Access
from bigip_lbaas.store.patience import Patience, Turns
from bigip_lbaas.store.port import Store, Transaction
from bigip_lbaas.store.records import Group, Report, Sequence
from bigip_lbaas.store.shape import row_from
from bigip_lbaas.store.sql import SqlStore
from bigip_lbaas.wire.codec import Unreadable

A, B = Sequence("a", 1), Sequence("b", 1)
on_servers = pytest.mark.parametrize("kind", SERVERS, indirect=True)
on_databases = pytest.mark.parametrize("kind", DATABASES, indirect=True)


def said_by(store: Store, *, writing: bool = False) -> str:
    """Return what StoreUnavailable says."""
    run: Any = store.write if writing else store.read
    with pytest.raises(StoreUnavailable) as caught:
        run((lambda tx: tx.put(A)) if writing else (lambda tx: tx.get(Sequence, "a")))
    store.close()
    assert "sqlalche.me" not in str(caught.value)
    assert "secret" not in str(caught.value)
    return str(caught.value)


@on_servers
@pytest.mark.parametrize("caught", [False, True], ids=["risen", "caught"])
def test_a_deadlock_ends_with_both_works_done(store: Store, caught: bool) -> None:
    store.write(lambda tx: [tx.put(A), tx.put(B)])
    both_have_one = threading.Barrier(2)
    tries: list[str] = []

    def count(first: str, second: str) -> Callable[[Transaction], None]:
        def work(tx: Transaction) -> None:
            tries.append(first)
            one = tx.get(Sequence, first, lock=True)
            assert one is not None
            tx.put(Sequence(first, one.value + 1))
            if tries.count(first) == 1:
                both_have_one.wait(10)
            try:
                other = tx.get(Sequence, second, lock=True)
            except ConcurrentUpdate:
                if caught:
                    return  # must not commit the half of it
                raise
            assert other is not None
            tx.put(Sequence(second, other.value + 1))

        return work

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(store.write, count(*names)) for names in ("ab", "ba")]:
            done.result(60)
    assert len(tries) == 3  # one of them was the victim, once
    assert store.read(lambda tx: tx.select(Sequence)) == (Sequence("a", 3), Sequence("b", 3))


@on_databases
def test_waiting_too_long_for_a_row_is_losing(kind: str, url_of: Callable[[str], str]) -> None:
    holder = SqlStore(url_of(kind))
    other = SqlStore(url_of(kind), Patience(tries=1), Access(lock_timeout_s=0.2))
    holder.write(lambda tx: tx.put(A))

    def work(tx: Transaction) -> None:
        tx.get(Sequence, "a", lock=True)
        with pytest.raises(ConcurrentUpdate, match=r"gave up after 1 tries: .* faster"):
            other.write(lambda inner: inner.get(Sequence, "a", lock=True))

    holder.write(work)
    other.write(lambda tx: tx.get(Sequence, "a", lock=True))
    holder.close()
    other.close()


@on_databases
def test_several_stores_share_one_database(kind: str, url_of: Callable[[str], str]) -> None:
    stores = [SqlStore(url_of(kind)) for _ in range(3)]
    stores[0].write(lambda tx: tx.put(Sequence("shared", 0)))

    def increment(tx: Transaction) -> None:
        row = tx.get(Sequence, "shared", lock=True)
        assert row is not None
        tx.put(Sequence("shared", row.value + 1))

    def many(store: Store) -> None:
        for _ in range(20):
            store.write(increment)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(many, stores))
    assert stores[1].read(lambda tx: tx.get(Sequence, "shared")) == Sequence("shared", 60)
    for store in stores:
        store.close()


@on_servers
def test_a_connection_that_broke_while_idle_is_not_noticed(
    store: Store, kind: str, url_of: Callable[[str], str]
) -> None:
    store.write(lambda tx: tx.put(A))
    store.read(lambda tx: tx.get(Sequence, "a"))
    end_connections(kind, url_of(kind))
    store.write(lambda tx: tx.put(B))
    assert store.read(lambda tx: tx.select(Sequence)) == (A, B)


@on_servers
def test_a_connection_that_breaks_at_work_is_told_and_nothing_is_written(
    store: Store, kind: str, url_of: Callable[[str], str]
) -> None:
    def work(tx: Transaction) -> None:
        tx.put(A)
        end_connections(kind, url_of(kind))
        tx.put(B)

    with pytest.raises(StoreUnavailable, match="no connection: look whether the server runs"):
        store.write(work)
    assert store.read(lambda tx: tx.select(Sequence)) == ()


@on_servers
def test_an_error_of_the_work_is_raised_though_the_connection_broke(
    store: Store, kind: str, url_of: Callable[[str], str]
) -> None:
    def work(tx: Transaction) -> None:
        tx.put(A)
        end_connections(kind, url_of(kind))
        raise KeyError("of the work")

    with pytest.raises(KeyError, match="of the work"):
        store.write(work)


@on_servers
def test_a_server_that_is_not_there_is_named_without_the_password(kind: str) -> None:
    message = said_by(SqlStore(f"{kind}://user:secret@127.0.0.1:1/cloud"))
    assert "database cloud at 127.0.0.1:1: no connection: look whether the server runs" in message
    assert "refused" in message


@on_servers
def test_a_database_that_is_not_there_is_named(kind: str, url_of: Callable[[str], str]) -> None:
    url_of(kind)  # skips where no server is
    where = MARIADB if kind == "mariadb" else POSTGRESQL
    url = f"{kind}://{where['user']}@127.0.0.1:{where['port']}/no_such_database"
    message = said_by(SqlStore(url))
    assert "database no_such_database at 127.0.0.1" in message
    assert "create it" in message or "database in the URL" in message


@on_servers
def test_a_login_that_is_refused_is_told(kind: str, url_of: Callable[[str], str]) -> None:
    url_of(kind)
    where = MARIADB if kind == "mariadb" else POSTGRESQL
    message = said_by(SqlStore(f"{kind}://nobody:secret@127.0.0.1:{where['port']}/cloud"))
    assert "login" in message
    assert "nobody" in message


@on_databases
def test_a_database_without_tables_says_what_to_do(kind: str, tmp_path: Path) -> None:
    with database(kind, tmp_path) as url:
        assert "upgrade its schema" in said_by(SqlStore(url))
        assert "upgrade its schema" in said_by(SqlStore(url), writing=True)


@pytest.mark.parametrize("kind", [pytest.param("postgresql", marks=pytest.mark.services)])
def test_a_server_that_takes_no_writes_is_told(kind: str, url_of: Callable[[str], str]) -> None:
    store = SqlStore(url_of(kind) + "?options=-c%20default_transaction_read_only=on")
    assert "it takes no writes" in said_by(store, writing=True)


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    schema.upgrade(url)
    store = SqlStore(f"sqlite:///file:{tmp_path}/store.db?mode=ro&uri=true")
    assert store.read(lambda tx: tx.select(Sequence)) == ()
    assert "store.db: it takes no writes" in said_by(store, writing=True)


def test_a_directory_that_is_not_there_is_told(tmp_path: Path) -> None:
    message = said_by(SqlStore(f"sqlite:///{tmp_path}/missing/store.db"))
    assert f"SQLite file {tmp_path}/missing/store.db: the file cannot be opened" in message


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("these are no tables\n" * 200)
    assert "is no SQLite database" in said_by(SqlStore(f"sqlite:///{tmp_path}/notes.txt"))


@on_databases
@pytest.mark.parametrize("way", ["write", "read"])
def test_waiting_too_long_for_a_connection_is_told(
    kind: str, way: str, url_of: Callable[[str], str]
) -> None:
    store = SqlStore(url_of(kind), access=Access(pool_size=1, pool_timeout_s=0.05))
    run: Any = getattr(store, way)
    with ThreadPoolExecutor(1) as pool:

        def work(tx: Transaction) -> None:
            waiting = pool.submit(run, lambda other: other.get(Sequence, "a"))
            with pytest.raises(StoreUnavailable, match=r"try again"):
                waiting.result(30)

        run(work)
    store.close()


def test_turns_are_taken_in_the_order_of_coming() -> None:
    turns = Turns("the file")
    order: list[int] = []

    def take(number: int) -> None:
        with turns.taken(30):
            order.append(number)

    with ThreadPoolExecutor(5) as pool, turns.taken(30):
        for number in range(5):
            pool.submit(take, number)
            deadline = time.monotonic() + 30
            while len(turns._waiting) <= number:
                assert time.monotonic() < deadline
            if number == 2:
                with (
                    pytest.raises(StoreUnavailable, match=r"the file: others held it for 0\.01 s"),
                    turns.taken(0.01),
                ):
                    order.append(-1)
    assert order == [0, 1, 2, 3, 4]
    take(5)  # and it is free again


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "the database URL cannot be read: write it as mysql://user:password@host"),
        ("mysql:/user:secret@host", "the database URL cannot be read"),
        ("mysql://user:secret@host:port/cloud", "the database URL cannot be read"),
        ("oracle://user:secret@host/cloud", "'oracle' is none of mysql, mariadb, postgresql"),
        ("mysql://user:secret@host", r"'mysql://user:\*\*\*@host' names no database"),
        ("sqlite://", "'sqlite://' names no file"),
        ("sqlite:///:memory:", "names no file"),
    ],
)
def test_a_url_that_cannot_be_one_is_refused_without_its_password(url: str, message: str) -> None:
    with pytest.raises(ConfigurationRefused, match=message) as caught:
        SqlStore(url)
    assert "secret" not in str(caught.value)


KILLED = """
import os, sys
from bigip_lbaas.store.records import Sequence
from bigip_lbaas.store.sql import SqlStore
store = SqlStore(sys.argv[1])
store.write(lambda tx: tx.insert(Sequence("committed", 1)))
def work(tx):
    tx.insert(Sequence("halfway", 1))
    os.kill(os.getpid(), 9)
store.write(work)
"""


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a_process_that_is_killed_loses_nothing_committed_and_leaves_nothing_half(
    store: Store, kind: str, url_of: Callable[[str], str]
) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, url_of(kind)], check=False, timeout=60)
    assert ended.returncode == -9
    assert store.read(lambda tx: tx.select(Sequence)) == (Sequence("committed", 1),)
    store.write(lambda tx: tx.put(Sequence("halfway", 2)))


def test_a_row_of_a_newer_program_is_read_as_far_as_it_is_known() -> None:
    report = (
        '{"environment":"env","group":1,"agent_id":"a","epoch":"e","has_policy":true,"new":[1]}'
    )
    assert row_from(Report, ("a", "env", 1, 2.0, report)) == Report(
        "a", "env", 1, 2.0, CapacityReport("env", 1, "a", "e", True)
    )


def test_a_row_that_cannot_be_read_is_named() -> None:
    with pytest.raises(Unreadable, match=r"Group \(env, 1\) in the database: devices: Expected"):
        row_from(Group, ("env", 1, False, 1.0, "{}", "[]"))


def test_the_wait_before_another_try_grows_to_its_limit_and_is_drawn() -> None:
    slept: list[float] = []
    patience = Patience(tries=9, dice=lambda: 0.5, sleep=slept.append)

    def lose() -> None:
        raise ConcurrentUpdate("lost")

    with pytest.raises(ConcurrentUpdate, match="gave up after 9 tries: lost"):
        patience.run(lose)
    assert slept == [0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.25, 0.25]
