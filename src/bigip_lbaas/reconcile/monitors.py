"""Renders a health monitor: how often to probe, when to give up, what to send and expect."""

from collections.abc import Iterable
from itertools import groupby

from bigip_lbaas.domain.graph import HealthMonitor, MonitorType
from bigip_lbaas.ltm import kinds
from bigip_lbaas.ltm.state import Attributes

MONITOR_COLLECTIONS = {
    MonitorType.HTTP: kinds.HTTP_MONITOR,
    MonitorType.TCP: kinds.TCP_MONITOR,
    MonitorType.PING: kinds.ICMP_MONITOR,
}


def monitor_attributes(monitor: HealthMonitor) -> Attributes:
    """Return a monitor's attributes.

    A device takes a member down when no good answer came for `timeout` seconds, however many
    probes that were. Counted from the last good answer, the probes follow every delay_s; the
    last of max_retries_down bad ones starts after max_retries_down * delay_s and is given up
    timeout_s later. The sum is always longer than the interval, as the device wants it.

    max_retries is not carried over: a device takes a member up at its first good answer; its
    `timeUntilUp` would also hold back every member that is new.
    """
    attributes = {
        "interval": monitor.delay_s,
        "timeout": monitor.max_retries_down * monitor.delay_s + monitor.timeout_s,
    }
    if monitor.type is not MonitorType.HTTP:
        return attributes
    return {
        **attributes,
        "send": _request(monitor.http_method or "GET", monitor.url_path or "/"),
        "recv": rf"HTTP/1\.(0|1) {status_pattern(monitor.expected_codes or '200')}",
    }


def _request(method: str, url_path: str) -> str:
    """Return what a monitor sends, with the line ends as backslash letters.

    HTTP/1.0 is what the API promises unless a version is asked for; it needs no Host, and the
    member closes the connection by itself.
    """
    escaped = url_path.replace("\\", "\\\\")
    return rf"{method} {escaped} HTTP/1.0\r\n\r\n"


def status_pattern(expected_codes: str) -> str:
    """Return the regular expression for "200", "200,202" or "200-204".

    Codes that share their first two digits become one class: 200-204 is 20[0-4]. A whole hundred
    becomes 2[0-9][0-9]. Raises: ValueError for anything else than codes from 100 to 599.
    """
    codes = _codes(expected_codes)
    patterns: list[str] = []
    for hundred, group in groupby(codes, key=lambda code: code // 100):
        inside = list(group)
        if len(inside) == 100:
            patterns.append(f"{hundred}[0-9][0-9]")
            continue
        for ten, units in groupby(inside, key=lambda code: code // 10):
            patterns.append(f"{ten}{_digits([code % 10 for code in units])}")
    return patterns[0] if len(patterns) == 1 else f"({'|'.join(patterns)})"


def _codes(expected_codes: str) -> list[int]:
    codes: set[int] = set()
    for word in expected_codes.split(","):
        first, dash, last = (part.strip() for part in word.partition("-"))
        low, high = _code(first), _code(last if dash else first)
        if low > high:
            raise ValueError(f"expected_codes {expected_codes!r}: {low} is above {high}")
        codes.update(range(low, high + 1))
    return sorted(codes)


def _code(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 100 <= int(text) <= 599):
        raise ValueError(f"{text!r} is no HTTP status from 100 to 599 (in expected_codes)")
    return int(text)


def _digits(digits: Iterable[int]) -> str:
    """Return a class for a sorted run of digits; a single one stands for itself."""
    found = list(digits)
    if len(found) == 1:
        return str(found[0])
    if found[-1] - found[0] == len(found) - 1 and len(found) > 2:
        return f"[{found[0]}-{found[-1]}]"
    return f"[{''.join(map(str, found))}]"
