"""Brings one device level with one task, remembering what is known of each partition."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from bigip_lbaas.agent.group import Member
from bigip_lbaas.agent.inbox import Task, ends
from bigip_lbaas.agent.partition import Saw, StampedPartition
from bigip_lbaas.agent.together import take_over_together
from bigip_lbaas.domain.errors import (
    DeviceRefused,
    FencedOff,
    ProviderError,
    RequestRejected,
    StampRefused,
)
from bigip_lbaas.domain.home import Home
from bigip_lbaas.domain.ids import ProjectId
from bigip_lbaas.ltm.names import Naming
from bigip_lbaas.reconcile.render import RenderSettings
from bigip_lbaas.reconcile.scope import Target

Results = Mapping[str, bool | ProviderError]  # key of a task -> see converge.Do

MANY = 4  # homes; from so many on, reading all of a device's stamps at once costs less


@dataclass
class _Known:
    """One partition, and for which life. is_stale: its device was away, so it is read again."""

    partition: StampedPartition
    epoch: str
    is_stale: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Work in the partition, one thread at a time."""
        with self.lock:
            was_stale, self.is_stale = self.is_stale, False
            if was_stale:
                self.partition.forget()  # its count stays
            yield


@dataclass
class Leveller:
    """What an agent knows of the partitions of its homes, device by device.

    A StampedPartition lives as long as its fence: a new fence begins with knowing nothing.
    may_write raises LeaseExpired when work of that epoch may not write to that home (any more).
    saw is told the fence of each stamp that is read, and the home as it is known. lost: the home
    of each partition that is found without what we had committed there. rest waits a little after
    a commit met another agent's; it is told how many have before.
    """

    naming: Naming
    settings: RenderSettings
    may_write: Callable[[Home, str], None] = lambda _home, _epoch: None
    monotonic_s: Callable[[], float] = time.monotonic
    saw: Saw = lambda _fence, _home: None
    lost: Callable[[Home], None] = lambda _home: None
    rest: Callable[[int], None] = lambda _met: None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _known: dict[tuple[str, ProjectId], _Known] = field(default_factory=dict)

    def level(self, member: Member, tasks: Sequence[Task]) -> Results:
        """Do what tasks of one home ask on one device, together if there are several.

        One with which the home is to end comes alone; its result is whether the partition is gone.
        Raises: the children of DeviceError, LeaseExpired, RequestRejected.
        """
        known = self._partition(member, tasks[0])
        targets = [_target(task) for task in tasks]
        with known.in_use():
            if ends(tasks[0]):
                return {tasks[0].key: not known.partition.end(targets)}
            refused = known.partition.apply(targets)
        keys = {target.graph.id: task.key for target, task in zip(targets, tasks, strict=True)}
        return {keys[id_]: why for id_, why in refused.items()}

    def stamp(self, member: Member, tasks: Sequence[Task]) -> Results:
        """Put our stamps into the partitions of these homes.

        Few are looked at one by one; many share a reading of all stamps, and transactions.
        Raises: DeviceUnreachable, OutcomeUnknown, DeviceBusy, LeaseExpired.
        """
        refused: dict[str, ProviderError] = {}
        keys = {task.home.project_id: task.key for task in tasks}
        with ExitStack() as in_use:
            waiting: list[StampedPartition] = []
            # in one order, so that no two threads that stamp many wait for each other
            for task in sorted(tasks, key=lambda task: task.home.project_id):
                try:
                    known = self._partition(member, task)
                except RequestRejected as error:
                    refused[task.key] = error
                    continue
                in_use.enter_context(known.in_use())
                waiting += [] if known.partition.is_stamped else [known.partition]
            if len(waiting) >= MANY:
                together = take_over_together(waiting)
                return {**refused, **{keys[project]: why for project, why in together.items()}}
            for partition in waiting:
                try:
                    partition.take_over()
                except (FencedOff, StampRefused, DeviceRefused) as error:
                    refused[keys[partition.home.project_id]] = error
        return refused

    def forget(self) -> None:
        """Forget everything: a new life begins."""
        with self._lock:
            self._known.clear()

    def forget_device(self, name: str) -> None:
        """Let the next work in each partition of a device begin with reading: it was away."""
        with self._lock:
            for (device, _), known in self._known.items():
                known.is_stale = known.is_stale or device == name

    def forget_partition(self, device: str, project_id: ProjectId) -> None:
        """Let the next work in one partition begin with reading: it is not as it was left."""
        with self._lock:
            known = self._known.get((device, project_id))
            if known is not None:
                known.is_stale = True

    def has_written(self, member: Member, home: Home) -> bool:
        """Return whether a commit of ours is known to have been the last in a home's partition."""
        with self._lock:
            known = self._known.get((member.device.name, home.project_id))
        return known is not None and known.partition.home == home and known.partition.has_written

    def drop(self, homes: Iterable[Home]) -> tuple[Home, ...]:
        """Forget homes that were let go of; return those in which nobody is at work.

        Whoever begins only now finds out from may_write before the first request; where somebody
        is at work already, a request may be under way, and the home is not forgotten yet.
        """
        given_up = {home.project_id: home for home in homes}
        with self._lock:
            theirs = [
                (key, known)
                for key, known in self._known.items()
                if key[1] in given_up
                and known.partition.home.fence.number <= given_up[key[1]].fence.number
            ]
            at_work = {project_id for (_, project_id), known in theirs if known.lock.locked()}
            for key, _ in theirs:
                if key[1] not in at_work:
                    del self._known[key]
        return tuple(home for id_, home in given_up.items() if id_ not in at_work)

    def __len__(self) -> int:
        """Return how many partitions are known."""
        return len(self._known)

    def _partition(self, member: Member, task: Task) -> _Known:
        key = (member.device.name, task.home.project_id)
        with self._lock:
            known = self._known.get(key)
            if known is None or known.partition.home != task.home or known.epoch != task.epoch:
                known = _Known(self._new(member, task), task.epoch)
                self._known[key] = known
            return known

    def _new(self, member: Member, task: Task) -> StampedPartition:
        partition = StampedPartition(
            member.device,
            task.home,
            self.naming,
            self.settings,
            lambda: self.may_write(task.home, task.epoch),
        )
        partition.monotonic_s, partition.saw = self.monotonic_s, self.saw
        partition.lost = lambda: self.lost(task.home)
        partition.rest = self.rest
        return partition


def _target(task: Task) -> Target:
    assignment = task.assignment
    if assignment is None:
        raise LookupError(f"{task.key} has no assignment: stamp() is for that")
    return Target(assignment.graph, assignment.wanted, assignment.leaving)
