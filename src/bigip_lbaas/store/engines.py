"""Connects to the three databases, each set up so that all keep the same promises."""

import sqlite3
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    create_engine,
    event,
    exc,
    make_url,
)

from bigip_lbaas.domain.errors import ConfigurationRefused

DRIVERS = {
    "sqlite": "sqlite+pysqlite",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",  # it speaks the same; the server says what it is
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
}
CLOCKS = {
    "sqlite": "SELECT (julianday('now') - 2440587.5) * 86400.0",
    # Not UNIX_TIMESTAMP(): it goes through the session's time zone.
    "mysql": "SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) / 1e6",
    # Not now(): that is when the transaction began.
    "postgresql": "SELECT extract(epoch FROM clock_timestamp())::float8",
}
CONNECT_TIMEOUT_S = 5
SILENCE_TIMEOUT_S = 30  # a network that swallows packets; no statement of ours takes that long
MYSQL_ARGUMENTS = {
    "charset": "utf8mb4",
    "connect_timeout": CONNECT_TIMEOUT_S,
    "read_timeout": SILENCE_TIMEOUT_S,
    "write_timeout": SILENCE_TIMEOUT_S,
}
POSTGRESQL_ARGUMENTS = {
    "client_encoding": "utf8",
    "connect_timeout": CONNECT_TIMEOUT_S,
    "tcp_user_timeout": SILENCE_TIMEOUT_S * 1000,
}


@dataclass(frozen=True, slots=True)
class Access:
    """How connections are made: at most pool_size to write, and as many to read.

    lock_timeout_s: how long one statement waits for another's row. pool_timeout_s: how long a
    transaction waits for a connection; with SQLite, for the other writers of this store.
    """

    pool_size: int = 10
    pool_timeout_s: float = 30.0
    lock_timeout_s: float = 5.0


def url_from(text: str) -> URL:
    """Return the database URL with the driver that we use.

    Raises ConfigurationRefused, without the password, for what is none or none of ours.
    """
    try:
        url = make_url(text)
    except (exc.ArgumentError, ValueError) as error:
        raise ConfigurationRefused(
            "the database URL cannot be read: write it as mysql://user:password@host/database, "
            "postgresql://user:password@host/database or sqlite:////directory/file"
        ) from error
    kind = url.drivername.partition("+")[0]
    shown = url.render_as_string(hide_password=True)
    if kind not in DRIVERS:
        raise ConfigurationRefused(
            f"database URL {shown!r}: {kind!r} is none of mysql, mariadb, postgresql and sqlite"
        )
    if not url.database or url.database == ":memory:":
        what = "file" if kind == "sqlite" else "database"
        raise ConfigurationRefused(f"database URL {shown!r} names no {what}")
    return url.set(drivername=DRIVERS[kind])


def place_of(url: URL) -> str:
    """Return the database's name for a sentence; it has no password."""
    if url.get_backend_name() == "sqlite":
        return f"SQLite file {url.database}"
    server = {"mysql": "MySQL or MariaDB", "postgresql": "PostgreSQL"}[url.get_backend_name()]
    port = f":{url.port}" if url.port else ""
    return f"{server} database {url.database} at {url.host or 'localhost'}{port}"


def writing_engine(url: URL, access: Access) -> Engine:
    """Return the engine whose transactions write; it connects when first used."""
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url, access, "BEGIN IMMEDIATE")
    return _server_engine(url, access, "READ COMMITTED")


def reading_engine(url: URL, access: Access) -> Engine:
    """Return the engine whose transactions each see one snapshot."""
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url, access, "BEGIN")
    return _server_engine(url, access, "REPEATABLE READ")


def clock_of(connection: Connection) -> float:
    """Return the database's clock in seconds since 1970; of SQLite to the millisecond."""
    seconds: Any = connection.exec_driver_sql(CLOCKS[connection.dialect.name]).scalar_one()
    return round(float(seconds), 6)


def _server_engine(url: URL, access: Access, isolation: Any) -> Engine:
    is_mysql = url.get_backend_name() == "mysql"
    engine = create_engine(
        url,
        isolation_level=isolation,
        pool_size=access.pool_size,
        max_overflow=0,
        pool_timeout=access.pool_timeout_s,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args=MYSQL_ARGUMENTS if is_mysql else POSTGRESQL_ARGUMENTS,
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            if is_mysql:
                # Strict, or a text that does not fit is cut off silently.
                cursor.execute("SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'")
                cursor.execute(
                    f"SET SESSION innodb_lock_wait_timeout = {max(1, round(access.lock_timeout_s))}"
                )
            else:
                cursor.execute(f"SET lock_timeout = {round(access.lock_timeout_s * 1000)}")
        connection.commit()

    return engine


def _sqlite_engine(url: URL, access: Access, begin: str) -> Engine:
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=access.pool_size,
        max_overflow=0,
        pool_timeout=access.pool_timeout_s,
        connect_args={"timeout": access.lock_timeout_s, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # Python's module shall begin no transaction by itself
        connection.execute("PRAGMA journal_mode = WAL")
        # An accepted request survives a power failure, too, and no fence is given out twice.
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
