"""A RabbitMQ and a MariaDB of a test's own, on ports and directories of their own."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import amqp
import pymysql
import pytest

READY_WITHIN_S = 60.0
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
LAB = {"user": "lab", "password": "lab"}  # may not write to a server that is read-only


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """One server process; ended and started again on the same directory and port."""

    command: Sequence[str]
    log: Path
    port: int
    answers: Callable[[int], None]  # raises while it does not
    environment: dict[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )
        deadline_s = time.monotonic() + READY_WITHIN_S
        while True:
            try:
                self.answers(self.port)
            except (OSError, amqp.AMQPError, pymysql.MySQLError):
                assert time.monotonic() < deadline_s, self.log.read_text()[-2000:]
                assert self.process.poll() is None, self.log.read_text()[-2000:]
                time.sleep(0.2)
            else:
                return

    def kill(self) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def back_up(self, backup: Path) -> None:
        """Copy its files as storage does that takes a snapshot: all as of one moment."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGSTOP)
        try:
            shutil.copytree(self.log.parent / "data", backup)
        finally:
            os.killpg(self.process.pid, signal.SIGCONT)

    def set_back(self, backup: Path) -> None:
        """Kill it, and start it with the files of a backup: what came after has never been."""
        self.kill()
        shutil.rmtree(self.log.parent / "data")
        shutil.copytree(backup, self.log.parent / "data")
        self.start()


@contextmanager
def _running(server: Server) -> Iterator[Server]:
    try:
        server.start()
        yield server
    finally:
        server.kill()


@contextmanager
def rabbitmq(directory: Path, files: int = 1024) -> Iterator[Server]:
    """Start a broker of our own, with a port mapper of its own; files: as many may it open."""
    if not RABBITMQ.exists():
        pytest.skip("no RabbitMQ server to start: it is not installed")
    directory.mkdir()
    port, mapper = free_port(), free_port()
    environment = {
        "HOME": str(directory),
        "ERL_EPMD_PORT": str(mapper),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"test{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_CONF_ENV_FILE": str(directory / "none.conf"),
        "RABBITMQ_CONFIG_FILE": str(directory / "none"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "plugins"),
        **{f"RABBITMQ_{name}_BASE": str(directory / name) for name in ("MNESIA", "LOG")},
    }
    command = ("prlimit", f"--nofile={files}", str(RABBITMQ))
    with subprocess.Popen(("epmd", "-port", str(mapper), "-address", "127.0.0.1")) as mapping:
        try:
            server = Server(command, directory / "log", port, _broker_answers, environment)
            with _running(server) as running:
                yield running
        finally:
            mapping.kill()


@contextmanager
def mariadb(directory: Path) -> Iterator[Server]:
    """Start a database server of our own, with an account that may make databases."""
    if shutil.which("mariadb-install-db") is None:
        pytest.skip("no MariaDB server to start: mariadb-install-db is not installed")
    directory.mkdir()
    data = str(directory / "data")
    made = subprocess.run(
        ("mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db",
         "--auth-root-authentication-method=normal", f"--user={os.environ.get('USER', 'root')}"),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    port = free_port()
    options = {
        "datadir": data, "port": port, "socket": directory / "socket", "user": "root",
        "bind-address": "127.0.0.1", "pid-file": directory / "pid", "max-connections": 500,
    }  # fmt: skip
    command = ["mariadbd", "--no-defaults", *(f"--{k}={v}" for k, v in options.items())]
    server = Server(command, directory / "log", port, _database_answers)
    with _running(server) as running:
        may = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES"
        run_as_root(running, f"GRANT {may} ON *.* TO lab@'127.0.0.1' IDENTIFIED BY 'lab'")
        run_as_root(running, f"GRANT {may} ON *.* TO lab@localhost IDENTIFIED BY 'lab'")
        yield running


def dump(server: Server, name: str) -> bytes:
    """Return one database as of one moment, in SQL."""
    command = ("mariadb-dump", *_as_root(server), "--single-transaction", name)
    return subprocess.run(command, capture_output=True, check=True).stdout


def set_one_back(server: Server, name: str, dumped: bytes) -> None:
    """Set one database back to a dump of it, all its tables at the same moment."""
    back, lost = f"{name}_back", f"{name}_lost"
    for each in (back, lost):
        run_as_root(server, f"CREATE DATABASE {each}")
    subprocess.run(("mariadb", *_as_root(server), back), input=dumped, check=True)
    tables = [row[0] for row in run_as_root(server, f"SHOW TABLES IN {back}")]
    swaps = (f"{name}.{one} TO {lost}.{one}, {back}.{one} TO {name}.{one}" for one in tables)
    run_as_root(server, f"RENAME TABLE {', '.join(swaps)}")
    for each in (back, lost):
        run_as_root(server, f"DROP DATABASE {each}")


def _as_root(server: Server) -> tuple[str, ...]:
    return ("--no-defaults", f"--socket={server.log.parent / 'socket'}", "--user=root")


def run_as_root(server: Server, statement: str) -> Sequence[Sequence[Any]]:
    """Run a statement as who may do everything; return its rows."""
    where = {"unix_socket": str(server.log.parent / "socket"), "user": "root"}
    with pymysql.connect(**where, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def _broker_answers(port: int) -> None:
    with amqp.Connection(f"127.0.0.1:{port}", connect_timeout=3):
        pass


def _database_answers(port: int) -> None:
    try:
        pymysql.connect(host="127.0.0.1", port=port, connect_timeout=3, **LAB).close()
    except pymysql.err.OperationalError as error:
        if error.args[0] != 1045:  # it answers: that the account is not made yet
            raise
