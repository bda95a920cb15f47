"""Steady churn with random faults for half an hour: what grows that should not?

A lab of real processes on RabbitMQ and MariaDB: two controllers, two hosts with an agent for each
of two device groups, the real API, simulated devices. Compared are the last quarter of the time
and the second; in the end everything has to agree, object by object.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figures import Figure, percentile, publish
from benchmarks.soak_load import Churn, Faults
from benchmarks.soak_watch import Series, Watch, draw, of_part
from bigip_lbaas.cmd.lab.settings import API, DRIVER_AGENT, LabSettings
from bigip_lbaas.cmd.lab.stack import Lab
from tests.kill.judge_of_lab import judge_of

MINUTES, QUICK_MINUTES = 30.0, 1.5
RATE = 2.0  # requests for a change, a second
FAULT_EVERY_S, QUICK_FAULT_EVERY_S = 40.0, 15.0
LOOK_EVERY_S = 5.0
EARLY, LATE = (0.25, 0.5), (0.75, 1.0)  # which parts of the time are compared
GROWTH = 1.1  # at most, from the early part to the late one
SETTLES_WITHIN_S = 300.0


def run(minutes: float, fault_every_s: float, seed: int, picture: Path) -> list[Figure]:
    """Soak; return the figures."""
    with tempfile.TemporaryDirectory(prefix="bigip-lbaas-bench-") as directory:
        lab = Lab(LabSettings(Path(directory), data_plane=False))
        lab.start()
        try:
            first = [f"agent-1-{group}" for group in lab.settings.devices]
            watched = [API, DRIVER_AGENT, lab.settings.controller_names()[0], *first]
            watch = Watch(lab, watched, LOOK_EVERY_S)
            churn = Churn(lab.endpoint, RATE, random.Random(seed))
            faults = Faults(lab, fault_every_s, random.Random(seed + 1))
            for part in (watch, churn, faults):
                part.start()
            time.sleep(minutes * 60)
            for part in (faults, churn, watch):
                part.stop()
            settled_s, left = settle(lab)
        finally:
            lab.stop()
    draw(watch, picture)
    for what, times in sorted({**churn.done, **faults.done}.items()):
        print(f"{times:6} {what}")
    for said in [*churn.complaints[:10], *left[:10]]:
        print(f"       {said}")
    return figures(watch, churn, faults, settled_s, left)


def settle(lab: Lab) -> tuple[float, list[str]]:
    """Wait until API, database and devices agree; return how long that took, and what does not."""
    judge = judge_of(lab)
    begun = time.monotonic()
    while left := judge.disagreements():
        if time.monotonic() - begun > SETTLES_WITHIN_S:
            break
        time.sleep(1.0)
    return time.monotonic() - begun, left


def figures(
    watch: Watch, churn: Churn, faults: Faults, settled_s: float, left: list[str]
) -> list[Figure]:
    """Return the figures."""
    found = [
        Figure("minutes", watch.pending_s[-1][0], "min"),
        Figure("changes accepted", float(sum(churn.done.values())), "changes"),
        Figure("faults", float(sum(faults.done.values())), "faults"),
    ]
    for what, unit, lines in (
        ("resident memory", "MB", watch.memory_mb),
        ("open sockets", "sockets", watch.sockets),
        ("open files", "files", watch.files),
        ("threads", "threads", watch.threads),
    ):
        for name, line in lines.items():
            found.append(Figure(f"{name}: {what} in the end", _late(line), unit))
            found.append(Figure(f"{name}: {what}, growth", _late(line) / _early(line), "x", GROWTH))
    for what, line in (("PENDING", watch.pending_s), ("untold", watch.untold_s)):
        early, late = (percentile(of_part(line, *part), 0.95) for part in (EARLY, LATE))
        found.append(Figure(f"age of the oldest that is {what}, p95, early", early, "s"))
        found.append(Figure(f"age of the oldest that is {what}, p95, late", late, "s"))
        most = max(value for _, value in line)
        found.append(Figure(f"age of the oldest that is {what}, at most", most, "s"))
    for table, line in watch.rows.items():
        if _late(line) > max(500.0, 1.5 * _early(line)):
            found.append(Figure(f"rows of {table}, growth", _late(line) / _early(line), "x"))
    return [
        *found,
        Figure("answers that no user should get", float(len(churn.complaints)), "answers", 0.0),
        Figure("until everything agreed", settled_s, "s"),
        Figure("disagreements left", float(len(left)), "objects", 0.0),
    ]


def _early(line: Series) -> float:
    return statistics.median(of_part(line, *EARLY))


def _late(line: Series) -> float:
    return statistics.median(of_part(line, *LATE))


def main() -> int:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_MINUTES:g} minutes only")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="default %(default)g")
    parser.add_argument("--seed", type=int, default=1, help="of the dice; default %(default)s")
    parser.add_argument(
        "--picture", type=Path, default=Path("build/bench/soak.svg"), help="default %(default)s"
    )
    asked = parser.parse_args()
    minutes = QUICK_MINUTES if asked.quick else asked.minutes
    every_s = QUICK_FAULT_EVERY_S if asked.quick else FAULT_EVERY_S
    return publish("soak", run(minutes, every_s, asked.seed, asked.picture))


if __name__ == "__main__":
    sys.exit(main())
