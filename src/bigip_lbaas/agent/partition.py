"""Writes one home's partition on one device, and never after a newer owner has stamped it.

Each partition holds a stamp. Every transaction takes the stamp that we know out and puts a new
one in, so the device itself refuses a writer whose knowledge is old. Rules of this file:

1. What we know of a partition is a stamp, and the content that was read between two readings of
   that same stamp, in less time than a device needs to restart: it may come back with a stamp that
   it had before. Any error empties it.
2. Content that was only read is not reported as settled before a transaction of ours has taken
   that very stamp out: until then an earlier commit of ours may still be on its way.
3. A count is never sent twice under a fence. So one StampedPartition lives as long as its fence,
   and a new fence gets a new one, which knows nothing.
4. Only a stamp of a lower fence, or of our own, is replaced.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TypeVar

from bigip_lbaas.domain.errors import (
    CommitMet,
    DeviceRefused,
    FencedOff,
    ProviderError,
    RequestRejected,
    StampRefused,
)
from bigip_lbaas.domain.home import Fence, Home, Stamp
from bigip_lbaas.domain.ids import LoadBalancerId
from bigip_lbaas.icontrol.port import Device, PartitionStamps
from bigip_lbaas.ltm.effect import after
from bigip_lbaas.ltm.kinds import DATA_GROUP
from bigip_lbaas.ltm.names import GUARD, Naming
from bigip_lbaas.ltm.state import Action, ObjectPath, State, Step
from bigip_lbaas.reconcile.plan import plan
from bigip_lbaas.reconcile.render import RenderSettings
from bigip_lbaas.reconcile.scope import Target, desired

Saw = Callable[[Fence, Home], None]  # is told the fence of a stamp, and the partition's home
ATTEMPTS = 3  # readings that a moving stamp may spoil, and commits that it may refuse
REMEMBERED = 200  # load balancers that we removed from a partition, in case its device goes back
LONGEST_READING_S = 60.0  # a restart takes minutes (unverified: no figure of the maker's is known)
COMMITS = 5  # that may meet another agent's; the rests between them are two seconds at most


class StampedPartition:
    """One partition on one device under one fence. For one thread at a time."""

    def __init__(
        self,
        device: Device,
        home: Home,
        naming: Naming,
        settings: RenderSettings,
        may_write: Callable[[], None] = lambda: None,
    ) -> None:
        """Know nothing yet. may_write raises LeaseExpired when the home is not ours any more.

        Raises: RequestRejected when no partition can have the home's name.
        """
        self.device = device
        self.may_write = may_write
        self.monotonic_s: Callable[[], float] = time.monotonic
        self.home = home
        self.saw: Saw = lambda _fence, _home: None  # each time a stamp is read
        self.lost: Callable[[], None] = lambda: None  # when it has gone back behind our commits
        self.rest: Callable[[int], None] = lambda _met: None  # after a commit met another's
        self._naming = naming
        self._settings = settings
        self._count = 0  # the highest sent under this fence
        self._stamps: tuple[Stamp, ...] = ()
        self._content: State | None = None
        self._is_proven = False  # the content's stamp was put in by a commit of ours
        self._written = 0  # the count of our last commit that was answered; survives forgetting
        self._removed: dict[LoadBalancerId, Target] = {}  # by us; a device that goes back has them
        try:
            self.partition = naming.name(home.project_id)
        except ValueError as error:
            raise RequestRejected(
                "The project's id cannot be used on the load balancing devices.", str(error)
            ) from error

    @property
    def is_known(self) -> bool:
        """Return whether the content is known, so that the next work needs no reading."""
        return self._content is not None

    @property
    def is_stamped(self) -> bool:
        """Return whether the partition is known to bear a stamp of our own fence, and no other."""
        return bool(self._stamps) and all(each.fence == self.home.fence for each in self._stamps)

    @property
    def has_written(self) -> bool:
        """Return whether a commit of ours was answered, and has not been found gone since."""
        return self._written > 0

    def forget(self) -> None:
        """Empty all knowledge: the next work begins with reading (after errors, for audits)."""
        self._stamps, self._content, self._is_proven = (), None, False

    def take_over(self) -> None:
        """Put our stamp in place of a predecessor's, before anything else is written.

        A partition that is not there needs none. Raises: as apply does.
        """
        self.forget()
        _while_stamp_moves(self._take_over)

    def apply(self, targets: Sequence[Target]) -> Mapping[LoadBalancerId, ProviderError]:
        """Bring load balancers of this home to what they must be; return those refused, and why.

        They share a transaction; when it is refused each is applied alone, so that a bad one
        stops only itself. Settled and proven content costs no request.
        Raises: DeviceUnreachable, OutcomeUnknown, DeviceBusy, LeaseExpired: nothing can be said
        yet of any of them, try again. FencedOff: the home is someone else's. StampRefused: others
        keep writing here although we hold the home.
        """
        if not targets:
            return {}
        try:
            _while_stamp_moves(lambda: self._write(targets))
        except (DeviceRefused, RequestRejected) as error:
            if len(targets) == 1:
                return {targets[0].graph.id: error}
        else:
            return {}
        return {id_: why for target in targets for id_, why in self.apply([target]).items()}

    def end(self, targets: Sequence[Target]) -> tuple[str, ...]:
        """Remove the home's last load balancers, guard, stamp and partition.

        Return what is left and keeps the partition: objects that belong to none of `targets`, or
        the words in which the device refuses to let go of it. Empty: the partition is gone.
        Raises: as apply does, and DeviceRefused.
        """
        leaving = [Target(target.graph, False, target.leaving) for target in targets]
        return _while_stamp_moves(lambda: self._end(leaving))

    def offer(self, found: PartitionStamps) -> tuple[Step, ...]:
        """Return the swap that takes over from `found`, for a transaction shared with others."""
        self.forget()
        self._judge(found)
        self._compare(found)
        self._stamps = _parse(found)
        return self._swap(self._next())

    def accept(self) -> None:
        """Take note that the offered swap was committed."""
        self._written = self._count
        self._stamps = (Stamp(self.home.fence, self._count),)

    def _take_over(self) -> None:
        found = self._look()
        if found is not None:
            self._stamp(found)

    def _write(self, targets: Sequence[Target]) -> None:
        content = self._know(create=any(target.wanted for target in targets))
        if content is None:
            return
        named = {target.graph.id for target in targets}
        again = [target for id_, target in self._removed.items() if id_ not in named]
        wanted = desired((*again, *targets), content, self._naming, self._settings)
        for steps in plan(wanted, content).transactions:
            self._commit(steps)
        if not self._is_proven:
            self._commit(())
        self._remember(targets)

    def _remember(self, targets: Sequence[Target]) -> None:
        for target in targets:
            self._removed.pop(target.graph.id, None)
            if not target.wanted:
                self._removed[target.graph.id] = target
        while len(self._removed) > REMEMBERED:
            del self._removed[next(iter(self._removed))]

    def _end(self, leaving: Sequence[Target]) -> tuple[str, ...]:
        content = self._know(create=False)
        if content is None:
            return ()
        wanted = desired(leaving, content, self._naming, self._settings)
        transactions = plan(wanted, content).transactions
        rest = content
        for steps in transactions:
            rest = after(rest, steps)
        if rest:
            self._write(leaving)
            return tuple(sorted(f"{path.collection} {path.full}" for path in rest))
        *earlier, last = transactions or ((),)
        for steps in earlier:
            self._commit(steps)
        away = (*self._out(), Step(Action.DELETE, self._path(GUARD)))
        self._send(lambda: (*away, *last))
        self._written = 0
        self.forget()
        self.may_write()
        try:
            self.device.delete_partition(self.partition)
        except DeviceRefused as refused:
            return (refused.said,)  # stamped again by someone, or holding what we do not read
        return ()

    def _know(self, create: bool) -> State | None:
        """Return the content, read if need be; None: there is no partition, and `create` is not.

        A partition that we have made and then stamped first is known to be empty: whoever writes
        in it brings the guard first, and the guard can be brought only once.
        """
        if self._content is not None:
            return self._content
        for _ in range(ATTEMPTS):
            begun_s = self.monotonic_s()
            found = self._look()
            is_fresh = False
            if found is None:
                if not create and self.partition not in self.device.partitions():
                    return None
                self.may_write()
                is_fresh = self.device.create_partition(self.partition)
                found = PartitionStamps()
            if not found.names:
                self._stamp(found)
            else:
                self._stamps = _parse(found)
            if is_fresh:
                self._content, self._is_proven = {}, True
                return self._content
            content = self.device.read(self.partition)
            again = self._look()
            is_short = self.monotonic_s() - begun_s < LONGEST_READING_S
            if again is not None and _parse(again) == self._stamps and is_short:
                self._content, self._is_proven = content, False
                return content
            self.forget()
        raise StampRefused(
            self.device.name,
            f"the stamp of {self.partition} changed during each of {ATTEMPTS} readings, or"
            f" they took longer than {LONGEST_READING_S:g} s",
        )

    def _look(self) -> PartitionStamps | None:
        """Read the stamp, and refuse to go on where a newer owner, or a stranger, has been."""
        found = self.device.stamps(self.partition)
        if found is not None:
            self._judge(found)
        self._compare(found)
        return found

    def _compare(self, found: PartitionStamps | None) -> None:
        """Notice that the device has an older configuration than the one that we had written."""
        ours = [stamp for stamp in _parse(found) if stamp.fence == self.home.fence] if found else []
        if self._written > max((stamp.count for stamp in ours), default=0):
            self._written = 0
            self.lost()

    def _judge(self, found: PartitionStamps) -> None:
        own = self.home.fence
        if len(_parse(found)) < len(found.names):
            raise DeviceRefused(
                self.device.name,
                f"partition {self.partition} has stamps that this version cannot read "
                f"({', '.join(found.names)}); is a newer version at work there?",
            )
        if found.guard and not found.names:
            raise DeviceRefused(
                self.device.name,
                f"partition {self.partition} has its guard but no stamp; when no agent writes "
                f"there, delete the data group {GUARD} and try again",
            )
        for stamp in _parse(found):
            self.saw(stamp.fence, self.home)
            if stamp.fence == own:
                self._count = max(self._count, stamp.count)
            elif stamp.fence.number >= own.number:
                self.forget()
                raise FencedOff(
                    self.device.name,
                    f"partition {self.partition} is stamped {stamp.name}, which is not below our "
                    f"fence {own.number}.{own.nonce}",
                )

    def _stamp(self, found: PartitionStamps) -> None:
        """Put our stamp in place of those found; the first one comes with the guard."""
        self._stamps = _parse(found)
        first = () if found.names else (Step(Action.CREATE, self._path(GUARD), _DATA_GROUP),)
        self._commit(first)

    def _commit(self, steps: Sequence[Step]) -> None:
        """Carry out `steps` in one transaction with a swap of the stamp; then know the result."""
        self._send(lambda: (*self._swap(self._next()), *steps))
        self.accept()
        if self._content is not None:
            self._content, self._is_proven = after(self._content, steps), True

    def _send(self, drawn: Callable[[], Sequence[Step]]) -> None:
        """Commit what is drawn, and draw anew, with a new count, when it met another's commit.

        The device says that it has not begun. Were that not so, what is sent next would name a
        stamp that is not there any more, and be refused: so nothing needs to be forgotten.
        """
        for met in range(COMMITS - 1):
            try:
                return self._send_once(drawn())
            except CommitMet:
                self.rest(met)
        try:
            return self._send_once(drawn())
        except CommitMet:
            self.forget()
            raise

    def _send_once(self, writes: Sequence[Step]) -> None:
        known = self._stamps
        stamps = tuple(step.path.full for step in writes if step.path.collection == DATA_GROUP)
        self.may_write()
        try:
            self.device.commit(writes, stamps)
        except DeviceRefused as refused:
            # The device's words about a missing stamp are unverified; its stamp itself is not.
            self.forget()
            found = self._look()
            if found is None or _parse(found) != known:
                raise StampRefused(
                    self.device.name, f"the stamp of {self.partition} is another ({refused.said})"
                ) from refused
            raise
        except CommitMet:
            raise
        except ProviderError:
            self.forget()
            raise

    def _next(self) -> Stamp:
        self._count += 1
        return Stamp(self.home.fence, self._count)

    def _out(self) -> tuple[Step, ...]:
        return tuple(Step(Action.DELETE, self._path(stamp.name)) for stamp in self._stamps)

    def _swap(self, stamp: Stamp) -> tuple[Step, ...]:
        return (*self._out(), Step(Action.CREATE, self._path(stamp.name), _DATA_GROUP))

    def _path(self, name: str) -> ObjectPath:
        return ObjectPath(DATA_GROUP, self.partition, name)


_DATA_GROUP = {"type": "string"}
_T = TypeVar("_T")


def _while_stamp_moves(work: Callable[[], _T]) -> _T:
    """Return what `work` does; when the stamp was another it has forgotten, and does it anew."""
    for _ in range(ATTEMPTS - 1):
        with suppress(StampRefused):
            return work()
    return work()


def _parse(found: PartitionStamps) -> tuple[Stamp, ...]:
    return tuple(stamp for name in found.names if (stamp := Stamp.parse(name)))
