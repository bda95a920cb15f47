"""What a POST of {"command": …} makes the device do, by path and command: one table.

What changes the configuration is in `edits` instead. Source: iControl REST reference, sections 1.5
and 3.11. An action is not part of a transaction (section 2).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bigip_sim import shell

if TYPE_CHECKING:
    from bigip_sim.device import Device


@dataclass(frozen=True, slots=True)
class Call:
    """One command as it was posted."""

    device: "Device"
    path: str  # below /mgmt/tm, such as sys/config
    body: Mapping[str, object]

    @property
    def arguments(self) -> str:
        """Return what follows `run`, as the shell has it."""
        return str(self.body.get("utilCmdArgs", ""))


# What it returns is added to the answer, which repeats the body; refusals are raised.
Action = Callable[[Call], Mapping[str, object]]


def _nothing(_call: Call) -> Mapping[str, object]:
    return {}


# path below /mgmt/tm, command -> what the device does
ACTIONS: Mapping[tuple[str, str], Action] = {
    ("sys/config", "save"): _nothing,  # every change is on disk already
    ("util/bash", "run"): lambda call: shell.run(call.device, call.arguments),
}


def perform(call: Call) -> Mapping[str, object]:
    """Do it, and return the answer: the command, with what came of it."""
    command = str(call.body["command"])
    told = ACTIONS[call.path, command](call)
    return {**answer_to(call.path, call.body), **told}


def answer_to(path: str, body: Mapping[str, object]) -> dict[str, object]:
    """Return the answer to a command that told nothing: its kind, and the body again."""
    kind = f"tm:{path.replace('/', ':')}:{body['command']}state"
    return {"kind": kind, **body}
