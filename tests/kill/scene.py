"""A lab under load, deeds that are done to its processes, and the judgement in the end."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pending import PendingWatch
from stations import Deed
from workload import Workload, projects

from bigip_lbaas.cmd.lab.settings import LabSettings
from bigip_lbaas.cmd.lab.stack import Lab
from tests.kill.judge import Judge, late_writes
from tests.kill.judge_of_lab import judge_of

STATIONS = Path(__file__).with_name("stations.py")
LOOK_EVERY_S = 0.5
PENDING_DEADLINE_S = 240.0  # unless a lab says another one
SLACK_S = 20.0  # a sweep, a telling, and the watch's own looks on a busy machine


def until(claim: Callable[[], Any], within_s: float, every_s: float = LOOK_EVERY_S) -> Any:
    """Return what `claim` returns once it is true, or what it returned last."""
    deadline_s = time.monotonic() + within_s
    while not (said := claim()) and time.monotonic() < deadline_s:
        time.sleep(every_s)  # a look at other processes, which nobody tells us about
    return said


def for_a_while(seconds: float) -> None:
    """Let them work."""
    until_s = time.monotonic() + seconds
    until(lambda: time.monotonic() >= until_s, seconds + 1, 0.1)


@dataclass
class Scene:
    """One lab with its clients and its judge."""

    lab: Lab
    orders: Path
    workload: Workload
    judge: Judge
    pending: PendingWatch

    def order_one_of(self, names: Iterable[str], deed: Deed) -> None:
        """Have that one of these processes do a deed to itself which comes there first."""
        leave = f"{deed}.leave"
        (self.orders / leave).touch()
        for name in names:
            replace(deed, leave=leave).order(self.orders, name)

    def did(self, names: Iterable[str]) -> list[str]:
        """Return which of these have come to their station and done the deed."""
        return [name for name in names if (self.orders / f"{name}.done").exists()]

    def ended(self, names: Iterable[str]) -> list[str]:
        """Return which of these have ended."""
        return [name for name in names if not self.lab.programs[name].runs]

    def withdraw(self, names: Iterable[str]) -> None:
        """Take orders back."""
        for name in names:
            (self.orders / name).unlink(missing_ok=True)

    def start_ended(self) -> None:
        """Start again what has ended."""
        for name in self.ended(self.lab.programs):
            self.lab.programs[name].kill()  # what it has left of its children
            self.lab.programs[name].start()

    def begin(self, load_balancers: int, of_projects: int) -> list["Future[None]"]:
        """Begin to create, change and delete."""
        return self.workload.begin(load_balancers, projects(of_projects))

    def end(self, futures: list["Future[None]"], within_s: float, true_reason: str = "$.") -> None:
        """Wait for the clients, then until all agree; fail with what does not in time.

        true_reason: see Judge.disagreements.
        """
        wait(futures)
        for future in futures:
            future.result()
        complaints = "\n".join(self.workload.complaints)
        self.workload.complaints.clear()
        assert not complaints, complaints
        left = ["not looked at"]

        def agree() -> bool:
            left[:] = self.judge.disagreements(true_reason)
            return not left

        until(agree, within_s)
        assert left == [], "\n".join(left)
        told = self.lab.settings.options.get("controller", {}).get("pending_deadline")
        allowed_s = float(told or PENDING_DEADLINE_S) + SLACK_S
        assert self.pending.longest < (allowed_s, ""), self.pending.longest
        for devices in self.judge.devices_of_group.values():
            for device in devices:
                assert late_writes(device) == []


@contextmanager
def scene(directory: Path, **settings: Any) -> Iterator[Scene]:
    """Start a lab whose processes can be told to end or freeze at a station."""
    orders = directory / "orders"
    orders.mkdir()

    def wrapped(name: str, command: Any) -> Any:
        return (sys.executable, str(STATIONS), str(orders), name, *command)

    lab = Lab(LabSettings(directory / "lab", data_plane=False, **{"wrapped": wrapped, **settings}))
    lab.start()
    try:
        workload = Workload(lab.endpoint)
        try:
            with PendingWatch(lab.endpoint) as pending:
                yield Scene(lab, orders, workload, judge_of(lab), pending)
        finally:
            workload.close()
    finally:
        lab.stop()
