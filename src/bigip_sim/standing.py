"""Which unit of a pair is active, as one value."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """Who is active for traffic-group-1, as this unit sees it."""

    active: bool = True
    peer: str = ""  # the other unit's name; "" for a device that stands alone
    peer_active: bool | None = None  # None: it does not answer, or has no power
