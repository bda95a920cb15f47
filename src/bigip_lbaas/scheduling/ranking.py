"""In which order the device groups that may take a request are preferred: the policies.

The rules come first and are the same under every policy: which groups may take the request, in
which stage they are, and that the project's own go before others. A policy ranks what is left,
the groups of one stage. It is pure: no clock, no dice, no memory of earlier requests.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bigip_lbaas.domain.fleet import Fleet, GroupState
from bigip_lbaas.domain.placement import Need
from bigip_lbaas.scheduling.scores import Book


@dataclass(frozen=True, slots=True)
class OpenGroup:
    """A device group that may take the request, and its books with what the request would add."""

    group: GroupState
    book: Book


class PlacementPolicy(Protocol):
    """Ranks device groups; the entry points of bigip_lbaas.placement_policies make them."""

    def rank(self, need: Need, candidates: Sequence[OpenGroup], fleet: Fleet) -> Sequence[float]:
        """Return a number for each candidate, in their order; the lowest is preferred.

        Candidates are sorted by number and at least two. Equal ones are told apart by load
        balancers per weight, then by dice. fleet has every group, also those that may not take it.
        """


Policies = Mapping[str, PlacementPolicy]  # name -> policy


def ranks(
    name: str, policies: Policies, need: Need, candidates: Sequence[OpenGroup], fleet: Fleet
) -> dict[int, float]:
    """Return group number -> its rank under the policy of that name.

    Raises LookupError when there is no such policy here, ValueError when it answers with anything
    but one finite number for each candidate: an order made of those would depend on luck.
    """
    if name not in policies:
        known = ", ".join(sorted(policies))
        raise LookupError(f"there is no placement policy {name!r} here; known are {known}")
    if len(candidates) == 1:
        return {candidates[0].group.number: 0.0}
    said = policies[name].rank(need, candidates, fleet)
    if len(said) != len(candidates) or not all(math.isfinite(rank) for rank in said):
        raise ValueError(
            f"placement policy {name!r} ranked {len(candidates)} groups as {list(said)}:"
            " it must give each one finite number"
        )
    return {one.group.number: rank for one, rank in zip(candidates, said, strict=True)}
