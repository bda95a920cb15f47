"""What a controller tells whoever measures it; nobody does unless it is asked for."""

from typing import Protocol

from bigip_lbaas.domain.placement import Placement, Unplaced
from bigip_lbaas.wire.messages import Outcome


class ControllerMeasures(Protocol):
    """Measures one controller."""

    def decided(self, answer: Placement | Unplaced) -> None:
        """It was decided where a load balancer goes, and the decision is stored."""

    def ended(self, outcome: Outcome) -> None:
        """An agent told how its work on a load balancer ended, and that is stored."""

    def watched(self, next_in_s: float) -> None:
        """It has read all agents and seen to the silent ones, and will again in so many seconds."""


class Unmeasured:
    """Measures nothing."""

    def decided(self, answer: Placement | Unplaced) -> None:
        """See ControllerMeasures."""

    def ended(self, outcome: Outcome) -> None:
        """See ControllerMeasures."""

    def watched(self, next_in_s: float) -> None:
        """See ControllerMeasures."""
