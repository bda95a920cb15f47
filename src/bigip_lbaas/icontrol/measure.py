"""Reads the capacity metrics of one device, each from the source that means one thing.

Source: iControl REST reference, "The agent's capacity metrics". Counts are of everything on the
device, because the limits are the device's.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

COMMON = "Common"  # always there, nobody's project


class Reads(Protocol):
    """What a metric needs of a device."""

    def partitions(self) -> frozenset[str]:
        """Read the names of all partitions."""

    def items(
        self, collection: str, query: Mapping[str, str], doing: str
    ) -> Iterator[Mapping[str, Any]]:
        """Read a collection."""

    def get(self, path: str, params: Mapping[str, str], doing: str) -> Mapping[str, Any]:
        """Read one answer."""


def _tenant_count(device: Reads) -> float:
    return float(len(device.partitions() - {COMMON}))


def _node_count(device: Reads) -> float:
    return float(sum(1 for _ in device.items("ltm/node", {"$select": "name"}, "counting nodes")))


def _active_connections(device: Reads) -> float | str:
    answer = device.get("/mgmt/tm/sys/traffic", {}, "reading its traffic")
    for entry in fields(answer, "clientSideTraffic.curConns"):
        return float(entry)
    return "sys/traffic shows no clientSideTraffic.curConns"


def fields(answer: Mapping[str, Any], name: str) -> Iterator[float]:
    """Yield the values of a statistics field, however deep the version nests it."""
    for key, entry in answer.get("entries", {}).items():
        if key == name and "value" in entry:
            yield entry["value"]
        yield from fields(entry.get("nestedStats", {}), name)


READERS: Mapping[str, Callable[[Reads], float | str]] = {
    "tenant_count": _tenant_count,
    "node_count": _node_count,
    "active_connections": _active_connections,
}
