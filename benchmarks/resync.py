"""What it costs to compare a whole device with the database, as an agent does that begins anew.

A simulated device in a process of its own has load balancers of many projects, ten of each, and an
agent's process begins: it takes over every partition's stamp and audits. Then the same after ten
objects were changed by hand, each in another project. Measured in the agent's process alone:
processor time of the audit's thread, with decoding and the HTTP client named apart, reads, and
resident memory beyond what the interpreter with all libraries has. The controllers' part is played
by this process, which answers over a pipe with JSON.
"""

import argparse
import json
import multiprocessing
import os
import resource
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, publish
from benchmarks.resync_device import PREFIX, Fixture, graph, run_device
from bigip_lbaas.agent.audit import Audit
from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.cmd.building import build_agent
from bigip_lbaas.controller.auditing import GRAPHS_AT_ONCE
from bigip_lbaas.domain.errors import NoAnswer
from bigip_lbaas.domain.home import Fence, Home
from bigip_lbaas.domain.ids import AgentId, EnvironmentName, GroupNumber, ProjectId, RequestId
from bigip_lbaas.icontrol.rest import RestDevice
from bigip_lbaas.icontrol.session import Endpoint
from bigip_lbaas.wire.codec import decode, encode
from bigip_lbaas.wire.messages import (
    Assignment,
    DriftReport,
    Graphs,
    GraphsWanted,
    HeartbeatAnswer,
    Homeless,
    KnownGraph,
    Registered,
)

SIZES, QUICK_SIZES = (1000, 10_000), (1000,)
PER_PROJECT = 10
AGENT = AgentId("host-1:1")
GROUP = GroupNumber(1)
EPOCH = "resync"
READS_TARGET, CPU_TARGET_S, MEMORY_TARGET_MB = 250, 2.0, 60.0
DEADLINE_S = 600.0


def main() -> int:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_SIZES} load balancers only")
    sizes = QUICK_SIZES if parser.parse_args().quick else SIZES
    found = [figure for size in sizes for figure in measured(size)]
    return publish("resync", found)


def measured(size: int) -> list[Figure]:
    """Measure one size without drift, then with ten objects drifted."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    device = context.Process(target=run_device, args=(there, size, PER_PROJECT), daemon=True)
    device.start()
    fixture: Fixture = here.recv()
    found = []
    try:
        for number, drifted in enumerate((0, 10), 1):
            here.send(("spoil", drifted))
            mark = here.recv()
            seen = _restart(context, fixture, size, number, drifted)
            here.send(("changes", mark))
            found += _figures(size, drifted, seen, here.recv())
    finally:
        here.send(("end", 0))
        device.join(10)
    return found


def _figures(size: int, drifted: int, seen: "Seen", changes: list[str]) -> list[Figure]:
    said = f"{size} load balancers, {drifted} drifted: "
    is_large = size >= SIZES[-1]
    cpu_s, memory_mb = (CPU_TARGET_S, MEMORY_TARGET_MB) if is_large else (None, None)
    return [
        Figure(said + "reads of the audit", seen.reads, "reads", READS_TARGET),
        Figure(said + "objects read", seen.objects, "objects"),
        Figure(said + "objects repaired", len(changes), "objects"),
        Figure(said + "found, off these", abs(seen.findings - drifted), "objects", 0),
        Figure(said + "repaired, off these", abs(len(changes) - drifted), "objects", 0),
        Figure(said + "CPU to parse and compare", seen.comparing_s, "s", cpu_s),
        Figure(said + "CPU to decode the device's JSON", seen.decoding_s, "s"),
        Figure(said + "CPU of the HTTP client", seen.requesting_s, "s"),
        Figure(said + "CPU to ask controllers and decode", seen.asking_s, "s"),
        Figure(said + "the audit took", seen.took_s, "s"),
        Figure(said + "requests in all, takeover and repairs included", seen.requests, "requests"),
        Figure(said + "resident beyond libraries, at most", seen.peak_mb, "MB", memory_mb),
        Figure(said + "resident beyond libraries, after", seen.after_mb, "MB"),
        Figure(said + "interpreter and libraries", seen.base_mb, "MB"),
    ]


def _restart(context: Any, fixture: Fixture, size: int, number: int, drifted: int) -> "Seen":
    """Begin an agent's process, play the controllers until it has done all, and end it."""
    here, there = context.Pipe()
    agent = context.Process(target=run_agent, args=(there, fixture, drifted), daemon=True)
    agent.start()
    played = PlayedControllers(size, number)
    try:
        while True:
            if not here.poll(DEADLINE_S):
                raise TimeoutError("the agent says nothing any more")
            kind, what = here.recv()
            if kind == "seen":
                return Seen(**what)
            method, payload = json.loads(what)
            answer = played.answer(method, payload)
            if kind == "call":
                here.send(json.dumps(answer))
    finally:
        agent.kill()
        agent.join()


@dataclass
class PlayedControllers:
    """What controllers would answer an agent with all homes; nonce: of which restart."""

    size: int
    number: int

    def __post_init__(self) -> None:
        """Give away all homes, under fences above those of the restart before."""
        first = self.number * 1_000_000
        self.homes = {
            project: Home(
                EnvironmentName(PREFIX), project, GROUP, AGENT, Fence(first + place, "ab")
            )
            for place, project in enumerate(
                ProjectId(f"project-{number}") for number in range(self.size // PER_PROJECT)
            )
        }

    def answer(self, method: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Return what a controller would; casts have no answer."""
        match method:
            case "register":
                homes = tuple(self.homes.values())
                return encode(Registered(EPOCH, homes, lease_s=120.0, interval_s=1.0))
            case "heartbeat":
                return encode(HeartbeatAnswer(interval_s=1.0, lease_s=120.0))
            case "graphs":
                return encode(self._graphs(decode(GraphsWanted, payload)))
            case "strays":
                return encode(Homeless())
        return {}

    def _graphs(self, wanted: GraphsWanted) -> Graphs:
        numbers = sorted(
            (
                number
                for project in wanted.projects
                for number in self._numbers(project)
                if not wanted.only or f"lb-{number}" in wanted.only
            ),
            key=lambda number: f"lb-{number}",
        )
        left = [number for number in numbers if f"lb-{number}" > wanted.after]
        page = left[:GRAPHS_AT_ONCE]
        known = tuple(KnownGraph(self._assignment(number), True) for number in page)
        last = f"lb-{page[-1]}" if page else ""
        return Graphs(known, more=len(left) > len(page), last=last)

    def _numbers(self, project: ProjectId) -> range:
        first = int(project.rpartition("-")[2]) * PER_PROJECT
        return range(first, first + PER_PROJECT)

    def _assignment(self, number: int) -> Assignment:
        made = graph(number, number // PER_PROJECT)
        home = self.homes[made.project_id]
        return Assignment(made.id, 1, made, True, home, EPOCH, RequestId(f"req-{number}"))


# -- the agent's process


@dataclass
class Seen:
    """What one agent's process has seen of its own audit."""

    reads: int = 0
    requests: int = 0
    findings: int = 0
    objects: int = 0
    took_s: float = 0.0
    comparing_s: float = 0.0
    decoding_s: float = 0.0
    requesting_s: float = 0.0
    asking_s: float = 0.0
    base_mb: float = 0.0
    peak_mb: float = 0.0
    after_mb: float = 0.0


@dataclass
class Spent:
    """Processor seconds of the audit's thread, by what it did."""

    thread: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)

    def on(self, what: str, work: Callable[[], Any]) -> Any:
        """Do it; count it if it is the audit's thread that does."""
        if threading.get_ident() != self.thread:
            return work()
        begun_s = time.thread_time()
        try:
            return work()
        finally:
            self.calls[what] += 1
            self.seconds[what] = self.seconds.get(what, 0.0) + time.thread_time() - begun_s


class PipeBus:
    """A bus whose broker is the process at the other end of a pipe."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.pipe_lock = threading.Lock()
        self.reports: list[DriftReport] = []
        self.outcomes = 0
        self.said = threading.Condition()

    def cast(self, topic: str, method: str, payload: Mapping[str, Any]) -> None:
        """Send a message, and keep what this benchmark is about."""
        del topic
        with self.pipe_lock:
            self._pipe.send(("cast", json.dumps((method, payload))))
        with self.said:
            if method == "drift":
                self.reports.append(decode(DriftReport, dict(payload)))
            self.outcomes += method == "outcome"
            self.said.notify_all()

    def call(
        self, topic: str, method: str, payload: Mapping[str, Any], timeout_s: float
    ) -> dict[str, Any]:
        """Ask and wait for the answer."""
        del topic
        with self.pipe_lock:
            self._pipe.send(("call", json.dumps((method, payload))))
            if not self._pipe.poll(max(timeout_s, 30.0)):
                raise NoAnswer(f"{method}: nobody answers")
            answer: dict[str, Any] = json.loads(self._pipe.recv())
        return answer

    def serve(self, *_arguments: Any) -> Any:
        """Nobody sends anything."""
        return self

    def stop(self) -> None:
        """Nothing is served."""

    def close(self) -> None:
        """Nothing is open."""


class TimedDevice(RestDevice):
    """A device that says how long decoding and the HTTP client took, and for how many reads."""

    spent = Spent()

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        send = self._session.send
        self._session.send = lambda request: self.spent.on(  # type: ignore[method-assign]
            "requesting", lambda: send(request)
        )

    def _body(self, response: Any, doing: str) -> dict[str, Any]:
        decode_it = super()._body
        body: dict[str, Any] = self.spent.on("decoding", lambda: decode_it(response, doing))
        return body


def run_agent(pipe: Connection, fixture: Fixture, drifted: int) -> None:
    """Run an agent until its audit, and what it repairs, is done; send what was seen."""
    base_mb, spent, bus = _resident_mb(), TimedDevice.spent, PipeBus(pipe)
    settings = AgentSettings(EnvironmentName(PREFIX), "host-1", GROUP, call_timeout_s=30.0)
    endpoint = Endpoint("big-1", fixture.url, fixture.username, fixture.password, fixture.ca_file)
    agent = build_agent(settings, (endpoint,), bus, device_of=TimedDevice)
    _time_audits(agent.chores.audit, spent)
    agent.start()
    with bus.said:
        bus.said.wait_for(lambda: bool(bus.reports) and bus.outcomes >= drifted, DEADLINE_S)
    while "all" not in spent.seconds:  # what it told is not the last that it does
        time.sleep(0.01)
    report, took = bus.reports[0], spent.seconds
    parts = took["decoding"] + took["requesting"] + took["asking"]
    seen = Seen(
        spent.calls["requesting"], agent._group.requests(), len(report.findings), report.objects,
        report.took_s, took["all"] - parts, took["decoding"], took["requesting"], took["asking"],
        base_mb, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - base_mb,
        _resident_mb() - base_mb,
    )  # fmt: skip
    with bus.pipe_lock:
        pipe.send(("seen", vars(seen)))
        threading.Event().wait()


def _time_audits(audit: Audit, spent: Spent) -> None:
    """Have the thread that audits say what it spends its time with."""
    ask, run = audit.ears.ask, audit.run
    audit.ears = replace(audit.ears, ask=lambda wanted: spent.on("asking", lambda: ask(wanted)))

    def timed_run(*arguments: Any) -> Any:
        spent.thread = threading.get_ident()
        return spent.on("all", lambda: run(*arguments))

    audit.run = timed_run  # type: ignore[method-assign, assignment]


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    sys.exit(main())
