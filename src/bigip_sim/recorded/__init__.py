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


def defaults(module: str, path: str) -> Mapping[str, object]:
    """Return what a type of this path below /mgmt/tm says of itself while nothing is set."""
    return _module(module)[path]
