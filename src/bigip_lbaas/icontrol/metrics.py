"""The capacity metrics, each read from the source that means one thing on every TMOS version.

A metric is a value: how it is read of one device, and how a group's value comes of its devices'.
Others can be added through the entry point group `bigip_lbaas.capacity_metrics`.

Source: iControl REST reference, sections 4.1 and 4.2 ("robust way"). `sys/performance` is left
alone: its form differs by version, and on 14.x rows of bits and of packets have the same key.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

Item = Mapping[str, Any]
COMMON = "Common"  # always there, nobody's project
TRAFFIC = "sys/traffic"
CLIENT_SSL = "ltm/profile/client-ssl"
OVERLAYS = ("vxlan", "gre")  # http-tunnel and socks-tunnel, always there, are none


class Reads(Protocol):
    """What a metric may ask of one device. Metrics that ask for the same share one request."""

    def statistics(self, path: str) -> Mapping[str, Any]:
        """Read statistics, named by the path below /mgmt/tm, such as sys/traffic."""

    def items(self, collection: str, *fields: str) -> Sequence[Item]:
        """Read those fields of a collection's objects, of those that are to be counted."""


class Unreadable(ValueError):
    """A device's answer does not say what a metric needs; the message says what is missing."""


class Across(StrEnum):
    """How the values of a group's devices become the group's.

    HIGHEST: every device is written alike, so the fullest one binds. ACTIVE: traffic is where a
    device is active; several active ones carry the sum, held against the sum of their limits.
    """

    HIGHEST = "highest"
    ACTIVE = "sum over active devices"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. read raises Unreadable.

    is_counter: what is read has been counted since the device started, and the metric is how much
    it grows in a second.
    """

    read: Callable[[Reads], float]
    unit: str
    across: Across = Across.HIGHEST
    is_counter: bool = False


def count(collection: str, *fields: str, of: Callable[[Item], bool] = lambda _item: True) -> Metric:
    """Return a metric that counts the objects of a collection; `of` looks at `fields`."""

    def read(device: Reads) -> float:
        return float(sum(1 for item in device.items(collection, *fields) if of(item)))

    return Metric(read, collection.rpartition("/")[2])


def values(statistics: Mapping[str, Any], name: str) -> Iterator[float]:
    """Yield the values of a field, however deep the version nests it."""
    for key, entry in statistics.get("entries", {}).items():
        if key == name and "value" in entry:
            yield float(entry["value"])
        yield from values(entry.get("nestedStats", {}), name)


def value(statistics: Mapping[str, Any], name: str, path: str) -> float:
    """Return a field that is there once. Raises Unreadable, naming it and where it was sought."""
    for found in values(statistics, name):
        return found
    raise Unreadable(f"{path} shows no {name}")


def _traffic(*fields: str) -> Callable[[Reads], float]:
    def read(device: Reads) -> float:
        shown = device.statistics(TRAFFIC)
        return sum(value(shown, f"clientSideTraffic.{field}", TRAFFIC) for field in fields)

    return read


def _handshakes(device: Reads) -> float:
    """Return the TLS connections of all client-ssl profiles so far.

    Their profile statistics have no entries while no virtual server uses one.
    """
    shown = device.statistics(CLIENT_SSL)
    names = ("common.totNativeConns", "common.totCompatConns")
    return sum(found for name in names for found in values(shown, name))


def _cpu(device: Reads) -> float:
    idle = list(values(device.statistics("sys/cpu"), "oneMinAvgIdle"))
    if not idle:
        raise Unreadable("sys/cpu shows no oneMinAvgIdle")
    return 100.0 - sum(idle) / len(idle)


def _memory(device: Reads) -> float:
    """Return the fuller of the two memories: of the traffic engine, and of the rest."""
    shown = device.statistics("sys/memory")
    used = []
    for kind in ("tmm", "other"):
        total = sum(values(shown, f"{kind}MemoryTotal"))
        if total > 0:
            used.append(100.0 * sum(values(shown, f"{kind}MemoryUsed")) / total)
    if not used:
        raise Unreadable("sys/memory shows no tmmMemoryTotal")
    return max(used)


def _members(device: Reads) -> float:
    """Return the members of all pools: each pool's statistics say how many it has."""
    return sum(values(device.statistics("ltm/pool"), "memberCnt"))


def _is_overlay(item: Item) -> bool:
    return any(overlay in str(item.get("profile", "")) for overlay in OVERLAYS)


def _rate(unit: str, *fields: str) -> Metric:
    return Metric(_traffic(*fields), unit, Across.ACTIVE, is_counter=True)


# The names that operators know from the F5 LBaaSv2 agent's configuration guide. The client-ssl
# profiles that every device has count too, as they always have.
ESTABLISHED: Mapping[str, Metric] = {
    "throughput": _rate("bit/s", "bitsIn", "bitsOut"),
    "inbound_throughput": _rate("bit/s", "bitsIn"),
    "outbound_throughput": _rate("bit/s", "bitsOut"),
    "active_connections": Metric(_traffic("curConns"), "connections", Across.ACTIVE),
    "ssltps": Metric(_handshakes, "TLS connections/s", Across.ACTIVE, is_counter=True),
    "tenant_count": count("auth/partition", "name", of=lambda item: item["name"] != COMMON),
    "node_count": count("ltm/node", "name"),
    "route_domain_count": count(
        "net/route-domain", "name", "id", of=lambda item: int(item["id"]) != 0
    ),
    "vlan_count": count("net/vlan", "name"),
    "tunnel_count": count("net/tunnels/tunnel", "name", "profile", of=_is_overlay),
    "clientssl_profile_count": count(CLIENT_SSL, "name"),
}

# Further ones, each an entry point of this distribution as others' are of theirs.
new_connections_rate = _rate("connections/s", "totConns")
cpu = Metric(_cpu, "%")
memory = Metric(_memory, "%")
virtual_server_count = count("ltm/virtual", "name")
pool_member_count = Metric(_members, "members")
