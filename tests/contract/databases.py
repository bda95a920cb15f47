"""Databases of a test session's own: made for it, and dropped when it ends."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest
from services import do_without

# One body of tests, several subjects.
SERVERS = tuple(
    pytest.param(kind, marks=pytest.mark.services) for kind in ("mariadb", "postgresql")
)
DATABASES = ("sqlite", *SERVERS)
STORES = ("memory", *DATABASES)

MARIADB: dict[str, Any] = {"host": "127.0.0.1", "port": 3306, "user": "root"}
POSTGRESQL: dict[str, Any] = {"host": "127.0.0.1", "port": 5432, "user": "postgres"}


@contextmanager
def database(kind: str, directory: Path) -> Iterator[str]:
    """Make an empty database, yield its URL, drop it. Skips where its server does not answer."""
    name = f"bigip_lbaas_test_{secrets.token_hex(6)}"
    if kind == "sqlite":
        yield f"sqlite:///{directory / name}.db"
        return
    run_on_server(kind, f"CREATE DATABASE {name}")
    try:
        yield server_url(kind, name)
    finally:
        force = " WITH (FORCE)" if kind == "postgresql" else ""
        run_on_server(kind, f"DROP DATABASE {name}{force}")


def server_url(kind: str, name: str) -> str:
    """Return the URL of a database on the server of that kind."""
    where = MARIADB if kind == "mariadb" else POSTGRESQL
    return f"{kind}://{where['user']}@{where['host']}:{where['port']}/{name}"


def run_on_server(kind: str, statement: str) -> list[tuple[Any, ...]]:
    """Run one statement as the server's administrator and return its rows."""
    if kind == "mariadb":
        with _connected(kind) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())
    with _connected(kind) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def end_connections(kind: str, url: str) -> None:
    """Have the server end all connections to that database."""
    name = url.rpartition("/")[2]
    if kind == "postgresql":
        run_on_server(
            kind,
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
        )
        return
    listed = f"SELECT id FROM information_schema.processlist WHERE db = '{name}'"
    for (number,) in run_on_server(kind, listed):
        run_on_server(kind, f"KILL CONNECTION {number}")


def _connected(kind: str) -> Any:
    try:
        if kind == "mariadb":
            return pymysql.connect(**MARIADB, connect_timeout=3)
        return psycopg.connect(**POSTGRESQL, dbname="postgres", autocommit=True, connect_timeout=3)
    except (pymysql.err.OperationalError, psycopg.OperationalError) as error:
        do_without(kind, error)
