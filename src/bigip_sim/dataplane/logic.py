"""Conditions of iRules as sets of tests: any set holds when all of its tests do."""

import ipaddress
import re
from collections.abc import Callable, Iterable

from bigip_sim.dataplane.expressions import bracketed
from bigip_sim.dataplane.rulebook import Test
from bigip_sim.tcl import statements

Condition = tuple[tuple[Test, ...], ...]  # any of these, all of those
Look = Callable[[str], Iterable[str]]  # a data group's records
MOST = 32  # sets; a condition that becomes more is not carried
_OPERATORS = {
    **dict.fromkeys(("equals", "eq", "==", "ne", "!="), "str"),
    "starts_with": "beg",
    "ends_with": "end",
    "contains": "sub",
}
_TOKEN = re.compile(r"\s*(&&|\|\||==|!=|[()!]|\"(?:[^\"\\]|\\.)*\"|[^\s()!\[\"{]+)")


class NotUnderstood(Exception):
    """Something of an iRule that is not in the catalogue; the message is its text."""


def read_condition(text: str, look: Look) -> Condition:
    """Read the condition of an `if`."""
    reading = _Reading(_tokens(text), look)
    found = reading.either()
    if reading.left:
        raise NotUnderstood(text)
    return found


def switch_tests(subject: str, patterns: list[str], glob: bool) -> Condition:
    """Return what holds when a switch's subject is like one of the patterns."""
    sample = bracketed(subject.strip('"'))
    if sample is None:
        raise NotUnderstood(subject)
    return tuple((_like(sample, pattern, glob),) for pattern in patterns)


def _like(sample: str, pattern: str, glob: bool) -> Test:
    if "$" in pattern or "[" in pattern:
        raise NotUnderstood(pattern)
    folds = sample.endswith(",lower")
    bare = pattern.strip("*")
    if not glob or not ("*" in pattern or "?" in pattern):
        return Test(sample, "str", (pattern,), folds)
    if "*" in bare or "?" in pattern:
        raise NotUnderstood(pattern)
    if not bare:
        return Test(sample, "found")
    begins, ends = pattern.startswith("*"), pattern.endswith("*")
    match = "sub" if begins and ends else "end" if begins else "beg"
    return Test(sample, match, (bare,), folds)


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        if text[at] in "[{":
            end = _close(text, at)
            tokens.append(text[at:end])
            at = end
            continue
        found = _TOKEN.match(text, at)
        if found is None:
            raise NotUnderstood(text)
        tokens.append(found[1])
        at = found.end()
    return tokens


def _close(text: str, at: int) -> int:
    opening = text[at]
    closing = "]" if opening == "[" else "}"
    depth = 0
    for place in range(at, len(text)):
        depth += (text[place] == opening) - (text[place] == closing)
        if not depth:
            return place + 1
    raise NotUnderstood(text)


class _Reading:
    """Reads by descending: or, and, not, comparison."""

    def __init__(self, tokens: list[str], look: Look) -> None:
        self.left = tokens
        self._look = look

    def either(self) -> Condition:
        found = self._both()
        while self._take("||", "or"):
            found = _few(found + self._both())
        return found

    def _both(self) -> Condition:
        found = self._one()
        while self._take("&&", "and"):
            other = self._one()
            found = _few(tuple(a + b for a in found for b in other))
        return found

    def _one(self) -> Condition:
        if self._take("!", "not"):
            return _negated(self._one())
        if self._take("("):
            found = self.either()
            if not self._take(")"):
                raise NotUnderstood("(")
            return found
        return self._comparison()

    def _comparison(self) -> Condition:
        left = self._next()
        operator = self.left[0] if self.left else ""
        if operator not in _OPERATORS:
            return ((self._alone(left),),)
        self._next()
        value = self._next().strip('"{}')
        if "$" in value or "[" in value:
            raise NotUnderstood(value)
        sample = bracketed(left.strip('"'))
        if sample is None:
            raise NotUnderstood(left)
        negated = operator in {"ne", "!="}
        if value == "":
            return ((Test(sample, "len", ("gt 0",), False, not negated),),)
        match = _OPERATORS[operator]
        if sample in {"src_port", "dst_port", "status"} and value.isdigit():
            match = "int"
        if sample in {"src", "dst"}:
            match, value = "ip", _network(value)
        return ((Test(sample, match, (value,), sample.endswith(",lower"), negated),),)

    def _alone(self, word: str) -> Test:
        """A command that is true or false by itself."""
        words = [w.text for s in statements(word.strip('"')[1:-1]) for w in s.words]
        match words:
            case ["class", "match", *rest]:
                return self._in_group([w for w in rest if w != "--"])
            case ["HTTP::cookie" | "HTTP::header" as what, "exists", name]:
                sample = bracketed(f"[{what} {name}]")
                if sample is not None:
                    return Test(sample, "found")
            case ["IP::addr", left, "equals", right]:
                sample = bracketed(left) or bracketed(right)
                network = right if bracketed(left) else left
                if sample in {"src", "dst"}:
                    return Test(sample, "ip", (_network(network),))
        raise NotUnderstood(word)

    def _in_group(self, words: list[str]) -> Test:
        if len(words) != 3 or words[1] not in _OPERATORS:
            raise NotUnderstood(" ".join(words))
        sample = bracketed(words[0])
        records = tuple(self._look(words[2]))
        if sample is None or not records:
            raise NotUnderstood(" ".join(words))
        if sample in {"src", "dst"}:
            return Test(sample, "ip", tuple(_network(record) for record in records))
        return Test(sample, _OPERATORS[words[1]], records, folds=sample.endswith(",lower"))

    def _take(self, *words: str) -> bool:
        if self.left and self.left[0] in words:
            self.left = self.left[1:]
            return True
        return False

    def _next(self) -> str:
        if not self.left:
            raise NotUnderstood("a condition that ends too early")
        first, *self.left = self.left
        return first


def _few(condition: Condition) -> Condition:
    if len(condition) > MOST:
        raise NotUnderstood("a condition of too many parts")
    return condition


def _negated(condition: Condition) -> Condition:
    """Not (a and b, or c) is (not a or not b) and not c."""
    found: Condition = ((),)
    for tests in condition:
        turned = [Test(t.sample, t.match, t.values, t.folds, not t.negated) for t in tests]
        found = _few(tuple((*some, test) for some in found for test in turned))
    return found


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text.partition("%")[0], strict=False))
    except ValueError as error:
        raise NotUnderstood(text) from error
