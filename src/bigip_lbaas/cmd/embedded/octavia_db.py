"""Octavia's database as one SQLite file, made safe for the threads that share it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from octavia.common import constants
from octavia.db import api as db_api
from octavia.db import base_models, models
from oslo_config import cfg
from sqlalchemy import event, inspect
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

BUSY_TIMEOUT_MS = 30_000

_SEED = (
    (models.ProvisioningStatus, constants.SUPPORTED_PROVISIONING_STATUSES),
    (models.OperatingStatus, constants.SUPPORTED_OPERATING_STATUSES),
    (models.HealthMonitorType, constants.SUPPORTED_HEALTH_MONITOR_TYPES),
    (models.Algorithm, constants.SUPPORTED_LB_ALGORITHMS),
    (models.Protocol, constants.SUPPORTED_PROTOCOLS),
    (models.SessionPersistenceType, constants.SUPPORTED_SP_TYPES),
    (models.AmphoraRoles, constants.SUPPORTED_AMPHORA_ROLES),
    (models.LBTopology, constants.SUPPORTED_LB_TOPOLOGIES),
    (models.VRRPAuthMethod, constants.SUPPORTED_VRRP_AUTH),
    (models.L7RuleType, constants.SUPPORTED_L7RULE_TYPES),
    (models.L7RuleCompareType, constants.SUPPORTED_L7RULE_COMPARE_TYPES),
    (models.L7PolicyAction, constants.SUPPORTED_L7POLICY_ACTIONS),
    (models.ClientAuthenticationMode, constants.SUPPORTED_CLIENT_AUTH_MODES),
)


class _Thread(threading.local):
    reads_only = False
    writer: Any = None  # the connection of this thread that holds the write lock


_thread = _Thread()


def url_of(path: Path) -> str:
    """Return the database URL of the file."""
    return f"sqlite:///{path}"


@contextmanager
def reading() -> Iterator[None]:
    """Let this thread's transactions begin without the write lock, for they only read."""
    _thread.reads_only = True
    try:
        yield
    finally:
        _thread.reads_only = False


def open_database() -> None:
    """Open the configured file, and make the tables when it is new."""
    # SQLAlchemy refuses pool_timeout for a SQLite file, and oslo.db passes its default on.
    cfg.CONF.set_override("pool_timeout", None, "database")
    engine = db_api.get_engine()
    _take_write_lock_first(engine)
    make_tables(engine)


def make_tables(engine: Engine) -> None:
    """Make Octavia's tables, and what its migrations would have put there, in a new database."""
    if not inspect(engine).has_table(models.LoadBalancer.__tablename__):
        base_models.BASE.metadata.create_all(engine)
    with Session(engine) as session, session.begin():
        if session.get(models.ProvisioningStatus, constants.ACTIVE) is None:
            _seed(session)


def _take_write_lock_first(engine: Engine) -> None:
    """Begin every transaction that may write with BEGIN IMMEDIATE.

    A deferred BEGIN that turns into a write later fails at once with "database is locked" when
    another thread has written in between; waiting does not help it. A second connection of a
    thread that already holds the lock only reads.
    """

    def set_up(connection: Any, _record: Any) -> None:
        for pragma in (
            "journal_mode = WAL",
            "synchronous = NORMAL",
            f"busy_timeout = {BUSY_TIMEOUT_MS}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    def begin(
        connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
    ) -> tuple[str, Any]:
        if statement == "BEGIN" and not _thread.reads_only and _thread.writer is None:
            _thread.writer = connection
            return "BEGIN IMMEDIATE", parameters
        return statement, parameters

    def end(connection: Any) -> None:
        if _thread.writer is connection:
            _thread.writer = None

    event.listen(engine, "connect", set_up)
    event.listen(engine, "before_cursor_execute", begin, retval=True)
    event.listen(engine, "commit", end)
    event.listen(engine, "rollback", end)
    engine.dispose()  # connections from before have not been set up


def _seed(session: Any) -> None:
    """Add what Octavia's migrations would have put there."""
    for model, names in _SEED:
        session.add_all(model(name=name) for name in names)
    session.flush()
    nobody, deleted = constants.NIL_UUID, "DELETED-PLACEHOLDER"
    session.add(
        models.FlavorProfile(
            id=nobody, name=deleted, provider_name=constants.DELETED, flavor_data="{}"
        )
    )
    session.add(
        models.AvailabilityZoneProfile(
            id=nobody, name=deleted, provider_name=constants.DELETED, availability_zone_data="{}"
        )
    )
    session.flush()
    session.add(models.Flavor(id=nobody, flavor_profile_id=nobody, name=deleted, enabled=False))
    session.add(
        models.AvailabilityZone(
            availability_zone_profile_id=nobody, name=nobody, enabled=False, description=deleted
        )
    )
