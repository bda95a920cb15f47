"""What a benchmark says: figures with their targets, as a table and as JSON."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

WORDS = {True: "yes", False: "NO", None: "-"}


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure; target is the most it may be, None where there is no target.

    at_least: the target is the least it may be.
    """

    figure: str
    value: float
    unit: str
    target: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        """Return whether the target is met; None without a target."""
        if self.target is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that `share` (0..1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def publish(name: str, figures: Sequence[Figure]) -> int:
    """Print a table, write build/bench/NAME.json; return 0 when every target is met, else 1."""
    table = Table(title=f"benchmark {name}", title_justify="left")
    table.add_column("figure")
    for column in ("value", "unit", "target", "met"):
        table.add_column(column, justify="right")
    for one in figures:
        bound = "at least" if one.at_least else "at most"
        target = "-" if one.target is None else f"{bound} {one.target:g}"
        table.add_row(one.figure, f"{one.value:.4g}", one.unit, target, WORDS[one.met])
    Console(highlight=False).print(table)
    path = Path("build/bench") / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "figure": one.figure,
            "value": one.value,
            "unit": one.unit,
            "target": one.target,
            "met": one.met,
        }
        for one in figures
    ]
    path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 1 if any(one.met is False for one in figures) else 0
