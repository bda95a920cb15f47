"""A simulated device asked in process, as a web server would ask it."""

import base64
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bigip_sim.app import Application
from bigip_sim.device import Account, Device
from bigip_sim.system import Identity

BASIC = "Basic " + base64.b64encode(b"admin:secret").decode()


@dataclass
class Answer:
    status: int
    text: str
    reason: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    payload: bytes = b""

    @property
    def body(self) -> Any:
        return json.loads(self.text)

    @property
    def message(self) -> str:
        return str(self.body["message"])


@dataclass
class Clock:
    now: float = 1_600_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Rest:
    """Asks a device's application directly."""

    device: Device
    clock: Clock
    headers: dict[str, str] = field(default_factory=lambda: {"Authorization": BASIC})

    def __post_init__(self) -> None:
        self._application = Application(self.device)

    def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        path, _, query = path.partition("?")
        if isinstance(body, bytes):
            payload = body
        else:
            payload = b"" if body is None else json.dumps(body).encode()
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path if path.startswith("/mgmt") else f"/mgmt/tm/{path}",
            "QUERY_STRING": query,
            "CONTENT_LENGTH": str(len(payload)),
            "wsgi.input": io.BytesIO(payload),
            "REMOTE_ADDR": "127.0.0.1",
        }
        for name, value in {**self.headers, **(headers or {})}.items():
            variable = name.upper().replace("-", "_")
            environ[variable if variable == "CONTENT_TYPE" else f"HTTP_{variable}"] = value
        said: list[Any] = []
        parts = self._application(environ, lambda *started: said.extend(started))
        number, _, reason = said[0].partition(" ")
        payload = b"".join(parts)
        text = payload.decode(errors="replace")
        return Answer(int(number), text, reason, dict(said[1]), payload)

    def get(self, path: str) -> Any:
        answer = self.ask("GET", path)
        assert answer.status == 200, answer.text
        return answer.body

    def post(self, path: str, **body: object) -> Any:
        answer = self.ask("POST", path, body)
        assert answer.status == 200, answer.text
        return answer.body

    def patch(self, path: str, **body: object) -> Any:
        answer = self.ask("PATCH", path, body)
        assert answer.status == 200, answer.text
        return answer.body

    def delete(self, path: str) -> None:
        answer = self.ask("DELETE", path)
        assert answer.status == 200, answer.text

    def begin(self) -> str:
        return str(self.post("transaction")["transId"])

    def queue(self, transaction: str, method: str, path: str, **body: object) -> Answer:
        headers = {"X-F5-REST-Coordination-Id": transaction}
        return self.ask(method, path, body or None, headers)

    def commit(self, transaction: str, **more: object) -> Answer:
        return self.ask("PATCH", f"transaction/{transaction}", {"state": "VALIDATING", **more})

    def dump(self) -> dict[Any, Any]:
        return dict(self.device.configuration.tree.items)


def new_device(version: str = "15.1.8", username: str = "admin", **options: Any) -> Rest:
    """Return a fresh device's REST interface; the clock stands still."""
    clock = Clock()
    identity = Identity("bigip-1", "0123456789", version, "127.0.0.1")
    account = Account(username, "secret")
    return Rest(Device(identity, account, clock=clock, **options), clock)
