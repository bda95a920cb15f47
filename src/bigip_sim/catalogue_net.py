"""The types below net. Source: iControl REST reference, section 3.2, and the recorded shapes."""

from bigip_sim.kinds import DESCRIBED, DOMAIN, Kind, Link, in_group, itself, many, one, placed
from bigip_sim.recorded import defaults

_IN_DOMAIN = Link("~place", DOMAIN, placed("~place"))
_TUNNEL_PROFILE = "tunnel profile"


def _tunnel_profile(leaf: str, root: str, **choices: frozenset[str]) -> Kind:
    path = f"net/tunnels/{leaf}"
    return Kind(
        path,
        "tunnel profile",
        family=_TUNNEL_PROFILE,
        defaults={} if leaf == "tcp-forward" else defaults("net", path),
        optional=DESCRIBED | {"defaultsFrom"},
        fixed=frozenset({"defaultsFrom"}),
        choices=choices,
        links=(Link("defaultsFrom", _TUNNEL_PROFILE, one("defaultsFrom")),),
        root=root,
    )


def _neighbour(leaf: str, human: str) -> Kind:
    return Kind(
        f"net/{leaf}",
        human,
        optional=DESCRIBED | {"macAddress"},
        fixed=frozenset({"ipAddress"}),
        links=(_IN_DOMAIN,),
    )


_TUNNEL_PROFILES = (
    _tunnel_profile(
        "vxlan",
        "/Common/vxlan",
        floodingType=frozenset({"multicast", "multipoint", "replicator", "none"}),
        encapsulationType=frozenset({"vxlan", "vxlan-gpe"}),
    ),
    _tunnel_profile(
        "gre",
        "/Common/gre",
        floodingType=frozenset({"none", "multipoint"}),
        # The last is what the OpenStack agent of real devices writes.
        encapsulation=frozenset({"standard", "nvgre", "transparent-ethernet-bridging"}),
    ),
    _tunnel_profile("ipip", "/Common/ipip"),
    _tunnel_profile("tcp-forward", "/Common/tcp-forward"),
    _tunnel_profile("geneve", "/Common/geneve"),
)

_FORWARDING = (
    Kind("net/fdb/tunnel", "FDB tunnel", by_device=True, subcollections=("records",)),
    Kind(
        "net/fdb/tunnel/records",
        "FDB tunnel record",
        partitioned=False,
        optional=frozenset({"endpoint", "endpoints", "description"}),
        parent="net/fdb/tunnel",
    ),
    Kind("net/fdb/vlan", "FDB vlan", by_device=True, subcollections=("records",), quiet=True),
    Kind(
        "net/fdb/vlan/records",
        "FDB vlan record",
        partitioned=False,
        optional=frozenset({"interface", "trunk", "description"}),
        parent="net/fdb/vlan",
    ),
)

_PORTS = (
    Kind(
        "net/interface",
        "interface",
        family="interface",
        partitioned=False,
        defaults=defaults("net", "net/interface"),
        optional=DESCRIBED,
        read_only=frozenset({"ifIndex", "macAddress"}),
        flags=(("enabled", "disabled"),),
        by_device=True,
    ),
    Kind(
        "net/trunk",  # no item was recorded: the attributes are unverified
        "trunk",
        family="interface",
        partitioned=False,
        defaults=defaults("net", "net/trunk"),
        optional=DESCRIBED | {"interfaces"},
        read_only=frozenset({"bandwidth", "cfgMbrCount", "macAddress", "workingMbrCount"}),
        links=(Link("interfaces", "interface", many("interfaces"), many=True),),
    ),
)

NET = (
    Kind(
        "net/route-domain",
        "route domain",
        defaults=defaults("net", "net/route-domain"),
        optional=DESCRIBED
        | {"vlans", "parent", "bwcPolicy", "flowEvictionPolicy", "routingProtocol"}
        | {"fwEnforcedPolicy", "fwStagedPolicy", "ipIntelligencePolicy", "servicePolicy"},
        fixed=frozenset({"id"}),
        links=(
            Link("vlans", "net/vlan", many("vlans"), many=True, anywhere=True),
            Link("parent", "net/route-domain", one("parent")),
        ),
    ),
    Kind(DOMAIN, "route domain", partitioned=False, by_device=True),  # by number, for addresses
    Kind(
        "net/vlan",
        "VLAN",
        defaults=defaults("net", "net/vlan"),
        optional=DESCRIBED | {"customerTag"},
        read_only=frozenset({"ifIndex"}),
        subcollections=("interfaces",),
    ),
    Kind(
        "net/vlan/interfaces",
        "VLAN member",
        partitioned=False,
        defaults={"tagMode": "none"},
        optional=frozenset({"appService"}),
        flags=(("untagged", "tagged"),),
        links=(Link("", "interface", itself),),
        parent="net/vlan",
    ),
    Kind(
        "net/tunnels/tunnel",
        "tunnel",
        family="net/vlan",  # a tunnel stands wherever a VLAN does
        defaults=defaults("net", "net/tunnels/tunnel"),
        optional=DESCRIBED | {"profile", "trafficGroup"},
        read_only=frozenset({"ifIndex"}),
        links=(Link("profile", _TUNNEL_PROFILE, one("profile")), in_group()),
    ),
    *_TUNNEL_PROFILES,
    *_FORWARDING,
    Kind(
        "net/self",
        "self IP",
        defaults=defaults("net", "net/self"),
        optional=DESCRIBED
        | {"address", "allowService", "vlan", "fwEnforcedPolicy", "fwStagedPolicy"},
        choices={"floating": frozenset({"enabled", "disabled"})},
        links=(Link("vlan", "net/vlan", one("vlan")), _IN_DOMAIN, in_group()),
    ),
    Kind(
        "net/route",
        "route",
        defaults=defaults("net", "net/route"),
        optional=DESCRIBED | {"gw", "pool", "tmInterface"},
        fixed=frozenset({"network"}),
        marks=frozenset({"blackhole"}),
        links=(
            Link("pool", "ltm/pool", one("pool")),
            Link("tmInterface", "net/vlan", one("tmInterface")),
            _IN_DOMAIN,
        ),
    ),
    Kind(  # no item was recorded: the attributes are unverified
        "net/dns-resolver",
        "dns-resolver",
        defaults={
            "answerDefaultZones": "no",
            "cacheSize": 5767168,
            "randomizeQueryNameCase": "yes",
            "routeDomain": "/Common/0",
            **dict.fromkeys(("useIpv4", "useIpv6", "useTcp", "useUdp"), "yes"),
        },
        optional=DESCRIBED | {"forwardZones"},
        links=(Link("~routeDomain", "net/route-domain", one("routeDomain"), anywhere=True),),
    ),
    _neighbour("arp", "ARP entry"),
    _neighbour("ndp", "NDP entry"),
    *_PORTS,
)
