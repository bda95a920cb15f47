"""The WSGI application: faults, authentication, the journal, and who answers which path."""

import errno
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from bigip_sim import coordination, roles, tasks
from bigip_sim.auth import Credentials, RejectedError, UnauthorizedError
from bigip_sim.device import Device
from bigip_sim.exchange import Answer, Request, as_json, read_request
from bigip_sim.faults.answers import CutError, InsteadError, LateError
from bigip_sim.faults.meeting import Meeting
from bigip_sim.framework import LOGIN, Framework
from bigip_sim.journal import BACKGROUND, Entry
from bigip_sim.refusals import RefusedError, has_tag, tag_like
from bigip_sim.resources import Resources
from bigip_sim.versions import at_least

log = logging.getLogger(__name__)

RESET = "bigip_sim.reset"  # in the environment: resets the connection under a request
CUT = 0  # the status of what was never answered
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class Application:
    """Answers iControl REST for one device."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._framework = Framework(device)
        self._resources = Resources(device)

    def __call__(self, environ: Mapping[str, Any], start: StartResponse) -> Iterable[bytes]:
        begun, at = time.perf_counter(), self._device.journal.clock()
        request = read_request(environ)
        meeting = Meeting(self._device.faults, request.method, request.path)
        with self._device.journal.noting() as changes, meeting.noting():
            answer = self._answered(request, meeting)
        path = request.path + (f"?{request.raw_query}" if request.raw_query else "")
        entry = Entry(
            request.method,
            path,
            answer.status,
            (time.perf_counter() - begun) * 1000,
            at,
            request.client,
            request.transaction or coordination.number_in(request.path),
            answer.committed,
            tuple(meeting.acted),
            tuple(changes),
        )
        self._device.journal.record(entry, is_commit=bool(answer.committed))
        if answer.status == CUT:
            environ.get(RESET, lambda: None)()
            raise ConnectionResetError(errno.ECONNRESET, "a fault resets the connection")
        payload = answer.body if isinstance(answer.body, bytes) else answer.body.encode()
        reason = answer.reason or HTTPStatus(answer.status).phrase
        headers = [("Content-Type", answer.content_type), ("Content-Length", str(len(payload)))]
        start(f"{answer.status} {reason}", [*headers, *answer.headers])
        return [payload]

    def _answered(self, request: Request, meeting: Meeting) -> Answer:
        """Let the work be done, and the faults of the device act before and after it."""

        def work() -> Answer:
            try:
                meeting.at_gateway()
            except LateError as late:
                self._device.later.start(partial(self._do_late, request, meeting, late))
                raise late.answer from late
            return self._authorized(request, meeting)

        def give_back() -> Answer:
            meeting.at_return()
            return worked

        try:
            worked = self._told(request, work)
            given = self._told(request, give_back)
            return replace(given, committed=worked.committed)  # done, whatever was answered
        finally:
            meeting.leave()

    def _do_late(self, request: Request, meeting: Meeting, late: LateError) -> None:
        """Do what was answered already; what comes of it only the log is told."""

        def work() -> Answer:
            late.wait()
            return self._authorized(request, meeting)

        journal, begun = self._device.journal, time.perf_counter()
        with journal.noting() as changes, meeting.noting():
            answer = self._told(request, work)
        entry = Entry(
            BACKGROUND,
            request.path,
            answer.status,
            (time.perf_counter() - begun) * 1000,
            journal.clock(),
            request.client,
            request.transaction or coordination.number_in(request.path),
            answer.committed,
            changes=tuple(changes),
        )
        journal.note_late(entry)

    def _told(self, request: Request, work: Callable[[], Answer]) -> Answer:
        try:
            return work()
        except CutError:
            return Answer(CUT)
        except InsteadError as instead:
            if isinstance(instead.body, str):
                return Answer(instead.status, instead.body, instead.content_type)
            return as_json(instead.body, instead.status)
        except RefusedError as refusal:
            return as_json(refusal.body(), refusal.status)
        except UnauthorizedError as error:
            if error.page:
                return Answer(401, error.page, "text/html; charset=iso-8859-1", error.reason)
            return self._framework.rejection(request, 401, str(error))
        except RejectedError as error:
            return self._framework.rejection(request, error.status, str(error))
        except Exception as defect:
            log.exception("a defect of the simulator, at %s %s", request.method, request.path)
            said = f"a defect of the simulator: {type(defect).__name__}; its log says more"
            return as_json({"code": 500, "message": said, "errorStack": []}, 500)

    def _authorized(self, request: Request, meeting: Meeting) -> Answer:
        if has_tag(unquote(request.raw_query)) or has_tag(request.path):
            raise tag_like()
        sessions = self._device.sessions
        authorization = request.headers.get("HTTP_AUTHORIZATION")
        if request.path == LOGIN and request.method == "POST":
            return as_json(sessions.login(request.body(), authorization))
        token = request.headers.get("HTTP_X_F5_AUTH_TOKEN")
        user = sessions.check(Credentials(token, authorization, request.path, request.client))
        if user != self._device.account.username:
            request = replace(request, user=user)
            version = self._device.identity.version
            roles.admit(
                self._device.configuration.tree,
                request,
                only_administrators=not at_least(version, "13.1"),
            )
        if request.path.startswith("/mgmt/tm/"):
            meeting.at_worker()
        if _is_below(request.path, tasks.BELOW):
            return self._device.tasks.answer(request)
        if _is_below(request.path, coordination.BELOW):
            return coordination.answer(self._device.transactions, request)
        if request.path.startswith("/mgmt/tm/"):
            return self._resources.answer(request)
        return self._framework.answer(request)


def _is_below(path: str, top: str) -> bool:
    return path == top or path.startswith(f"{top}/")
