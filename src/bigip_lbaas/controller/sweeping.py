"""Finds what no message brought along: waiting, unanswered, overdue, behind, deserted."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from bigip_lbaas.controller import registry
from bigip_lbaas.controller.admitting import forget_holds
from bigip_lbaas.controller.costs import forget_costs, level_costs
from bigip_lbaas.controller.decisions import forget_decisions, forget_snapshots
from bigip_lbaas.controller.reporting import forget_history
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.controller.silence import Waits
from bigip_lbaas.controller.sources import has_sources, tend_sources
from bigip_lbaas.controller.strangers import take_off
from bigip_lbaas.controller.strays import found_shared_homes
from bigip_lbaas.controller.telling import tell_failed, tell_refused
from bigip_lbaas.controller.unread import Unread, fail_unreadable, note_unreadable
from bigip_lbaas.domain.ids import LoadBalancerId
from bigip_lbaas.store import records
from bigip_lbaas.store.aside import Aside, select_readable
from bigip_lbaas.store.events import forget_events
from bigip_lbaas.store.locking import locked
from bigip_lbaas.store.port import OneOf, Store, Transaction
from bigip_lbaas.store.records import UNFINISHED, Phase

TRIES = 5  # of a piece of work that meets a defect each time; then it is set aside
AT_ONCE = 500  # rows; a hundred device groups write 1,300 an hour


@dataclass(frozen=True, slots=True)
class Hands:
    """What a sweep does with what it finds; each survives a failure of one.

    survive returns the defect that it met, None when there was none, or when trying again may help.
    """

    attend: Callable[[LoadBalancerId], None]
    statuses_wait: Callable[[], None]
    announce: Callable[[registry.Takeover], None]
    survive: Callable[[Callable[[], None]], Exception | None]


@dataclass
class Sweep:
    """One controller's sweep. All of them count how long things wait; one of them acts.

    So that a wait goes on counting when another controller takes the broom.
    """

    settings: ControllerSettings
    store: Store
    monotonic_s: Callable[[], float]
    random_hex: Callable[[], str]
    hands: Hands
    unread: Unread = field(default_factory=Unread)
    _placement_waits: Waits = field(default_factory=Waits)
    _pending_waits: Waits = field(default_factory=Waits)
    _sendings: Waits = field(default_factory=Waits)
    _defects: Counter[tuple[LoadBalancerId, int]] = field(default_factory=Counter)
    _broom_until_s: float = float("-inf")
    _tidied_at_s: float = float("-inf")

    def waited_s(self, load_balancer_id: LoadBalancerId, revision: int) -> float:
        """Return for how long this controller has seen it wait for a place."""
        return self._placement_waits.waited_s(load_balancer_id, revision, self.monotonic_s())

    def sent(self, load_balancer_id: LoadBalancerId, revision: int) -> None:
        """Note that its agent has just been told; the outcome is awaited from now on."""
        self._sendings.restart(load_balancer_id, revision, self.monotonic_s())

    def run(self) -> None:
        """Look at everything that is not settled; act if it is this controller's turn."""
        (pending, unreadable), behind = self.store.read(
            lambda tx: (self._pending(tx), self._behind(tx))
        )
        now_s = self.monotonic_s()
        self._count(pending, behind, now_s)
        unread_s = self.unread.count(unreadable, now_s)
        if not self._has_the_broom():
            return
        self.hands.survive(self._rescue)
        self.hands.survive(self._take_off)
        self.hands.survive(self._tend_sources)
        if now_s - self._tidied_at_s > self.settings.housekeeping_s:
            self._tidied_at_s = now_s
            self.hands.survive(self._keep_house)
        for one in unreadable:
            self.hands.survive(partial(self._leave_aside, one, unread_s[one.key]))
        for row in pending:
            if not self._has_the_broom():
                return  # it took so long that another controller goes on
            defect = self.hands.survive(partial(self._look_at, row))
            if defect is not None:
                self._try_again_or_set_aside(row, defect)
        for row in behind:
            if self._unanswered_s(row) > self.settings.behind_resend_s and self._has_the_broom():
                self.hands.survive(partial(self.hands.attend, row.id))

    def _leave_aside(self, one: Aside, unread_s: float) -> None:
        """Tell of one that cannot be read: a newer controller may read it, so not at once."""
        if self.unread.is_new(one):
            self.store.write(lambda tx: note_unreadable(tx, self.settings, one))
        if unread_s > self.settings.pending_deadline_s:
            self.store.write(lambda tx: fail_unreadable(tx, self.settings, one))
            self.hands.statuses_wait()

    def _pending(
        self, tx: Transaction
    ) -> tuple[tuple[records.LoadBalancer, ...], tuple[Aside, ...]]:
        return select_readable(
            tx,
            records.LoadBalancer,
            OneOf("phase", UNFINISHED),
            order_by="accepted_at",
            environment=self.settings.environment,
        )

    def _behind(self, tx: Transaction) -> tuple[records.LoadBalancer, ...]:
        rows, _unreadable = select_readable(
            tx, records.LoadBalancer, environment=self.settings.environment, behind=True
        )
        return tuple(row for row in rows if row.phase not in UNFINISHED)

    def _count(
        self,
        pending: tuple[records.LoadBalancer, ...],
        behind: tuple[records.LoadBalancer, ...],
        now_s: float,
    ) -> None:
        waiting = [(row.id, row.revision) for row in pending]
        self._placement_waits.keep_only(waiting)
        self._pending_waits.keep_only(waiting)
        self._defects = Counter({key: self._defects[key] for key in waiting if self._defects[key]})
        self._sendings.keep_only([*waiting, *((row.id, row.revision) for row in behind)])
        for row in pending:
            self._pending_waits.waited_s(row.id, row.revision, now_s)
            if row.phase is Phase.WAITING:
                self._placement_waits.waited_s(row.id, row.revision, now_s)

    def _look_at(self, row: records.LoadBalancer) -> None:
        pending_s = self._pending_waits.waited_s(row.id, row.revision, self.monotonic_s())
        if pending_s > self.settings.pending_deadline_s:
            self.store.write(lambda tx: self._overdue(tx, row))
            self.hands.statuses_wait()
        elif row.phase is Phase.WAITING or self._unanswered_s(row) > self.settings.resend_s:
            self.hands.attend(row.id)

    def _try_again_or_set_aside(self, row: records.LoadBalancer, defect: Exception) -> None:
        """Leave a revision alone that met a defect too often: it blocks nobody, and says why."""
        self._defects[row.id, row.revision] += 1
        if self._defects[row.id, row.revision] >= TRIES:
            said = f"{type(defect).__name__}: {defect}"
            why = f"set aside after {TRIES} tries, for a defect of the controllers ({said})"
            self.hands.survive(lambda: self.store.write(lambda tx: _fail(tx, row, why)))
            self.hands.statuses_wait()

    def _unanswered_s(self, row: records.LoadBalancer) -> float:
        return self._sendings.waited_s(row.id, row.revision, self.monotonic_s())

    def _overdue(self, tx: Transaction, row: records.LoadBalancer) -> None:
        """Tell ERROR in time; the work stays its agent's, and ACTIVE follows when it is done."""
        why = row.reason or _why_nothing_happened(tx, row)
        said = f"not carried out within {self.settings.pending_deadline_s:g} s: {why}"
        _fail(tx, row, said, behind=True)

    def _rescue(self) -> None:
        """Give away homes whose agent is gone, where somebody can take them by now."""
        for taken in self.store.write(
            lambda tx: registry.rescue_homes(tx, self.settings, self.random_hex)
        ):
            self.hands.announce(taken)

    def _take_off(self) -> None:
        """Have what neither database nor API knows taken off the devices."""
        for id_ in self.store.write(lambda tx: take_off(tx, self.settings)):
            self.hands.attend(id_)

    def _tend_sources(self) -> None:
        """Choose what is written where devices follow by their own sync."""
        if self.store.read(lambda tx: has_sources(tx, self.settings)):
            self.store.write(lambda tx: tend_sources(tx, self.settings, self.random_hex))

    def _keep_house(self) -> None:
        """Look at costs and shared homes anew; delete what was kept for long enough, by parts."""
        shared = self.store.write(lambda tx: found_shared_homes(tx, self.settings, self.random_hex))
        for agent_id in sorted({home.agent_id for home in shared}):
            theirs = tuple(home for home in shared if home.agent_id == agent_id)
            self.hands.announce(registry.Takeover(agent_id, theirs))
        self.store.write(lambda tx: level_costs(tx, self.settings))
        self.store.write(lambda tx: forget_history(tx, self.settings, AT_ONCE))
        self.store.write(lambda tx: forget_costs(tx, self.settings, AT_ONCE))
        self.store.write(lambda tx: forget_holds(tx, self.settings, AT_ONCE))
        self.store.write(lambda tx: forget_decisions(tx, self.settings, AT_ONCE))
        self.store.write(lambda tx: forget_snapshots(tx, self.settings, AT_ONCE))
        kept_s = self.settings.events_kept_s
        self.store.write(lambda tx: forget_events(tx, self.settings.environment, kept_s, AT_ONCE))

    def _has_the_broom(self) -> bool:
        """Return whether it is this controller's turn; it is kept as long as it goes on."""
        if self.monotonic_s() < self._broom_until_s:
            return True
        asked_s = self.monotonic_s()
        if not self.store.write(self._take_the_broom):
            return False
        self._broom_until_s = asked_s + self.settings.sweep_interval_s
        return True

    def _take_the_broom(self, tx: Transaction) -> bool:
        name = f"sweep:{self.settings.environment}"
        tenure = locked(tx, records.Tenure(name, self.settings.name, 0.0), name)
        now = tx.now()
        if tenure.holder != self.settings.name and tenure.until_at > now:
            return False
        until_at = now + 3 * self.settings.sweep_interval_s + 1
        tx.put(records.Tenure(name, self.settings.name, until_at))
        return True


def _fail(tx: Transaction, row: records.LoadBalancer, why: str, behind: bool = False) -> None:
    """Tell that this revision has failed, unless it has ended or there is a newer one."""
    lb = tx.get(records.LoadBalancer, row.id, lock=True)
    if lb is None or lb.revision != row.revision or lb.phase not in UNFINISHED:
        return
    if tx.get(records.PlacementRow, lb.id) is None:
        tell_refused(tx, lb, why)
    else:
        tell_failed(tx, lb, why, behind=behind)


def _why_nothing_happened(tx: Transaction, lb: records.LoadBalancer) -> str:
    placement = tx.get(records.PlacementRow, lb.id)
    if placement is None:
        return "no device group could be chosen"
    agents = tx.select(records.Agent, environment=lb.environment, group=placement.group)
    if not any(agent.alive for agent in agents):
        return f"no agent of device group {placement.group} is alive"
    return f"the agent of device group {placement.group} has not answered"
