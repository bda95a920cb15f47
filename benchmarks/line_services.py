"""The line on RabbitMQ and MariaDB: from the driver to the configured device, at a steady rate.

A driver, two controllers and an agent, each in a process of its own; the device is an in-memory
twin behind the port that agents use, so that what is measured is the line. Creates come at fixed
times, however long the earlier ones take. Beside it, at the same time and on the same servers:
bare commits and bare messages, as many as each load balancer needs after it is accepted.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from octavia_lib.api.drivers import data_models as models

from benchmarks.figures import Figure, percentile
from benchmarks.fleet import (
    Place,
    Processes,
    agent_on,
    heard,
    meeting_place,
    until,
)
from benchmarks.outcomes import Outcomes
from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.bus.oslo import OsloBus, private_conf
from bigip_lbaas.cmd.metrics import load_metrics
from bigip_lbaas.cmd.running import pass_over_what_is_loaded
from bigip_lbaas.controller.service import Controller
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.controller.surroundings import Surroundings
from bigip_lbaas.domain.ids import GroupNumber
from bigip_lbaas.icontrol.memory import MemoryDevice
from bigip_lbaas.provider.octavia import driver
from bigip_lbaas.provider.octavia.door import Door
from bigip_lbaas.store import records
from bigip_lbaas.store.sql import SqlStore

CONTROLLERS = 2
RATE = 50.0  # creates a second
WARM_UP_S = 3.0  # not counted: connections are made, statements prepared
PROJECTS = 40
API_THREADS = 16
COMMITS = 2  # placed, recorded: after it is accepted
MESSAGES = 3  # nudge, assignment, outcome
BARE_RATE = 5.0  # of each, a second
P99_TARGET_MS = 100.0
BARE_TARGET = 5.0  # times the sum of its own commits and messages
POLICY = "tenant_count: 1000, node_count: 100k, throughput: 10G, active_connections: 1M"


@dataclass(frozen=True, slots=True)
class Followed:
    """When one load balancer passed each station, seconds since 1970.

    device_s: how long the device took.
    """

    accepted: float
    placed: float
    recorded: float
    device_s: float

    @property
    def configured_ms(self) -> float:
        """Return the time from the accept until a controller had recorded the outcome."""
        return (self.recorded - self.accepted) * 1000


def run(seconds: float) -> list[Figure]:
    """Measure; return the figures."""
    with meeting_place(1, CONTROLLERS) as place, Processes(place) as processes:
        controllers = [
            processes.start(run_heard_controller, number)[1] for number in range(CONTROLLERS)
        ]
        for told in controllers:
            heard(told)
        heard(processes.start(run_one_agent)[1])
        store = SqlStore(place.database)
        until(lambda: bool(store.read(lambda tx: tx.select(records.Report))))
        _, driving = processes.start(run_driver, WARM_UP_S + seconds)
        heard(driving)
        bare = Bare(place)
        driving.send("go")
        commits, messages = bare.measure(WARM_UP_S + seconds)
        behind_s = heard(driving)
        outcomes: dict[str, tuple[float, float]] = {}

        def all_are_recorded() -> bool:
            for told in controllers:
                told.send("outcomes")
                outcomes.update(heard(told))
            return len(outcomes) == int((WARM_UP_S + seconds) * RATE)

        until(all_are_recorded, look_s=0.5)
        followed = _follow(store, outcomes)[int(WARM_UP_S * RATE) :]
        store.close()
    return figures(followed, commits, messages, behind_s)


def figures(
    followed: Sequence[Followed],
    commits: Sequence[float],
    messages: Sequence[float],
    behind_s: float,
) -> list[Figure]:
    """Return the figures; commits, messages: seconds of one bare one each."""
    said = f"on servers, {RATE:g}/s: "
    whole = [one.configured_ms for one in followed]
    stations: Mapping[str, list[float]] = {
        "nudge, wait and place": [(one.placed - one.accepted) * 1000 for one in followed],
        "device": [one.device_s * 1000 for one in followed],
        "assign, queue, report, record": [
            (one.recorded - one.placed - one.device_s) * 1000 for one in followed
        ],
    }
    found = [
        Figure(said + "accept to configured, p50", percentile(whole, 0.5), "ms"),
        Figure(said + "accept to configured, p99", percentile(whole, 0.99), "ms", P99_TARGET_MS),
    ]
    for name, values in stations.items():
        for share, called in ((0.5, "p50"), (0.99, "p99")):
            found.append(
                Figure(f"{said}station: {name}, {called}", percentile(values, share), "ms")
            )
    bound = {
        share: 1000
        * (COMMITS * percentile(commits, share) + MESSAGES * percentile(messages, share))
        for share in (0.5, 0.99)
    }
    words = f"{COMMITS} bare commits and {MESSAGES} bare messages"
    found += [
        Figure(f"{said}bound: {words}, p50", bound[0.5], "ms"),
        Figure(f"{said}bound: {words}, p99", bound[0.99], "ms"),
        Figure(said + "p50 as a multiple of its bound", percentile(whole, 0.5) / bound[0.5], "x"),
        Figure(
            said + "p99 as a multiple of its bound",
            percentile(whole, 0.99) / bound[0.99],
            "x",
            BARE_TARGET,
        ),
        Figure(said + "the driver was late by, at most", behind_s * 1000, "ms"),
    ]
    return found


def run_driver(place: Place, seconds: float, told: Connection) -> None:
    """Be the API's process: create load balancers at a fixed rate, in threads as an API does."""
    logging.disable(logging.ERROR)
    bus = OsloBus(private_conf(), place.broker, place.exchange)
    driver.connect("bench", Door(SqlStore(place.database), bus, place.environment))
    told.send("ready")
    told.recv()
    behind_s = 0.0
    begun = time.monotonic()
    pause = threading.Event()
    with ThreadPoolExecutor(API_THREADS) as api:
        calls = []
        for number in range(int(seconds * RATE)):
            pause.wait(max(0.0, begun + number / RATE - time.monotonic()))
            behind_s = max(behind_s, time.monotonic() - begun - number / RATE)
            calls.append(api.submit(_create, number))
        for call in calls:
            call.result()
    told.send(behind_s)
    told.recv()


def _create(number: int) -> None:
    """Have the driver create a load balancer with all under it, as Octavia would."""
    name = f"lb-{number:06d}"
    members = [
        models.Member(
            member_id=f"{name}-m{each}", pool_id=f"{name}-p", address=f"10.1.{number % 250}.{each}",
            protocol_port=80,
        )
        for each in (1, 2)
    ]  # fmt: skip
    monitor = models.HealthMonitor(
        healthmonitor_id=f"{name}-h", pool_id=f"{name}-p", type="HTTP", delay=5, timeout=3,
        max_retries=2,
    )  # fmt: skip
    pool = models.Pool(
        pool_id=f"{name}-p", loadbalancer_id=name, protocol="HTTP", lb_algorithm="ROUND_ROBIN",
        members=members, healthmonitor=monitor,
    )  # fmt: skip
    listener = models.Listener(
        listener_id=f"{name}-l", loadbalancer_id=name, protocol="HTTP", protocol_port=80,
        default_pool_id=pool.pool_id,
    )  # fmt: skip
    built = driver.BigipProviderDriver()
    built.name = "bench"
    built.loadbalancer_create(
        models.LoadBalancer(
            loadbalancer_id=name, project_id=f"project-{number % PROJECTS}",
            vip_address=f"192.168.{number // 250}.{number % 250}", listeners=[listener],
            pools=[pool],
        )
    )  # fmt: skip


def run_heard_controller(place: Place, number: int, told: Connection) -> None:
    """Be one controller; say what it has recorded when told anything."""
    outcomes = Outcomes()
    log = logging.getLogger("bigip_lbaas.controller.service")
    log.setLevel(logging.INFO)
    log.propagate = False
    log.addHandler(outcomes)
    settings = ControllerSettings(place.environment, f"controller-{number}")
    bus = OsloBus(private_conf(), place.broker, place.exchange)
    around = Surroundings(SqlStore(place.database), bus, time.monotonic)
    Controller(settings, around).start()
    pass_over_what_is_loaded()  # as the program does
    told.send("serves")
    while told.recv() is not None:
        told.send(outcomes.so_far())
    os._exit(0)


def run_one_agent(place: Place, told: Connection) -> None:
    """Be the agent of the one device group, whose device is in memory."""
    logging.disable(logging.ERROR)
    settings = AgentSettings(
        place.environment, "host-0", GroupNumber(1), load_metrics().policy(POLICY)
    )
    agent_on(place, settings, lambda may_write: MemoryDevice("bigip-1", may_write)).start()
    pass_over_what_is_loaded()
    told.send("has started")
    told.recv()
    os._exit(0)


class Bare:
    """Commits and messages of nothing else, on the same database and broker."""

    def __init__(self, place: Place) -> None:
        self._store = SqlStore(place.database)
        self._bus = OsloBus(private_conf(), place.broker, place.exchange)
        self._arrived = threading.Event()
        self._server = self._bus.serve("bare", "bare", {"arrive": self._arrive}, 1)

    def _arrive(self, _payload: dict[str, Any]) -> None:
        self._arrived.set()

    def measure(self, seconds: float) -> tuple[list[float], list[float]]:
        """Return how long one commit and one message took, again and again for so long."""
        commits, messages = [], []
        until_s = time.monotonic() + seconds
        pause = threading.Event()
        while time.monotonic() < until_s:
            commits.append(_timed(self._commit))
            messages.append(_timed(self._send))
            pause.wait(1 / BARE_RATE)
        self._server.stop()
        self._bus.close()
        self._store.close()
        return commits, messages

    def _commit(self) -> None:
        self._store.write(lambda tx: tx.put(records.Sequence("benchmark", 1)))

    def _send(self) -> None:
        self._arrived.clear()
        self._bus.cast("bare", "arrive", {})
        self._arrived.wait(10.0)


def _timed(work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _follow(store: SqlStore, outcomes: Mapping[str, tuple[float, float]]) -> list[Followed]:
    """Return when each passed the stations, in the order in which they were created."""
    accepted = store.read(lambda tx: tx.select(records.LoadBalancer))
    decisions = store.read(lambda tx: tx.select(records.PlacementDecision))
    placed = {row.load_balancer_id: row.decided_at for row in decisions}
    return [
        Followed(row.accepted_at, placed[row.id], *outcomes[row.id])
        for row in sorted(accepted, key=lambda row: row.id)
    ]
