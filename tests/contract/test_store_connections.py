"""Connections that break before, in and after a commit, and a server that takes no writes."""

import time
from collections.abc import Callable

import pytest
from cutter import Cutter
from databases import SERVERS, end_connections, run_on_server
from sqlalchemy import make_url

from bigip_lbaas.domain.errors import CommitUnknown, WritesRefused
from bigip_lbaas.store.port import Store, Transaction
from bigip_lbaas.store.records import Sequence
from bigip_lbaas.store.sql import SqlStore

A = Sequence("a", 1)
on_servers = pytest.mark.parametrize("kind", SERVERS, indirect=True)


@on_servers
def test_a_connection_that_breaks_before_the_commit_is_replaced_and_the_work_done_once(
    store: Store, kind: str, url_of: Callable[[str], str]
) -> None:
    tries = []

    def work(tx: Transaction) -> None:
        row = tx.get(Sequence, "a", lock=True) or Sequence("a", 0)
        tries.append(row.value)
        if len(tries) == 1:
            tx.put(Sequence("a", 100))
            end_connections(kind, url_of(kind))
        tx.put(Sequence("a", row.value + 1))

    def look(tx: Transaction) -> Sequence | None:
        tries.append(0)
        if len(tries) == 3:
            end_connections(kind, url_of(kind))
        return tx.get(Sequence, "a")

    store.write(work)
    assert tries == [0, 0]
    assert store.read(look) == A


@on_servers
@pytest.mark.parametrize("arrives", [False, True], ids=["lost before it", "lost after it"])
def test_a_commit_without_an_answer_is_told_as_unknown_and_not_tried_again(
    kind: str, url_of: Callable[[str], str], arrives: bool
) -> None:
    url = make_url(url_of(kind))
    commit = b"COMMIT\0" if kind == "postgresql" else b"\x03COMMIT"  # not READ COMMITTED
    with Cutter(url.host or "", url.port or 0, commit, arrives) as cutter:
        proxied = url.set(port=cutter.port).render_as_string(hide_password=False)
        store = SqlStore(f"{proxied}?sslmode=disable" if kind == "postgresql" else proxied)
        store.write(lambda tx: tx.put(Sequence("a", 0)))
        cutter.armed.set()
        tries = []

        def work(tx: Transaction) -> None:
            tries.append(1)
            row = tx.get(Sequence, "a", lock=True)
            assert row is not None
            tx.put(Sequence("a", row.value + 1))

        with pytest.raises(CommitUnknown, match="it may have been stored"):
            store.write(work)
        assert tries == [1]
        assert store.read(lambda tx: tx.get(Sequence, "a")) == Sequence("a", int(arrives))
        store.close()


@pytest.mark.parametrize("kind", [pytest.param("postgresql", marks=pytest.mark.services)])
def test_a_server_that_takes_writes_again_elsewhere_is_found(
    kind: str, url_of: Callable[[str], str]
) -> None:
    name = url_of(kind).rpartition("/")[2]
    store = SqlStore(url_of(kind))
    read_only = f"ALTER DATABASE {name} SET default_transaction_read_only = on"
    run_on_server(kind, read_only)
    try:
        with pytest.raises(WritesRefused):
            store.write(lambda tx: tx.put(A))
        with pytest.raises(WritesRefused):  # soon after, on the same connection
            store.write(lambda tx: tx.put(A))
    finally:
        run_on_server(kind, f"ALTER DATABASE {name} RESET default_transaction_read_only")
    # as after a fail-over: a connection that is there stays with the server that takes no writes
    deadline_s = time.monotonic() + 10
    while True:
        try:
            store.write(lambda tx: tx.put(A))
        except WritesRefused:
            assert time.monotonic() < deadline_s, "the connections of old are kept"
        else:
            break
    store.close()
