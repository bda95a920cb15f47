"""Counters that survive reloads: what ended workers carried, plus what the running ones tell.

A worker's counters begin at 0 (iControl REST reference, section 5.5), so what it told last is kept
when it ends.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from bigip_sim.traffic import NO_ANSWERS, NOTHING, Counters

FRONTENDS_AND_SERVERS = "show stat -1 5 -1"
CONNECTIONS = "show info"
OF_FRONTENDS = ("ssl_sess", "hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_5xx")
OWN_CONNECTION = 1  # over which the question comes


@dataclass(frozen=True, slots=True)
class Row:
    """One line of HAProxy's statistics."""

    proxy: str
    server: str  # FRONTEND, or the server's name
    status: str
    check_status: str
    counters: Counters


def parse(text: str) -> list[Row]:
    """Read the CSV that `show stat` answers."""
    lines = text.splitlines()
    if not lines or not lines[0].startswith("# "):
        return []
    columns = {name: place for place, name in enumerate(lines[0][2:].split(","))}
    places = [columns[n] for n in ("bin", "bout", "scur", "smax", "stot", "req_tot")]
    more = [columns[n] for n in OF_FRONTENDS if n in columns]
    status, check = columns["status"], columns["check_status"]
    last = max(status, check, *places) + 1
    rows = []
    for line in lines[1:]:
        cells = line.split(",", last)
        if len(cells) <= last or cells[0].startswith("<"):
            continue
        bin_, bout, now, most, all_, asked = [int(cells[place] or 0) for place in places]
        counters = Counters(bin_, bout, now, most, all_, asked)
        if cells[1] == "FRONTEND" and len(more) == len(OF_FRONTENDS):
            counters = _with_more(counters, line.split(","), more)
        rows.append(
            Row(cells[0], cells[1], cells[status], cells[check].removeprefix("* "), counters)
        )
    return rows


def _with_more(counters: Counters, cells: list[str], places: list[int]) -> Counters:
    handshakes, ok, moved, bad, broken = [int(cells[place] or 0) for place in places]
    answers = (ok, moved, bad, broken)
    return replace(counters, handshakes=handshakes, answers=answers if any(answers) else NO_ANSWERS)


def connections(text: str) -> int:
    """Read from `show info` how many connections others than the one who asks have."""
    for line in text.splitlines():
        name, _, value = line.partition(": ")
        if name == "CurrConns":
            return int(value) - OWN_CONNECTION
    return 0


def by_id(rows: Iterable[Row]) -> dict[str, Counters]:
    """Add up by frontend and by server; a server in several backends is one member."""
    sums: dict[str, Counters] = {}
    for row in rows:
        name = row.proxy if row.server == "FRONTEND" else row.server
        sums[name] = sums.get(name, NOTHING) + row.counters
    return sums


class Ledger:
    """What was carried, by frontend and server name."""

    def __init__(self) -> None:
        self._before: dict[str, Counters] = {}  # by ended workers
        self._now: dict[int, Mapping[str, Counters]] = {}  # worker -> what it told last
        self._gone = NOTHING  # by virtual servers that are no more
        self._gone_servers = NOTHING

    def tell(self, worker: int, counters: Mapping[str, Counters]) -> None:
        """Take what a running worker tells; of what has been shut it tells nothing any more."""
        before = self._now.get(worker, {})
        if len(counters) < len(before):
            shut = {n: replace(c, current=0) for n, c in before.items() if n not in counters}
            counters = {**shut, **counters}
        self._now[worker] = counters

    def end(self, worker: int) -> None:
        """Keep what a worker told last."""
        for name, counters in self._now.pop(worker, {}).items():
            ended = replace(counters, current=0)
            self._before[name] = self._before.get(name, NOTHING) + ended

    def keep(self, names: Collection[str]) -> None:
        """Forget objects that are no more, but not what the device carried for them."""
        for name in [n for n in self._before if n not in names]:
            counters = self._before.pop(name)
            if name.startswith("v"):
                self._gone += counters
            else:
                self._gone_servers += counters

    def of(self, name: str) -> Counters:
        """Return what one frontend or server has carried."""
        total = self._before.get(name, NOTHING)
        for told in list(self._now.values()):
            total += told.get(name, NOTHING)
        return total

    def totals(self) -> Counters:
        """Return what all frontends have carried."""
        return self._sum(self._gone, of_frontends=True)

    def server_side(self) -> Counters:
        """Return what all servers have carried."""
        return self._sum(self._gone_servers, of_frontends=False)

    def _sum(self, gone: Counters, *, of_frontends: bool) -> Counters:
        for source in (self._before, *list(self._now.values())):
            for name, counters in list(source.items()):
                if name.startswith("v") is of_frontends:
                    gone += counters
        return gone
