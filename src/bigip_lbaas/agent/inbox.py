"""What an agent has still to do: newest revision per load balancer, projects in turn, oldest first.

A home's partition knows one stamp, so two tasks of one home never run at once.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from bigip_lbaas.domain.home import Home
from bigip_lbaas.domain.ids import ProjectId
from bigip_lbaas.wire.messages import Assignment

REMEMBERED = 100_000  # of so many things the newest task is known, so that no late one undoes it


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do in one home; without an assignment the home only needs its stamp.

    tries: how often it has been tried; said: the last error that was reported for it. came_at_s:
    when it, or what it replaced, began to wait.
    """

    home: Home
    epoch: str
    assignment: Assignment | None = None
    ready_at_s: float = 0.0
    tries: int = 0
    said: str = ""
    came_at_s: float = 0.0

    @property
    def key(self) -> str:
        """Return what a newer task of the same key replaces."""
        if self.assignment is None:
            return _key_of_home(self.home.project_id)
        return f"load balancer {self.assignment.load_balancer_id}"

    @property
    def request_id(self) -> str:
        """Return the id of the request that it is for; empty when nobody asked."""
        return self.assignment.request_id if self.assignment else ""


@dataclass(frozen=True, slots=True, order=True)
class Known:
    """The newest revision of a load balancer that came under a fence, and its mark."""

    fence: int
    revision: int
    mark: str = field(default="", compare=False)


class Inbox:
    """Stamps first, then the projects' work in turn. Not safe for threads: its owner holds a lock.

    The project that was served longest ago comes next, so one project's many changes delay
    another's by one apply; those of a project are done in the order of their arrival.
    """

    def __init__(self, monotonic_s: Callable[[], float] = lambda: 0.0) -> None:
        """Begin empty."""
        self._monotonic_s = monotonic_s
        self._stamps: OrderedDict[str, Task] = OrderedDict()  # key -> task
        self._turns: OrderedDict[ProjectId, OrderedDict[str, Task]] = OrderedDict()
        self._newest: OrderedDict[str, Known] = OrderedDict()  # key -> the newest
        self._busy: set[ProjectId] = set()
        self._untried: set[ProjectId] = set()  # homes that are being stamped for the first time

    def put(self, task: Task) -> bool:
        """Add a task unless a newer one for the same thing was; return whether it was added."""
        age = _known(task)
        if self._newest.get(task.key, age) > age:
            return False
        self._newest[task.key] = age
        self._newest.move_to_end(task.key)
        if len(self._newest) > REMEMBERED:
            self._newest.popitem(last=False)
        present = self._queue_of(task).get(task.key)
        if present is not None and _known(present) == age:
            task = replace(task, tries=present.tries, said=present.said)
        came_at_s = self._monotonic_s() if present is None else present.came_at_s
        self._add(replace(task, came_at_s=came_at_s))
        return True

    def newer_than(self, task: Task) -> Known | None:
        """Return what is known under the same fence that is newer than the task."""
        known, age = self._newest.get(task.key), _known(task)
        return known if known is not None and known > age and known.fence == age.fence else None

    def take(self, now_s: float) -> Task | None:
        """Return the next task that is ready and whose home is idle; its home becomes busy."""
        for queue in (self._stamps, *self._turns.values()):
            for task in queue.values():
                if task.home.project_id in self._busy:
                    if queue is self._stamps:
                        continue
                    break  # all of them are of that home
                if task.ready_at_s <= now_s:
                    return self._taken(task)
        return None

    def take_stamps(self, now_s: float, epoch: str, most: int) -> tuple[Task, ...]:
        """Return further homes that only need their stamp now; they become busy, too."""
        ready = [
            task
            for task in self._stamps.values()
            if task.epoch == epoch
            and task.ready_at_s <= now_s
            and task.home.project_id not in self._busy
        ]
        return tuple(self._taken(task) for task in ready[:most])

    def take_more(self, first: Task, now_s: float, most: int) -> tuple[Task, ...]:
        """Return further tasks that may share a transaction with one that has been taken.

        They are of the same home and epoch, and ready. One with which the home is to end is
        done alone, and so is whatever came after it.
        """
        assert first.assignment is not None
        found: list[Task] = []
        waiting = self._turns.get(first.home.project_id, OrderedDict()) if not ends(first) else {}
        for task in waiting.values():
            if len(found) == most or ends(task):
                break
            is_alike = task.home == first.home and task.epoch == first.epoch
            if is_alike and task.ready_at_s <= now_s:
                found.append(task)
        return tuple(self._taken(task) for task in found)

    def finish(self, task: Task) -> None:
        """Make the task's home idle again."""
        self._busy.discard(task.home.project_id)
        self._untried.discard(task.home.project_id)

    def is_busy(self, project_id: ProjectId) -> bool:
        """Return whether a task of that home has been taken and not finished."""
        return project_id in self._busy

    def drop(self, project_id: ProjectId) -> None:
        """Forget what waits for a home that is let go of."""
        self._turns.pop(project_id, None)
        self._stamps.pop(_key_of_home(project_id), None)

    def put_back(self, task: Task, ready_at_s: float, said: str) -> None:
        """Try the task again later, unless something newer has come meanwhile."""
        if task.key not in self._queue_of(task):
            again = replace(task, ready_at_s=ready_at_s, tries=task.tries + 1, said=said)
            self._add(again)

    def hurry(self) -> None:
        """Let whatever waits to be tried again be tried now."""
        for queue in (self._stamps, *self._turns.values()):
            for key, task in queue.items():
                queue[key] = replace(task, ready_at_s=0.0)

    def next_ready_in_s(self, now_s: float) -> float | None:
        """Return how long until the next task is ready; None when there is none."""
        waits = [
            task.ready_at_s - now_s
            for task in self._tasks()
            if task.home.project_id not in self._busy
        ]
        return max(0.0, min(waits)) if waits else None

    def clear(self) -> None:
        """Forget what has not been begun, and what was: a new life begins."""
        self._stamps.clear()
        self._turns.clear()
        self._newest.clear()
        self._untried.clear()

    def oldest_s(self) -> float:
        """Return how long the task has waited that waits longest; 0.0 when none does."""
        now_s = self._monotonic_s()
        return max((now_s - task.came_at_s for task in self._tasks()), default=0.0)

    def __len__(self) -> int:
        """Return how many tasks wait."""
        return sum(1 for _ in self._tasks())

    def untried_homes(self) -> int:
        """Return how many homes want their stamp and have not been tried to the end yet."""
        return len(self._untried) + sum(1 for task in self._stamps.values() if not task.tries)

    def _tasks(self) -> Iterator[Task]:
        yield from self._stamps.values()
        for queue in self._turns.values():
            yield from queue.values()

    def _queue_of(self, task: Task) -> OrderedDict[str, Task]:
        if task.assignment is None:
            return self._stamps
        return self._turns.get(task.home.project_id, OrderedDict())

    def _add(self, task: Task) -> None:
        """Add a task at the end, or in the place of the one that it replaces.

        The latest stamp comes before all else: until then an earlier owner may still write there.
        """
        if task.assignment is None:
            self._stamps[task.key] = task
            self._stamps.move_to_end(task.key, last=False)
        else:
            self._turns.setdefault(task.home.project_id, OrderedDict())[task.key] = task

    def _taken(self, task: Task) -> Task:
        """Take a task out; its project has had its turn, and its home becomes busy."""
        project_id = task.home.project_id
        queue = self._queue_of(task)
        del queue[task.key]
        if task.assignment is not None:
            self._turns.move_to_end(project_id)
            if not queue:
                del self._turns[project_id]
        self._busy.add(project_id)
        if task.assignment is None and not task.tries:
            self._untried.add(project_id)
        return task


def _key_of_home(project_id: ProjectId) -> str:
    return f"home {project_id}"


def ends(task: Task) -> bool:
    """Return whether the home is to end with the task."""
    return task.assignment is not None and task.assignment.home_is_ending


def _known(task: Task) -> Known:
    assignment = task.assignment
    if assignment is None:
        return Known(task.home.fence.number, 0)
    return Known(task.home.fence.number, assignment.revision, assignment.mark)
