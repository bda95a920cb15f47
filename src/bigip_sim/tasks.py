"""Commands that take long, run as tasks: made, started, polled, their result fetched.

Source: iControl REST reference, section 2, last paragraph. A task runs what is in the table of
actions and edits; fields beyond `_taskId` and `_taskState` are unverified.
"""

import itertools
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bigip_sim import refusals
from bigip_sim.actions import Call, known, perform
from bigip_sim.auth import UnknownUriError
from bigip_sim.exchange import Answer, Request, as_json
from bigip_sim.reading import BASE
from bigip_sim.refusals import RefusedError

if TYPE_CHECKING:
    from bigip_sim.device import Device

BELOW = "/mgmt/tm/task"
Json = dict[str, object]


@dataclass(slots=True)
class Task:
    """One command and how far it is."""

    number: int
    call: Call
    state: str = "STARTED"
    result: Mapping[str, object] = field(default_factory=dict)


class Tasks:
    """The tasks of one device."""

    def __init__(self, device: "Device") -> None:
        self._device = device
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._tasks: dict[int, Task] = {}

    def answer(self, request: Request) -> Answer:
        """Answer a request about tasks."""
        if request.transaction:  # unverified, by analogy to the commands themselves
            raise RefusedError(400, "a task is not part of a transaction", refusals.ICRD)
        path = request.path.removeprefix(BELOW).strip("/")
        if request.method == "POST":
            return as_json(self._begin(path, request))
        rest, _, last = path.rpartition("/")
        wants_result = last == "result"
        path, _, number = rest.rpartition("/") if wants_result else (rest, "", last)
        task = self._tasks.get(int(number)) if number.isdigit() else None
        if task is None or task.call.path != path:
            if request.method == "GET" and not number.isdigit() and not wants_result:
                return as_json(self._all(f"{rest}/{last}".strip("/"), request))
            raise RefusedError(404, f"Task {number} was not found.", refusals.ICRD)  # unverified
        if wants_result and request.method == "GET":
            return as_json(self._result(task))
        match request.method:
            case "GET":
                return as_json(self._render(task))
            case "PUT" | "PATCH":
                return self._start(task, request.body())
            case "DELETE":
                del self._tasks[task.number]
                return Answer(200)
        raise refusals.not_allowed(request.method, request.path)

    def _begin(self, path: str, request: Request) -> Json:
        body = request.body()
        call = Call(self._device, path, body)
        if not known(path, body.get("command")):
            raise UnknownUriError(request.path)
        with self._lock:
            task = Task(next(self._numbers), call)
            self._tasks[task.number] = task
        return self._render(task)

    def _start(self, task: Task, body: Mapping[str, object]) -> Answer:
        if body.get("_taskState") != "VALIDATING":
            raise refusals.invalid_value("_taskState", body.get("_taskState"))
        with self._lock:
            if task.state != "STARTED":
                text = f"Task {task.number} has begun already"  # unverified
                raise RefusedError(400, text, refusals.ICRD)
            task.state = "VALIDATING"
        self._device.later.start(lambda: _run(task))
        text = "Task will execute asynchronously."  # unverified
        return as_json({"code": 202, "message": text, "errorStack": []}, 202)

    def _all(self, path: str, request: Request) -> Json:
        tasks = [task for task in self._tasks.values() if task.call.path == path]
        if not tasks and not known(path):
            raise UnknownUriError(request.path)
        name = f"tm:task:{path.replace('/', ':')}:{path.rpartition('/')[2]}"
        link = f"{BASE}/task/{path}?ver={self._device.identity.version}"
        items = [self._render(task) for task in tasks]
        return {"kind": f"{name}collectionstate", "selfLink": link, "items": items}

    def _result(self, task: Task) -> Json:
        """Return how far the task is, and what came of it: f5-ansible polls here."""
        body = {**self._render(task), "selfLink": self._link(task, "/result")}
        return {**body, **task.result, "_taskId": task.number, "_taskState": task.state}

    def _render(self, task: Task) -> Json:
        command = task.call.body["command"]
        return {
            "kind": f"tm:task:{task.call.path.replace('/', ':')}:{command}taskstate",
            "selfLink": self._link(task),
            **task.call.body,
            "_taskId": task.number,
            "_taskState": task.state,
        }

    def _link(self, task: Task, tail: str = "") -> str:
        version = self._device.identity.version
        return f"{BASE}/task/{task.call.path}/{task.number}{tail}?ver={version}"


def _run(task: Task) -> None:
    try:
        result, state = perform(task.call), "COMPLETED"
    except RefusedError as refusal:
        result, state = refusal.body(), "FAILED"
    task.result = result
    task.state = state
