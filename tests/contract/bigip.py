"""One BIG-IP to ask over HTTPS, simulated or real, and what a test makes on it."""

import os
import secrets
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bigip_sim.embedded import running_device

Json = dict[str, Any]
COORDINATION = "X-F5-REST-Coordination-Id"


@dataclass
class Bigip:
    """A device, and a partition of it that is ours; what `make` made is removed again."""

    client: httpx.Client
    username: str
    password: str
    partition: str
    _made: list[str] = field(default_factory=list)

    def ask(
        self, method: str, path: str, body: object = None, transaction: object = None
    ) -> httpx.Response:
        headers = {} if transaction is None else {COORDINATION: str(transaction)}
        url = path if path.startswith("/mgmt") else f"/mgmt/tm/{path}"
        return self.client.request(method, url, json=body, headers=headers)

    def get(self, path: str) -> Json:
        return self._body(self.ask("GET", path))

    def patch(self, path: str, **body: object) -> Json:
        return self._body(self.ask("PATCH", path, body))

    def put(self, path: str, **body: object) -> Json:
        return self._body(self.ask("PUT", path, body))

    def post(self, path: str, **body: object) -> Json:
        return self._body(self.ask("POST", path, body))

    def delete(self, path: str) -> None:
        answer = self.ask("DELETE", path)
        assert answer.status_code == 200, answer.text
        assert answer.content == b""

    def make(self, collection: str, name: str, **body: object) -> Json:
        """Create an object in our partition, to be removed after the test."""
        self.will_make(collection, name)
        where = {"name": name, "partition": self.partition}
        return self._body(self.ask("POST", collection, {**where, **body}))

    def will_make(self, collection: str, name: str) -> None:
        """Say what a test brings about, so that it is removed after the test."""
        self._made.append(f"{collection}/{self.segment(name)}")

    def full(self, name: str) -> str:
        return f"/{self.partition}/{name}"

    def segment(self, name: str) -> str:
        return f"~{self.partition}~{name.replace('/', '~').replace('%', '%25')}"

    def begin(self) -> int:
        return int(self.post("transaction")["transId"])

    def commit(self, transaction: int, **more: object) -> httpx.Response:
        return self.ask("PATCH", f"transaction/{transaction}", {"state": "VALIDATING", **more})

    def clean(self) -> None:
        """Remove what a test made, the last first; what uses something goes before it."""
        for path in reversed(self._made):
            answer = self.ask("DELETE", path)
            assert answer.status_code in {200, 404}, answer.text
        self._made.clear()

    @staticmethod
    def _body(answer: httpx.Response) -> Json:
        assert answer.status_code == 200, answer.text
        body: Json = answer.json()
        return body


@contextmanager
def connected(url: str | None) -> Iterator[Bigip]:
    """Connect to a real device at `url`, or to a simulated one."""
    if url is None:
        with running_device() as device:
            trust = ssl.create_default_context(cafile=device.ca_file)
            yield from _session(device.url, (device.username, device.password), trust)
        return
    username = os.environ["BIGIP_USERNAME"]
    password = Path(os.environ["BIGIP_PASSWORD_FILE"]).read_text(encoding="utf-8").strip()
    ca_file = os.environ.get("BIGIP_CA_FILE")
    trust = ssl.create_default_context(cafile=ca_file) if ca_file else _trusting()
    yield from _session(url, (username, password), trust)


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _session(url: str, account: tuple[str, str], trust: ssl.SSLContext) -> Iterator[Bigip]:
    with httpx.Client(base_url=url, auth=account, verify=trust, timeout=60) as client:
        bigip = Bigip(client, *account, f"contract_{secrets.token_hex(4)}")
        bigip.post("auth/partition", name=bigip.partition)
        try:
            yield bigip
        finally:
            bigip.clean()
            bigip.delete(f"auth/partition/{bigip.partition}")
