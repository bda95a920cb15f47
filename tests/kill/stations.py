"""Runs a program of a lab so that it can be killed or frozen at a chosen station of the line.

`stations.py DIRECTORY NAME PROGRAM ARGUMENT...`. When the file DIRECTORY/NAME holds a `Deed`, the
process does it to itself at that station, and renames the file to NAME.done just before.
"""

import functools
import importlib
import json
import os
import runpy
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

BEFORE, AFTER = "before", "after"

# station -> the first word of the process's name, the function, and what it must be called with
STATIONS: dict[str, tuple[str, str, str]] = {
    "accept": ("api", "bigip_lbaas.provider.octavia.door:Door._accept", ""),
    "nudge": ("api", "bigip_lbaas.provider.octavia.door:Door._nudged", ""),
    "place": ("controller", "bigip_lbaas.controller.service:Controller.attend", ""),
    "assign": ("controller", "bigip_lbaas.controller.service:Controller._send_assignment", ""),
    "record": ("controller", "bigip_lbaas.controller.service:record_outcome", ""),
    "recorded": ("controller", "bigip_lbaas.controller.service:Controller.on_outcome", ""),
    "take": ("agent", "bigip_lbaas.agent.service:Agent.on_assignment", ""),
    "observe": ("agent", "bigip_lbaas.icontrol.rest:RestDevice.stamps", ""),
    "commit": ("agent", "bigip_lbaas.icontrol.rest:RestDevice.commit", ""),
    "report": ("agent", "bigip_lbaas.agent.service:Agent._cast", "outcome"),
    "outbox": ("driver", "bigip_lbaas.provider.octavia.status_sender:StatusSender._call", ""),
    "told": ("driver", "bigip_lbaas.provider.octavia.status_sender:StatusSender.tell_due", ""),
}


@dataclass(frozen=True)
class Deed:
    """At the passage of that number: "SIGKILL" or "SIGSTOP".

    leave: a file in the orders' directory; of processes with one deed, the one that takes it away
        does the deed. Empty: whoever passes does it.
    """

    station: str
    when: str
    signal: str
    passage: int = 1
    leave: str = ""

    def __str__(self) -> str:
        """Return it as a test's name says it."""
        return f"{self.station}-{self.when}-{self.signal}"

    def order(self, directory: Path, name: str) -> None:
        """Have the process of that name do it."""
        partial = directory / f"{name}.partial"
        partial.write_text(json.dumps(asdict(self)))
        (directory / f"{name}.done").unlink(missing_ok=True)
        partial.rename(directory / name)


class Passages:
    """Counts how often a station is passed while a deed is ordered for it, and does it."""

    def __init__(self, order: Path) -> None:
        self._order = order
        self._lock = threading.Lock()
        self._counted: tuple[Deed | None, int] = (None, 0)

    def passed(self, station: str, when: str) -> None:
        try:
            deed = Deed(**json.loads(self._order.read_text()))
        except FileNotFoundError:
            return
        if (deed.station, deed.when) != (station, when):
            return
        with self._lock:
            before = self._counted[1] if self._counted[0] == deed else 0
            self._counted = (deed, before + 1)
            if before + 1 < deed.passage or not self._order.exists():
                return
            if deed.leave and not taken(self._order.with_name(deed.leave)):
                return
            self._order.rename(self._order.with_suffix(".done"))
        os.kill(os.getpid(), signal.Signals[deed.signal])


def taken(leave: Path) -> bool:
    """Take a file away; return whether it was still there."""
    try:
        leave.unlink()
    except FileNotFoundError:
        return False
    return True


def watch(station: str, passages: Passages) -> None:
    """Put the station's counting around its function. Raises AttributeError when it is gone."""
    _, place, first = STATIONS[station]
    module, _, path = place.partition(":")
    owner: Any = importlib.import_module(module)
    *owners, name = path.split(".")
    for each in owners:
        owner = getattr(owner, each)
    function: Callable[..., Any] = getattr(owner, name)

    @functools.wraps(function)
    def watched(*args: Any, **named: Any) -> Any:
        counts = not first or first in args
        if counts:
            passages.passed(station, BEFORE)
        answer = function(*args, **named)
        if counts:
            passages.passed(station, AFTER)
        return answer

    setattr(owner, name, watched)


def run_program(command: list[str]) -> None:
    """Become the program: what this process has changed of its modules stays changed."""
    if command[0] == sys.executable and command[1] == "-m":
        sys.argv = command[2:]
        runpy.run_module(command[2], run_name="__main__", alter_sys=True)
    else:
        sys.argv = command
        runpy.run_path(command[0], run_name="__main__")


def main() -> None:
    directory, name, *command = sys.argv[1:]
    sys.path.pop(0)  # this file's directory is no place for the program's imports
    passages = Passages(Path(directory) / name)
    for station, (first, _, _) in STATIONS.items():
        if name.startswith(first):
            watch(station, passages)
    run_program(command)


if __name__ == "__main__":
    main()
