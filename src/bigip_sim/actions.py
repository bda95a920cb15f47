"""What a POST of {"command": …} makes the device do, by path and command: one table.

What changes the configuration is in `edits` instead. Source: iControl REST reference, sections 1.5
and 3.11. An action is not part of a transaction (section 2).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bigip_sim import archives, renaming, restarting, shell
from bigip_sim.cm_actions import CM_ACTIONS
from bigip_sim.edits import EDITS
from bigip_sim.names import join_path, split_path
from bigip_sim.routes import find
from bigip_sim.statistics import RESETS, reset
from bigip_sim.writes import Command

if TYPE_CHECKING:
    from bigip_sim.device import Device


@dataclass(frozen=True, slots=True)
class Call:
    """One command as it was posted."""

    device: "Device"
    path: str  # below /mgmt/tm, such as sys/config
    body: Mapping[str, object]
    user: str = ""  # as in `Command`

    @property
    def arguments(self) -> str:
        """Return what follows `run`, as the shell has it."""
        return str(self.body.get("utilCmdArgs", ""))

    def also(self, path: str, body: Mapping[str, object]) -> Mapping[str, object] | None:
        """Do another on the way and return its answer; None if there is no such command."""
        if not known(path, body.get("command")):
            return None
        return perform(Call(self.device, path, body, self.user))


# What it returns is added to the answer, which repeats the body; refusals are raised.
Action = Callable[[Call], Mapping[str, object]]


def _save(call: Call) -> Mapping[str, object]:
    call.device.saved.save(call.body)
    return {}


def _load(call: Call) -> Mapping[str, object]:
    call.device.saved.load(call.body)
    return {}


# path below /mgmt/tm, command -> what the device does
ACTIONS: Mapping[tuple[str, str], Action] = {
    ("sys/config", "save"): _save,
    ("sys/config", "load"): _load,
    **CM_ACTIONS,
    ("cm/device", "mv"): renaming.on_device,
    ("sys", "reboot"): restarting.on_system,
    ("sys/service", "restart"): restarting.on_service,
    ("sys/software/volume", "reboot"): restarting.on_volume,
    (archives.PATH, "save"): archives.save,
    (archives.PATH, "load"): archives.load,
    ("util/bash", "run"): shell.bash,
    ("util/ping", "run"): shell.unix("ping"),
    ("util/unix-ls", "run"): shell.unix("ls"),
    ("util/unix-mv", "run"): shell.unix("mv"),
    ("util/unix-rm", "run"): shell.unix("rm"),
}


def _reset_statistics(call: Call) -> Mapping[str, object]:
    """Set counters to 0, of the object that `name` says or of all; the form is unverified."""
    target, name = find(call.path), call.body.get("name")
    assert target is not None
    if isinstance(name, str) and target.name is None:
        partition = str(call.body.get("partition", split_path(target.owner).partition))
        target = replace(target, name=join_path(name, partition.strip("/")))
    with call.device.configuration.reading() as tree:
        reset(call.device.sources(tree), target)
    return {"kind": f"tm:{target.kind.path.replace('/', ':')}:reset-statsstate"}


def action(path: str, command: object) -> Action | None:
    """Return what a command for a path does beside the configuration, if there is such a one."""
    if command == "reset-stats" and (target := find(path)) is not None:
        return _reset_statistics if target.kind.path in RESETS else None
    if path.startswith("sys/service/"):  # a service is a path of its own, as f5-sdk asks
        path = "sys/service"
    return ACTIONS.get((path, str(command)))


def known(path: str, command: object = None) -> bool:
    """Whether there is this command for a path, or without command any."""
    if command is None:
        return any(path == there for there, _ in (*ACTIONS, *EDITS))
    return action(path, command) is not None or (path, command) in EDITS


def edit(path: str, body: Mapping[str, object], user: str = "") -> Command:
    """Return a posted command that changes the configuration as one of a transaction."""
    return Command("POST", None, body, f"https://localhost/mgmt/tm/{path}", path, user)


def perform(call: Call) -> Mapping[str, object]:
    """Do it, and return the answer: the command, with what came of it."""
    does = action(call.path, call.body["command"])
    if does is None:
        call.device.configuration.write(edit(call.path, call.body, call.user))
        return answer_to(call.path, call.body)
    return {**answer_to(call.path, call.body), **does(call)}


def answer_to(path: str, body: Mapping[str, object]) -> dict[str, object]:
    """Return the answer to a command that told nothing: its kind, and the body again."""
    kind = f"tm:{path.replace('/', ':')}:{body['command']}state"
    return {"kind": kind, **body}
