"""`sys performance` in its three forms: text, entries, entries in detail.

Source: iControl REST reference, section 4.3, and the recorded answers that it names. Up to 11.x
`all-stats` is the shell's own text. From then on each row is an entry under its name, its values
are texts, and rows of the same name in different groups come under the same key: bits, then
packets. `?options=detail` has more rows, and `/stats` in each key.

Average is over the last five minutes, Max the highest that anybody has read since boot.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from bigip_sim.meter import Meter
from bigip_sim.reading import BASE
from bigip_sim.rendering import body, keyed, nested, quoted, written
from bigip_sim.traffic import Rates
from bigip_sim.versions import at_least

LONG_S = 300.0
HISTORY_S = 3 * 3600  # how far back Max looks: its key moves along in the recorded answers
PACKET_BITS = 8 * 1000  # of an ordinary packet; packets are derived
_PATH = "sys/performance"
Read = Callable[[Rates], float]


@dataclass(frozen=True, slots=True)
class Row:
    """One line: its section and group in the shell, its name, and what it shows."""

    section: str
    group: str
    name: str
    read: Read


def _none(_rates: Rates) -> float:
    return 0.0


def _packets(read: Read) -> Read:
    return lambda rates: read(rates) / PACKET_BITS


def _in(rates: Rates) -> float:
    return rates.throughput_in


def _out(rates: Rates) -> float:
    return rates.throughput_out


def _both(rates: Rates) -> float:
    return rates.throughput_in + rates.throughput_out


def _new(rates: Rates) -> float:
    return rates.new_connections


def _open(rates: Rates) -> float:
    return rates.active_connections


def _tls(rates: Rates) -> float:
    return rates.ssl_tps


_NEW, _BITS, _PACKETS = "Total New Connections", "Throughput(bits)", "Throughput(packets)"
_CLIENT, _SERVER = "TMM ClientSide Throughput", "TMM ServerSide Throughput"
_GSLB, _TYPES = "GSLB Performance", "GSLB Request Breakdown "  # the blank is recorded
_RAM = "RAM Cache Utilization"

ROWS: Sequence[Row] = (
    Row("system", "System CPU Usage", "Utilization", lambda rates: rates.cpu),
    Row("system", "Memory Used", "TMM Memory Used", lambda rates: rates.memory),
    Row("system", "Memory Used", "Other Memory Used", lambda rates: rates.other_memory),
    Row("system", "Memory Used", "Swap Used", lambda rates: rates.swap),
    Row("connections", "Active Connections", "Connections", _open),
    Row("connections", _NEW, "Client Connections", _new),
    Row("connections", _NEW, "Server Connections", _new),
    Row("connections", "HTTP Requests", "HTTP Requests", lambda rates: rates.http_requests),
    Row("throughput", _BITS, "Service", _both),
    Row("throughput", _BITS, "In", _in),
    Row("throughput", _BITS, "Out", _out),
    Row("throughput", "SSL Transactions", "SSL TPS", _tls),
    Row("throughput", _PACKETS, "Service", _packets(_both)),
    Row("throughput", _PACKETS, "In", _packets(_in)),
    Row("throughput", _PACKETS, "Out", _packets(_out)),
    *(Row("ramcache", _RAM, name, _none) for name in ("Hit Rate", "Byte Rate", "Eviction Rate")),
    *(
        Row("gtm", _GSLB, name, _none)
        for name in ("Requests", "Resolutions", "Persisted", "Return to DNS")
    ),
    *(
        Row("gtm", _TYPES, f"Type {name}", _none)
        for name in ("A", "CNAME", "MX", "AAAA", "SRV", "NAPTR")
    ),
)
DETAIL: Sequence[Row] = (
    Row("connections", "Active Connections per Blade", "Blade 1", _open),
    Row("connections", "Active Connections", "Client", _open),
    Row("connections", "Active Connections", "Server", _open),
    Row("connections", "New Connections", "Client Connects", _new),
    Row("connections", "New Connections", "Server Connects", _new),
    Row("connections", "New TCP Accepts/Connects", "Client Accepts", _new),
    Row("connections", "New TCP Accepts/Connects", "Server Connects", _new),
    Row("connections", "New PVA Connections", "PVA Client", _none),
    Row("connections", "New PVA Connections", "PVA Server", _none),
    Row("connections", "Active SSL Connections", "SSL Client", _none),
    Row("connections", "Active SSL Connections", "SSL Server", _none),
    Row("connections", "New ClientSSL Profile Connections", "SSL Client", _tls),
    Row("connections", "New ClientSSL Profile Connections", "SSL Server", _none),
    Row("throughput", _CLIENT, "Client Bits In", _in),
    Row("throughput", _CLIENT, "Client Bits Out", _out),
    Row("throughput", _CLIENT, "Client In", _packets(_in)),
    Row("throughput", _CLIENT, "Client Out", _packets(_out)),
    Row("throughput", _SERVER, "Server Bits In", _in),
    Row("throughput", _SERVER, "Server Bits Out", _out),
    Row("throughput", _SERVER, "Server In", _packets(_in)),
    Row("throughput", _SERVER, "Server Out", _packets(_out)),
    Row("throughput", "HTTP Compression Rate", "Compression", _none),
    Row("throughput", "Management Interface", "Management Bits In", _none),
    Row("throughput", "Management Interface", "Management Bits Out", _none),
)
SECTIONS = ("system", "connections", "throughput", "ramcache", "gtm")


class Performance:
    """Answers GETs below sys/performance, as the text of the body."""

    def __init__(self, meter: Meter, clock: Callable[[], float], version: str) -> None:
        self._meter = meter
        self._clock = clock
        self._version = version

    def read(self, path: str, query: Mapping[str, str]) -> str | None:
        """Return the body for a path below /mgmt/tm, or None if it is not one of these."""
        if not path.startswith(f"{_PATH}/"):
            return None
        leaf = path.removeprefix(f"{_PATH}/").removesuffix("/stats")
        if leaf not in ("all-stats", *SECTIONS):
            return None
        detail = query.get("options") == "detail"
        rows = [row for row in ROWS if leaf in ("all-stats", row.section)]
        if detail:
            rows += [row for row in DETAIL if leaf in ("all-stats", row.section)]
        tail = "/stats" if detail or path.endswith("/stats") else ""
        kind = f"tm:sys:performance:{leaf}:{leaf}stats"
        said = "options=detail&" if detail else ""
        link = f"{BASE}/{_PATH}/{leaf}{tail}?{said}ver={self._version}"
        if leaf == "all-stats" and not at_least(self._version, "12"):
            text = quoted(self._text([row for row in rows if row.section != "gtm"]))
            raw = f'"apiRawValues":{{"apiAnonymous":{text}}}'
            return f'{{"kind":{quoted(kind)},"selfLink":{quoted(link)},{raw}}}'
        return body(kind, link, keyed(self._entries(leaf, tail, rows)))

    def _entries(self, leaf: str, tail: str, rows: Iterable[Row]) -> Iterable[tuple[str, str]]:
        values = self._values()
        since = f"Max(since {self._since():%Y_%m_%dT%H:%M:%SZ})"
        for row in sorted(rows, key=lambda row: row.name):  # of equal names the first stays first
            current, average, most = (f"{row.read(rates):.0f}" for rates in values)
            fields = {"Average": average, "Current": current, since: most, row.group: row.name}
            yield f"{BASE}/{_PATH}/{leaf}/{quote(row.name)}{tail}", nested(written(fields))

    def _values(self) -> tuple[Rates, Rates, Rates]:
        current, average = self._meter.rates(), self._meter.rates(LONG_S)
        return current, average, self._meter.most()

    def _since(self) -> datetime:
        return datetime.fromtimestamp(self._clock() - HISTORY_S, UTC)

    def _text(self, rows: Sequence[Row]) -> str:
        """Return what the shell shows of `show sys performance`."""
        lines: list[str] = []
        values = self._values()
        since = f"Max(since {self._since():%Y-%m-%dT%H:%M:%SZ})"
        for section in dict.fromkeys(row.section for row in rows):
            own = [row for row in rows if row.section == section]
            titles = {row.group: f"{row.group}{_UNITS.get(row.group, '')}" for row in own}
            width = max(map(len, titles.values()))
            header = f"{{:<{width}}}  Current  Average  {{:>{len(since)}}}"
            line = "-" * len(header.format("", since))
            lines += ["", f"Sys::Performance {section.capitalize()} ()"]
            for group, title in titles.items():
                lines += [line, header.format(title, since), line]
                for row in (row for row in own if row.group == group):
                    current, average, most = (_number(row, rates) for rates in values)
                    shown = f"{current:>7}  {average:>7}  {most:>{len(since)}}"
                    lines.append(f"{row.name:<{width}}  {shown}")
                lines.append("")
        return "\n".join(lines)


_UNITS = {
    "System CPU Usage": "(%)",
    "Memory Used": "(%)",
    _NEW: "(/sec)",
    "HTTP Requests": "(/sec)",
    _BITS: "(bits/sec)",
    _PACKETS: "(pkts/sec)",
    _RAM: "(%)",
}


def _number(row: Row, rates: Rates) -> str:
    return "nan" if row.section == "ramcache" else f"{row.read(rates):.0f}"
