"""The policy `lowest-price`: each metric of a group has a price that rises steeply as it fills.

The price of a metric is exp(STEEPNESS * share); a group costs what this request would add to the
sum of that over its metrics. A group that is short of just what the request needs much of is dear;
one that has plenty of it is cheap, whatever else it is short of. So the metrics fill together,
and none of them closes it while the others are half used. The idea is that of online routing by
exponential prices: Aspnes, Azar, Fiat, Plotkin and Waarts, Journal of the ACM 44 (1997).
"""

import math
from collections.abc import Sequence

from bigip_lbaas.domain.fleet import Fleet
from bigip_lbaas.domain.placement import Need
from bigip_lbaas.scheduling.ranking import OpenGroup

STEEPNESS = 10.0  # from idle to full a metric's price rises 22,000 times
HIGHEST = 3.0  # shares beyond this cost the same, so that no price is past what a number can hold


class LowestPrice:
    """Prefers the group where what the request adds is worth least."""

    def rank(self, need: Need, candidates: Sequence[OpenGroup], fleet: Fleet) -> Sequence[float]:
        """See PlacementPolicy."""
        del need, fleet
        return [
            sum(_price(line.projected) - _price(line.share) for line in one.book.lines)
            for one in candidates
        ]


def _price(share: float) -> float:
    return math.exp(STEEPNESS * min(share, HIGHEST))
