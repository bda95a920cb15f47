"""What placing a load balancer costs, commit included, from small to large fleets.

Beside it in the same run: the old algorithm on the same fleet, and the rate at which the same
database commits the same rows when nothing is decided.
"""

import argparse
import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Engine, create_engine

from benchmarks import placement_old as old
from benchmarks.figures import Figure, percentile, publish
from benchmarks.placement_fleet import (
    ENVIRONMENT,
    Size,
    fill,
    graph,
    load_balancer,
    project,
    zipf,
)
from benchmarks.servers import KINDS, database
from bigip_lbaas.controller.placing import attend
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.domain.ids import LoadBalancerId
from bigip_lbaas.store import records
from bigip_lbaas.store.sql import SqlStore

SIZES = (Size(10, 10**3), Size(50, 10**4), Size(200, 10**5), Size(1000, 10**6))
QUICK_SIZES = SIZES[:2]
FLAT = (SIZES[0], SIZES[2])  # the cost at the second is to be at most 1.2 times that at the first
OLD_UP_TO = 10**5
OLD_DECISIONS = 6
SECONDS = 5.0
WORKERS = 8


@dataclass(frozen=True, slots=True)
class Run:
    """What one worker did: the seconds that each took, and the CPU seconds of all."""

    wall_s: tuple[float, ...]
    cpu_s: float

    def __add__(self, other: "Run") -> "Run":
        return Run(self.wall_s + other.wall_s, self.cpu_s + other.cpu_s)

    @property
    def cpu_each_ms(self) -> float:
        """Return CPU milliseconds of this process for each."""
        return 1000 * self.cpu_s / max(1, len(self.wall_s))


def _timed(each: Callable[[int], None], seconds: float, most: int = 10**9) -> Run:
    wall_s = []
    begun_cpu, until = time.process_time(), time.perf_counter() + seconds
    while time.perf_counter() < until and len(wall_s) < most:
        begun = time.perf_counter()
        each(len(wall_s))
        wall_s.append(time.perf_counter() - begun)
    return Run(tuple(wall_s), time.process_time() - begun_cpu)


def decide(url: str, size: Size, worker: int, seconds: float) -> Run:
    """Place one load balancer after the other, each in a transaction of its own."""
    store = SqlStore(url)
    settings = ControllerSettings(ENVIRONMENT, f"controller-{worker}", report_ttl_s=1e12)
    chosen = zipf(size, 100 + worker)
    made = 0

    def accept(count: int) -> list[LoadBalancerId]:
        nonlocal made
        new = [graph(made + n, project(next(chosen)), f"new-{worker}") for n in range(count)]
        made += count
        store.write(lambda tx: [tx.put(load_balancer(n, records.Phase.WAITING)) for n in new])
        return [each.id for each in new]

    def place(id_: LoadBalancerId) -> None:
        done = store.write(lambda tx: attend(tx, settings, id_, lambda: 0.0, lambda: "nonce"))
        if done.assignment is None:
            raise RuntimeError(f"{id_} found no place: {done.waits_because}")

    place(accept(1)[0])  # statements are prepared, connections made
    total = Run((), 0.0)
    while sum(total.wall_s) < seconds:
        waiting = accept(20)
        total += _timed(lambda number, ids=waiting: place(ids[number]), 60.0, len(waiting))  # type: ignore[misc]
    store.close()
    return total


def commit(url: str, size: Size, worker: int, seconds: float) -> Run:
    """Commit the rows of a placement without deciding anything."""
    del size
    store = SqlStore(url)
    decided = store.read(lambda tx: tx.select(records.Decision, limit=1))[0]
    old_id = decided.load_balancer_id
    kinds = (records.LoadBalancer, records.PlacementRow, records.Reservation)
    found = [store.read(lambda tx, kind=kind: tx.get(kind, old_id)) for kind in kinds]  # type: ignore[misc]
    rows = [row for row in (*found, decided) if row is not None]

    def write(number: int) -> None:
        id_ = LoadBalancerId(f"raw-{worker}-{number}")
        named = [
            replace(row, **{"id" if hasattr(row, "id") else "load_balancer_id": id_})
            for row in rows
        ]
        store.write(lambda tx: [tx.put(row) for row in named])

    run = _timed(write, seconds)
    store.close()
    return run


def by_old_rules(engine: Engine, size: Size, *, known: bool) -> Run:
    """Schedule as the old driver did, for projects that are known or new."""
    dice, chosen = random.Random(7), zipf(size, 99)

    def place(number: int) -> None:
        name = f"{'known' if known else 'new'}-{number}"
        old.schedule(engine, name, project(next(chosen)) if known else name, dice)

    _timed(lambda _number: place(-1), 60.0, 1)
    return _timed(place, 60.0, OLD_DECISIONS)


Work = Callable[[str, Size, int, float], Run]


def together(work: Work, url: str, size: Size, workers: int, seconds: float) -> list[Run]:
    """Let so many processes work at the same time."""
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        return pool.starmap(work, [(url, size, worker, seconds) for worker in range(workers)])


def rate(runs: list[Run]) -> float:
    """Return how many were done in a second, all workers together."""
    return sum(len(run.wall_s) / sum(run.wall_s) for run in runs)


def measure(kind: str, size: Size, seconds: float, directory: Path) -> tuple[list[Figure], float]:
    """Return the figures of one database and one size, and the CPU of a decision in ms."""
    with database(kind, directory) as url:
        if url is None:
            return [], 0.0
        where = f"{kind}, {size}"
        fill(url, size)
        one = decide(url, size, 1000, seconds)
        raw = commit(url, size, 1000, seconds)
        found = [
            Figure(f"{where}: decisions/s, 1 worker", rate([one]), "1/s"),
            Figure(f"{where}: p99, 1 worker", 1000 * percentile(one.wall_s, 0.99), "ms"),
            Figure(f"{where}: CPU for a decision", one.cpu_each_ms, "ms"),
            Figure(
                f"{where}: decisions/s as a share of bare commits, 1 worker",
                rate([one]) / rate([raw]), "x", 0.8, at_least=True,
            ),
        ]  # fmt: skip
        if kind != "sqlite":
            eight = together(decide, url, size, WORKERS, seconds)
            found.append(Figure(f"{where}: decisions/s, {WORKERS} workers", rate(eight), "1/s"))
        if size.load_balancers <= OLD_UP_TO:
            found += compared(url, size, where, one)
        return found, one.cpu_each_ms


def compared(url: str, size: Size, where: str, one: Run) -> list[Figure]:
    """Return what the old algorithm costs on the same fleet, and how much less ours does."""
    engine = create_engine(url)
    old.fill(engine, size)
    found = []
    for known, words in ((False, "new projects"), (True, "known projects")):
        before = by_old_rules(engine, size, known=known)
        found.append(Figure(f"{where}: CPU, old algorithm, {words}", before.cpu_each_ms, "ms"))
        ratio = before.cpu_each_ms / one.cpu_each_ms
        found.append(Figure(f"{where}: less CPU than that", ratio, "x"))
    engine.dispose()
    return found


def main() -> int:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small fleets, SQLite and MariaDB")
    quick = parser.parse_args().quick
    found: list[Figure] = []
    for kind in KINDS[:2] if quick else KINDS:
        cpu_ms = {}
        for size in QUICK_SIZES if quick else SIZES:
            with tempfile.TemporaryDirectory(prefix="bigip-lbaas-bench-") as directory:
                figures, cpu_ms[size] = measure(
                    kind, size, 2.0 if quick else SECONDS, Path(directory)
                )
            found += figures
        small, large = FLAT
        if cpu_ms.get(large):
            growth = cpu_ms[large] / cpu_ms[small]
            found.append(Figure(f"{kind}: CPU at {large} by that at {small}", growth, "x", 1.2))
    return publish("placement", found)


if __name__ == "__main__":
    sys.exit(main())
