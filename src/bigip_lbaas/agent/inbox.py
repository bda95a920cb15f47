"""What an agent has still to do: newest revision per load balancer, oldest first, a home at a time.

A home's partition knows one stamp, so two tasks of one home never run at once.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace

from bigip_lbaas.domain.home import Home
from bigip_lbaas.domain.ids import ProjectId
from bigip_lbaas.wire.messages import Assignment

REMEMBERED = 100_000  # of so many things the newest task is known, so that no late one undoes it


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do in one home; without an assignment the home only needs its stamp.

    tries: how often it has been tried; said: the last error that was reported for it.
    """

    home: Home
    epoch: str
    assignment: Assignment | None = None
    ready_at_s: float = 0.0
    tries: int = 0
    said: str = ""

    @property
    def key(self) -> str:
        """Return what a newer task of the same key replaces."""
        if self.assignment is None:
            return f"home {self.home.project_id}"
        return f"load balancer {self.assignment.load_balancer_id}"


class Inbox:
    """Tasks in order of arrival. Not safe for threads: its owner holds a lock."""

    def __init__(self) -> None:
        """Begin empty."""
        self._tasks: OrderedDict[str, Task] = OrderedDict()
        self._newest: OrderedDict[str, tuple[int, int]] = OrderedDict()  # key -> age of the newest
        self._busy: set[ProjectId] = set()

    def put(self, task: Task) -> bool:
        """Add a task unless a newer one for the same thing was; return whether it was added."""
        age = _age(task)
        if self._newest.get(task.key, age) > age:
            return False
        self._newest[task.key] = age
        self._newest.move_to_end(task.key)
        if len(self._newest) > REMEMBERED:
            self._newest.popitem(last=False)
        present = self._tasks.get(task.key)
        if present is not None and _age(present) == age:
            task = replace(task, tries=present.tries, said=present.said)
        self._add(task)
        return True

    def take(self, now_s: float) -> Task | None:
        """Return the first task that is ready and whose home is idle; its home becomes busy."""
        for key, task in self._tasks.items():
            if task.ready_at_s <= now_s and task.home.project_id not in self._busy:
                del self._tasks[key]
                self._busy.add(task.home.project_id)
                return task
        return None

    def take_stamps(self, now_s: float, epoch: str, most: int) -> tuple[Task, ...]:
        """Return further homes that only need their stamp now; they become busy, too."""
        taken: list[Task] = []
        for key, task in list(self._tasks.items()):
            if task.assignment is not None or len(taken) == most:
                break  # stamps come before all else
            is_idle = task.home.project_id not in self._busy
            if task.epoch == epoch and task.ready_at_s <= now_s and is_idle:
                del self._tasks[key]
                self._busy.add(task.home.project_id)
                taken.append(task)
        return tuple(taken)

    def finish(self, task: Task) -> None:
        """Make the task's home idle again."""
        self._busy.discard(task.home.project_id)

    def put_back(self, task: Task, ready_at_s: float, said: str) -> None:
        """Try the task again later, unless something newer has come meanwhile."""
        if task.key not in self._tasks:
            again = replace(task, ready_at_s=ready_at_s, tries=task.tries + 1, said=said)
            self._add(again)

    def _add(self, task: Task) -> None:
        """Add a task at the end, or in the place of the one that it replaces.

        A stamp comes before all else: until then an earlier owner may still write there.
        """
        self._tasks[task.key] = task
        if task.assignment is None:
            self._tasks.move_to_end(task.key, last=False)

    def next_ready_in_s(self, now_s: float) -> float | None:
        """Return how long until the next task is ready; None when there is none."""
        waits = [
            task.ready_at_s - now_s
            for task in self._tasks.values()
            if task.home.project_id not in self._busy
        ]
        return max(0.0, min(waits)) if waits else None

    def clear(self) -> None:
        """Forget what has not been begun, and what was: a new life begins."""
        self._tasks.clear()
        self._newest.clear()

    def __len__(self) -> int:
        """Return how many tasks wait."""
        return len(self._tasks)

    def untried_homes(self) -> int:
        """Return how many homes wait for their stamp and have not been tried yet."""
        return sum(1 for task in self._tasks.values() if task.assignment is None and not task.tries)


def _age(task: Task) -> tuple[int, int]:
    revision = task.assignment.revision if task.assignment else 0
    return task.home.fence.number, revision
