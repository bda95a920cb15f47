"""Takes what a worker remembers of clients over to the worker that replaces it.

HAProxy's own way (peers) begins only seconds after a start; this one is there at once. How long an
entry lives begins anew.
"""

import re
from collections.abc import Collection, Iterator, Sequence

from bigip_sim.dataplane.process import Worker, WorkerError

AT_ONCE = 50  # commands in one line
_TABLE = re.compile(r"^# table: ([^,]+), type: \w+, size:\d+, used:([1-9]\d*)", re.MULTILINE)
_ENTRY = re.compile(r"key=([\w.:@%+=/,-]+) .*?server_id=([1-9]\d*)")


def take_over(old: Worker, new: Worker) -> None:
    """Copy every entry of the tables that both have; what cannot be read is left behind."""
    try:
        names = {name for name, _ in _TABLE.findall(old.ask("show table"))}
        if not names:
            return
        known = {line.split(",")[0][9:] for line in new.ask("show table").splitlines() if line}
        for some in batches(tuple(_entries(old, names & known))):
            new.ask(*some)
    except WorkerError:
        return  # one of them is ending; the clients find a member anew


def batches(commands: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield as many commands as fit into one line."""
    for begin in range(0, len(commands), AT_ONCE):
        yield commands[begin : begin + AT_ONCE]


def _entries(old: Worker, names: Collection[str]) -> Iterator[str]:
    for name in names:
        for key, server in _ENTRY.findall(old.ask(f"show table {name}")):
            yield f"set table {name} key {key} data.server_id {server}"
