"""What a fleet of agents costs, and how soon the homes of ten that die at once are taken over.

100 and 1,000 agents on one RabbitMQ and one MariaDB, two controllers: all connect, then nothing
happens but heartbeats (and capacity reports), then ten of them are killed. Agents are the
product's own, a hundred or so in a process; their devices are in-memory twins.
"""

import argparse
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.figures import Figure, publish
from benchmarks.fleet import (
    BROKER,
    PER_GROUP,
    PER_PROCESS,
    AgentPlan,
    Place,
    Processes,
    Tally,
    agent_id,
    broker_files,
    broker_memory_mb,
    group_of,
    heard,
    meeting_place,
    run_agents,
    run_controller,
    until,
)
from bigip_lbaas.controller.homes import give_homes
from bigip_lbaas.domain.ids import AgentId, ProjectId
from bigip_lbaas.store import records
from bigip_lbaas.store.port import Transaction
from bigip_lbaas.store.sql import SqlStore

CONTROLLERS = 2
VICTIMS = 10
HOMES_EACH = 200  # of those who are killed
REPORT_INTERVAL_S = 10.0
FILES_OF_AN_AGENT = 5  # of the broker: nearly four connections, and some of its own
FILES_OF_A_BROKER = 500  # with no agent
COMMITS_A_SECOND = 5.0  # for heartbeats, of each controller


@dataclass(frozen=True, slots=True)
class Run:
    """How many agents, how long they are left alone, and in how many seconds they are started."""

    agents: int
    idle_s: float
    starts_within_s: float


RUNS = (Run(100, 30.0, 2.0), Run(1000, 60.0, 15.0))
QUICK_RUNS = (Run(60, 10.0, 2.0),)


def main() -> int:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_RUNS[0].agents} agents only")
    runs: tuple[Run, ...] = QUICK_RUNS if parser.parse_args().quick else RUNS
    return publish("agents", [figure for run in runs for figure in measured(run)])


@contextmanager
def broker_for(run: Run) -> Iterator[str]:
    """Yield the URL of this machine's broker, or of one that may have as many files as needed."""
    files = FILES_OF_AN_AGENT * run.agents + FILES_OF_A_BROKER
    if files <= broker_files():
        yield BROKER
        return
    from tests.kill.servers import rabbitmq  # what starts servers of its own is the tests'

    with TemporaryDirectory() as directory, rabbitmq(Path(directory) / "broker", files) as server:
        yield f"rabbit://guest:guest@127.0.0.1:{server.port}/"


def measured(run: Run) -> list[Figure]:
    """Measure one fleet; return its figures."""
    with (
        broker_for(run) as broker,
        meeting_place(run.agents, CONTROLLERS, broker) as place,
        Processes(place) as processes,
    ):
        store = SqlStore(place.database)
        controllers = [processes.start(run_controller, number)[1] for number in range(CONTROLLERS)]
        for told in controllers:
            heard(told)
        before_mb = broker_memory_mb()
        victims = [number * PER_GROUP for number in range(VICTIMS)]
        connected_s, doomed = _connect(run, processes, victims, store, place)
        connected_mb = broker_memory_mb()
        _give_homes(store, place, victims, run.agents)
        epochs = {row.id: row.epoch for row in _agents(store, place)}
        idle = _idle(run, controllers)
        times = _killed(store, place, doomed, victims)
        false_deaths = sum(
            row.epoch != epochs[row.id]
            for row in _agents(store, place)
            if row.id not in {agent_id(number) for number in victims}
        )
        store.close()
    each_kb = (connected_mb - before_mb) * 1024 / run.agents
    return figures(run, connected_s, each_kb, idle, (times, false_deaths))


def figures(
    run: Run, connected_s: float, each_kb: float, idle: Tally, killed: tuple[list[float], int]
) -> list[Figure]:
    """Return the figures; killed: when each takeover was, and who was taken for dead besides."""
    times, false_deaths = killed
    said = f"{run.agents} agents: "
    silence_s = max(4.0, run.agents / 200 + 3)
    return [
        Figure(said + "all registered after the first is started", connected_s, "s"),
        Figure(said + "broker memory for each", each_kb, "kB"),
        Figure(said + "heartbeats", idle.beats / run.idle_s, "per s", 200.0),
        Figure(
            said + "commits for heartbeats, of each controller",
            idle.heartbeats / run.idle_s / CONTROLLERS,
            "per s",
            COMMITS_A_SECOND,
        ),
        Figure(
            said + "other commits (capacity reports), of all", idle.others / run.idle_s, "per s"
        ),
        Figure(said + "CPU of all controllers", idle.cpu_s / run.idle_s * 100, "% of a core"),
        Figure(
            said + f"{VICTIMS} killed: the first takeover",
            times[0],
            "s",
            5.0 if run.agents <= 100 else None,
        ),
        Figure(
            said + f"{VICTIMS} killed: the last of {VICTIMS * HOMES_EACH} homes given away",
            times[-1],
            "s",
            silence_s + 2.0,
        ),
        Figure(said + "taken for dead though alive", float(false_deaths), "agents", 0.0),
    ]


def _connect(
    run: Run, processes: Processes, victims: list[int], store: SqlStore, place: Place
) -> tuple[float, Any]:
    """Start all agents; return how long it took until all were registered, and whom to kill."""
    others = [number for number in range(run.agents) if number not in victims]
    plans = [victims, *(others[at : at + PER_PROCESS] for at in range(0, len(others), PER_PROCESS))]
    started = [
        processes.start(run_agents, AgentPlan(numbers, REPORT_INTERVAL_S, run.starts_within_s))
        for numbers in plans
    ]
    for _, told in started:
        heard(told)
    begun_s = time.monotonic()
    for _, told in started:
        heard(told)
    until(lambda: len(_agents(store, place)) == run.agents, look_s=0.5)
    return time.monotonic() - begun_s, started[0][0]


def _give_homes(store: SqlStore, place: Place, victims: list[int], agents: int) -> None:
    """Give each of those who will die its homes, and wait until they know of them.

    The others of their groups get as many: an agent that has more than they lets go of them.
    """

    def work(tx: Transaction) -> None:
        numbers = iter(range(10**6))
        of_groups = {group_of(number) for number in victims}
        for number in (n for n in range(agents) if group_of(n) in of_groups):
            given = {
                (
                    place.environment,
                    ProjectId(f"project-{number}-{each}"),
                    group_of(number),
                ): AgentId(agent_id(number))
                for each in range(HOMES_EACH)
            }
            give_homes(tx, given, lambda: f"{next(numbers):06x}")

    store.write(work)
    time.sleep(12.0)  # they hear of them with a heartbeat, and stamp them


def _idle(run: Run, controllers: list[Any]) -> Tally:
    """Leave everybody alone; return what all controllers did meanwhile."""
    before = _tally(controllers)
    time.sleep(run.idle_s)
    return _tally(controllers).since(before)


def _tally(controllers: list[Any]) -> Tally:
    total = Tally()
    for told in controllers:
        told.send("tally")
        total = total + heard(told)
    return total


def _killed(store: SqlStore, place: Place, doomed: Any, victims: list[int]) -> list[float]:
    """Kill the ten; return when each had lost all its homes, seconds after the death, in order."""
    ids = {agent_id(number) for number in victims}
    doomed.kill()
    doomed.join()
    assert doomed.exitcode == -signal.SIGKILL
    begun_s = time.monotonic()
    gone: dict[str, float] = {}

    def all_gone() -> bool:
        left = store.read(
            lambda tx: tx.count(records.Home, "agent_id", environment=place.environment)
        )
        for row in _agents(store, place):
            if row.id in ids and not row.alive and not left.get(row.id):
                gone.setdefault(row.id, time.monotonic() - begun_s)
        return len(gone) == len(ids)

    until(all_gone)
    return sorted(gone.values())


def _agents(store: SqlStore, place: Place) -> tuple[records.Agent, ...]:
    return store.read(lambda tx: tx.select(records.Agent, environment=place.environment))


if __name__ == "__main__":
    sys.exit(main())
