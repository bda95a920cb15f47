"""Starts, freezes, kills and ends processes of our own; never any other."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from bigip_lbaas.cmd.lab import child
from bigip_lbaas.domain.errors import ProviderError

STOP_WITHIN_S = 15.0
LAST_WORDS = 5  # lines of a log, for who asks why a process ended


@dataclass
class Program:
    """One program of a lab, with its command; it may be started again after it ended.

    It leads a process group of its own: what it has started ends with it.
    """

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def runs(self) -> bool:
        """Return whether it runs (a frozen one does)."""
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        """Return its process id. Raises ProviderError when it has never been started."""
        if self.process is None:
            raise ProviderError(f"{self.name} has not been started")
        return self.process.pid

    def start(self) -> None:
        """Start it. Raises ProviderError when it runs already."""
        if self.runs:
            raise ProviderError(f"{self.name} runs already, process {self.pid}")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own programs, no shell
                (sys.executable, "-ISE", child.__file__, str(os.getpid()), *self.command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **self.environment},
                start_new_session=True,  # Ctrl-C is for the lab, which ends them in order
            )

    def kill(self) -> None:
        """End it and what it has started at once, wherever they are."""
        self._signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()

    def freeze(self) -> None:
        """Stop it where it is; `thaw` lets it go on."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def terminate(self) -> None:
        """Ask it to end; `wait` waits for that."""
        if self.runs and self.process is not None:
            self.process.terminate()
            self._signal(signal.SIGCONT)

    def wait(self) -> None:
        """Wait until it has ended, and end what does not in time."""
        if self.process is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_WITHIN_S)
        self.kill()  # what it may have left in its group

    def last_words(self) -> str:
        """Return the end of its log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-LAST_WORDS:])

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):  # all of them have ended
                os.killpg(self.process.pid, number)
