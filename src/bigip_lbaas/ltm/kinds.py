"""The kinds of object that we write: in which order, and what is read of each.

The order of KINDS is the order of dependency: an object refers only to kinds before its own.
Source: iControl REST reference, transactions ("Order for create").
"""

from dataclasses import dataclass

HTTP_MONITOR = "ltm/monitor/http"
TCP_MONITOR = "ltm/monitor/tcp"
ICMP_MONITOR = "ltm/monitor/gateway-icmp"
NODE = "ltm/node"
POOL = "ltm/pool"
VIRTUAL_ADDRESS = "ltm/virtual-address"
VIRTUAL = "ltm/virtual"
DATA_GROUP = "ltm/data-group/internal"

PAGE = 1000
PAGE_WITH_SUBCOLLECTION = 100  # more, expanded, runs into the device's own 60 s limit


@dataclass(frozen=True, slots=True)
class Kind:
    """One collection. attributes: what we set, hence what is read.

    expanded: the attribute that is a collection of its own below the object.
    fixed: attributes that cannot change once the object is there.
    """

    collection: str
    attributes: tuple[str, ...]
    expanded: str | None = None
    fixed: tuple[str, ...] = ()

    @property
    def page_size(self) -> int:
        """Return how many objects one read may ask for."""
        return PAGE_WITH_SUBCOLLECTION if self.expanded else PAGE


KINDS = (
    Kind(HTTP_MONITOR, ("description", "interval", "timeout", "send", "recv")),
    Kind(TCP_MONITOR, ("description", "interval", "timeout")),
    Kind(ICMP_MONITOR, ("description", "interval", "timeout")),
    Kind(NODE, ("address",), fixed=("address",)),
    Kind(POOL, ("description", "loadBalancingMode", "monitor", "members"), expanded="members"),
    Kind(
        VIRTUAL_ADDRESS,
        ("description", "address", "enabled", "autoDelete", "trafficGroup"),
        fixed=("address",),
    ),
    Kind(
        VIRTUAL,
        (
            "description", "destination", "mask", "ipProtocol", "enabled", "disabled",
            "connectionLimit", "profiles", "sourceAddressTranslation", "pool", "persist",
        ),
        expanded="profiles",
    ),
)  # fmt: skip

KIND_OF = {kind.collection: kind for kind in KINDS}
RANK = {kind.collection: rank for rank, kind in enumerate(KINDS)}
