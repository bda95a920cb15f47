"""Writes the balance benchmark's table and picture into the documentation."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import leather

DIRECTORY = Path(__file__).parent.parent / "docs" / "explanation"
PAGE, PICTURE = DIRECTORY / "balance.md", DIRECTORY / "balance.svg"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


class Row(Protocol):
    """One policy in one scenario."""

    scenario: str
    who: str
    over: float
    highest: float
    to_mean: float
    affinity: float


def write(rows: Sequence[Any], seeds: int) -> None:
    """Put the table between its marks on the page, and draw the picture."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table(rows, seeds)}\n{END}{after}", encoding="utf-8")
    draw(rows, PICTURE)


def table(rows: Sequence[Row], seeds: int) -> str:
    """Return a row for each policy, a column for each scenario."""
    scenarios = list(dict.fromkeys(row.scenario for row in rows))
    lines = [
        f"Mean of {seeds} seeds; over capacity %, highest, highest/mean, affinity %:\n",
        f"| | {' | '.join(scenarios)} |",
        f"|---|{'---|' * len(scenarios)}",
    ]
    for who in dict.fromkeys(row.who for row in rows):
        cells = [
            f"{row.over:.2f}; {row.highest:.2f}; {row.to_mean:.2f}; {row.affinity:.1f}"
            for row in rows
            if row.who == who
        ]
        lines.append(f"| {who} | {' | '.join(cells)} |")
    return "\n".join(lines)


def draw(rows: Sequence[Row], path: Path) -> None:
    """Draw, for each scenario, which share of the placements went over capacity."""
    grid = leather.Grid()
    for scenario in dict.fromkeys(row.scenario for row in rows):
        chart = leather.Chart(f"{scenario}: placements over capacity, %")
        chart.add_x_scale(0, 100)
        bars = [
            (row.over, f"{row.who}: {row.over:.2f}") for row in rows if row.scenario == scenario
        ]
        chart.add_bars(bars)
        grid.add_one(chart)
    grid.to_svg(str(path))
