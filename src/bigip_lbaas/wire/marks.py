"""The mark of a revision: its number alone says nothing once a database has given it out twice."""

from hashlib import sha256

import msgspec

from bigip_lbaas.domain.graph import ServiceGraph
from bigip_lbaas.wire.messages import VERSION

LONG_ENOUGH = 16  # hexadecimal digits


def mark_of(graph: ServiceGraph, wanted: bool) -> str:
    """Return the version of these messages with the hash of what the load balancer is to be.

    Another version may know more of a graph, so only marks of one version can be compared.
    """
    text = msgspec.json.encode((graph, wanted), order="deterministic")
    return f"{VERSION}:{sha256(text).hexdigest()[:LONG_ENOUGH]}"


def contradict(some: str, other: str) -> bool:
    """Return whether two marks cannot be of one revision; what is not known contradicts nothing."""
    version, colon, _ = some.partition(":")
    return bool(colon) and other.startswith(f"{version}:") and some != other
