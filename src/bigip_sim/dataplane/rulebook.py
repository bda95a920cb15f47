"""The lines of HAProxy configuration that policies and iRules become, and their conditions.

Everything that comes from a client is quoted here; names of conditions are our own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

WORDS_IN_LINE = 40  # HAProxy takes 64 words in a line


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison: a sample, how it is matched, and with what."""

    sample: str
    match: str = "str"  # HAProxy's -m
    values: tuple[str, ...] = ()
    folds: bool = True  # the case of letters
    negated: bool = False


@dataclass(slots=True)
class Rulebook:
    """Collects the lines of one frontend."""

    is_http: bool
    lines: list[str] = field(default_factory=list)
    _known: dict[tuple[str, ...], str] = field(default_factory=dict)
    _marks: int = 0

    def condition(self, tests: Sequence[Test]) -> str:
        """Return what holds when all tests do, as it stands after `if`."""
        return " ".join(f"{'!' if test.negated else ''}{self._acl(test)}" for test in tests)

    def act(self, what: str, when: str = "", *, response: bool = False) -> None:
        """Add an action on a request or an answer."""
        if response:
            head = "http-response"
        else:
            head = "http-request" if self.is_http else "tcp-request content"
        self.lines.append(f"  {head} {what}{f' if {when}' if when else ''}")

    def mark(self, *whens: str, response: bool = False) -> str:
        """Note whether any of these holds now; returns the condition that asks later."""
        self._marks += 1
        name = f"txn.m{self._marks}"
        for when in whens:
            self.act(f"set-var({name}) bool(true)", when, response=response)
        return f"{{ var({name}) -m bool }}"

    def pool(self, backend: str, when: str = "") -> None:
        """Choose a pool; the last choice counts."""
        self.act(f"set-var(txn.pool) str({backend})", when)

    def reject(self, when: str = "") -> None:
        """Reset the connection."""
        self.act("reject", when)

    def written(self) -> tuple[str, ...]:
        """Return the lines, with the choice of a pool at the end."""
        if not self.lines:
            return ()
        first = () if self.is_http else ("  tcp-request inspect-delay 3s",)
        use = "  use_backend %[var(txn.pool)] if { var(txn.pool) -m found }"
        chosen = (use,) if any("txn.pool" in line for line in self.lines) else ()
        return (*first, *self.lines, *chosen)

    def _acl(self, test: Test) -> str:
        folds = " -i" if test.folds and test.match in {"str", "beg", "end", "sub"} else ""
        head = f"{test.sample} -m {test.match}{folds}"
        values = tuple(v if test.match in {"int", "len"} else quoted(v) for v in test.values)
        name = self._known.get((head, *values))
        if name is None:
            name = self._known[head, *values] = f"a{len(self._known) + 1}"
            for begin in range(0, max(1, len(values)), WORDS_IN_LINE):
                some = " ".join(values[begin : begin + WORDS_IN_LINE])
                self.lines.append(f"  acl {name} {head}{f' -- {some}' if some else ''}")
        return name


def quoted(text: str) -> str:
    """Quote for one line of configuration; what would end the line is escaped for a pattern."""
    flat = text.replace("\n", "\\n").replace("\r", "\\r").replace("\0", "")
    return "'" + flat.replace("'", "'\\''") + "'"
