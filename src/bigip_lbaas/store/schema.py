"""The database's schema: brings it up to date, says where it is and how it differs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from bigip_lbaas.domain.errors import ConcurrentUpdate, StoreUnavailable
from bigip_lbaas.store.engines import Access, place_of, url_from, writing_engine
from bigip_lbaas.store.faults import translated
from bigip_lbaas.store.patience import Patience
from bigip_lbaas.store.tables import PREFIX, metadata

VERSION_TABLE = "bigip_lbaas_alembic_version"  # alembic's own name may be another project's
MIGRATIONS = Path(__file__).parent / "migrations"
OF_OLD = "_of_old"  # how indexes end that only older programs need
TABLES_OF_OLD = (PREFIX + "decision",)  # so do these, until the next release
LOCK = "bigip_lbaas_schema"
LOCK_NUMBER = 0x62696769706C62  # the same for PostgreSQL, which wants a number
LOCK_TIMEOUT_S = 20  # less than what counts as silence of the network
# Alembic keeps the migration that runs in a variable of the module `alembic.context`.
_one_at_a_time = threading.Lock()


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the schema up to date; an empty database gets all tables. Twice is the same as once.

    revision: up to which one; the newest by default. Raises StoreUnavailable, also when a newer
    program has been at the database.
    """
    Patience().run(lambda: _upgrade(url, revision))


def current(url: str) -> str | None:
    """Return the revision that the database is at, None when it has none."""
    with _connected(url) as connection:
        return _context(connection).get_current_revision()


def newest() -> str:
    """Return the revision that this program needs."""
    revision = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    assert revision is not None  # the first migration is always there
    return revision


def check(url: str) -> tuple[str, ...]:
    """Return how the database differs from what this program needs; empty when it does not."""
    with _connected(url) as connection:
        context = _context(connection)
        revision = context.get_current_revision()
        differences = [_sentence(each) for each in compare_metadata(context, metadata)]
    if revision != newest():
        differences.insert(0, f"the schema is at revision {revision}, not {newest()}")
    return tuple(differences)


def is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Return whether alembic shall look at that object: another project may live beside us.

    What an upgrade left for programs of the revision before is no difference.
    """
    if kind == "index":
        return not (name or "").endswith(OF_OLD)
    if kind == "table" and name in TABLES_OF_OLD:
        return False
    return kind != "table" or (name or "").startswith(PREFIX)


def _upgrade(url: str, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with _one_at_a_time, _connected(url) as connection, _locked(connection):
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, revision)
        except CommandError as error:
            place = place_of(url_from(url))
            raise StoreUnavailable(f"{place}: its schema cannot be upgraded: {error}") from error


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    parsed = url_from(url)
    engine = writing_engine(parsed, Access(pool_size=1))
    try:
        with translated(place_of(parsed)), engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def _locked(connection: Connection) -> Iterator[None]:
    """Let one process at a time change the schema; SQLite's transaction does so by itself."""
    match connection.dialect.name:
        case "postgresql":
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_S}s'")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK_NUMBER})")
            yield
        case "mysql":  # its changes of tables end the transaction, so the lock is the session's
            got = connection.exec_driver_sql(f"SELECT GET_LOCK('{LOCK}', {LOCK_TIMEOUT_S})")
            if not got.scalar():
                raise ConcurrentUpdate("another process is changing the schema")
            try:
                yield
            finally:
                connection.exec_driver_sql(f"SELECT RELEASE_LOCK('{LOCK}')")
        case _:
            yield


def _context(connection: Connection) -> MigrationContext:
    return MigrationContext.configure(
        connection,
        opts={"version_table": VERSION_TABLE, "include_name": is_ours, "target_metadata": metadata},
    )


def _sentence(difference: Any) -> str:
    """Return alembic's difference, a nest of tuples, as one line."""
    if isinstance(difference, list):
        return "; ".join(_sentence(each) for each in difference)
    parts = (getattr(part, "name", part) for part in difference)
    return " ".join(str(part) for part in parts if part is not None and not isinstance(part, dict))
