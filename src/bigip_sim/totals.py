"""The device's totals: sys traffic, tmm-traffic, tmm-info, cpu, host-info, memory.

Source: iControl REST reference, section 4.2, and the recorded answers that it names. There are two
data plane processes; what they carry is shared between them by halves.
"""

from collections.abc import Callable, Mapping

from bigip_sim.meter import SHORT_S, Meter
from bigip_sim.reading import BASE
from bigip_sim.recorded import counted
from bigip_sim.rendering import Nested, body, keyed, nested, written
from bigip_sim.traffic import Counters, Rates

# As recorded, in bytes.
MEMORY, TMM_MEMORY, SWAP = 4_145_995_776, 2_155_872_256, 1_048_571_904
TMMS = 2
CPUS = 2
TICKS = 100  # of a CPU's counters, in a second
WINDOWS: Mapping[str, float] = {"fiveSec": SHORT_S, "oneMin": 60.0, "fiveMin": 300.0}
_KINDS = ("Idle", "Iowait", "Irq", "Niced", "Softirq", "Stolen", "System", "User")
Values = dict[str, int | str]


class Totals:
    """Answers GETs of the device's totals, as the text of the body."""

    def __init__(self, meter: Meter, version: str) -> None:
        self._meter = meter
        self._version = version
        self._answers: Mapping[str, Callable[[], str]] = {
            "sys/traffic": self._traffic,
            "sys/tmm-traffic": self._tmm_traffic,
            "sys/tmm-info": self._tmm_info,
            "sys/cpu": self._cpu,
            "sys/host-info": self._host_info,
            "sys/memory": self._memory,
        }

    def read(self, path: str) -> str | None:
        """Return the body for a path below /mgmt/tm, or None if it is not one of these."""
        path = path.removesuffix("/stats")
        answer = self._answers.get(path)
        if answer is None:
            return None
        leaf = path.rpartition("/")[2]
        state = "collectionstats" if path == "sys/cpu" else "stats"  # as recorded
        kind = f"tm:{path.replace('/', ':')}:{leaf}{state}"
        return body(kind, f"{BASE}/{path}?ver={self._version}", answer())

    def _traffic(self) -> str:
        client, server = self._meter.totals(), self._meter.server_side()
        fields: Values = {
            **counted("sys/traffic"),
            **_side("clientSideTraffic", client),
            **_side("serverSideTraffic", server),
            "httpRequests": client.requests,
        }
        for window, seconds in WINDOWS.items():
            rates = self._meter.rates(seconds)
            for side in ("ClientSideTraffic", "ServerSideTraffic"):
                fields.update(_average(f"{window}Avg{side}", rates))
        return keyed([(f"{BASE}/sys/traffic/0", nested(written(fields)))])

    def _tmm_traffic(self) -> str:
        client, server = self._meter.totals(), self._meter.server_side()

        def of(tmm: int) -> Values:
            own = _share(client, tmm)
            return {
                **counted("sys/tmm-traffic"),
                **_side("clientSideTraffic", own),
                **_side("serverSideTraffic", _share(server, tmm)),
                "httpRequests": own.requests,
                "tmmId": f"0.{tmm}",
            }

        return _each("sys/tmm-traffic/0.", TMMS, of)

    def _tmm_info(self) -> str:
        now = self._meter.rates()
        used = int(TMM_MEMORY * now.memory / 100)

        def of(tmm: int) -> Values:
            return {
                "cpu": tmm,
                **{f"{w}AvgUsageRatio": int(self._meter.rates(s).cpu) for w, s in WINDOWS.items()},
                "memoryTotal": 0 if tmm else TMM_MEMORY,  # the first shows all of it
                "memoryUsed": 0 if tmm else used,
                "npus": 1,
                "tmid": tmm,
                "tmmId": f"0.{tmm}",
                "tmmPid": 9762,
            }

        return _each("sys/tmm-info/0.", TMMS, of)

    def _cpu(self) -> str:
        inside = "sys/cpu/0/cpuInfo"
        inner = keyed([(f"{BASE}/{inside}", nested(self._cpus(inside)))])
        link = f"{BASE}/sys/cpu/0?ver={self._version}"
        about = f'"kind":"tm:sys:cpu:cpustats","selfLink":"{link}",'
        return keyed([(f"{BASE}/sys/cpu/0", nested(inner, about))])

    def _host_info(self) -> str:
        inside = "sys/hostInfo/0/cpuInfo"  # camelCase, as recorded
        fields = written(
            {
                "activeCpuCount": CPUS,
                "cpuCount": CPUS,
                "hostId": "0",
                "memoryTotal": MEMORY,
                "memoryUsed": self._memory_used(),
            }
        )
        cpus = keyed([(f"{BASE}/{inside}", nested(self._cpus(inside)))])
        return keyed([(f"{BASE}/sys/host-info/0", nested(_joined(fields, cpus)))])

    def _cpus(self, path: str) -> Nested:
        uptime = int(self._meter.uptime_s() * TICKS)

        def of(cpu: int) -> Values:
            fields: Values = {"cpuId": cpu}
            for window, seconds in WINDOWS.items():
                busy = int(min(100.0, self._meter.rates(seconds).cpu))
                fields.update((f"{window}Avg{kind}", 0) for kind in _KINDS)
                fields[f"{window}AvgIdle"] = 100 - busy
                fields[f"{window}AvgSystem"] = busy // 4
                fields[f"{window}AvgUser"] = busy - busy // 4
            busy = int(min(100.0, self._meter.rates().cpu))
            fields["fiveSecAvgRatio"] = busy
            fields.update((kind.lower(), 0) for kind in _KINDS)
            fields["user"] = uptime * busy // 100
            fields["idle"] = uptime - uptime * busy // 100
            return fields

        return _each(f"{path}/", CPUS, of)

    def _memory_used(self) -> int:
        now = self._meter.rates()
        return int(TMM_MEMORY * now.memory / 100) + int(
            (MEMORY - TMM_MEMORY) * now.other_memory / 100
        )

    def _memory(self) -> str:
        now = self._meter.rates()
        fields: Values = {"hostId": "0"}
        for name, total, share in (
            ("tmmMemory", TMM_MEMORY, now.memory),
            ("otherMemory", MEMORY - TMM_MEMORY, now.other_memory),
            ("swap", SWAP, now.swap),
        ):
            used = int(total * share / 100)
            fields.update({f"{name}Total": total, f"{name}Used": used, f"{name}Free": total - used})
        used = self._memory_used()
        fields.update({"memoryTotal": MEMORY, "memoryUsed": used, "memoryFree": MEMORY - used})
        host = f"{BASE}/sys/memory/memory-host"
        return keyed([(host, nested(keyed([(f"{host}/0", nested(written(fields)))])))])


def _each(path: str, count: int, of: Callable[[int], Values]) -> Nested:
    entries = [(f"{BASE}/{path}{number}", nested(written(of(number)))) for number in range(count)]
    return Nested(keyed(entries))


def _joined(one: str, other: str) -> str:
    return f"{one[:-1]},{other[1:]}"


def _side(side: str, counters: Counters) -> Values:
    return {
        f"{side}.bitsIn": counters.bytes_in * 8,
        f"{side}.bitsOut": counters.bytes_out * 8,
        f"{side}.curConns": counters.current,
        f"{side}.evictedConns": 0,
        f"{side}.maxConns": counters.maximum,
        f"{side}.pktsIn": counters.packets(counters.bytes_in),
        f"{side}.pktsOut": counters.packets(counters.bytes_out),
        f"{side}.slowKilled": 0,
        f"{side}.totConns": counters.total,
    }


def _average(name: str, rates: Rates) -> Values:
    return {
        f"{name}.bitsIn": int(rates.throughput_in),
        f"{name}.bitsOut": int(rates.throughput_out),
        f"{name}.pktsIn": int(rates.throughput_in / 8000),
        f"{name}.pktsOut": int(rates.throughput_out / 8000),
        f"{name}.totConns": int(rates.new_connections),
    }


def _share(counters: Counters, tmm: int) -> Counters:
    def part(value: int) -> int:
        return value // TMMS + (value % TMMS if tmm == 0 else 0)

    return Counters(
        part(counters.bytes_in),
        part(counters.bytes_out),
        part(counters.current),
        part(counters.maximum),
        part(counters.total),
        part(counters.requests),
    )
