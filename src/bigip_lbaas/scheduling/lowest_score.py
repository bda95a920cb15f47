"""The policy `lowest-score`, the documented one: the group that is least full comes first."""

from collections.abc import Sequence

from bigip_lbaas.domain.fleet import Fleet
from bigip_lbaas.domain.placement import Need
from bigip_lbaas.scheduling.ranking import OpenGroup


class LowestScore:
    """Prefers the group that is least full now: the highest share of a limit that is taken."""

    def rank(self, need: Need, candidates: Sequence[OpenGroup], fleet: Fleet) -> Sequence[float]:
        """See PlacementPolicy."""
        del need, fleet
        return [one.book.score for one in candidates]
