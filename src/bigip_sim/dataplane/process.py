"""One HAProxy worker as a child process that dies with this one, and the talk with it.

Workers are plain processes that hand their listening sockets on (`-x`, `-sf`). Each is talked to
over one connection that stays open from its start: HAProxy counts it as work, so that a worker
that has been replaced lives until its last counters have been read.
"""

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

START_LIMIT_S = 20.0
ANSWER_LIMIT_S = 10.0
_PROMPT = b"\n> "
# The death signal belongs to the thread that starts the child, and a fork with a Python function
# in between can deadlock in a threaded process; so a small interpreter asks for it, then becomes
# HAProxy. The parent may have died before the signal was asked for: then it is not the parent now.
_LAUNCHER = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, int(signal.SIGKILL), 0, 0, 0)
os.getppid() == int(sys.argv[1]) or sys.exit(3)
os.execv(sys.argv[2], sys.argv[2:])
"""


class WorkerError(Exception):
    """A worker that does not start or does not answer; the message says why."""


class StartRefused(WorkerError):
    """HAProxy ended at once; `alerts` are its own words for why, line by line."""

    def __init__(self, message: str, alerts: tuple[str, ...]) -> None:
        super().__init__(message)
        self.alerts = alerts


@dataclass(frozen=True, slots=True)
class WorkerFiles:
    """Where one worker's files are."""

    configuration: Path
    states: Path
    socket: Path
    output: Path

    @classmethod
    def numbered(cls, directory: Path, number: int) -> "WorkerFiles":
        """Return the names for the worker of this number."""
        return cls(
            directory / f"haproxy-{number}.cfg",
            directory / f"states-{number}",
            directory / f"s{number}",
            directory / f"output-{number}",
        )

    def remove(self) -> None:
        """Delete them."""
        for path in (self.configuration, self.states, self.socket, self.output):
            path.unlink(missing_ok=True)


class Worker:
    """A running HAProxy. Must be started from a thread that lives as long as it may."""

    def __init__(self, program: str, files: WorkerFiles, old: "Worker | None" = None) -> None:
        self.files = files
        arguments = [program, "-db", "-f", str(files.configuration)]
        if old is not None and old.alive:
            arguments += ["-x", str(old.files.socket), "-sf", str(old.pid)]
        launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid()), *arguments]
        with files.output.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603  (our own arguments)
                launcher, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        self._lock = threading.Lock()
        try:
            self._session = self._open_session()
        except WorkerError:
            self.kill()
            raise

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def ask(self, *commands: str) -> str:
        """Send commands and return their answers, one after the other."""
        with self._lock:
            try:
                self._session.sendall("; ".join(commands).encode() + b"\n")
                return self._read_answer(self._session, len(commands))
            except OSError as error:
                raise WorkerError(f"HAProxy {self.pid} does not answer: {error}") from error

    def let_go(self) -> None:
        """Close the connection: a worker that has been replaced ends when its work does."""
        with self._lock:
            self._session.close()

    def ended(self) -> bool:
        """Reap the process if it has ended, and delete its files."""
        if self._process.poll() is None:
            return False
        self.let_go()
        self.files.remove()
        return True

    def kill(self) -> None:
        """End it now, connections and all."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        if hasattr(self, "_session"):
            self.let_go()
        self.files.remove()

    def _open_session(self) -> socket.socket:
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline:
            if not self.alive:
                raise self._refusal()
            session = socket.socket(socket.AF_UNIX)
            session.settimeout(ANSWER_LIMIT_S)
            try:
                session.connect(str(self.files.socket))
                session.sendall(b"prompt\n")
                self._read_answer(session)
                session.sendall(b"set timeout cli 3600\n")
                self._read_answer(session)
            except OSError:
                session.close()
                time.sleep(0.01)
            else:
                return session
        raise WorkerError("HAProxy did not begin to answer")

    def _read_answer(self, session: socket.socket, prompts: int = 1) -> str:
        """Read until HAProxy has asked for more as often as it was told something."""
        parts = bytearray()
        while not parts.endswith(_PROMPT) or (prompts > 1 and parts.count(_PROMPT) < prompts):
            part = session.recv(1 << 18)
            if not part:
                raise ConnectionResetError("the connection was closed")
            parts += part
        return parts[: -len(_PROMPT)].decode(errors="replace")

    def _refusal(self) -> StartRefused:
        """Return HAProxy's own words for why it ended."""
        text = self.files.output.read_text(errors="replace")
        lines = [line.partition(" : ") for line in text.splitlines() if "[ALERT]" in line]
        alerts = tuple(said for _, _, said in lines)
        word = alerts[0] if alerts else f"exit status {self._process.returncode}"
        return StartRefused(f"HAProxy refuses to start: {word}", alerts)
