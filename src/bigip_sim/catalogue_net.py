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
        "net/self",
        "self IP",
        defaults=defaults("net", "net/self"),
        optional=DESCRIBED,
        simulated=False,
    ),
)
