"""An agent's present life: its epoch, its lease, and the homes that are its own."""

import threading
from collections.abc import Callable, Iterable

from bigip_lbaas.domain.errors import LeaseExpired
from bigip_lbaas.domain.home import Fence, Home, Lease, StampAbove
from bigip_lbaas.domain.ids import AgentId, ProjectId
from bigip_lbaas.wire.messages import Heartbeat

REMEMBERED = 10_000  # homes let go of in this life, the latest ones


class Life:
    """What an agent may do right now. Safe for threads."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        """Begin without an epoch: nothing may be written."""
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._epoch = ""
        self._lease = Lease(0.0, 0.0)
        self._answered = 0  # the highest beat of this life that was
        self._answered_at_s: float | None = None  # when the last one was sent, of all lives
        self._held_until_s = monotonic_s()  # a lease, of whatever life
        self._homes: dict[ProjectId, Home] = {}
        self._let_go: dict[ProjectId, int] = {}  # project -> fences up to this one are given up
        self._seen: Fence | None = None  # the highest of all lives
        self._above: StampAbove | None = None  # the latest that was seen

    @property
    def epoch(self) -> str:
        """Return the present epoch; empty before the first registration."""
        with self._lock:
            return self._epoch

    def begin(self, epoch: str, homes: Iterable[Home]) -> None:
        """Begin a new life with these homes; the lease begins with an answered heartbeat."""
        self.seen()  # what has been seen outlives all lives
        with self._lock:
            self._epoch = epoch
            self._lease = Lease(0.0, 0.0)
            self._answered = 0
            self._homes = {home.project_id: home for home in homes}
            self._let_go = {}

    def end(self) -> None:
        """Forget everything: the epoch has been ended."""
        self.begin("", ())

    def heartbeat(self, agent_id: AgentId, beat: int) -> Heartbeat:
        """Return what is told of this life now."""
        held_s, seen, highest = self.held_lease_s(), self.seen(), self.highest()
        with self._lock:
            above = self._above
            if above and self._homes.get(above.home.project_id) != above.home:
                above = self._above = None  # the home is another's by now, or has a new fence
            known = len(self._homes)
            return Heartbeat(
                agent_id, self._epoch, beat, known, highest, held_s, seen,
                answered=self._answered, above=above,
            )  # fmt: skip

    def renew(self, epoch: str, sent_at_s: float, length_s: float, beat: int = 0) -> None:
        """Renew the lease from when the heartbeat was sent; beat: which was answered."""
        with self._lock:
            if epoch == self._epoch:
                self._lease = Lease(sent_at_s, length_s)
                self._answered_at_s = sent_at_s
                self._held_until_s = max(self._held_until_s, sent_at_s + length_s)
                self._answered = max(self._answered, beat)

    def lease_left_s(self) -> float:
        """Return for how long writing is allowed."""
        now_s = self._monotonic_s()
        with self._lock:
            return self._lease.remaining_s(now_s) if self._epoch else 0.0

    def held_lease_s(self) -> float:
        """Return how long the present lease is in all; 0.0 when none holds."""
        return self._lease.length_s if self.lease_left_s() > 0.0 else 0.0

    def without_lease_s(self) -> float:
        """Return for how long no lease has been granted, or renewed; 0.0 while one may hold."""
        now_s = self._monotonic_s()
        with self._lock:
            return max(0.0, now_s - self._held_until_s)

    def answered_ago_s(self) -> float | None:
        """Return how long ago the last heartbeat was sent that was answered; None: none was."""
        now_s = self._monotonic_s()
        with self._lock:
            return None if self._answered_at_s is None else now_s - self._answered_at_s

    def may_write(self) -> None:
        """Return if writing is allowed now. Raises LeaseExpired otherwise."""
        if self.lease_left_s() <= 0.0:
            raise LeaseExpired(
                "no heartbeat has been answered within the lease, so nothing is written:"
                " check the message broker and the controllers"
            )

    def may_write_to(self, home: Home, epoch: str) -> None:
        """Return if work of that epoch may write to that home now. Raises LeaseExpired otherwise.

        The lease alone says nothing of who asks: work that an earlier life began must not go on
        under the lease of the present one.
        """
        with self._lock:
            is_ours = epoch == self._epoch and self._homes.get(home.project_id) == home
        if not is_ours:
            raise LeaseExpired(
                f"project {home.project_id} is no longer this agent's under fence "
                f"{home.fence.number}, so nothing more is written for it: who has it now goes on"
            )
        self.may_write()

    def adopt(self, home: Home, epoch: str) -> bool:
        """Take a home that a controller says is ours; return whether it is, at this fence.

        False for another epoch, for a fence lower than the one known, and for one let go.
        """
        with self._lock:
            if not epoch or epoch != self._epoch:
                return False
            if home.fence.number <= self._let_go.get(home.project_id, 0):
                return False
            known = self._homes.get(home.project_id)
            if known is not None and home.fence.number < known.fence.number:
                return False
            self._homes[home.project_id] = home
            return True

    def let_go(self, home: Home) -> None:
        """Take nothing more for this home at or under its fence."""
        with self._lock:
            earlier = self._let_go.get(home.project_id, 0)
            self._let_go.pop(home.project_id, None)  # so that the latest is last
            self._let_go[home.project_id] = max(earlier, home.fence.number)
            if len(self._let_go) > REMEMBERED:
                del self._let_go[next(iter(self._let_go))]
            if self._homes.get(home.project_id) == home:
                del self._homes[home.project_id]

    def has_let_go(self, home: Home) -> bool:
        """Return whether this home, at this fence, has been given up in this life."""
        with self._lock:
            return home.fence.number <= self._let_go.get(home.project_id, 0)

    def replace_homes(self, epoch: str, homes: Iterable[Home]) -> tuple[Home, ...]:
        """Make these the homes of this epoch; return those that are new or have a new fence."""
        with self._lock:
            if epoch != self._epoch:
                return ()
            wanted = {
                home.project_id: self._newer(home)
                for home in homes
                if home.fence.number > self._let_go.get(home.project_id, 0)
            }
            new = tuple(
                home for home in wanted.values() if self._homes.get(home.project_id) != home
            )
            self._homes = wanted
            return new

    def _newer(self, home: Home) -> Home:
        """Return the home, or what is known of it when that is newer: an answer may come late."""
        known = self._homes.get(home.project_id, home)
        return known if known.fence.number > home.fence.number else home

    def see(self, fence: Fence, home: Home | None = None) -> None:
        """Remember a fence that was seen on a device, or given to us: in this life or another.

        home: in whose partition, with the fence that it is known to have.
        """
        with self._lock:
            self._seen = fence if self._seen is None else max(self._seen, fence)
            if home and fence.number >= home.fence.number and fence != home.fence:
                self._above = StampAbove(home, fence)

    def seen(self) -> Fence | None:
        """Return the highest fence that was ever seen, the homes' own included."""
        own = self.highest()
        if own is not None:
            self.see(own)
        with self._lock:
            return self._seen

    def holds(self, home: Home) -> bool:
        """Return whether that home, at that fence, is ours now."""
        with self._lock:
            return self._homes.get(home.project_id) == home

    def home_of(self, project_id: ProjectId) -> Home | None:
        """Return the home of that project, if it is ours."""
        with self._lock:
            return self._homes.get(project_id)

    def homes(self) -> tuple[Home, ...]:
        """Return the homes of this life."""
        with self._lock:
            return tuple(self._homes.values())

    def highest(self) -> Fence | None:
        """Return the highest fence of this life's homes."""
        with self._lock:
            return max((home.fence for home in self._homes.values()), default=None)
