"""Simulated devices, controllers and agents at work in this process, under a user who changes much.

Everything runs in threads of its own, as in processes; only the API is missing: the user goes in
by the driver's door. Devices answer over HTTPS, and carry traffic if they are to.
"""

import os
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from bigip_lbaas.agent.service import Agent
from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.bus.memory import MemoryBroker, MemoryBus
from bigip_lbaas.cmd.building import SystemClock, build_agent
from bigip_lbaas.cmd.embedded.halting import Gate, GatedBus, GatedClock, gated_device
from bigip_lbaas.controller.service import Controller
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.controller.surroundings import Surroundings
from bigip_lbaas.domain.capacity import Reading
from bigip_lbaas.domain.edit import replace_all
from bigip_lbaas.domain.graph import (
    Algorithm,
    Listener,
    ListenerProtocol,
    Member,
    Pool,
    PoolProtocol,
    ServiceGraph,
)
from bigip_lbaas.domain.ids import EnvironmentName, GroupNumber, LoadBalancerId, ObjectId, ProjectId
from bigip_lbaas.icontrol.rest import RestDevice
from bigip_lbaas.icontrol.session import Endpoint
from bigip_lbaas.provider.octavia.door import Door
from bigip_lbaas.provider.octavia.strangers import Strangers
from bigip_lbaas.scheduling.capacity_policy import parse
from bigip_lbaas.store import records
from bigip_lbaas.store.cluster_records import ClusterSource
from bigip_lbaas.store.memory import MemoryStore
from bigip_lbaas.store.records import Phase
from bigip_sim.embedded import RunningDevice, running_cluster
from tests.integration.answers import members
from tests.integration.graphs import id_of
from tests.kill.judge import Device, Judge, differences

ENVIRONMENT = EnvironmentName("dev")
GROUP = GroupNumber(1)
PORT = 8080
NET = 100 + os.getpid() % 100  # of virtual addresses: tests may run beside each other
LOOK_EVERY_S = 0.05
ASK_EVERY_S = 0.05
SECOND_LOOK_S = 0.5


def until(claim: Callable[[], Any], within_s: float) -> Any:
    """Return what `claim` returns once it is true, or what it returned last."""
    deadline_s = time.monotonic() + within_s
    while not (said := claim()) and time.monotonic() < deadline_s:
        threading.Event().wait(LOOK_EVERY_S)
    return said


class User:
    """Creates, changes and deletes load balancers; remembers what there must be."""

    def __init__(self, door: Door, seed: int, member_port: int, projects: int) -> None:
        self._door = door
        self._dice = random.Random(seed)
        self._port = member_port
        self._projects = projects
        self._numbers = iter(range(1, 10**6))
        self.graphs: dict[LoadBalancerId, ServiceGraph] = {}

    def create(self, members: int) -> ServiceGraph:
        """Create a load balancer of so many members."""
        number = next(self._numbers)
        pool = Pool(
            ObjectId(id_of("pool", number)),
            PoolProtocol.TCP,
            Algorithm.ROUND_ROBIN,
            members=tuple(self._member(number, each) for each in range(members)),
        )
        listener = Listener(
            ObjectId(id_of("listener", number)), ListenerProtocol.TCP, PORT, pool.id
        )
        high, low = divmod(number, 250)
        made = ServiceGraph(
            LoadBalancerId(id_of("load balancer", number)),
            ProjectId(f"project-{number % self._projects}"),
            f"127.{NET}.{high}.{low + 1}",
            listeners=(listener,),
            pools=(pool,),
        )
        self.graphs[made.id] = made
        self._door.create(made, (), f"req-create-{number}")
        return made

    def change(self, id_: LoadBalancerId) -> None:
        """Take a member away at random, and add one, or only one of both."""
        graph = self.graphs[id_]
        (pool,) = graph.pools
        members = list(pool.members)
        if len(members) > 1:
            del members[self._dice.randrange(len(members))]
        if self._dice.random() < 0.5:
            members.append(self._member(id_, next(self._numbers)))
        after = replace(graph, pools=(replace(pool, members=tuple(members)),))
        self.graphs[id_] = after
        self._door.edit(id_, lambda before: replace_all(before, after), "req-change")

    def delete(self, id_: LoadBalancerId) -> None:
        """Delete a load balancer with all under it."""
        del self.graphs[id_]
        self._door.delete(id_, (), "req-delete")

    def churn(self, steps: int, spared: Iterable[LoadBalancerId]) -> None:
        """Delete, add and change at random; whose traffic is watched is changed at the most."""
        kept = set(spared)
        for _ in range(steps):
            ids = sorted(self.graphs)
            deletable = [id_ for id_ in ids if id_ not in kept]
            what = self._dice.choice(["create", "change", "change", "delete"])
            if what == "delete" and deletable:
                self.delete(self._dice.choice(deletable))
            elif what == "change" and ids:
                self.change(self._dice.choice(ids))
            else:
                self.create(self._dice.randint(1, 6))

    def _member(self, of: object, number: int) -> Member:
        host = f"127.78.{self._dice.randrange(250)}.{self._dice.randrange(1, 250)}"
        return Member(ObjectId(id_of("member", of, number)), host, self._port)


class Traffic:
    """Asks virtual addresses continually. longest_s: each one's longest time without an answer."""

    def __init__(self, addresses: Iterable[str]) -> None:
        self.longest_s: dict[str, float] = dict.fromkeys(addresses, 0.0)
        self.asked = 0
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(address,), daemon=True)
            for address in self.longest_s
        ]

    def __enter__(self) -> "Traffic":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, address: str) -> None:
        answered_s = time.monotonic()
        while not self._stop.wait(ASK_EVERY_S):
            begun_s = time.monotonic()
            with suppress(httpx.HTTPError):
                httpx.get(f"http://{address}:{PORT}/", timeout=2.0).raise_for_status()
                self.asked += 1
                # a request that only took its time is no time without service
                gap_s = begun_s - answered_s
                self.longest_s[address] = max(self.longest_s[address], gap_s)
                answered_s = time.monotonic()
        gap_s = time.monotonic() - answered_s
        self.longest_s[address] = max(self.longest_s[address], gap_s)


class Operation:
    """A cluster with two controllers and two agents."""

    def __init__(
        self, devices: tuple[RunningDevice, ...], stack: ExitStack, **settings: Any
    ) -> None:
        self.devices = devices
        self.store = MemoryStore(time.time)
        self.gates: dict[str, Gate] = {}
        self.agents: dict[str, Agent] = {}
        self._broker = MemoryBroker()
        self._settings = settings
        self._stack = stack
        for number in (1, 2):
            self._start_controller(f"controller-{number}")
        for number in (1, 2):
            self.start_agent(f"host-{number}")
        self.door = Door(self.store, MemoryBus(self._broker), ENVIRONMENT)
        self.asked: User | None = None  # who knows what the API knows
        self._api = Strangers(self.door, self._api_reads, SECOND_LOOK_S)
        self._closes = threading.Event()
        threading.Thread(target=self._look_for_strangers, daemon=True).start()
        stack.callback(self._closes.set)

    def _api_reads(self, id_: str) -> tuple[None] | None:
        """Be the API: it has none of that id, or does not answer."""
        return None if self.asked is None or id_ in self.asked.graphs else (None,)

    def _look_for_strangers(self) -> None:
        while not self._closes.wait(SECOND_LOOK_S):
            self._api.look(time.monotonic())

    def _start_controller(self, name: str) -> None:
        settings = ControllerSettings(
            ENVIRONMENT, name, heartbeat_gather_s=0.02, source_patience_s=3.0, behind_resend_s=2.0
        )
        around = Surroundings(self.store, MemoryBus(self._broker), SystemClock().monotonic_s)
        controller = Controller(settings, around)
        controller.start()
        self._stack.callback(controller.stop)

    def start_agent(self, host: str) -> None:
        """Start an agent's process."""
        settings = AgentSettings(
            ENVIRONMENT, host, GROUP, parse("tenant_count: 100, active_connections: 1000"),
            **{"retry_most_s": 2.0, "stray_interval_s": 5.0, "report_interval_s": 1.0,
               "sync_look_s": 0.3, "save_interval_s": 0.0, **self._settings},
        )  # fmt: skip
        gate = Gate()

        ungated: list[RestDevice] = []

        def device_of(endpoint: Endpoint, may_write: Callable[[], None]) -> Any:
            def made(allowed: Callable[[], None]) -> RestDevice:
                ungated.append(RestDevice(endpoint, allowed))
                return ungated[-1]

            return gated_device(made, gate, may_write)

        endpoints = [
            Endpoint(f"big-{number}", device.url, device.username, device.password, device.ca_file)
            for number, device in enumerate(self.devices, 1)
        ]
        bus = GatedBus(MemoryBus(self._broker), gate)
        agent = build_agent(settings, endpoints, bus, GatedClock(SystemClock(), gate), device_of)
        self.agents[host], self.gates[host] = agent, gate
        agent.start()
        self._stack.callback(self._end, agent, gate, ungated)

    def kill(self, host: str) -> None:
        """End an agent where it stands: nothing of it does anything any more."""
        self.gates[host].shut()

    def _end(self, agent: Agent, gate: Gate, ungated: Iterable[RestDevice]) -> None:
        gate.dissolve()
        with suppress(SystemExit):
            agent.stop(says_goodbye=not gate.is_shut)
        for device in ungated if gate.is_shut else ():  # a dead one's connections end, too
            device.close()

    def unsettled(self, user: User) -> list[str]:
        """Return what is not yet as the user wants it, in the database."""
        rows = {row.id: row for row in self.store.read(lambda tx: tx.select(records.LoadBalancer))}
        found = [f"{id_} is unknown" for id_ in user.graphs.keys() - rows.keys()]
        for id_, row in rows.items():
            if id_ not in user.graphs:
                found.append(f"{id_} is {row.phase}: {row.reason}")
            elif row.phase is not Phase.APPLIED or row.behind or row.unclean:
                found.append(f"{id_} is {row.phase}, behind: {row.unclean} {row.reason}")
        return found

    def disagreements(self, user: User) -> list[str]:
        """Return all that is different from what the user wants, in the database or on a device."""
        found = self.unsettled(user)
        judge = Judge("", {}, ENVIRONMENT, {})
        wanted = judge.wanted([_as_api(graph) for graph in user.graphs.values()])
        for number, device in enumerate(self.devices, 1):
            account = (device.username, device.password)
            seen = judge.content(Device(f"bigip-{number}", device.url, account, Path()))
            found += differences(f"bigip-{number}", wanted, seen)
        return found

    def agree(self, user: User, within_s: float) -> None:
        """Wait until all is as the user wants it; fail with what is not."""
        left = ["not looked at"]

        def agrees() -> bool:
            left[:] = self.unsettled(user) or self.disagreements(user)
            return not left

        until(agrees, within_s)
        assert left == [], "\n".join(left)

    def ask(self, number: int, path: str, body: Mapping[str, Any]) -> None:
        """Post something to a device."""
        device = self.devices[number]
        account = (device.username, device.password)
        url = f"{device.url}/mgmt/tm/{path}"
        httpx.post(url, json=body, auth=account, verify=False).raise_for_status()

    def found(self, number: int, collection: str) -> list[dict[str, Any]]:
        """Return the objects of a collection of a device, in all partitions."""
        device = self.devices[number]
        account = (device.username, device.password)
        url = f"{device.url}/mgmt/tm/{collection}"
        answer = httpx.get(url, auth=account, verify=False)
        answer.raise_for_status()
        items: list[dict[str, Any]] = answer.json().get("items", [])
        return items

    def switch_on(self, device: RunningDevice) -> None:
        """Switch a device on, once its port is free: the system keeps it for up to 60 s."""

        def is_on() -> bool:
            try:
                device.power(on=True)
            except OSError:
                device.power(on=False)
                return False
            return True

        assert until(is_on, 75)

    def reading(self, metric: str) -> Reading:
        """Return what was reported last of a metric."""
        reports = self.store.read(lambda tx: tx.select(records.Report, order_by="-received_at"))
        (found,) = (each for each in reports[0].report.readings if each.metric == metric)
        return found

    def source(self) -> RunningDevice:
        """Return the device that is written, where only one is."""
        (row,) = self.store.read(lambda tx: tx.select(ClusterSource))
        serial = row.source
        found = [each for each in self.devices if each.device.identity.serial == serial]
        return found[0]

    def events(self, kind: str) -> list[str]:
        """Return what was written down of that kind."""
        rows = self.store.read(lambda tx: tx.select(records.Event, kind=kind))
        return [row.text for row in rows]


def _as_api(graph: ServiceGraph) -> Mapping[str, Any]:
    """Return a load balancer as the judge expects it from the API."""
    return {
        "id": graph.id,
        "project_id": graph.project_id,
        "vip_address": graph.vip_address,
        "listeners": [
            {
                "id": each.id,
                "connection_limit": each.connection_limit,
                "protocol_port": each.protocol_port,
                "default_pool_id": each.default_pool_id,
            }
            for each in graph.listeners
        ],
        "pools": [
            {
                "id": pool.id,
                "members": [
                    {
                        "address": each.address,
                        "protocol_port": each.protocol_port,
                        "weight": each.weight,
                    }
                    for each in pool.members
                ],
            }
            for pool in graph.pools
        ],
    }


@contextmanager
def in_operation(
    names: tuple[str, ...],
    device_sync: str,
    *,
    data_plane: bool = True,
    carried_by: Mapping[str, str] | None = None,
    **settings: Any,
) -> Iterator[tuple[Operation, int]]:
    """Run a cluster with everything around it; yields it, and the port of its members.

    carried_by: traffic group -> the device that is the first to have it.
    """
    orders = {
        name: {"haOrder": [f"/Common/{device}"], "autoFailbackEnabled": "true"}
        for name, device in (carried_by or {}).items()
    }
    if carried_by:
        settings["traffic_groups"] = tuple(f"/Common/{name}" for name in carried_by)
    with ExitStack() as stack:
        syncs = device_sync == "sync"
        devices = stack.enter_context(
            running_cluster(*names, auto_sync=syncs, data_plane=data_plane, traffic_groups=orders)
        )
        port = stack.enter_context(members())
        operation = Operation(devices, stack, device_sync=device_sync, **settings)
        yield operation, port
