"""The subjects of the contract tests."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from bigip import Bigip, connected
from databases import STORES, database

from bigip_lbaas.store import schema
from bigip_lbaas.store.memory import MemoryStore
from bigip_lbaas.store.patience import Patience
from bigip_lbaas.store.port import Store, Transaction
from bigip_lbaas.store.records import RECORDS
from bigip_lbaas.store.sql import SqlStore


@pytest.fixture(scope="session")
def url_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """Return kind -> URL of the session's database with our tables, made when first asked for."""
    urls: dict[str, str] = {}
    with ExitStack() as stack:

        def url(kind: str) -> str:
            if kind not in urls:
                made = stack.enter_context(database(kind, tmp_path_factory.mktemp("store")))
                schema.upgrade(made)
                urls[kind] = made
            return urls[kind]

        yield url


@pytest.fixture(scope="session")
def store_of(url_of: Callable[[str], str]) -> Iterator[Callable[[str], Store]]:
    """Return kind -> the session's store on that database."""
    stores: dict[str, SqlStore] = {}

    def store(kind: str) -> Store:
        if kind not in stores:
            stores[kind] = SqlStore(url_of(kind), Patience(longest_wait_s=0.05))
        return stores[kind]

    yield store
    for each in stores.values():
        each.close()


@pytest.fixture(params=STORES)
def kind(request: pytest.FixtureRequest) -> str:
    """Return which store the test is about."""
    return str(request.param)


@pytest.fixture
def store(kind: str, store_of: Callable[[str], Store]) -> Store:
    """Return an empty store of that kind."""
    if kind == "memory":
        return MemoryStore(time.time)
    store = store_of(kind)
    store.write(_empty)
    return store


def _empty(tx: Transaction) -> None:
    for record in RECORDS:
        for row in tx.select(record):
            tx.delete(record, *(getattr(row, name) for name in record.KEY))


@pytest.fixture(scope="session")
def bigip_session(request: pytest.FixtureRequest) -> Iterator[Bigip]:
    """Return the device of --bigip, or a simulated one, with a partition for this run."""
    with connected(request.config.getoption("--bigip")) as bigip:
        yield bigip


@pytest.fixture
def bigip(bigip_session: Bigip) -> Iterator[Bigip]:
    """Return the same; what the test makes in the partition is removed after it."""
    yield bigip_session
    bigip_session.clean()
