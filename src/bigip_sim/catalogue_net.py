"""The types below net. Source: iControl REST reference, section 3.2, and the recorded shapes."""

from bigip_sim.kinds import DESCRIBED, Kind
from bigip_sim.recorded import defaults

NET = (
    Kind(
        "net/vlan",
        "VLAN",
        defaults=defaults("net", "net/vlan"),
        optional=DESCRIBED | {"tag"},
        simulated=False,
    ),
    Kind(
        "net/route-domain",
        "route domain",
        defaults=defaults("net", "net/route-domain"),
        optional=DESCRIBED | {"id", "vlans"},
        simulated=False,
    ),
    Kind(
        "net/tunnels/tunnel",
        "tunnel",
        defaults=defaults("net", "net/tunnels/tunnel"),
        optional=DESCRIBED | {"profile"},
        simulated=False,
    ),
    Kind(
        "net/fdb/tunnel",
        "FDB tunnel",
        by_device=True,
        subcollections=("records",),
    ),
    Kind(
        "net/fdb/tunnel/records",
        "FDB tunnel record",
        partitioned=False,
        optional=frozenset({"endpoint", "endpoints", "description"}),
        parent="net/fdb/tunnel",
    ),
    Kind(
        "net/fdb/vlan",
        "FDB vlan",
        by_device=True,
        subcollections=("records",),
        quiet=True,
    ),
    Kind(
        "net/fdb/vlan/records",
        "FDB vlan record",
        partitioned=False,
        optional=frozenset({"interface", "trunk", "description"}),
        parent="net/fdb/vlan",
    ),
    Kind(
        "net/self",
        "self IP",
        defaults=defaults("net", "net/self"),
        optional=DESCRIBED,
        simulated=False,
    ),
)
