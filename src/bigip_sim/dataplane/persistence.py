"""How a client keeps its member: by cookie, or by a table of what it was sent to.

Source: iControl REST reference, sections 3.9 and 5.1. What `expiration` looks like, and when a
cookie is secure, is unverified.
"""

import ipaddress
import re

from bigip_sim.dataplane.parts import Cookie, Stick
from bigip_sim.dataplane.sight import Sight, number
from bigip_sim.names import COMMON, parse_endpoint, split_path
from bigip_sim.tree import Item

FOR_EVER_S = 24 * 86400  # HAProxy counts no further
_NO_TOKEN = re.compile(r"[^A-Za-z0-9_.~-]")  # what cannot be in a cookie's name
_NAME = r"\"?([A-Za-z0-9_.-]+)\"?"
_KEYS = (  # what an iRule persists by -> (what HAProxy asks, what it may learn from)
    (re.compile(rf"\[HTTP::cookie(?: value)? {_NAME}\]"), "req.cook({0})", "res.cook({0})"),
    (re.compile(rf"\[HTTP::header(?: value)? {_NAME}\]"), "req.hdr({0})", "res.hdr({0})"),
    (re.compile(rf"\[URI::query \[HTTP::uri\] {_NAME}\]"), "url_param({0})", ""),
    (re.compile(r"\[HTTP::uri\]"), "url", ""),
    (re.compile(r"\[HTTP::path\]"), "path", ""),
    (re.compile(r"\[HTTP::host\]"), "req.hdr(host)", ""),
    (re.compile(r"\[IP::client_addr\]"), "src", ""),
)
_BLANK = "BIGipCookie"  # what members set for `rewrite`: the manufacturer's guide to persistence
_V4_BITS = 32
_FOLDED = re.compile(r"^(\[string to(lower|upper) )+")  # both sides are compared as they come
_PERSIST = re.compile(r"\bpersist\s+(add\s+)?(?:uie|universal|hash)\s+([^\n;}]+)")


class Persistence:
    """What a virtual server's persistence profiles ask for."""

    def __init__(self, sight: Sight, virtual: Item, *, is_http: bool, has_tls: bool) -> None:
        self._sight = sight
        self._name = virtual.key.name
        self._is_http = is_http
        self._has_tls = has_tls
        endpoint = str(virtual.own.get("destination", "")).rpartition("/")[2]
        self._is_v6 = parse_endpoint(endpoint)[0].is_v6
        persist = virtual.own.get("persist")
        names = list(persist) if isinstance(persist, list) else []
        self._first = sight.get("persistence", names[0]) if names else None
        fallback = virtual.own.get("fallbackPersistence")
        self._second = sight.get("persistence", fallback) if fallback else None

    def cookie(self, pool: str) -> Cookie | None:
        """Return the cookie for a pool, if it is by cookie."""
        if self._first is None or self._first.kind != "ltm/persistence/cookie":
            return None
        if not self._is_http:
            return None
        attributes = self._sight.attributes(self._first)
        method = attributes.get("method", "insert")
        name = str(attributes.get("cookieName", "none"))
        if name == "none":
            name = _by_default(pool)
        name = _NO_TOKEN.sub("_", name)
        if method == "hash":
            return None
        if method == "passive":
            return Cookie(name, "")
        if method == "rewrite":
            return Cookie(name, "rewrite", _BLANK)
        words = ["insert"]
        if attributes.get("alwaysSend") != "enabled":
            words.append("indirect")
        if attributes.get("httponly") == "enabled":
            words.append("httponly")
        if attributes.get("secure") == "enabled" and self._has_tls:
            words.append("secure")
        seconds = _seconds(str(attributes.get("expiration", "0")))
        if seconds:
            words.append(f"attr Max-Age={seconds}")
        return Cookie(name, " ".join(words))

    def sticks(self) -> tuple[Stick, ...]:
        """Return the tables, the one that is asked first first."""
        found = [self._stick(item) for item in (self._first, self._second) if item is not None]
        return tuple(dict.fromkeys(stick for stick in found if stick is not None))

    def source_seconds(self) -> float:
        """Return for how long a client's address keeps its member; 0 if it does not."""
        for item in (self._first, self._second):
            if item is not None and item.kind == "ltm/persistence/source-addr":
                return float(_timeout(self._sight.attributes(item).get("timeout")))
        return 0.0

    def source_bits(self) -> int:
        """Return how much of a client's address counts."""
        for item in (self._first, self._second):
            if item is not None and item.kind == "ltm/persistence/source-addr":
                return mask_bits(str(self._sight.attributes(item).get("mask", "none")))
        return 128

    def _stick(self, item: Item) -> Stick | None:
        attributes = self._sight.attributes(item)
        seconds = _timeout(attributes.get("timeout"))
        match item.kind.rpartition("/")[2]:
            case "source-addr":
                return self._by_address("src", str(attributes.get("mask", "none")), seconds)
            case "dest-addr":
                return self._by_address("dst", str(attributes.get("mask", "none")), seconds)
            case "cookie" if attributes.get("method") == "hash" and self._is_http:
                name = _NO_TOKEN.sub("_", str(attributes.get("cookieName", "none")))
                return Stick(f"req.cook({name})", seconds, "string")
            case "cookie":
                return None
            case "universal" | "hash":
                return self._by_rule(str(attributes.get("rule", "none")), seconds)
        self._say(f"persistence {item.key.name} is not carried out")
        return None

    def _by_address(self, key: str, mask: str, seconds: int) -> Stick:
        kind = "ipv6" if self._is_v6 else "ip"
        if mask not in {"none", "", "any"}:
            masked = f"{_V4_BITS},{mask_bits(mask)}" if self._is_v6 else mask
            key = f"{key},ipmask({masked})"
        return Stick(key, seconds, kind)

    def _by_rule(self, rule: str, seconds: int) -> Stick | None:
        item = self._sight.get("ltm/rule", rule)
        text = str(item.own.get("apiAnonymous", "")) if item is not None else ""
        stick = _read_rule(text, seconds)
        if stick is None or not (self._is_http or stick.key == "src"):
            self._say(f"persistence by iRule {rule} is not recognised and does nothing")
            return None
        return stick

    def _say(self, what: str) -> None:
        self._sight.problem(f"virtual server {self._name}: {what}")


def _read_rule(text: str, seconds: int) -> Stick | None:
    key = learns = ""
    for added, words in _PERSIST.findall(text):
        said = _FOLDED.sub("", words.strip('" '))
        for pattern, asked, answered in _KEYS:
            found = pattern.match(said)
            if found is None:
                continue
            if added and answered:
                learns = answered.format(*found.groups())
            elif not added:
                key = asked.format(*found.groups())
                rest = said[found.end() :].strip(' "]{}').split()
                seconds = _timeout(number(rest[0], seconds)) if rest else seconds
            break
    if not key:
        return None
    return Stick(key, seconds, "ip" if key == "src" else "string", learns)


def _timeout(value: object) -> int:
    return min(number(value) or FOR_EVER_S, FOR_EVER_S)


def _seconds(text: str) -> int:
    """Read `3600`, or `days:hours:minutes:seconds`."""
    total = 0
    for part, unit in zip(reversed(text.split(":")), (1, 60, 3600, 86400), strict=False):
        total += number(part) * unit
    return total


def mask_bits(mask: str) -> int:
    """Return how many bits a mask leaves, such as 16 of 255.255.0.0; 128 without a mask."""
    try:
        return int(ipaddress.ip_address(mask)).bit_count()
    except ValueError:
        return 128


def _by_default(pool: str) -> str:
    """Return the cookie's name: of a pool outside /Common with its path (examples as in K6917)."""
    path = split_path(pool)
    is_common = path.partition == COMMON and not path.sub_path
    return f"BIGipServer{path.name if is_common else pool.replace('/', '~')}"
