"""Keeps in memory what a controller has read of its groups, for as long as nothing changed there.

Whoever changes what a group is to everybody gives its books a new version (store/versions.py); a
transaction that places reads the versions first, and anew only the groups whose version it does
not know. The environment's row is locked then, so no other places meanwhile.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bigip_lbaas.controller.books import GOOD_FOR_S, ReadGroup, read_groups, shortened
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.domain.fleet import Booking, GroupState, Standing
from bigip_lbaas.domain.ids import GroupNumber
from bigip_lbaas.scheduling.choosing import Shortlist
from bigip_lbaas.store import records
from bigip_lbaas.store.port import Transaction
from bigip_lbaas.store.versions import books_changed


@dataclass(frozen=True, slots=True)
class Ground:
    """A stored snapshot of the fleet on which later decisions may rest, too."""

    id: str
    made_at: float
    groups: Mapping[GroupNumber, GroupState]


@dataclass(slots=True)
class OpenBooks:
    """The books during one transaction: what was read, and what it has placed since.

    versions: of what was read. shortlist: of the same groups. began: the groups before anything
    was placed. ground: what stored decisions may rest on, if anything. read_at: when all groups
    were read together, by the database's clock.
    """

    groups: dict[GroupNumber, ReadGroup]
    versions: dict[GroupNumber, int]
    shortlist: Shortlist
    ground: Ground | None
    read_at: float
    began: dict[GroupNumber, GroupState] = field(init=False)
    bookings: list[Booking] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Keep the groups as they are now."""
        self.began = dict(self.shortlist.groups)

    def book(
        self, number: GroupNumber, costs: Mapping[str, float], standing: Standing | None
    ) -> None:
        """Reserve what a placement is expected to cost.

        standing: the group's to the request that was placed; what was held for it is let go.
        """
        read = self.groups[number]
        sums = dict(read.reserved)
        held = read.state.held
        if standing is not None and standing.reserved is not None:
            sums, held = dict(standing.reserved), standing.held or 0
        for metric, cost in costs.items():
            sums[metric] = sums.get(metric, 0.0) + cost
        booking = Booking(number, shortened(sums), read.state.load_balancers + 1, held)
        state = booking.entered(read.state)
        self.groups[number] = replace(read, state=state, reserved=sums)
        self.shortlist.replace(state)
        self.bookings.append(booking)

    def note_version(self, tx: Transaction, settings: ControllerSettings) -> None:
        """Give the groups in which something was placed a new version."""
        placed_in = {booking.group for booking in self.bookings}
        books_changed(tx, settings.environment, placed_in)
        for number in placed_in & self.versions.keys():
            self.versions[number] += 1  # unless somebody else comes between: then it is read anew


class Ledger:
    """What one controller remembers between its transactions; its threads share it."""

    def __init__(self) -> None:
        """Begin with nothing: the first transaction reads all."""
        self._lock = threading.Lock()
        self._kept = _books({}, {}, None, float("-inf"))

    def open(self, tx: Transaction, settings: ControllerSettings) -> OpenBooks:
        """Return the books as they are now, under the environment's lock.

        A version is read before what it stands for: what changes in between is read anew later.
        """
        versions = tx.highest(
            records.GroupBooks, "version", "group", environment=settings.environment
        )
        now = tx.now()
        with self._lock:
            kept = self._kept
        if now - kept.read_at > GOOD_FOR_S:  # a group may be there that has no version yet
            return _books(read_groups(tx, settings), versions, kept.ground, now)
        stale = {
            number
            for number, read in kept.groups.items()
            if versions.get(number) != kept.versions.get(number) or now >= read.good_until
        }
        stale |= versions.keys() - kept.groups.keys()
        if not stale:
            shortlist = kept.shortlist.copy()
            return OpenBooks(dict(kept.groups), versions, shortlist, kept.ground, kept.read_at)
        groups = dict(kept.groups) | read_groups(tx, settings, stale)
        return _books(groups, versions, kept.ground, kept.read_at)

    def keep(self, books: OpenBooks) -> None:
        """Remember the books of a transaction that has been committed."""
        with self._lock:
            self._kept = books


def _books(
    groups: Mapping[GroupNumber, ReadGroup],
    versions: dict[GroupNumber, int],
    ground: Ground | None,
    read_at: float,
) -> OpenBooks:
    """Return books of these groups, put in order."""
    in_order = dict(sorted(groups.items()))
    shortlist = Shortlist(each.state for each in in_order.values())
    return OpenBooks(in_order, versions, shortlist, ground, read_at)
