"""The types below ltm that are neither monitors nor profiles.

Source: iControl REST reference, sections 3.3 to 3.8, and the recorded shapes.
"""

from collections.abc import Iterable

from bigip_sim.kinds import (
    DESCRIBED,
    DOMAIN,
    Kind,
    Link,
    in_group,
    itself,
    many,
    monitors,
    one,
    placed,
    within,
)
from bigip_sim.names import split_path, split_port
from bigip_sim.recorded import defaults
from bigip_sim.tree import Item

_LB_METHODS = ("least-connections", "observed", "predictive", "dynamic-ratio")
LB_MODES = frozenset(
    {"round-robin", "fastest-node", "fastest-app-response", "least-sessions", "ratio-session"}
    | {f"{method}-{by}" for method in _LB_METHODS for by in ("member", "node")}
    | {f"{method}least-connections-member" for method in ("ratio-", "weighted-")}
    | {f"{method}least-connections-node" for method in ("ratio-", "weighted-")}
    | {"ratio-member", "ratio-node"}
)


def member_node(item: Item) -> Iterable[str]:
    """Return the node that a pool member stands on: the host part of its name."""
    path = split_path(item.key.name)
    return (f"/{path.partition}/{split_port(path.name)[0]}",)


_IN_DOMAIN = Link("~place", DOMAIN, placed("~place"))

LTM = (
    Kind(
        "ltm/node",
        "Node",
        defaults=defaults("ltm", "ltm/node"),
        optional=DESCRIBED,
        fixed=frozenset({"address", "ephemeral"}),
        read_only=frozenset({"session", "state"}),
        links=(Link("monitor", "monitor", monitors("monitor")), _IN_DOMAIN),
    ),
    Kind(
        "ltm/pool",
        "Pool",
        defaults=defaults("ltm", "ltm/pool"),
        optional=DESCRIBED | {"monitor", "gatewayFailsafeDevice"},
        choices={"loadBalancingMode": LB_MODES},
        links=(Link("monitor", "monitor", monitors("monitor")),),
        subcollections=("members",),
    ),
    Kind(
        "ltm/pool/members",
        "Pool Member",
        defaults=defaults("ltm", "ltm/pool/members"),
        optional=DESCRIBED,
        fixed=frozenset({"address", "ephemeral"}),
        read_only=frozenset({"session", "state"}),
        links=(
            Link("", "ltm/node", member_node),
            Link("monitor", "monitor", monitors("monitor")),
        ),
        parent="ltm/pool",
    ),
    Kind(
        "ltm/virtual",
        "Virtual Server",
        defaults=defaults("ltm", "ltm/virtual"),
        optional=DESCRIBED
        | {"pool", "rules", "persist", "fallbackPersistence", "vlans", "lastHopPool"}
        | {"bwcPolicy", "clonePools", "evictionProtected", "flowEvictionPolicy", "rateClass"}
        | {
            "fwEnforcedPolicy",
            "fwStagedPolicy",
            "ipIntelligencePolicy",
            "perFlowRequestAccessPolicy",
        }
        | {"snat", "relatedRules", "securityLogProfiles", "securityNatPolicy", "servicePolicy"}
        | {"trafficClasses", "trafficMatchingCriteria", "transparentNexthop", "addressStatus"},
        marks=frozenset({"ipForward", "internal", "reject", "l2Forward", "dhcpRelay", "stateless"}),
        read_only=frozenset({"creationTime", "lastModifiedTime", "vsIndex"}),
        choices={"ipProtocol": frozenset({"any", "tcp", "udp", "sctp", "icmp"})},
        flags=(("enabled", "disabled"), ("vlansDisabled", "vlansEnabled")),
        links=(
            Link("pool", "ltm/pool", one("pool")),
            Link("lastHopPool", "ltm/pool", one("lastHopPool")),
            Link("rules", "ltm/rule", many("rules"), many=True),
            Link("vlans", "net/vlan", many("vlans"), many=True),
            Link("persist", "persistence", many("persist"), many=True),
            Link("fallbackPersistence", "persistence", one("fallbackPersistence")),
            Link("~address", "ltm/virtual-address", one("~address")),
            _IN_DOMAIN,
            Link(
                "sourceAddressTranslation",
                "ltm/snatpool",
                within("sourceAddressTranslation", "pool"),
            ),
        ),
        subcollections=("policies", "profiles"),
    ),
    Kind(
        "ltm/virtual/profiles",
        "Virtual Server Profile",
        defaults=defaults("ltm", "ltm/virtual/profiles"),
        choices={"context": frozenset({"all", "clientside", "serverside"})},
        links=(Link("name", "profile", itself),),
        parent="ltm/virtual",
    ),
    Kind(
        "ltm/virtual/policies",
        "Virtual Server Policy",
        links=(Link("name", "ltm/policy", itself),),
        parent="ltm/virtual",
    ),
    Kind(
        "ltm/virtual-address",
        "Virtual Address",
        defaults=defaults("ltm", "ltm/virtual-address"),
        optional=DESCRIBED,
        fixed=frozenset({"address"}),
        links=(_IN_DOMAIN, in_group()),
        choices={"enabled": frozenset({"yes", "no"}), "autoDelete": frozenset({"true", "false"})},
    ),
    Kind(
        "ltm/snatpool",
        "Snatpool",
        optional=DESCRIBED | {"members"},
        links=(Link("members", "ltm/snat-translation", many("members"), many=True),),
    ),
    Kind(
        "ltm/snat-translation",
        "SNAT Translation",
        defaults=defaults("ltm", "ltm/snat-translation"),
        optional=DESCRIBED,
        fixed=frozenset({"address"}),
        links=(_IN_DOMAIN, in_group()),
        flags=(("enabled", "disabled"),),
    ),
    Kind(
        "ltm/snat",  # no item was recorded: the attributes are unverified
        "snat",
        defaults=defaults("ltm", "ltm/snat"),
        optional=DESCRIBED | {"origins", "snatpool", "translation", "vlans"},
        flags=(("vlansDisabled", "vlansEnabled"),),
        marks=frozenset({"automap"}),
        links=(
            Link("snatpool", "ltm/snatpool", one("snatpool")),
            Link("translation", "ltm/snat-translation", one("translation")),
            Link("vlans", "net/vlan", many("vlans"), many=True),
        ),
    ),
    Kind(
        "ltm/cipher/rule",
        "cipher rule",
        defaults={"dhGroups": "DEFAULT", "signatureAlgorithms": "DEFAULT"},
        optional=DESCRIBED | {"cipher"},
    ),
    Kind(
        "ltm/cipher/group",
        "cipher group",
        defaults={"ordering": "default"},
        optional=DESCRIBED | {"allow", "exclude", "require"},
        links=tuple(
            Link(f"~{name}", "ltm/cipher/rule", many(name), many=True)
            for name in ("allow", "exclude", "require")
        ),
    ),
    Kind(
        "ltm/rule",
        "iRule",
        optional=DESCRIBED | {"apiAnonymous", "ignoreVerification"},
        read_only=frozenset({"apiRawValues"}),
        links=(
            Link("~pools", "ltm/pool", many("~pools"), many=True),
            Link("~groups", "value list", many("~groups"), many=True),
            Link("~snatpools", "ltm/snatpool", many("~snatpools"), many=True),
        ),
    ),
    Kind(
        "ltm/data-group/internal",
        "value list",
        family="value list",
        defaults=defaults("ltm", "ltm/data-group/internal"),
        optional=DESCRIBED | {"records"},
        choices={"type": frozenset({"string", "ip", "integer"})},
    ),
)
