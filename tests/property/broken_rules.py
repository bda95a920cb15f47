"""Takes one rule of who may write out of the product, for as long as a test lasts.

Each entry of BREAKS is one line of the product, and what it becomes. A line that is not there any
more is an error, so that no break can turn into a test of nothing.
"""

import inspect
import textwrap
from collections.abc import Callable
from typing import Any

import pytest

from bigip_lbaas.agent import partition
from bigip_lbaas.agent.level import Leveller
from bigip_lbaas.agent.life import Life
from bigip_lbaas.agent.parting import Parting
from bigip_lbaas.agent.partition import StampedPartition
from bigip_lbaas.controller import beating

Line = tuple[Any, str, str, str]  # where, which function, the line, what it becomes

BREAKS: dict[str, tuple[Line, ...]] = {
    "the stamp is left out of the transaction": (
        (
            StampedPartition,
            "_commit",
            "self._send(lambda: (*self._swap(self._next()), *steps))",
            (
                "self._send((lambda: steps) if self._content and steps"
                " else lambda: (*self._swap(self._next()), *steps))"
            ),
        ),
    ),
    "the guard is left out": (
        (
            StampedPartition,
            "_send_once",
            "known = self._stamps",
            "known, writes = self._stamps, [s for s in writes if s.path.name != GUARD]",
        ),
    ),
    "the epoch is ignored": (
        (Life, "adopt", "if not epoch or epoch != self._epoch:", "if not epoch:"),
        (
            beating,
            "_is_current",
            "return agent is not None and agent.alive and agent.epoch == heartbeat.epoch",
            "return agent is not None",
        ),
    ),
    "the second reading of the stamp is left out": (
        (
            StampedPartition,
            "_know",
            "if again is not None and _parse(again) == self._stamps and is_short:",
            "if True:",
        ),
    ),
    "a reading may take as long as a restart": (
        (
            StampedPartition,
            "_know",
            "is_short = self.monotonic_s() - begun_s < LONGEST_READING_S",
            "is_short = True",
        ),
    ),
    "a home is let go of while work is under way in it": (
        (Parting, "let_go_of_idle", "if not self.inbox.is_busy(home.project_id)", "if True"),
        (Leveller, "drop", "if known.lock.locked()", "if False"),
    ),
    "what was let go of is taken again": (
        (
            Life,
            "has_let_go",
            "return home.fence.number <= self._let_go",
            "return home.fence.number < 0 * self._let_go",
        ),
        (
            Life,
            "adopt",
            "if home.fence.number <= self._let_go.get(home.project_id, 0):",
            "if False:",
        ),
    ),
    "the lease counts from the answer": (
        (
            Life,
            "renew",
            "self._lease = Lease(sent_at_s, length_s)",
            "self._lease = Lease(self._monotonic_s(), length_s)",
        ),
    ),
}


def take_out(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Change the lines of that break until the test ends."""
    for where, function, line, other in BREAKS[name]:
        monkeypatch.setattr(where, function, _changed(getattr(where, function), line, other))


def _changed(function: Callable[..., Any], line: str, other: str) -> Callable[..., Any]:
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(line) == 1, f"{function.__qualname__} has no line {line!r} any more"
    globals_ = function.__globals__
    here: dict[str, Any] = {}
    exec(compile(source.replace(line, other), function.__qualname__, "exec"), globals_, here)
    changed: Callable[..., Any] = here[function.__name__]
    return changed


assert partition.GUARD  # the name that one of the lines uses
