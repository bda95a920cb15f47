"""Translates what databases say into the project's own errors, named by what to do next."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import exc

from bigip_lbaas.domain.errors import (
    ConcurrentUpdate,
    ConnectionLost,
    ProviderError,
    StoreUnavailable,
    WritesRefused,
)

# Codes of MySQL and MariaDB (server error reference), SQLSTATEs of PostgreSQL (its appendix A) and
# primary result codes of SQLite. Somebody else was faster:
AGAIN: frozenset[int | str] = frozenset(
    {
        *(1020, 1205, 1213),  # record has changed, lock wait timeout, deadlock
        *("40001", "40P01", "55P03"),  # serialization failure, deadlock, lock not available
        *("SQLITE_BUSY", "SQLITE_LOCKED"),
    }
)
NOT_READY = "its tables are missing or old: upgrade its schema"
NO_DATABASE = "there is no such database: create it, or mend the URL"
NO_ENTRY = "it refuses the login: look at user, password and rights"
READ_ONLY = "it takes no writes: use the primary server, a file and directory that can be written"
NOT_THERE = (
    "no connection: look whether the server runs, and at host, login and database in the URL"
)
FULL = "it has no room left: look at its disk"
NO_FILE = "the file cannot be opened: look whether its directory exists and can be written"
NO_STORE = "the file is no SQLite database, or is damaged"

ADVICE: dict[int | str, str] = {
    **dict.fromkeys((1146, 1054, "42P01", "42703", "no table"), NOT_READY),
    **dict.fromkeys((1049, "3D000"), NO_DATABASE),
    **dict.fromkeys((1044, 1045, 1142, 1698, "28000", "28P01", "42501"), NO_ENTRY),
    **dict.fromkeys((1290, 1792, 1836, "25006", "SQLITE_READONLY"), READ_ONLY),
    **dict.fromkeys((1040, 1053, 1927, 2002, 2003, 2006, 2013, "53300", "08", "57"), NOT_THERE),
    **dict.fromkeys((1021, 1114, "53100", "SQLITE_FULL"), FULL),
    "SQLITE_CANTOPEN": NO_FILE,
    **dict.fromkeys(("SQLITE_NOTADB", "SQLITE_CORRUPT"), NO_STORE),
}


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Raise what SQLAlchemy raises inside as errors of ours; `place` names the database."""
    try:
        yield
    except exc.SQLAlchemyError as error:
        raise fault_from(place, error) from error


def fault_from(place: str, error: exc.SQLAlchemyError) -> ProviderError:
    """Return what the caller should be told."""
    if isinstance(error, exc.TimeoutError):  # of the pool
        return StoreUnavailable(f"{place}: every connection is in use: try again")
    cause = error.orig if isinstance(error, exc.DBAPIError) else None
    said = " ".join(str(cause or error).split())
    if cause is None:
        return StoreUnavailable(f"{place}: {said}")
    code = code_of(cause)
    if code in AGAIN:
        return ConcurrentUpdate(f"{place}: somebody else was faster: {said}")
    advice = ADVICE.get(code) or ADVICE.get(str(code)[:2])
    kind = WritesRefused if advice == READ_ONLY else StoreUnavailable
    if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
        kind = ConnectionLost
    return kind(f"{place}: {advice or 'it refuses the work'} ({said})")


def code_of(cause: BaseException) -> int | str:
    """Return the code of a driver's error: PyMySQL's number, an SQLSTATE, SQLite's name."""
    if isinstance(cause, sqlite3.Error):
        return _sqlite_code(cause)
    if isinstance(cause, psycopg.Error):
        return cause.sqlstate or "08"  # a connection that fails has none, whatever the reason
    number = cause.args[0] if cause.args else ""
    return number if isinstance(number, int) else ""


def _sqlite_code(cause: sqlite3.Error) -> str:
    name = getattr(cause, "sqlite_errorname", "")  # some errors of the module itself have none
    if name == "SQLITE_ERROR":  # of everything that is wrong with a statement
        return (
            "no table"
            if re.match(r"no such table|no such column|table \w+ has no", str(cause))
            else ""
        )
    return "_".join(name.split("_")[:2])  # SQLITE_BUSY_SNAPSHOT -> SQLITE_BUSY
