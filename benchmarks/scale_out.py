"""How many changes a second are applied with more agents, and with more device groups.

Load balancers of many projects are all changed at once: 1, 2 and 4 agents in one device group, one
agent in each of 1, 2 and 4 groups, and 4 in each of 4. Devices are in-memory twins in processes of
their own which answer at once or take 30 ms for each call, and take one commit at a time. Beside
each rate: how busy the devices were with commits, and how busy the processors of this machine.
"""

import argparse
import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, publish
from benchmarks.fleet import Place, Processes, heard, meeting_place, run_controller, until
from benchmarks.shared_device import Devices, SharedPlan, graph, run_agent_of_shared_device
from bigip_lbaas.bus.oslo import OsloBus, private_conf
from bigip_lbaas.domain.edit import Edited
from bigip_lbaas.domain.graph import Member, ServiceGraph
from bigip_lbaas.domain.ids import RequestId
from bigip_lbaas.provider.octavia.door import Door
from bigip_lbaas.store import records
from bigip_lbaas.store.sql import SqlStore

CONTROLLERS = 2
PROJECTS = 48
LOAD_BALANCERS, QUICK_LOAD_BALANCERS = 480, 96
CALL_S = 0.030


@dataclass(frozen=True, slots=True)
class Case:
    """How many groups, with how many agents each, on devices that take so long for a call."""

    groups: int
    agents: int
    call_s: float

    def __str__(self) -> str:
        """Return it as it stands in the figures."""
        groups = "1 group" if self.groups == 1 else f"{self.groups} groups"
        agents = "1 agent" if self.agents == 1 else f"{self.agents} agents each"
        return f"{self.call_s * 1000:.0f} ms a call, {groups}, {agents}"


FLEETS = ((1, 1), (1, 2), (1, 4), (2, 1), (4, 1), (4, 4))
QUICK_FLEETS = ((1, 1), (1, 4), (4, 1))


@dataclass(frozen=True, slots=True)
class Burst:
    """What came of changing all: per second; the share of time in commits, and of processors."""

    changes_a_second: float
    commits: int
    device_share: float
    cpu_share: float


def main() -> int:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer fleets, fewer load balancers")
    quick = parser.parse_args().quick
    fleets, many = (QUICK_FLEETS, QUICK_LOAD_BALANCERS) if quick else (FLEETS, LOAD_BALANCERS)
    found = []
    for call_s in (0.0, CALL_S):
        bursts = {fleet: measured(Case(*fleet, call_s), many) for fleet in fleets}
        found += figures(call_s, bursts)
    return publish("scale_out", found)


def figures(call_s: float, bursts: Mapping[tuple[int, int], Burst]) -> list[Figure]:
    """Return the figures of one kind of device; ratios are to one agent."""
    one = bursts[1, 1].changes_a_second
    found = []
    for fleet, burst in bursts.items():
        said = str(Case(*fleet, call_s))
        found += [
            Figure(f"{said}: changes applied", burst.changes_a_second, "per s"),
            Figure(f"{said}: by one agent's", burst.changes_a_second / one, "x"),
            Figure(f"{said}: a device was in a commit", burst.device_share * 100, "% of time"),
            Figure(f"{said}: commits", burst.commits, "commits"),
            Figure(f"{said}: this machine was busy", burst.cpu_share * 100, "% of its cores"),
        ]
    return found


def measured(case: Case, many: int) -> Burst:
    """Measure one case."""
    with ExitStack() as ends:
        devices = []
        for group in range(1, case.groups + 1):
            devices.append(Devices(f"bigip-{group}", case.call_s))
            ends.callback(devices[-1].shutdown)
        place = ends.enter_context(meeting_place(case.groups * case.agents, CONTROLLERS))
        processes = ends.enter_context(Processes(place))
        for number in range(CONTROLLERS):
            heard(processes.start(run_controller, number)[1])
        plans = [
            SharedPlan(number, group, devices[group - 1].address, devices[group - 1].key)
            for number, group in enumerate(
                group for group in range(1, case.groups + 1) for _ in range(case.agents)
            )
        ]
        for plan in plans:
            heard(processes.start(run_agent_of_shared_device, plan)[1])
        store = SqlStore(place.database)
        ends.callback(store.close)
        until(lambda: len(store.read(lambda tx: tx.select(records.Agent))) == len(plans))
        return _burst(place, store, [each.device() for each in devices], many)  # type: ignore[attr-defined]


def _burst(place: Place, store: SqlStore, devices: Sequence[Any], many: int) -> Burst:
    """Create load balancers, then change all of them at once."""
    bus = OsloBus(private_conf(), place.broker, place.exchange)
    door = Door(store, bus, place.environment)
    for number in range(many):
        door.create(graph(number, number % PROJECTS), (), RequestId(f"create-{number}"))
    until(lambda: _applied(store, 1) == many)
    before = [device.tally() for device in devices]
    begun_s, cpu_s = time.monotonic(), _cpu_s()
    threads = [
        threading.Thread(target=_change, args=(door, range(first, many, 4))) for first in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until(lambda: _applied(store, 2) == many, look_s=0.02)
    took_s, cpu_s = time.monotonic() - begun_s, _cpu_s() - cpu_s
    bus.close()
    done = [device.tally() for device in devices]
    commits = sum(after[0] - first[0] for first, after in zip(before, done, strict=True))
    in_commit_s = sum(after[1] - first[1] for first, after in zip(before, done, strict=True))
    return Burst(
        many / took_s,
        commits,
        in_commit_s / took_s / len(devices),
        cpu_s / took_s / (os.cpu_count() or 1),
    )


def _change(door: Door, numbers: Sequence[int]) -> None:
    """Give load balancers another member each, of which the device must be told."""
    for number in numbers:
        door.edit(f"lb-{number}", lambda g: Edited(_changed(g), ()), RequestId("change"))


def _changed(before: ServiceGraph) -> ServiceGraph:
    pool = before.pools[0]
    member = Member(pool.members[0].id, "10.0.0.2", 80)
    return replace(before, pools=(replace(pool, members=(member,)),))


def _applied(store: SqlStore, revision: int) -> int:
    """Return how many load balancers have that revision on their devices."""
    many = store.read(lambda tx: tx.count(records.LoadBalancer, "applied_revision"))
    return many.get(revision, 0)


def _cpu_s() -> float:
    """Return the seconds that all cores of this machine have been busy, together."""
    first, *_ = Path("/proc/stat").read_text(encoding="ascii").splitlines()
    user, nice, system, _idle, _wait, irq, soft, *_ = map(int, first.split()[1:])
    return (user + nice + system + irq + soft) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
