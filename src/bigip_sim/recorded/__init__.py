"""The attributes each type has while nothing is set, one file for each module of the tree.

Recorded from a 14.1.2.1 device; an attribute that is absent while unset is not here but among its
type's optional ones. Source: iControl REST reference, section 3, and the recorded shapes.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def _module(name: str) -> Mapping[str, Mapping[str, object]]:
    text = files(__name__).joinpath(f"{name}.json").read_text(encoding="utf-8")
    found: Mapping[str, Mapping[str, object]] = json.loads(text)
    return found


@cache
def counted(path: str) -> Mapping[str, int]:
    """Return the numbers of the statistics of this path that stay 0 unless somebody counts them.

    From recorded answers of 14.1, by way of those who read them (section 4.4).
    """
    names: Mapping[str, object] = _module("statistics")
    found = names[path]
    assert isinstance(found, list)
    return dict.fromkeys(found, 0)


def defaults(module: str, path: str) -> Mapping[str, object]:
    """Return what a type of this path below /mgmt/tm says of itself while nothing is set."""
    return _module(module)[path]
