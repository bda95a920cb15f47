"""How a monitor becomes a health check.

Source: iControl REST reference, section 3.4: down after `timeout` seconds without a good answer,
`send` holds escapes as text, `recv` is a regular expression over the whole answer.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

PING = "ping"
CONNECT = "connect"
TALK = "talk"
_PINGED = frozenset({"ltm/monitor/gateway-icmp", "ltm/monitor/icmp", "ltm/monitor/udp"})
NOT_SIMULATED = {"ltm/monitor/udp": "a ping, not a datagram"}
_ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "\\": b"\\", '"': b'"'}


@dataclass(frozen=True, slots=True)
class Check:
    """One monitor, as far as it is carried out."""

    how: str  # ping, connect or talk
    interval_s: int
    timeout_s: int
    send: bytes = b""
    expect: str = ""
    reverse: bool = False
    tls: bool = False

    @property
    def fall(self) -> int:
        """Return how many failures in a row make `timeout_s` seconds without a good answer."""
        return max(1, math.ceil(self.timeout_s / max(self.interval_s, 1)))


def read_check(kind: str, attributes: Mapping[str, object]) -> Check:
    """Return the check for a monitor's attributes."""
    interval_s, timeout_s = _int(attributes.get("interval"), 5), _int(attributes.get("timeout"), 16)
    if kind in _PINGED:
        return Check(PING, interval_s, timeout_s)
    send = unescape(str(attributes.get("send", "")))
    expect = str(attributes.get("recv", ""))
    reverse = attributes.get("reverse") == "enabled"
    tls = kind == "ltm/monitor/https"
    if kind == "ltm/monitor/tcp-half-open" or not (send or expect):
        return Check(CONNECT, interval_s, timeout_s, tls=tls)
    return Check(TALK, interval_s, timeout_s, send, expect, reverse, tls)


def unescape(text: str) -> bytes:
    """Turn the device's escaped text, such as `GET /\\r\\n`, into what goes over the wire."""
    out = bytearray()
    letters = iter(text)
    for letter in letters:
        if letter == "\\":
            following = next(letters, "\\")
            out += _ESCAPES.get(following, f"\\{following}".encode())
        else:
            out += letter.encode()
    return bytes(out)


def _int(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) and value > 0 else otherwise
