"""Statistics as a device writes them: flat names, each a value or a description, as JSON text.

A thousand objects have forty thousand of them, so they are written as text at once, not built as
nested mappings first. Source: iControl REST reference, section 4.1.
"""

import json
from collections.abc import Iterable, Mapping
from json.encoder import encode_basestring_ascii

quoted = encode_basestring_ascii


class Nested(str):
    """JSON that stands for itself."""

    __slots__ = ()


Fields = Mapping[str, int | str]  # a Nested among them is an entry with entries of its own


def text(value: object) -> Mapping[str, str]:
    """Return one statistic that is text, for those who build their answers as mappings."""
    return {"description": str(value)}


def written(fields: Mapping[str, int | str]) -> str:
    """Return the entries of one object, by name: numbers as values, texts as descriptions."""
    parts = [
        f'"{name}":{{"value":{value}}}' if type(value) is int else f"{quoted(name)}:{_said(value)}"
        for name, value in sorted(fields.items())
    ]
    return "{" + ",".join(parts) + "}"


def _said(value: int | str) -> str:
    if isinstance(value, Nested):
        return value
    return f'{{"description":{quoted(str(value))}}}'


def nested(entries: str, about: str = "") -> str:
    """Wrap entries once; `about` is what stands before them, such as `"kind":"...",`."""
    return f'{{"nestedStats":{{{about}"entries":{entries}}}}}'


def keyed(entries: Iterable[tuple[str, str]]) -> str:
    """Return entries under their keys; a key may come twice, as on a device."""
    return "{" + ",".join(f"{quoted(key)}:{entry}" for key, entry in entries) + "}"


def body(kind: str, link: str, entries: str, more: Mapping[str, object] | None = None) -> str:
    """Return a whole answer; one without entries has no such member (section 1.4)."""
    tail = "" if entries == "{}" else f',"entries":{entries}'
    said = "".join(f",{quoted(name)}:{json.dumps(value)}" for name, value in (more or {}).items())
    return f'{{"kind":{quoted(kind)},"selfLink":{quoted(link)}{said}{tail}}}'
