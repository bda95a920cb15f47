"""`/example` of a collection: what an object of it would look like, and what its parts mean.

The form is that of a recorded answer (net/trunk of 12.1.3.7); which attributes a type has comes
from the table of types. Source: iControl REST reference, section 1.4.
"""

from collections.abc import Mapping

from bigip_sim.kinds import Kind

# The two that every type words the same; those of single types are not told.
_DESCRIPTIONS: Mapping[str, str] = {
    "appService": "The application service that the object belongs to.",
    "description": "User defined description.",
}


def example(kind: Kind, self_link: str) -> dict[str, object]:
    """Return a collection of one object that has no name."""
    optional = dict.fromkeys(sorted(kind.optional), "")
    flags = {first: True for first, _ in kind.flags}
    # With more than the name where there are partitions: unverified.
    keys = ["name", "partition", "subPath"] if kind.partitioned else ["name"]
    item = {
        "propertyDescriptions": {n: t for n, t in _DESCRIPTIONS.items() if kind.known(n)},
        **dict(sorted({**optional, **kind.defaults, **flags}.items())),
        "naturalKeyPropertyNames": keys,
    }
    return {"kind": kind.collection_name, "selfLink": self_link, "items": [item]}
