"""Says how what a device has differs from what is wanted, object by object, field by field. Pure.

It differs exactly where `plan` would write: both ask the same question of each object.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bigip_lbaas.domain.drift import DriftKind
from bigip_lbaas.ltm.state import FLAG_PAIRS, Attributes, ObjectPath, State
from bigip_lbaas.reconcile.plan import changes

LONGEST = 200  # characters of a value
HIDDEN = "(not shown: it may hold a secret)"
ABSENT = "absent"
PRESENT = "present"
_SECRET = re.compile(r"(?i)authori[sz]ation|cookie|passw|passphrase|secret|token|api.?key")


@dataclass(frozen=True, slots=True)
class Deviation:
    """One difference of one object; field, wanted and found only of what is changed."""

    kind: DriftKind
    path: ObjectPath
    field: str = ""
    wanted: str = ""
    found: str = ""


def deviations(wanted: State, found: State) -> tuple[Deviation, ...]:
    """Return how `found` differs from `wanted`, both of the same load balancers, without nodes.

    Attributes that `wanted` does not name count for nothing.
    """
    return tuple(
        deviation
        for path in sorted(wanted.keys() | found.keys())
        for deviation in _of(path, wanted.get(path), found.get(path))
    )


def _of(
    path: ObjectPath, wanted: Attributes | None, found: Attributes | None
) -> Iterator[Deviation]:
    if found is None:
        yield Deviation(DriftKind.MISSING, path)
    elif wanted is None:
        yield Deviation(DriftKind.EXTRA, path)
    else:
        for name in sorted(changes(wanted, found)):
            for field, is_wanted, is_found in _fields(name, wanted, found):
                yield Deviation(
                    DriftKind.CHANGED, path, field, said(field, is_wanted), said(field, is_found)
                )


def _fields(name: str, wanted: Attributes, found: Attributes) -> Iterator[tuple[str, Any, Any]]:
    """Yield field, what is wanted and what is found; of members each one's own fields."""
    if name == "members":
        yield from _members(wanted[name], found.get(name, ()))
    elif name in FLAG_PAIRS and wanted[name] is True:
        yield "state", name, FLAG_PAIRS[name] if FLAG_PAIRS[name] in found else ABSENT
    else:
        yield name, wanted[name], found.get(name, ABSENT)


def _members(wanted: Any, found: Any) -> Iterator[tuple[str, Any, Any]]:
    those: Mapping[str, Attributes] = {member["name"]: member for member in wanted}
    these: Mapping[str, Attributes] = {member["name"]: member for member in found}
    for name in sorted(those.keys() | these.keys()):
        if name not in these:
            yield f"member {name}", PRESENT, ABSENT
        elif name not in those:
            yield f"member {name}", ABSENT, PRESENT
        else:
            for field, value in those[name].items():
                if these[name].get(field) != value:
                    yield f"member {name} {field}", value, these[name].get(field, ABSENT)


def said(field: str, value: Any) -> str:
    """Return a value as text, cut where it is long, hidden where it may hold a secret."""
    if isinstance(value, tuple | list) and all(isinstance(each, Mapping) for each in value):
        text = ", ".join(str(each.get("name", each)) for each in value) or "none"
    elif isinstance(value, str):
        text = value or "none"
    elif isinstance(value, Mapping) and set(value) == {"type"}:
        text = str(value["type"])
    else:
        text = json.dumps(value, sort_keys=True, default=str)
    if _SECRET.search(field) or _SECRET.search(text):
        return HIDDEN
    printable = "".join(c if c.isprintable() else "?" for c in text)
    return printable if len(printable) <= LONGEST else f"{printable[: LONGEST - 3]}..."
