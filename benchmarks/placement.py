"""What placing a load balancer costs, commit included, from small to large fleets.

Beside it in the same run: the old algorithm on the same fleet, and the rate at which the same
database commits the same rows when nothing is decided.
"""

import argparse
import multiprocessing
import random
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Engine, create_engine

from benchmarks import placement_old as old
from benchmarks.figures import Figure, percentile, publish
from benchmarks.placement_fleet import (
    ENVIRONMENT,
    METRICS,
    Size,
    fill,
    graph,
    load_balancer,
    project,
    zipf,
)
from benchmarks.servers import KINDS, database
from bigip_lbaas.controller.placing import Desk, attend_all
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.domain.ids import LoadBalancerId
from bigip_lbaas.domain.placement import PlacementRules
from bigip_lbaas.store import records
from bigip_lbaas.store.port import Transaction
from bigip_lbaas.store.records import Phase
from bigip_lbaas.store.sql import SqlStore
from bigip_lbaas.store.tables import table_of

SIZES = (Size(10, 10**3), Size(50, 10**4), Size(200, 10**5), Size(1000, 10**6))
QUICK_SIZES = SIZES[:2]
FLAT = (SIZES[0], SIZES[2])  # the cost at the second is to be at most 1.2 times that at the first
COMPARED = SIZES[1]  # where the old algorithm is to cost so many times as much
LESS_CPU = 300.0
OLD_UP_TO = 10**5
OLD_DECISIONS = 6
SECONDS = 5.0
WORKERS = 8
COST = 1e4  # of limits of 1e9: there is room for all that a run places
BATCH = ControllerSettings(ENVIRONMENT, "").placed_at_once


@dataclass(frozen=True, slots=True)
class Run:
    """What one worker did: seconds of each transaction, CPU seconds of all, how many in each."""

    wall_s: tuple[float, ...]
    cpu_s: float
    many: int = 1

    def __add__(self, other: "Run") -> "Run":
        return Run(self.wall_s + other.wall_s, self.cpu_s + other.cpu_s, self.many)

    def each_was(self, many: int) -> "Run":
        """Return this run, of which each piece of work was so many."""
        return replace(self, many=many)

    @property
    def cpu_each_ms(self) -> float:
        """Return CPU milliseconds of this process for each."""
        return 1000 * self.cpu_s / max(1, self.many * len(self.wall_s))


def _timed(each: Callable[[int], None], seconds: float, most: int = 10**9) -> Run:
    wall_s: list[float] = []
    begun_cpu, until = time.process_time(), time.perf_counter() + seconds
    while time.perf_counter() < until and len(wall_s) < most:
        begun = time.perf_counter()
        each(len(wall_s))
        wall_s.append(time.perf_counter() - begun)
    return Run(tuple(wall_s), time.process_time() - begun_cpu)


def decide(url: str, size: Size, worker: int, seconds: float, at_once: int = 1) -> Run:
    """Place load balancers, so many in a transaction; as a controller does that remembers."""
    store = SqlStore(url)
    rules = PlacementRules(expected_cost=dict.fromkeys(METRICS, COST))
    settings = ControllerSettings(ENVIRONMENT, f"controller-{worker}", rules, report_ttl_s=1e12)
    chosen, desk = zipf(size, 100 + worker), Desk(settings, lambda _lb: 0.0, _nonce)
    made = 0

    def accept(count: int) -> list[LoadBalancerId]:
        nonlocal made
        new = [graph(made + n, project(next(chosen)), f"new-{worker}") for n in range(count)]
        made += count
        store.write(lambda tx: tx.put_all([load_balancer(n, Phase.WAITING) for n in new]))
        return [each.id for each in new]

    def place(ids: list[LoadBalancerId]) -> None:
        done = store.write(lambda tx: attend_all(tx, desk, ids))
        if done.books is not None:
            desk.ledger.keep(done.books)
        lost = [id_ for id_ in ids if done.results[id_].assignment is None]
        if lost:
            raise RuntimeError(f"{lost[0]} found no place: {done.results[lost[0]]}")

    place(accept(at_once))  # statements are prepared, connections made
    total = Run((), 0.0)
    while sum(total.wall_s) < seconds:
        waiting = [accept(at_once) for _ in range(20 if at_once == 1 else 4)]
        total += _timed(lambda number, ids=waiting: place(ids[number]), 60.0, len(waiting))  # type: ignore[misc]
    store.close()
    return total.each_was(at_once)


def decide_in_batches(url: str, size: Size, worker: int, seconds: float) -> Run:
    """Place as many in a transaction as a controller takes on at once."""
    return decide(url, size, worker, seconds, BATCH)


def _nonce() -> str:
    return secrets.token_hex(4)


def commit(url: str, size: Size, worker: int, seconds: float) -> Run:
    """Commit the rows of a placement without deciding anything."""
    del size
    store = SqlStore(url)
    decided = store.read(lambda tx: tx.select(records.PlacementDecision, limit=1))[0]
    old_id = decided.load_balancer_id
    kinds = (records.LoadBalancer, records.PlacementRow, records.Reservation)
    found = [store.read(lambda tx, kind=kind: tx.get(kind, old_id)) for kind in kinds]  # type: ignore[misc]
    rows = [row for row in (*found, decided) if row is not None]
    counted = store.read(lambda tx: tx.select(records.Residence, limit=2))
    books = store.read(lambda tx: tx.select(records.GroupBooks, limit=1))

    def write(number: int) -> None:
        id_ = LoadBalancerId(f"raw-{worker}-{number}")
        named = [
            replace(row, **{"id" if hasattr(row, "id") else "load_balancer_id": id_})
            for row in rows
        ]

        def put(tx: Transaction) -> None:
            for row in (*named, *counted, *books):
                tx.put(row)

        store.write(put)

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
    return sum(run.many * len(run.wall_s) / sum(run.wall_s) for run in runs)


def measure(
    kind: str, size: Size, seconds: float, directory: Path
) -> tuple[list[Figure], Mapping[str, float]]:
    """Return the figures of one database and one size, and the CPU of a decision in ms."""
    with database(kind, directory) as url:
        if url is None:
            return [], {}
        where = f"{kind}, {size}"
        fill(url, size)
        one = decide(url, size, 1000, seconds)
        batch = decide_in_batches(url, size, 1001, seconds)
        raw = rate([commit(url, size, 1000, seconds)])
        raw_of_many = raw
        found = [
            Figure(f"{where}: bare commits/s, 1 worker", raw, "1/s"),
            Figure(f"{where}: decisions/s, 1 worker", rate([one]), "1/s"),
            Figure(f"{where}: p99, 1 worker", 1000 * percentile(one.wall_s, 0.99), "ms"),
            Figure(f"{where}: CPU for a decision", one.cpu_each_ms, "ms"),
            Figure(f"{where}: CPU for one of a batch of {BATCH}", batch.cpu_each_ms, "ms"),
            Figure(
                f"{where}: decisions/s by bare commits/s, 1 worker", rate([one]) / raw,
                "x", 0.8, at_least=True,
            ),
        ]  # fmt: skip
        if kind != "sqlite":
            as_reports_do(url)
            eight = together(decide, url, size, WORKERS, seconds)
            raw_of_many = rate(together(commit, url, size, WORKERS, seconds))
            as_reports_do(url)
            batches = together(decide_in_batches, url, size, WORKERS, seconds)
            found += [
                Figure(f"{where}: bare commits/s, {WORKERS} workers", raw_of_many, "1/s"),
                Figure(f"{where}: decisions/s, {WORKERS} workers", rate(eight), "1/s"),
                Figure(f"{where}: decisions/s in batches, {WORKERS} workers", rate(batches), "1/s"),
            ]
        found += [
            Figure(f"{where}: decisions/s in batches, 1 worker", rate([batch]), "1/s"),
            Figure(
                f"{where}: that by bare commits/s of {WORKERS if kind != 'sqlite' else 1}",
                rate([batch]) / raw_of_many, "x", 1.0, at_least=True,
            ),
            past_its_limit(url, where),
        ]  # fmt: skip
        if size.load_balancers <= OLD_UP_TO:
            found += compared(url, size, where, one, batch)
        return found, {"single": one.cpu_each_ms, "batched": batch.cpu_each_ms}


def as_reports_do(url: str) -> None:
    """Release what is reserved: earlier runs left more than is ever in flight between reports."""
    store = SqlStore(url)
    kept = store.read(lambda tx: tx.select(records.Reservation, limit=1))  # for the bare commits
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(table_of(records.Reservation).delete())
    engine.dispose()
    store.write(lambda tx: tx.put_all(kept))
    store.close()


def past_its_limit(url: str, where: str) -> Figure:
    """Return how many groups are past a limit on the books, from the rows as they are now."""
    store = SqlStore(url)
    reports = store.read(lambda tx: tx.select(records.Report))
    reserved: Counter[tuple[int, str]] = Counter()
    for row in store.read(lambda tx: tx.select(records.Reservation)):
        reserved.update({(row.group, metric): cost for metric, cost in row.costs.items()})
    store.close()
    past = {
        row.group
        for row in reports
        for reading in row.report.readings
        if reading.value + reserved[row.group, reading.metric] > reading.limit
    }
    return Figure(f"{where}: groups past a limit on the books", len(past), "groups", 0.0)


def compared(url: str, size: Size, where: str, one: Run, batch: Run) -> list[Figure]:
    """Return what the old algorithm costs on the same fleet, and how much less ours does."""
    engine = create_engine(url)
    old.fill(engine, size)
    found = []
    for known, words in ((False, "new projects"), (True, "known projects")):
        before = by_old_rules(engine, size, known=known)
        found.append(Figure(f"{where}: CPU, old algorithm, {words}", before.cpu_each_ms, "ms"))
        single, batched = (before.cpu_each_ms / run.cpu_each_ms for run in (one, batch))
        found.append(Figure(f"{where}: less CPU than that, {words}", single, "x"))
        wanted = LESS_CPU if size == COMPARED and not known else None
        found.append(
            Figure(
                f"{where}: less CPU than that, {words}, in batches", batched,
                "x", wanted, at_least=True,
            )
        )  # fmt: skip
    engine.dispose()
    return found


def main() -> int:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small fleets, SQLite and MariaDB")
    parser.add_argument("--database", choices=KINDS, help="this one only; default all three")
    parser.add_argument(
        "--from", dest="least", type=int, default=0, metavar="N",
        help="fleets of at least so many load balancers; default %(default)s",
    )  # fmt: skip
    parser.add_argument(
        "--up-to", type=int, default=SIZES[-1].load_balancers, metavar="N",
        help="fleets of up to so many load balancers; default %(default)s",
    )  # fmt: skip
    asked = parser.parse_args()
    quick = asked.quick
    sizes = [
        size
        for size in (QUICK_SIZES if quick else SIZES)
        if asked.least <= size.load_balancers <= asked.up_to
    ]
    found: list[Figure] = []
    for kind in (asked.database,) if asked.database else KINDS[:2] if quick else KINDS:
        cpu_ms = {}
        for size in sizes:
            with tempfile.TemporaryDirectory(prefix="bigip-lbaas-bench-") as directory:
                figures, cpu_ms[size] = measure(
                    kind, size, 2.0 if quick else SECONDS, Path(directory)
                )
            found += figures
        small, large = FLAT
        for how in cpu_ms.get(large, ()) if small in cpu_ms else ():
            growth = cpu_ms[large][how] / cpu_ms[small][how]
            words = f"{kind}, {how}: CPU at {large} by that at {small}"
            found.append(Figure(words, growth, "x", 1.2))
    return publish("placement", found)


if __name__ == "__main__":
    sys.exit(main())
