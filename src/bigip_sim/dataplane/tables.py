"""Takes what a worker remembers of clients over to the worker that replaces it.

HAProxy's own way (peers) begins only seconds after a start; this one is there at once. A worker
forgets everything when it is told to stop, so it is read before: who came in the moment between
is balanced once more. How long an entry lives begins anew.
"""

import contextlib
import re
from collections.abc import Iterator, Sequence

from bigip_sim.dataplane.process import Worker, WorkerError

AT_ONCE = 50  # commands in one line
_TABLE = re.compile(r"^# table: ([^,]+), type: \w+, size:\d+, used:([1-9]\d*)", re.MULTILINE)
_ENTRY = re.compile(r"key=([\w.:@%+=/,-]+) .*?server_id=([1-9]\d*)")


def remembered(old: Worker) -> list[str]:
    """Return the commands that make another worker remember what this one does."""
    try:
        names = [name for name, _ in _TABLE.findall(old.ask("show table"))]
        return [command for name in names for command in _entries(old, name)]
    except WorkerError:
        return []  # it is ending; the clients find a member anew


def remind(new: Worker, commands: Sequence[str]) -> None:
    """Tell a worker; what it has no table for, it refuses."""
    with contextlib.suppress(WorkerError):
        for some in batches(commands):
            new.ask(*some)


def batches(commands: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield as many commands as fit into one line."""
    for begin in range(0, len(commands), AT_ONCE):
        yield commands[begin : begin + AT_ONCE]


def _entries(old: Worker, name: str) -> Iterator[str]:
    for key, server in _ENTRY.findall(old.ask(f"show table {name}")):
        yield f"set table {name} key {key} data.server_id {server}"
