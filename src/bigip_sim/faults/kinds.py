"""The kinds of faults as one table: what each takes, where it acts, and what it is for.

The control API, the command line's help and the documentation are all drawn from this table.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from math import isfinite


class UnknownFaultError(ValueError):
    """A fault that is not known, or a value that it cannot have; the message names the field."""


class Place(Enum):
    """Where on its way through the device a request meets a fault."""

    GATEWAY = "gateway"  # before authentication
    WORKER = "worker"  # after authentication, below /mgmt/tm
    COMMIT = "commit"  # when carrying out a transaction begins
    COMMAND = "command"  # before each of its commands
    RETURN = "return"  # when the work is done


@dataclass(frozen=True, slots=True)
class Number:
    """A field that holds a number from `least` to `most`; without `default` it is required."""

    says: str
    default: float | None = None
    least: float = 0.0
    most: float = float("inf")
    whole: bool = False

    def read(self, name: str, value: object) -> float | int:
        """Return the value, or raise with the field's name."""
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not _is_finite(value) or (self.whole and not isinstance(value, int)):
            what = "a whole number" if self.whole else "a number"
            raise UnknownFaultError(f"{name} must be {what}, got {value!r}")
        assert isinstance(value, int | float)
        if not self.least <= value <= self.most:
            low, high = f"{self.least:.10g}", f"{self.most:.10g}"
            said = f"at least {low}" if self.most == float("inf") else f"from {low} to {high}"
            raise UnknownFaultError(f"{name} must be {said}, got {value!r}")
        return value


def _is_finite(value: object) -> bool:
    try:
        return isinstance(value, int | float) and isfinite(value)
    except OverflowError:  # a whole number that no float holds
        return False


@dataclass(frozen=True, slots=True)
class Word:
    """A field that holds one of a few words, or any text when there are no `choices`."""

    says: str
    default: str | None = None
    choices: tuple[str, ...] = ()

    def read(self, name: str, value: object) -> str:
        """Return the value, or raise with the field's name."""
        if not isinstance(value, str) or not value:
            raise UnknownFaultError(f"{name} must be text, got {value!r}")
        if self.choices and value not in self.choices:
            raise UnknownFaultError(
                f"{name} must be one of {', '.join(self.choices)}, got {value!r}"
            )
        return value


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault."""

    place: Place
    says: str
    fields: Mapping[str, Number | Word] = field(default_factory=dict)


_MS = "milliseconds"
_YEAR_S = 366 * 86_400.0
_DAY_MS = 86_400_000.0
_DELAY: Mapping[str, Number | Word] = {
    "ms": Number(f"{_MS}; the mean of a distribution", most=_DAY_MS),
    "distribution": Word(
        "how the time varies", "fixed", ("fixed", "uniform", "normal", "exponential")
    ),
    "spread_ms": Number(
        "half the width of `uniform`, the standard deviation of `normal`", 0.0, most=_DAY_MS
    ),
}

KINDS: Mapping[str, Kind] = {
    "latency": Kind(Place.GATEWAY, "an answer takes so much longer", _DELAY),
    "concurrency": Kind(
        Place.GATEWAY,
        "more requests than this at once are refused with 503, or wait for their turn",
        {
            "limit": Number("how many are answered at once", None, 1, whole=True),
            "answer": Word("what the others meet", "503", ("503", "queue")),
        },
    ),
    "unavailable": Kind(
        Place.GATEWAY,
        "503 while the device restarts, 502 while it loads an archive, 404 while workers start",
        {"answer": Word("which answer", "restarting", ("restarting", "loading", "starting"))},
    ),
    "unauthorized": Kind(
        Place.GATEWAY,
        "401 although the credentials are right",
        {"answer": Word("which of the texts", "no-header", ("no-header", "no-token", "page"))},
    ),
    "reset": Kind(
        Place.RETURN,
        "the connection is reset instead of an answer",
        {"when": Word("before the work, or when it is done", "before", ("before", "after"))},
    ),
    "timeout": Kind(
        Place.RETURN,
        "the limit of 60 s passes, and the work is done all the same",
        {
            "seconds": Number("how long until the answer", 60.0, most=_YEAR_S),
            "late_s": Number(
                "the work is done so long after the answer; 0 is before it", 0.0, most=_YEAR_S
            ),
            "answer": Word("which answer", "400", ("400", "500", "page")),
        },
    ),
    "not-found": Kind(Place.WORKER, "404 for an object that exists"),
    "mcpd": Kind(
        Place.WORKER,
        "mcpd restarts: 500, and among them 404 for objects that exist",
        {"not_found_share": Number("share of false 404 among the answers", 0.25, 0, 1)},
    ),
    "busy": Kind(Place.WORKER, "503 while an asynchronous task is executing"),
    "commit": Kind(
        Place.COMMAND,
        "a transaction fails at one of its commands, and nothing of it is kept",
        {
            "text": Word("what the device says", "01070734:3: Configuration error: injected"),
            "command": Number("which of the commands that `path` names", 1, 1, whole=True),
        },
    ),
    "commit-delay": Kind(Place.COMMIT, "carrying out a transaction takes so much longer", _DELAY),
}

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
COMMON: Mapping[str, Number | Word] = {
    "path": Word("paths it acts on, with * and ?; without the query", "*"),
    "method": Word("methods it acts on, separated by commas", "*"),
    "probability": Number("how likely it acts", 1.0, 0, 1),
    "count": Number("how often it acts at most; 0 is without end", 0, 0, whole=True),
    "after_s": Number("seconds until it begins", 0.0, most=_YEAR_S),
    "for_s": Number("seconds it lasts; 0 is without end", 0.0, most=_YEAR_S),
    "every_s": Number("seconds from one beginning to the next; 0 is once", 0.0, most=_YEAR_S),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault that was asked for; what is not said has its default."""

    kind: str
    values: Mapping[str, float | int | str]

    @property
    def place(self) -> Place:
        """Return where a request meets it."""
        if self.kind == "reset" and self.values["when"] == "before":
            return Place.GATEWAY
        if self.kind == "timeout" and self.values["late_s"]:
            return Place.GATEWAY
        return KINDS[self.kind].place

    def number(self, name: str) -> float:
        """Return a value that is a number."""
        value = self.values[name]
        assert not isinstance(value, str)
        return value

    def word(self, name: str) -> str:
        """Return a value that is a word."""
        return str(self.values[name])

    @property
    def methods(self) -> frozenset[str]:
        """Return the methods it acts on; none is all."""
        said = self.word("method")
        return frozenset() if said == "*" else frozenset(said.upper().split(","))


def read_fault(wanted: Mapping[str, object]) -> Fault:
    """Read what the control API was told; UnknownFaultError names the field that is wrong."""
    name = wanted.get("kind")
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise UnknownFaultError(f"kind must be one of {', '.join(KINDS)}, got {name!r}")
    known = {**kind.fields, **COMMON}
    unknown = sorted(wanted.keys() - known.keys() - {"kind"})
    if unknown:
        raise UnknownFaultError(
            f"{', '.join(unknown)}: a fault of kind {name} takes {', '.join(known)}"
        )
    values = {f: _value(f, shape, wanted) for f, shape in known.items()}
    fault = Fault(str(name), values)
    strange = sorted(fault.methods - set(METHODS))
    if strange:
        raise UnknownFaultError(f"method must be among {', '.join(METHODS)}, got {strange[0]!r}")
    path = fault.word("path")
    if path[0] not in "/*?[":
        raise UnknownFaultError(f"path must begin with / or *, such as */ltm/pool*, got {path!r}")
    every, lasts = fault.number("every_s"), fault.number("for_s")
    if every and not 0 < lasts <= every:
        raise UnknownFaultError(f"every_s takes for_s, up to {every:g}; got for_s {lasts:g}")
    return fault


def _value(name: str, shape: Number | Word, wanted: Mapping[str, object]) -> float | int | str:
    if name in wanted:
        return shape.read(name, wanted[name])
    if shape.default is None:
        raise UnknownFaultError(f"{name} is missing: {shape.says}")
    return shape.default
