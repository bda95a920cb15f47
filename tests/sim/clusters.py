"""Clusters of devices in this process, asked without TLS; they speak to each other as always."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from programs import wait_until

from asking import Clock, Rest
from bigip_sim import cluster_routes
from bigip_sim.certificates import CertificateFiles
from bigip_sim.control import Control
from bigip_sim.device import Account, Device
from bigip_sim.system import Identity
from bigip_sim.unit import Unit

GROUP = "/Common/sim"
ACCOUNT = Account("admin", "secret")


class NoServer:
    """In the place of a unit's HTTPS server: these tests ask the application itself."""

    port = 0

    def start(self) -> None:
        """Nobody listens."""

    def stop(self) -> None:
        """Nobody listened."""

    def close(self) -> None:
        """Nothing was kept."""


@dataclass
class Node:
    """One unit of a cluster."""

    name: str
    unit: Unit
    rest: Rest
    url: str

    @property
    def cluster(self) -> Any:
        return self.unit.device.cluster

    def sync_status(self) -> dict[str, Any]:
        """Return status, color, summary, mode, and the details as a list."""
        entries = self.rest.get("cm/sync-status")["entries"]
        (entry,) = (each["nestedStats"]["entries"] for each in entries.values())
        told: dict[str, Any] = {n: v["description"] for n, v in entry.items() if "description" in v}
        details = entry["https://localhost/mgmt/tm/cm/syncStatus/0/details"]["nestedStats"]
        told["details"] = [
            each["nestedStats"]["entries"]["details"]["description"]
            for each in details.get("entries", {}).values()
        ]
        return told

    def status(self) -> str:
        return str(self.sync_status()["status"])

    def active(self) -> list[str]:
        return sorted(name.rpartition("/")[2] for name in self.unit.device.standing().active)

    def has(self, path: str) -> bool:
        return self.rest.ask("GET", path).status == 200

    def push(self, command: str = f"to-group {GROUP}") -> None:
        self.rest.post("cm", command="run", utilCmdArgs=f"config-sync {command}")


@dataclass
class Nodes:
    """All of them."""

    all: list[Node] = field(default_factory=list)

    def __getitem__(self, number: int) -> Node:
        return self.all[number]

    def make(self, **body: Any) -> None:
        """Let every unit know of the others, and of the device group."""
        body = {"group": "sim", "devices": {n.name: n.url for n in self.all}, **body}
        for node in self.all:
            cluster_routes.posts(node.unit)["/cluster"](body)
        wait_until(self.hear, "they hear each other")

    def hear(self) -> bool:
        return all(all(n.cluster.report().connections.values()) for n in self.all)

    def statuses(self) -> list[str]:
        return [node.status() for node in self.all]

    def settle(self, *statuses: str) -> None:
        """Wait until the units say this of themselves, one word for all or one each."""
        wanted = list(statuses) * (len(self.all) if len(statuses) == 1 else 1)
        wait_until(lambda: self.statuses() == wanted, f"{wanted}, now {self.statuses()}", 10)


@contextmanager
def nodes(count: int, state: Path | None = None, **settings: Any) -> Iterator[Nodes]:
    """Run so many units; with `settings` (see POST /cluster) they are a cluster at once."""
    with ExitStack() as stack:
        names = [f"bigip-{number + 1}" for number in range(count)]
        homes = [None if state is None else state / name for name in names]
        made = Nodes([_node(*each, stack) for each in zip(names, homes, strict=True)])
        if settings.pop("formed", True):
            made.make(**{"in_sync": True, **settings})
        yield made


def _node(name: str, home: Path | None, stack: ExitStack) -> Node:
    device = Device(Identity(name, f"serial of {name}", "15.1.8", "127.0.0.1"), ACCOUNT, home)
    files = CertificateFiles.within(Path("/nowhere"))
    unit = Unit(device, ("127.0.0.1", 0), files, None)
    unit.server = NoServer()  # type: ignore[assignment]
    control = Control(unit, "127.0.0.1", 0)
    stack.callback(unit.stop)
    stack.callback(control.stop)
    control.start()
    unit.start()
    return Node(name, unit, Rest(device, Clock()), f"http://127.0.0.1:{control.port}")
