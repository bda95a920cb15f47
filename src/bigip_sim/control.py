"""The control API: a separate plain-HTTP port for the one who tests, never part of the device."""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeGuard, cast
from urllib.parse import parse_qsl, urlsplit

from bigip_sim import cluster_routes
from bigip_sim.refusals import RefusedError
from bigip_sim.unit import Unit

Json = Mapping[str, object]
DEFAULT_LOG = 200
YEAR_S = 366 * 86_400.0
_NOTED = frozenset(
    {"/power", "/reboot", "/clock", "/faults", "/faults/clear", "/rates", "/rates/clear"}
    | {"/monitors"}
)


class BadRequestError(ValueError):
    """A body that the control API cannot use."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.connected: set[socket.socket] = set()

    def hang_up(self) -> None:
        """End every connection, so that nobody is answered any more."""
        for connection in list(self.connected):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Answering(BaseHTTPRequestHandler):
    """One connection; other units keep theirs."""

    protocol_version = "HTTP/1.1"
    timeout = 30
    disable_nagle_algorithm = True  # an answer is two small pieces
    server: _Server

    def setup(self) -> None:
        """Begin with a connection."""
        super().setup()
        self.server.connected.add(self.connection)

    def finish(self) -> None:
        """Be done with it."""
        self.server.connected.discard(self.connection)
        super().finish()

    def log_message(self, *_args: Any) -> None:
        """Say nothing: the device's own log tells what matters."""

    def reply(self, status: int, answer: object) -> None:
        """Answer with JSON."""
        payload = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)


class Control:
    """Serves the control API of one unit on a loopback address."""

    def __init__(self, unit: Unit, host: str, port: int) -> None:
        self._server = _Server((host, port), _handler(Routes(unit)))
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="control"
        )

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and let the port go."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server.hang_up()


class Routes:
    """What each path of the control API does."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        device = unit.device
        self._gets: Mapping[str, Callable[[Mapping[str, str]], object]] = {
            "/health": lambda _query: unit.health(),
            "/names": lambda _query: device.hosts.known(),
            "/counters": lambda _query: device.journal.counters(),
            "/log": self._log,
            "/faults": lambda _query: device.faults.told(),
            "/rates": lambda _query: device.hand.told(),
            "/saved": lambda _query: {"unsaved": device.saved.unsaved()},
            "/clock": lambda _query: self._clock(),
            "/standing": lambda _query: unit.told(),
            "/cluster": lambda _query: cluster_routes.told(unit),
        }
        self._posts: Mapping[str, Callable[[Json], object]] = {
            "/counters/reset": self._reset_counters,
            "/power": self._power,
            "/reboot": self._reboot,
            "/clock": self._set_clock,
            "/faults": device.faults.set,
            "/faults/clear": self._clear_faults,
            "/rates": device.hand.set,
            "/rates/clear": self._clear_rates,
            "/monitors": self._monitors,
            "/names": self._names,
            "/peer": self._peer,
            **cluster_routes.posts(unit),
        }

    def get(self, path: str, query: Mapping[str, str]) -> object | None:
        """Answer a GET, or return None for an unknown path."""
        answer = self._gets.get(path)
        return None if answer is None else answer(query)

    def post(self, path: str, body: Json) -> object | None:
        """Carry a POST out, or return None for an unknown path."""
        action = self._posts.get(path)
        if action is None:
            return None
        answer = action(body) or {}
        if path in _NOTED:
            self._unit.device.journal.note_control(path, body)
        return answer

    def paths(self) -> str:
        """Return what there is, for those who asked for something else."""
        return ", ".join([f"GET {p}" for p in self._gets] + [f"POST {p}" for p in self._posts])

    def _log(self, query: Mapping[str, str]) -> object:
        try:
            last, after = int(query.get("last", DEFAULT_LOG)), int(query.get("after", 0))
        except ValueError as error:
            raise BadRequestError("last and after must be numbers") from error
        return {"requests": self._unit.device.journal.last(last, after)}

    def _reset_counters(self, body: Json) -> None:
        _known(body)
        self._unit.device.journal.reset()

    def _clear_faults(self, body: Json) -> None:
        _known(body, "number")
        self._unit.device.faults.clear(body.get("number"))

    def _clear_rates(self, body: Json) -> None:
        _known(body)
        self._unit.device.hand.clear()

    def _power(self, body: Json) -> None:
        _known(body, "on", "loses_unsaved")
        on, loses = body.get("on"), body.get("loses_unsaved", False)
        if not isinstance(on, bool) or not isinstance(loses, bool):
            raise BadRequestError('expected {"on": true} or {"on": false, "loses_unsaved": true}')
        self._unit.power(on, loses_unsaved=loses)

    def _reboot(self, body: Json) -> None:
        _known(body, "for_s", "loses_unsaved")
        for_s, loses = body.get("for_s", 1), body.get("loses_unsaved", True)
        if not _is_number(for_s) or not 0 <= for_s <= YEAR_S or not isinstance(loses, bool):
            raise BadRequestError('expected {"for_s": seconds, "loses_unsaved": true}')
        self._unit.reboot(for_s, loses_unsaved=loses)

    def _clock(self) -> object:
        clock = self._unit.device.clock
        return {"skew_s": clock.skew_s, "device": clock(), "true": clock.true()}

    def _set_clock(self, body: Json) -> object:
        _known(body, "skew_s")
        skew = body.get("skew_s")
        if not _is_number(skew) or not abs(skew) <= 100 * YEAR_S:
            text = f"skew_s must be a number of seconds within 100 years, got {skew!r}"
            raise BadRequestError(text)
        self._unit.device.clock.skew_s = float(skew)
        return self._clock()

    def _monitors(self, body: Json) -> None:
        _known(body, "default", "members")
        default, members = body.get("default", "up"), body.get("members", {})
        known = ("up", "down", "checking")
        if not isinstance(members, Mapping) or any(
            state not in known for state in (default, *members.values())
        ):
            raise BadRequestError(
                'expected {"default": "up", "members": {"/P/pool /P/a:80": "down"}}'
            )
        idle = self._unit.device.idle
        idle.monitored = str(default)
        idle.members = {str(name): str(state) for name, state in members.items()}

    def _names(self, body: Json) -> object:
        hosts = self._unit.device.hosts
        if not all(isinstance(found, list) for found in body.values()):
            raise BadRequestError('expected {"www.example.com": ["127.0.0.1"]}')
        hosts.reread()
        if body:
            hosts.tell(
                {
                    name: [str(a) for a in cast("list[object]", found)]
                    for name, found in body.items()
                }
            )
        self._unit.device.look_names_up()
        return hosts.known()

    def _peer(self, body: Json) -> None:
        _known(body, "name", "url")
        name, url = body.get("name"), body.get("url")
        if not isinstance(name, str) or not isinstance(url, str):
            raise BadRequestError('expected {"name": "bigip-2", "url": "http://127.0.0.1:PORT"}')
        self._unit.join(name, url)


def _known(body: Json, *names: str) -> None:
    unknown = sorted(body.keys() - set(names))
    if unknown:
        said = f"there is {', '.join(names)}" if names else "nothing is taken here"
        raise BadRequestError(f"unknown: {', '.join(unknown)}; {said}")


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _handler(routes: Routes) -> type[BaseHTTPRequestHandler]:
    class Handler(_Answering):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            try:
                answer = routes.get(parts.path, dict(parse_qsl(parts.query)))
            except BadRequestError as error:
                self.reply(400, {"error": str(error)})
                return
            self._reply_known(answer)

        def do_POST(self) -> None:
            try:
                answer = routes.post(urlsplit(self.path).path, self._body())
            except KeyError as error:
                self.reply(400, {"error": f"missing: {error.args[0]}"})
                return
            except (ValueError, TypeError) as error:  # also an unknown fault or rate
                self.reply(400, {"error": str(error)})
                return
            except RefusedError as refusal:
                self.reply(400, {"error": refusal.message})
                return
            self._reply_known(answer)

        def _body(self) -> Json:
            length = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(length) if length else b"{}"
            try:
                body = json.loads(raw)
            except ValueError as error:
                raise BadRequestError(f"the body is not JSON: {error}") from error
            if not isinstance(body, dict):
                raise BadRequestError("the body must be a JSON object")
            return body

        def _reply_known(self, answer: object | None) -> None:
            unknown = {"error": f"no such path; there is {routes.paths()}"}
            self.reply(*((404, unknown) if answer is None else (200, answer)))

    return Handler
