"""The device's totals: sys traffic, performance, host-info, cpu and memory.

Source: iControl REST reference, sections 4.2 and 4.3. Of the three forms of `sys performance` the
one of 14.x is given, in which several rows share one key: its text is built by hand, since a
mapping cannot hold it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from bigip_sim.reading import BASE
from bigip_sim.statistics import number, text
from bigip_sim.traffic import Counters, HandRates, Rates, Traffic

_SINCE = "Max(since 1970_01_01T00:00:00Z)"
_MEMORY = 4 * 1024**3
_TMM_MEMORY = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class Row:
    """One line of `show sys performance`."""

    group: str
    name: str
    value: float


class Performance:
    """Answers GETs of the device's totals, as the text of the body."""

    def __init__(self, traffic: Callable[[], Traffic], hand: HandRates, version: str) -> None:
        self._traffic = traffic
        self._hand = hand
        self._version = version

    def read(self, path: str) -> str | None:
        """Return the body for a path below /mgmt/tm, or None if it is not one of these."""
        path = path.removesuffix("/stats")
        if path == "sys/performance/all-stats":
            return self._rows(path, self._all_rows())
        if path == "sys/performance/throughput":
            return self._rows(f"{path}/stats", self._throughput_rows())
        entries = {
            "sys/traffic": self._totals,
            "sys/host-info": self._host,
            "sys/cpu": self._cpu,
            "sys/memory": self._memory,
        }.get(path)
        if entries is None:
            return None
        leaf = path.rpartition("/")[2]
        body = {
            "kind": f"tm:{path.replace('/', ':')}:{leaf}stats",
            "selfLink": f"{BASE}/{path}?ver={self._version}",
            "entries": entries(),
        }
        return json.dumps(body)

    def rates(self) -> Rates:
        """Return what is measured, or set by hand."""
        return self._hand.over(self._traffic().rates())

    def _all_rows(self) -> list[Row]:
        now = self.rates()
        both = now.throughput_in + now.throughput_out
        packets = 8 * 1000  # bits of an ordinary packet; packets are derived
        return [
            Row("System CPU Usage", "Utilization", now.cpu),
            Row("Memory Used", "TMM Memory Used", now.memory),
            Row("Memory Used", "Other Memory Used", now.memory),
            Row("Memory Used", "Swap Used", 0),
            Row("Active Connections", "Connections", now.active_connections),
            Row("Total New Connections", "Client Connects", 0),
            Row("Total New Connections", "Server Connects", 0),
            Row("HTTP Requests", "HTTP Requests", 0),
            Row("Throughput(bits)", "Service", both),
            Row("Throughput(bits)", "In", now.throughput_in),
            Row("Throughput(bits)", "Out", now.throughput_out),
            Row("SSL Transactions", "SSL TPS", now.ssl_tps),
            Row("Throughput(packets)", "Service", both / packets),
            Row("Throughput(packets)", "In", now.throughput_in / packets),
            Row("Throughput(packets)", "Out", now.throughput_out / packets),
        ]

    def _throughput_rows(self) -> list[Row]:
        now = self.rates()
        rows = [row for row in self._all_rows() if row.group.startswith(("Through", "SSL"))]
        side = "TMM ClientSide Throughput"
        rows.append(Row(side, "Client Bits In", now.throughput_in))
        rows.append(Row(side, "Client Bits Out", now.throughput_out))
        return rows

    def _rows(self, path: str, rows: list[Row]) -> str:
        entries = ",".join(
            f"{json.dumps(f'{BASE}/{path}/{quote(row.name)}')}:{json.dumps(_line(row))}"
            for row in rows
        )
        leaf = path.removesuffix("/stats").rpartition("/")[2]
        kind = f"tm:{path.removesuffix('/stats').replace('/', ':')}:{leaf}stats"
        link = f"{BASE}/{path}?ver={self._version}"
        return (
            f'{{"kind":{json.dumps(kind)},"selfLink":{json.dumps(link)},"entries":{{{entries}}}}}'
        )

    def _totals(self) -> Mapping[str, object]:
        counters, now = self._traffic().totals(), self.rates()
        bits_in = counters.bytes_in * 8 + self._hand.amount("throughput_in")
        bits_out = counters.bytes_out * 8 + self._hand.amount("throughput_out")
        current = int(now.active_connections)
        entries: dict[str, object] = {"httpRequests": number(counters.requests)}
        for side in ("clientSideTraffic", "serverSideTraffic"):
            entries.update(_side(side, counters, (bits_in, bits_out, current)))
            for average in ("fiveSecAvg", "oneMinAvg", "fiveMinAvg"):
                name = f"{average}{side[0].upper()}{side[1:]}"
                entries[f"{name}.bitsIn"] = number(int(now.throughput_in))
                entries[f"{name}.bitsOut"] = number(int(now.throughput_out))
                entries[f"{name}.curConns"] = number(current)
        return {f"{BASE}/sys/traffic/0": {"nestedStats": {"entries": entries}}}

    def _host(self) -> Mapping[str, object]:
        used = int(_MEMORY * self.rates().memory / 100)
        entries = {
            "activeCpuCount": number(2),
            "cpuCount": number(2),
            "hostId": text("0"),
            "memoryTotal": number(_MEMORY),
            "memoryUsed": number(used),
            f"{BASE}/sys/hostInfo/0/cpuInfo": _inside(self._cpus("sys/hostInfo/0/cpuInfo")),
        }
        return {f"{BASE}/sys/host-info/0": _inside(entries)}

    def _cpu(self) -> Mapping[str, object]:
        path = "sys/cpu/0/cpuInfo"
        inner = {f"{BASE}/{path}": _inside(self._cpus(path))}
        return {f"{BASE}/sys/cpu/0": _inside(inner)}

    def _cpus(self, path: str) -> Mapping[str, object]:
        busy = int(self.rates().cpu)
        return {
            f"{BASE}/{path}/{cpu}": _inside(
                {
                    "cpuId": number(cpu),
                    "fiveSecAvgRatio": number(busy),
                    "oneMinAvgRatio": number(busy),
                    "oneMinAvgIdle": number(100 - busy),
                }
            )
            for cpu in (0, 1)
        }

    def _memory(self) -> Mapping[str, object]:
        share = self.rates().memory / 100
        entries = {
            "hostId": text("0"),
            "memoryTotal": number(_MEMORY),
            "memoryUsed": number(int(_MEMORY * share)),
            "tmmMemoryTotal": number(_TMM_MEMORY),
            "tmmMemoryUsed": number(int(_TMM_MEMORY * share)),
            "otherMemoryTotal": number(_MEMORY - _TMM_MEMORY),
            "otherMemoryUsed": number(int((_MEMORY - _TMM_MEMORY) * share)),
            "swapTotal": number(0),
            "swapUsed": number(0),
        }
        host = f"{BASE}/sys/memory/memory-host"
        return {host: _inside({f"{host}/0": _inside(entries)})}


def _inside(entries: Mapping[str, object]) -> Mapping[str, object]:
    return {"nestedStats": {"entries": entries}}


def _line(row: Row) -> Mapping[str, object]:
    value = text(f"{row.value:.0f}")
    entries = {"Average": value, "Current": value, _SINCE: value, row.group: text(row.name)}
    return _inside(entries)


def _side(side: str, counters: Counters, totals: tuple[int, int, int]) -> Mapping[str, object]:
    bits_in, bits_out, current = totals
    return {
        f"{side}.bitsIn": number(bits_in),
        f"{side}.bitsOut": number(bits_out),
        f"{side}.curConns": number(current),
        f"{side}.maxConns": number(max(counters.maximum, current)),
        f"{side}.pktsIn": number(counters.packets(bits_in // 8)),
        f"{side}.pktsOut": number(counters.packets(bits_out // 8)),
        f"{side}.totConns": number(counters.total),
    }
