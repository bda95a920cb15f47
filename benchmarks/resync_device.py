"""A simulated device in a process of its own, full of load balancers, and what is done by hand."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from bigip_lbaas.domain.graph import (
    Algorithm,
    HealthMonitor,
    Listener,
    ListenerProtocol,
    Member,
    MonitorType,
    Pool,
    PoolProtocol,
    ServiceGraph,
)
from bigip_lbaas.domain.ids import LoadBalancerId, ObjectId, ProjectId
from bigip_lbaas.ltm.kinds import RANK
from bigip_lbaas.ltm.names import GUARD, Naming
from bigip_lbaas.reconcile.render import RenderSettings, render
from bigip_sim.embedded import RunningDevice, running_device

PREFIX = "bench"
NAMING = Naming(PREFIX)


@dataclass(frozen=True, slots=True)
class Fixture:
    """How the device is reached."""

    url: str
    username: str
    password: str
    ca_file: str


def graph(number: int, project: int) -> ServiceGraph:
    """Return a load balancer with a listener, a pool of two members and a monitor."""
    place = f"{number // 250 % 250}.{number % 250 + 1}"
    pool = Pool(
        ObjectId(f"pool-{number}"),
        PoolProtocol.HTTP,
        Algorithm.ROUND_ROBIN,
        members=tuple(
            Member(ObjectId(f"member-{number}-{one}"), f"10.{100 + one}.{place}", 80)
            for one in (0, 1)
        ),
        monitor=HealthMonitor(ObjectId(f"monitor-{number}"), MonitorType.HTTP, 5, 3, 3),
    )
    listener = Listener(ObjectId(f"listener-{number}"), ListenerProtocol.HTTP, 80, pool.id)
    return ServiceGraph(
        LoadBalancerId(f"lb-{number}"),
        ProjectId(f"project-{project}"),
        f"10.9.{place}",
        listeners=(listener,),
        pools=(pool,),
    )


def run_device(pipe: Connection, size: int, per_project: int) -> None:
    """Run a device with so many load balancers; do what is asked over the pipe until the end."""
    with running_device(name="big-1") as running:
        hand = Hand(running)
        hand.fill(size, per_project)
        pipe.send(Fixture(running.url, running.username, running.password, running.ca_file))
        while True:
            asked, value = pipe.recv()
            if asked == "end":
                return
            does: dict[str, Callable[[int], Any]] = {"spoil": hand.spoil, "changes": hand.changes}
            pipe.send(does[asked](value))


class Hand:
    """Somebody who changes the device without any of our agents."""

    def __init__(self, running: RunningDevice) -> None:
        """Log in as the device's administrator."""
        from tests.asking import Clock, Rest  # what asks without a socket is the tests'

        secret = base64.b64encode(f"{running.username}:{running.password}".encode()).decode()
        self._rest = Rest(running.device, Clock(), {"Authorization": f"Basic {secret}"})
        self._running = running

    def fill(self, size: int, per_project: int) -> None:
        """Put load balancers there as an agent of old would have, a project in a transaction."""
        for project in range(size // per_project):
            partition = NAMING.name(f"project-{project}")
            self._rest.post("auth/partition", name=partition)
            transaction = self._rest.begin()
            for name in (GUARD, f"stamp_{project + 1}.ab.1"):
                body = {"name": name, "partition": partition, "type": "string"}
                self._rest.queue(transaction, "POST", "ltm/data-group/internal", **body)
            for number in range(project * per_project, (project + 1) * per_project):
                state = render(graph(number, project), NAMING, RenderSettings())
                for path in sorted(state, key=lambda path: (RANK[path.collection], path)):
                    body = {"name": path.name, "partition": partition, **state[path]}
                    self._rest.queue(transaction, "POST", path.collection, **body)
            answer = self._rest.commit(transaction)
            if answer.status != 200:
                raise RuntimeError(f"the device could not be filled: {answer.text}")

    def spoil(self, many: int) -> int:
        """Change so many objects, each in another project; return where the log then ends."""
        for project in range(many):
            self._spoil(project, project * 10)
        entries = self._running.log(1)
        return int(str(entries[-1]["number"])) if entries else 0

    def _spoil(self, project: int, number: int) -> None:
        partition = NAMING.name(f"project-{project}")

        def path(collection: str, id_: str) -> str:
            return f"{collection}/~{partition}~{NAMING.name(id_)}"

        match project % 5:
            case 0:
                self._rest.delete(path("ltm/virtual", f"listener-{number}"))
            case 1:
                pool = path("ltm/pool", f"pool-{number}")
                self._rest.patch(pool, loadBalancingMode="least-connections-member")
            case 2:
                self._rest.patch(path("ltm/monitor/http", f"monitor-{number}"), timeout=151)
            case 3:
                self._rest.patch(path("ltm/virtual-address", f"lb-{number}"), enabled="no")
            case 4:
                body = {"name": NAMING.name("extra"), "description": f"load balancer lb-{number}"}
                self._rest.post("ltm/pool", partition=partition, **body)

    def changes(self, after: int) -> list[str]:
        """Return which objects were changed since, stamps aside."""
        found = set()
        for entry in self._running.device.journal.last(5000, after):
            for change in entry.get("changes", ()):  # type: ignore[attr-defined]
                if "stamp" not in change["path"] and change["kind"].count("/") < 3:
                    found.add(f"{change['kind']} {change['path']}")
        return sorted(one for one in found if not one.startswith("ltm/virtual/"))
