"""One request as it came, and one answer as it goes."""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from bigip_sim import refusals
from bigip_sim.refusals import RefusedError


@dataclass(frozen=True, slots=True)
class Request:
    """One request, read."""

    method: str
    path: str  # below the host, percent-decoded
    query: Mapping[str, str]
    raw_query: str
    headers: Mapping[str, str]  # WSGI names
    raw_body: bytes
    client: str = ""  # its address
    content_type: str = ""  # of the body
    user: str = ""  # who asks, unless it is the device's own account

    @property
    def transaction(self) -> str:
        """Return the coordination id, or nothing."""
        return self.headers.get("HTTP_X_F5_REST_COORDINATION_ID", "")

    def body(self) -> Mapping[str, object]:
        """Return the body; an empty one is an empty object."""
        if not self.raw_body.strip():
            return {}
        if self.content_type and self.path.startswith("/mgmt/tm/"):
            _check_type(self.content_type)
        try:
            value = json.loads(self.raw_body)
        except ValueError as error:
            text = f"Found invalid JSON body in the request: {error}"  # unverified
            raise RefusedError(400, text, refusals.MALFORMED) from error
        if not isinstance(value, dict):
            text = "Found invalid JSON body in the request: not an object"  # unverified
            raise RefusedError(400, text, refusals.MALFORMED)
        return value


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer."""

    status: int
    body: str | bytes = ""
    content_type: str = "application/json; charset=UTF-8"
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    committed: tuple[Mapping[str, object], ...] = ()


def as_json(value: object, status: int = 200) -> Answer:
    """Return a JSON answer."""
    return Answer(status, msgspec.json.encode(value, enc_hook=_plain))


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{value!r} in an answer")


def read_request(environ: Mapping[str, Any]) -> Request:
    """Read a WSGI environment."""
    raw_query = str(environ.get("QUERY_STRING", ""))
    return Request(
        str(environ["REQUEST_METHOD"]),
        _path(str(environ["PATH_INFO"])),
        dict(parse_qsl(raw_query, keep_blank_values=True)),
        raw_query,
        {name: str(value) for name, value in environ.items() if name.startswith("HTTP_")},
        _raw_body(environ),
        str(environ.get("REMOTE_ADDR", "")),
        str(environ.get("CONTENT_TYPE", "")),
    )


def _raw_body(environ: Mapping[str, Any]) -> bytes:
    """Read the body, of a length that was said or in chunks, as clients send what they stream."""
    content: bytes = b""
    if environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked":
        content = environ["wsgi.input"].read()
    elif length := int(environ.get("CONTENT_LENGTH") or 0):
        content = environ["wsgi.input"].read(length)
    return content


def _path(text: str) -> str:
    """Read a path whose bytes WSGI gives as Latin-1."""
    with contextlib.suppress(UnicodeError):  # no UTF-8 names nothing that is there
        text = text.encode("latin-1").decode()
    return text.rstrip("/") or "/"


def _check_type(content_type: str) -> None:
    """Refuse a body that does not call itself JSON, as a device was seen to do for tm/util/bash.

    That one which says nothing is taken for JSON is unverified.
    """
    if content_type.partition(";")[0].strip().lower() != "application/json":
        text = "Found invalid content-type. The content-type must be application/json. "
        text += f"The received content-type is {content_type}"
        raise RefusedError(415, text, refusals.ICRD)
