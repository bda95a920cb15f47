"""From the death of an agent to the last of its load balancers served by another one.

Two agents of a device group, two controllers, RabbitMQ and MariaDB; the device is an in-memory
twin in a process of its own. One agent has all load balancers, ten of each project, and is killed
(SIGKILL); at that moment every one of them is changed. It is served again when the change is
recorded as applied. Beside it, the same changes with nobody killed, and what the rule of the
established agent comes to.
"""

import argparse
import sys
import time
from typing import Any

from benchmarks.figures import Figure, publish
from benchmarks.fleet import (
    Place,
    Processes,
    heard,
    meeting_place,
    run_controller,
    until,
)
from benchmarks.shared_device import Devices, SharedPlan, graph, run_agent_of_shared_device
from bigip_lbaas.bus.oslo import OsloBus, private_conf
from bigip_lbaas.domain.edit import Edited
from bigip_lbaas.domain.graph import Member, Pool, ServiceGraph
from bigip_lbaas.domain.ids import RequestId
from bigip_lbaas.provider.octavia.door import Door
from bigip_lbaas.store import records
from bigip_lbaas.store.sql import SqlStore

SIZES, QUICK_SIZES = (10, 100, 1000), (10, 100)
PER_PROJECT = 10
CONTROLLERS = 2
TAKEOVER_TARGET_S = 5.0
# The established agent: agent_down_time 75 s counted from the last report, reports every 30 s,
# a scrub of dead agents every 30 s, and what it took over looked at by the next resync, 300 s.
OLD_DOWN_S, OLD_REPORT_S, OLD_SCRUB_S, OLD_RESYNC_S = 75.0, 30.0, 30.0, 300.0


def main() -> int:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_SIZES} load balancers only")
    sizes = QUICK_SIZES if parser.parse_args().quick else SIZES
    found = [figure for size in sizes for figure in measured(size)]
    soonest_s = OLD_DOWN_S - OLD_REPORT_S
    latest_s = OLD_DOWN_S + OLD_SCRUB_S
    found += [
        Figure("established rule: bound to another agent, at the soonest", soonest_s, "s"),
        Figure("established rule: bound to another agent, at the latest", latest_s, "s"),
        Figure("established rule: looked at by it, at the latest", latest_s + OLD_RESYNC_S, "s"),
    ]
    return publish("failover", found)


def measured(size: int) -> list[Figure]:
    """Measure one size; return its figures."""
    devices = Devices("bigip-1")
    try:
        with meeting_place(2, CONTROLLERS) as place, Processes(place) as processes:
            for number in range(CONTROLLERS):
                heard(processes.start(run_controller, number)[1])
            return _killed_beside_not_killed(size, place, processes, devices)
    finally:
        devices.shutdown()


def _killed_beside_not_killed(
    size: int, place: Place, processes: Processes, devices: Devices
) -> list[Figure]:
    store = SqlStore(place.database)
    bus = OsloBus(private_conf(), place.broker, place.exchange)
    door = Door(store, bus, place.environment)
    shared = devices.address, devices.key
    doomed, _ = _agent(processes, store, 0, shared)
    for number in range(size):
        door.create(graph(number, number // PER_PROJECT), (), RequestId(f"create-{number}"))
    until(lambda: _applied(store, size, 1))
    _agent(processes, store, 1, shared)

    begun_s = time.monotonic()
    _change_all(door, size, "first")
    until(lambda: _applied(store, size, 2))
    undisturbed_s = time.monotonic() - begun_s

    doomed.kill()
    begun_s = time.monotonic()
    _change_all(door, size, "second")
    until(lambda: _owners(store) == {"host-1:1"})
    taken_s = time.monotonic() - begun_s
    until(lambda: _applied(store, size, 3))
    served_s = time.monotonic() - begun_s
    bus.close()
    store.close()
    said = f"{size} load balancers: "
    return [
        Figure(said + "all changed, nobody killed", undisturbed_s, "s"),
        Figure(
            said + "agent killed: all homes at another one",
            taken_s,
            "s",
            TAKEOVER_TARGET_S if size <= 100 else None,
        ),
        Figure(said + "agent killed: the last one served again", served_s, "s"),
    ]


def _agent(processes: Processes, store: SqlStore, number: int, shared: Any) -> Any:
    """Start an agent of group 1; return it once it is heard of."""
    process, told = processes.start(run_agent_of_shared_device, SharedPlan(number, 1, *shared))
    heard(told)
    until(lambda: len(store.read(lambda tx: tx.select(records.Agent, alive=True))) == number + 1)
    return process, told


def _change_all(door: Door, size: int, word: str) -> None:
    for number in range(size):
        door.edit(f"lb-{number}", lambda g: Edited(_renamed(g, word), ()), RequestId(word))


def _renamed(before: ServiceGraph, word: str) -> ServiceGraph:
    """Return the graph with another member, which the device must be told of."""
    pool = before.pools[0]
    address = {"first": "10.0.0.2", "second": "10.0.0.3"}[word]
    member = Member(pool.members[0].id, address, 80)
    changed = Pool(pool.id, pool.protocol, pool.algorithm, members=(member,))
    return ServiceGraph(
        before.id,
        before.project_id,
        before.vip_address,
        listeners=before.listeners,
        pools=(changed,),
    )


def _applied(store: SqlStore, size: int, revision: int) -> bool:
    """Return whether so many load balancers have that revision on the device."""
    many = store.read(lambda tx: tx.count(records.LoadBalancer, "applied_revision"))
    return many.get(revision, 0) == size


def _owners(store: SqlStore) -> set[str]:
    return set(store.read(lambda tx: tx.count(records.Home, "agent_id")))


if __name__ == "__main__":
    sys.exit(main())
