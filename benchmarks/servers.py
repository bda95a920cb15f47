"""Databases for benchmarks: made for one run, and dropped when it ends."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, create_engine, text
from sqlalchemy.exc import OperationalError

KINDS = ("sqlite", "mariadb", "postgresql")
HOST = "127.0.0.1"
SERVERS = {
    "mariadb": URL.create("mysql+pymysql", username="root", host=HOST, port=3306),
    "postgresql": URL.create("postgresql+psycopg", username="postgres", host=HOST, port=5432),
}


@contextmanager
def database(kind: str, directory: Path) -> Iterator[str | None]:
    """Make an empty database and yield its URL, or None where no server answers."""
    name = f"bigip_lbaas_bench_{secrets.token_hex(6)}"
    if kind == "sqlite":
        yield f"sqlite:///{directory / name}.db"
        return
    try:
        _run(kind, f"CREATE DATABASE {name}")
    except OperationalError:
        print(f"no {kind} answers; it is left out")
        yield None
        return
    try:
        yield SERVERS[kind].set(database=name).render_as_string()
    finally:
        _run(kind, f"DROP DATABASE {name}" + (" WITH (FORCE)" if kind == "postgresql" else ""))


def _run(kind: str, statement: str) -> None:
    url = SERVERS[kind].set(database="postgres" if kind == "postgresql" else None)
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
