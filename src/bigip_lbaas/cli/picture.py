"""Draws how full device groups get: bars for a terminal, and a picture."""

from collections.abc import Sequence
from pathlib import Path

import leather

from bigip_lbaas.domain.errors import RequestRejected
from bigip_lbaas.scheduling.whatif.tally import Fill
from bigip_lbaas.scheduling.words import share

WIDTH = 20  # characters that stand for a share of 1.0


def bars(fills: Sequence[Fill]) -> str:
    """Return one line for each group; what is past 1.0 sticks out."""
    wide = max((len(str(fill.group)) for fill in fills), default=1)
    return "\n".join(
        f"{fill.group:>{wide}} {_bar(fill.share)} {share(fill.share)} {fill.binding_metric}"
        for fill in fills
    )


def draw(fills: Sequence[Fill], title: str, path: Path) -> None:
    """Write a picture of the groups as SVG. Raises RequestRejected."""
    if path.suffix != ".svg":
        raise RequestRejected(f"--picture {path}: only .svg can be drawn")
    chart = leather.Chart(title)
    top = max((fill.share for fill in fills), default=0.0)
    chart.add_x_scale(0, max(1.0, round(top + 0.05, 1)))
    names = [f"group {fill.group}, {fill.binding_metric}: {share(fill.share)}" for fill in fills]
    chart.add_bars([(fill.share, name) for fill, name in zip(fills, names, strict=True)])
    try:
        chart.to_svg(str(path), width=900, height=120 + 40 * len(fills))
    except OSError as error:
        raise RequestRejected(f"--picture {path} cannot be written: {error.strerror}") from error


def _bar(of_limit: float) -> str:
    full = round(min(of_limit, 2.0) * WIDTH)
    return "█" * min(full, WIDTH) + "░" * (WIDTH - full) + "▓" * (full - WIDTH)
