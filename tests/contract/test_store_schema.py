"""The migrations lead to the tables that the program uses, wherever they run."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from databases import DATABASES, database
from sqlalchemy import Engine, text

from bigip_lbaas.domain.errors import StoreUnavailable
from bigip_lbaas.store import schema
from bigip_lbaas.store.engines import Access, url_from, writing_engine
from bigip_lbaas.store.records import RECORDS, Agent
from bigip_lbaas.store.sql import SqlStore
from bigip_lbaas.store.tables import metadata, table_name

COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable, collation_name, character_maximum_length
FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, ordinal_position
"""
INDEXES = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"


on_sqlite = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)


@pytest.fixture(params=DATABASES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def empty_url(kind: str, tmp_path: Path) -> Iterator[str]:
    with database(kind, tmp_path) as url:
        yield url


def run(url: str, *statements: str) -> None:
    """Run statements as somebody else would."""
    engine = engine_of(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def engine_of(url: str) -> Engine:
    return writing_engine(url_from(url), Access(pool_size=1))


def description(url: str) -> list[list[str]]:
    """Return what the server says of our tables: each object's words, without quoting."""
    engine = engine_of(url)
    with engine.begin() as connection:
        match connection.dialect.name:
            case "postgresql":
                questions = [COLUMNS, INDEXES]
            case "mysql":
                questions = [f"SHOW CREATE TABLE {table_name(record)}" for record in RECORDS]
            case _:
                questions = ["SELECT name, sql FROM sqlite_master ORDER BY 1"]
        rows = [row for each in questions for row in connection.execute(text(each))]
    engine.dispose()
    # Quotes do not matter, nor in which order MariaDB lists a table's indexes.
    said = [" ".join(map(str, row)).translate(str.maketrans("", "", '"`')) for row in rows]
    return [
        sorted(word.rstrip(",") for word in each.split())
        for each in said
        if schema.VERSION_TABLE not in each
    ]


def test_the_migrations_lead_to_the_programs_tables(
    url_of: Callable[[str], str], kind: str, empty_url: str
) -> None:
    assert schema.check(url_of(kind)) == ()
    engine = engine_of(empty_url)
    metadata.create_all(engine)
    engine.dispose()
    assert description(url_of(kind)) == description(empty_url)


def test_upgrade_by_several_at_once_and_again_is_the_same_as_once(empty_url: str) -> None:
    assert schema.current(empty_url) is None
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(schema.upgrade, [empty_url] * 3))
    schema.upgrade(empty_url)
    assert schema.current(empty_url) == schema.newest()
    assert schema.check(empty_url) == ()


def test_a_database_of_the_first_revision_keeps_its_agents(empty_url: str) -> None:
    """Controllers of both revisions write to it while one replaces the other."""
    schema.upgrade(empty_url, "0001_first")
    old = ", ".join(
        f"{quoted(empty_url, name)}"
        for name in (
            "id", "environment", "host", "group", "epoch", "beat", "alive", "admin_state_up",
            "devices", "registered_at", "beat_at",
        )
    )  # fmt: skip
    values = "('h1:1', 'dev', 'h1', 1, 'epoch', 1, true, true, '[]', 1.0, 2.0)"
    insert = f"INSERT INTO bigip_lbaas_agent ({old}) VALUES {values}"
    run(empty_url, insert)
    schema.upgrade(empty_url)
    assert schema.check(empty_url) == ()
    store = SqlStore(empty_url)
    kept = store.read(lambda tx: tx.get(Agent, "dev", "h1:1"))
    assert kept is not None
    assert (kept.host, kept.beat, kept.silence_s) == ("h1", 1, None)
    store.write(lambda tx: tx.put(replace(kept, beat=2, silence_s=8.0)))
    if not empty_url.startswith("sqlite"):  # embedded: nobody of another version shares it
        if empty_url.startswith("mariadb"):
            upsert = f"{insert} ON DUPLICATE KEY UPDATE beat = 3"
        else:
            upsert = f"{insert} ON CONFLICT (id) DO UPDATE SET beat = 3"
        run(empty_url, upsert)
        found = store.read(lambda tx: tx.get(Agent, "dev", "h1:1"))
        assert found == replace(kept, beat=3, silence_s=8.0)
    store.close()


def quoted(url: str, name: str) -> str:
    return f"`{name}`" if url.startswith("mariadb") else f'"{name}"'


@on_sqlite
def test_check_names_what_differs(empty_url: str) -> None:
    first, *others = schema.check(empty_url)
    assert first == f"the schema is at revision None, not {schema.newest()}"
    assert "add_table bigip_lbaas_load_balancer" in others

    schema.upgrade(empty_url)
    run(
        empty_url,
        "ALTER TABLE bigip_lbaas_sequence ADD COLUMN colour INTEGER",
        "DROP INDEX bigip_lbaas_child_load_balancer_id",
    )
    assert sorted(schema.check(empty_url)) == [
        "add_index bigip_lbaas_child_load_balancer_id",
        "remove_column bigip_lbaas_sequence colour",
    ]


def test_another_projects_tables_beside_ours_are_left_alone(empty_url: str) -> None:
    run(
        empty_url,
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)",
        "INSERT INTO alembic_version VALUES ('theirs')",
        "CREATE TABLE load_balancer (id VARCHAR(36) PRIMARY KEY)",
    )
    schema.upgrade(empty_url)
    assert schema.check(empty_url) == ()
    run(empty_url, "INSERT INTO load_balancer VALUES ('1')", "DROP TABLE load_balancer")
    assert schema.current(empty_url) == schema.newest()


@on_sqlite
def test_a_database_of_a_newer_program_is_refused(empty_url: str) -> None:
    schema.upgrade(empty_url)
    run(empty_url, f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999_later'")
    with pytest.raises(StoreUnavailable, match=r"schema cannot be upgraded: .*9999_later"):
        schema.upgrade(empty_url)
    assert schema.check(empty_url) == (
        f"the schema is at revision 9999_later, not {schema.newest()}",
    )


def test_logging_stays_as_it_was(tmp_path: Path) -> None:
    ours = logging.getLogger("bigip_lbaas.test")
    before = (logging.root.level, list(logging.root.handlers), ours.disabled)
    schema.upgrade(f"sqlite:///{tmp_path}/store.db")
    assert (logging.root.level, list(logging.root.handlers), ours.disabled) == before


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    for call in (schema.upgrade, schema.current, schema.check):
        with pytest.raises(
            StoreUnavailable, match=r"database cloud at 127\.0\.0\.1:1: no connection"
        ):
            call("postgresql://user:secret@127.0.0.1:1/cloud")
