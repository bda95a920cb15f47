"""How a monitor becomes a health check, and an expression of monitors a watch over one member.

Source: iControl REST reference, section 3.4: down after `timeout` seconds without a good answer,
`send` holds escapes as text, `recv` is a regular expression over the first 5,120 bytes.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from bigip_sim.dataplane.protocols import CONNECT, CONNECTED, DATAGRAM, PING, TALK, said

BY_OURSELVES = frozenset({PING, DATAGRAM})  # HAProxy has no such checks
_HOW = {
    "gateway-icmp": PING,
    "icmp": PING,
    "udp": DATAGRAM,
    "tcp": TALK,
    "http": TALK,
    "https": TALK,
    "tcp-half-open": CONNECT,
    **dict.fromkeys(CONNECTED, CONNECT),
}
_COMMON = re.compile(r"(?:[^\\]|\\[dDwWsSbBnrt\W])*")
_ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "\\": b"\\", '"': b'"'}


@dataclass(frozen=True, slots=True)
class Check:
    """One monitor, as far as it is carried out."""

    how: str  # ping, connect, talk or datagram
    interval_s: int
    timeout_s: int
    send: bytes = b""
    expect: str = ""
    reverse: bool = False
    tls: bool = False
    disables: str = ""  # recvDisable: an answer that matches lets no new sessions in
    up_interval_s: int = 0  # while it is up; 0: as ever
    until_up_s: int = 0  # good for so long before it is up
    address: str = ""  # asked instead of the member
    port: int = 0

    @property
    def fall(self) -> int:
        """Return how many failures in a row make `timeout_s` seconds without a good answer."""
        return max(1, math.ceil(self.timeout_s / max(self.interval_s, 1)))

    @property
    def native(self) -> bool:
        """Whether HAProxy can carry it out just so."""
        plain = not (self.disables or self.up_interval_s or self.until_up_s or self.reverse)
        return plain and self.how not in BY_OURSELVES and _is_common(self.expect)


@dataclass(frozen=True, slots=True)
class Watch:
    """Several monitors over one member: up while at least `need` of them are content."""

    checks: tuple[Check, ...]
    need: int

    @property
    def native(self) -> bool:
        """Whether HAProxy can carry it out."""
        return len(self.checks) == 1 and self.need == 1 and self.checks[0].native


def read_check(kind: str, attributes: Mapping[str, object]) -> Check | None:
    """Return the check for a monitor's attributes; None for a type that is not carried out."""
    leaf = kind.rpartition("/")[2]
    spoken = said(leaf, attributes)
    how = spoken[0] if spoken is not None else _HOW.get(leaf)
    if how is None:
        return None
    send = unescape(str(attributes.get("send") or "")) if spoken is None else spoken[1]
    expect = _text(attributes, "recv") if spoken is None else spoken[2]
    disables = _text(attributes, "recvDisable") if spoken is None else ""
    if how == TALK and not (send or expect or disables):
        how = CONNECT
    if how in {PING, CONNECT}:
        send, expect, disables = b"", "", ""
    address, _, port = str(attributes.get("destination") or "*:*").rpartition(":")
    return Check(
        how,
        _int(attributes.get("interval"), 5),
        _int(attributes.get("timeout"), 16),
        send,
        expect,
        attributes.get("reverse") == "enabled" and how in {TALK, DATAGRAM},
        kind == "ltm/monitor/https",
        disables,
        _int(attributes.get("upInterval"), 0),
        _int(attributes.get("timeUntilUp"), 0),
        "" if address in {"", "*"} else address.partition("%")[0],
        int(port) if port.isdigit() else 0,
    )


def _is_common(pattern: str) -> bool:
    """Whether HAProxy's kind of regular expression is ours: it would not start with a wrong one."""
    try:
        re.compile(pattern)
    except re.error:
        return False
    return _COMMON.fullmatch(pattern) is not None


def needed(expression: str, count: int) -> int:
    """Return how many of the monitors that an expression names must be content."""
    words = expression.split()
    if words[:1] == ["min"] and len(words) > 1 and words[1].isdigit():
        return min(int(words[1]), count)
    return count


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


def _text(attributes: Mapping[str, object], name: str) -> str:
    value = str(attributes.get(name) or "")
    return "" if value == "none" else value


def _int(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) and value > 0 else otherwise
