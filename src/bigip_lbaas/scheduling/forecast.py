"""Says when a device group will be full, by a slope that a few odd hours do not bend. Pure.

The slope is Theil and Sen's: the median of the slopes between all pairs of points. Whether there is
any growth at all is Mann and Kendall's test: of all pairs, how many more rise than fall.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

FEWEST = 8  # points; fewer say nothing
MOST = 200  # points that are compared with each other; of more, every so many
SURE = 1.96  # standard deviations: by chance once in forty times


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a history says of one metric. Times in seconds, the slope in its unit per second.

    now: where the line is at the last point. full_in_s: from there; None: it is not growing, or
    there is too little history (enough is False then).
    """

    enough: bool
    growing: bool = False
    slope: float = 0.0
    now: float = 0.0
    full_in_s: float | None = None


def forecast(points: Sequence[tuple[float, float]], limit: float) -> Forecast:
    """Return when (seconds, value) points, sorted by time, will reach the limit."""
    points = points[:: max(1, math.ceil(len(points) / MOST))]
    if len(points) < FEWEST:
        return Forecast(enough=False)
    pairs = [
        (later[0] - earlier[0], later[1] - earlier[1])
        for index, earlier in enumerate(points)
        for later in points[index + 1 :]
    ]
    slope = median(rise / run for run, rise in pairs if run > 0)
    now = median(value - slope * (at - points[-1][0]) for at, value in points)
    if slope <= 0 or not _rises(pairs, len(points)):
        return Forecast(enough=True, slope=slope, now=now, full_in_s=0.0 if now >= limit else None)
    return Forecast(True, True, slope, now, max((limit - now) / slope, 0.0))


def _rises(pairs: Sequence[tuple[float, float]], count: int) -> bool:
    """Return whether so many more pairs rise than fall that it is hardly chance."""
    balance = sum((rise > 0) - (rise < 0) for _, rise in pairs)
    deviation = math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    return (balance - 1) / deviation > SURE
