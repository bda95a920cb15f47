"""What a soak looks at while it lasts: memory, open connections, files, ages, rows."""

import os
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import leather
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from benchmarks.beside import Beside
from bigip_lbaas.cmd.lab.stack import Lab
from bigip_lbaas.cmd.telemetry.database import see
from bigip_lbaas.domain.errors import ProviderError
from bigip_lbaas.domain.ids import EnvironmentName

PAGE_KB = os.sysconf("SC_PAGE_SIZE") / 1024
MINUTE_S = 60.0
Series = list[tuple[float, float]]  # minutes since the beginning, value


@dataclass
class Watch(Beside):
    """Looks every few seconds. names: of the processes that are watched one by one."""

    lab: Lab
    names: Sequence[str]
    every_s: float
    memory_mb: dict[str, Series] = field(default_factory=lambda: defaultdict(list))
    sockets: dict[str, Series] = field(default_factory=lambda: defaultdict(list))
    files: dict[str, Series] = field(default_factory=lambda: defaultdict(list))
    threads: dict[str, Series] = field(default_factory=lambda: defaultdict(list))
    pending_s: Series = field(default_factory=list)
    untold_s: Series = field(default_factory=list)
    load_balancers: Series = field(default_factory=list)
    rows: dict[str, Series] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self._begun = time.monotonic()
        super().__post_init__()
        self._engine = create_engine(self.lab.owned.our_url)
        self._tables = inspect(self._engine).get_table_names()

    def stop(self) -> None:
        """Look no more."""
        super().stop()
        self._engine.dispose()

    def run(self) -> None:
        """See Beside."""
        while not self.ends.wait(self.every_s):
            with suppress(SQLAlchemyError, ProviderError):  # the connection that was cut was ours
                self._look()

    def _look(self) -> None:
        minute = (time.monotonic() - self._begun) / MINUTE_S
        members = _members_of_groups()
        for name in self.names:  # each leads a group, with what it has started
            self._look_at(name, members[self.lab.programs[name].pid], minute)
        environment = EnvironmentName(self.lab.owned.environment)
        seen = self.lab.store.read(lambda tx: see(tx, environment))
        self.pending_s.append((minute, max(seen.pending_s.values())))
        self.untold_s.append((minute, seen.untold_s))
        self.load_balancers.append((minute, float(sum(seen.load_balancers.values()))))
        with self._engine.connect() as connection:
            for table in self._tables:
                count = connection.execute(text(f"SELECT COUNT(*) FROM {table}")).scalar_one()
                self.rows[table].append((minute, float(count)))

    def _look_at(self, name: str, processes: Sequence[Path], minute: float) -> None:
        memory_mb, threads, links = 0.0, 0, list[str]()
        for process in processes:
            with suppress(OSError):  # it has ended
                memory_mb += int((process / "statm").read_text().split()[1]) * PAGE_KB / 1024
                threads += len(list((process / "task").iterdir()))
                for each in (process / "fd").iterdir():
                    with suppress(OSError):  # closed meanwhile
                        links.append(str(each.readlink()))
        self.memory_mb[name].append((minute, memory_mb))
        self.threads[name].append((minute, float(threads)))
        self.files[name].append((minute, float(len(links))))
        open_ones = sum(link.startswith("socket:") for link in links)
        self.sockets[name].append((minute, float(open_ones)))


def _members_of_groups() -> dict[int, list[Path]]:
    """Return process group -> the processes in it."""
    found: dict[int, list[Path]] = defaultdict(list)
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            after_name = (process / "stat").read_text().rpartition(")")[2].split()
            found[int(after_name[2])].append(process)
    return found


def of_part(series: Series, begin: float, end: float) -> list[float]:
    """Return the values of a part of the whole time; begin, end: shares of it."""
    last = max((minute for minute, _ in series), default=0.0)
    return [value for minute, value in series if begin * last <= minute <= end * last]


def draw(watch: Watch, path: Path) -> None:
    """Draw memory, connections and ages over the time."""
    grid = leather.Grid()
    charts: Iterable[tuple[str, dict[str, Series]]] = (
        ("resident memory, MB", watch.memory_mb),
        ("open sockets", watch.sockets),
        (
            "oldest that waits, s",
            {"PENDING": watch.pending_s, "untold statuses": watch.untold_s},
        ),
    )
    for title, lines in charts:
        chart = leather.Chart(f"{title}, by minutes")
        top = max((value for line in lines.values() for _, value in line), default=1.0)
        chart.add_y_scale(0, max(1.0, top * 1.1))
        for name, line in lines.items():
            chart.add_line(line, name=name)
        grid.add_one(chart)
    path.parent.mkdir(parents=True, exist_ok=True)
    grid.to_svg(str(path))
