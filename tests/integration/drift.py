"""A simulated device with load balancers of ours, an agent that audits it, and another client."""

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bigip_lbaas.domain.graph import ServiceGraph
from bigip_lbaas.icontrol.rest import RestDevice
from bigip_lbaas.icontrol.session import Endpoint
from bigip_lbaas.store import records
from bigip_lbaas.wire.messages import AuditOrder, DriftReport
from bigip_sim.embedded import RunningDevice, running_device
from tests.asking import Clock, Rest
from tests.integration.graphs import graph, id_of, partition_of
from tests.integration.world import World

AGENT = "host-1:1"
COLLECTIONS = (
    "ltm/monitor/http", "ltm/monitor/tcp", "ltm/monitor/gateway-icmp", "ltm/node", "ltm/pool",
    "ltm/virtual-address", "ltm/virtual", "ltm/data-group/internal", "ltm/rule", "auth/partition",
)  # fmt: skip
# how often it was written, when it was made, where it is
OF_EACH_WRITE = ("generation", "creationTime", "lastModifiedTime", "vsIndex", "selfLink", "link")


class WorldOfDevices(World):
    """A world whose agents reach a simulated device over HTTPS."""

    running: RunningDevice

    def _device(self, name: str, may_write: Callable[[], None]) -> Any:
        running = self.running
        endpoint = Endpoint(name, running.url, running.username, running.password, running.ca_file)
        return RestDevice(endpoint, may_write)


@dataclass
class Scene:
    """One device. rest: a client that shares nothing with the agent."""

    running: RunningDevice
    world: WorldOfDevices
    rest: Rest
    graphs: dict[int, ServiceGraph] = field(default_factory=dict)

    def create(self, number: int, project: str) -> None:
        """Create a load balancer and wait until it is there."""
        self.graphs[number] = graph(number, project)
        self.world.door.create(self.graphs[number], (), f"req-{number}")
        self.world.settle(4.0)

    def path(self, collection: str, number: int, what: str) -> str:
        """Return where an object of a load balancer is, as a client asks for it."""
        return f"{collection}/{self.full(number, what).replace('/', '~')}"

    def full(self, number: int, what: str) -> str:
        """Return the full path of an object of a load balancer."""
        return f"/{partition_of(self.graphs[number].project_id)}/dev_{id_of(what, number)}"

    def audit(self, **order: Any) -> DriftReport:
        """Have the agent audit; what it tells and repairs waits."""
        (report,) = self.world.agents[AGENT].chores.audit.run(AuditOrder(0, **order))
        return report

    def settle(self) -> None:
        """Let what waits happen."""
        while self.world.messages or self.world.work():
            while self.world.messages:
                self.world.deliver()

    def findings(self) -> tuple[records.Drift, ...]:
        """Return what the database says is otherwise."""
        return self.world.store.read(lambda tx: tx.select(records.Drift))

    def events(self, kind: str) -> list[str]:
        """Return the events of a kind, oldest first."""
        rows = self.world.store.read(
            lambda tx: tx.select(records.Event, kind=kind, order_by="number")
        )
        return [f"{row.subject}: {row.text}" for row in rows]

    def contents(self) -> dict[str, Any]:
        """Return all that the device has in partitions of ours, but for stamps."""
        found = {}
        for collection in COLLECTIONS:
            items = self.rest.get(f"{collection}?expandSubcollections=true").get("items", [])
            for item in items:
                name = str(item["name"])
                if str(item.get("partition", "")).startswith("dev_") and "stamp" not in name:
                    found[f"{collection} {item['fullPath']}"] = _plain(item)
                elif collection == "auth/partition":
                    found[f"{collection} {name}"] = {}
        return found

    def number(self) -> int:
        """Return how many entries the device's log has had so far."""
        entries = self.running.log(1)
        return int(str(entries[-1]["number"])) if entries else 0

    def changes_since(self, number: int) -> list[str]:
        """Return what was changed since: action, kind, path; stamps are left out."""
        return [
            f"{change['action']} {change['kind']} {change['path']}"
            for entry in self.running.device.journal.last(5000, number)
            for change in entry.get("changes", ())  # type: ignore[attr-defined]
            if "stamp" not in change["path"]
        ]

    def writes_since(self, number: int) -> list[str]:
        """Return what was asked since and was no reading."""
        return [
            f"{entry['method']} {entry['path']}"
            for entry in self.running.device.journal.last(5000, number)
            if entry["method"] not in ("GET", "CONTROL", "BACKGROUND")
            and "/authn/" not in str(entry["path"])
        ]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items() if key not in OF_EACH_WRITE}
    if isinstance(value, list):
        plain = [_plain(each) for each in value]
        return sorted(plain, key=str)
    return value


@contextmanager
def scene(policy: str = "repair") -> Iterator[Scene]:
    """Run a device with three load balancers of two projects, brought there by an agent."""
    with running_device(name="big-1") as running:
        world = WorldOfDevices(audit_policy=policy)
        world.running = running
        world.add_agent("host-1", 1, ("big-1",))
        secret = base64.b64encode(f"{running.username}:{running.password}".encode()).decode()
        rest = Rest(running.device, Clock(), {"Authorization": f"Basic {secret}"})
        try:
            world.pass_time(1.0)
            world.report()
            made = Scene(running, world, rest)
            for number, project in ((1, "acme"), (2, "acme"), (3, "bolt")):
                made.create(number, project)
            yield made
        finally:
            for member in world.agents[AGENT]._group.members:
                member.device.close()
