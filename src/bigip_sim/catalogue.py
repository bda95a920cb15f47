"""The table of types that the simulator knows, and the references between them.

Names, defaults and attributes: iControl REST reference, sections 1.5, 1.6 and 3, and the recorded
shapes of a 14.1.2.1 device.
"""

from collections.abc import Iterable

from bigip_sim.defaults_ltm import DEFAULTS
from bigip_sim.defaults_profiles import PROFILE_ROOTS
from bigip_sim.kinds import Kind, Link, itself, many, monitors, one, within
from bigip_sim.names import split_path, split_port
from bigip_sim.tree import Item, Key

_LB_METHODS = ("least-connections", "observed", "predictive", "dynamic-ratio")
LB_MODES = frozenset(
    {"round-robin", "fastest-node", "fastest-app-response", "least-sessions", "ratio-session"}
    | {f"{method}-{by}" for method in _LB_METHODS for by in ("member", "node")}
    | {f"{method}least-connections-member" for method in ("ratio-", "weighted-")}
    | {f"{method}least-connections-node" for method in ("ratio-", "weighted-")}
    | {"ratio-member", "ratio-node"}
)
_MONITOR_OPTIONAL = frozenset({"description", "defaultsFrom", "appService"})
_TEXT_MONITOR_OPTIONAL = _MONITOR_OPTIONAL | {"recv", "recvDisable", "send", "username", "password"}
_HTTPS_OPTIONAL = frozenset({"cipherlist", "compatibility", "cert", "key", "sslProfile"})
_DESCRIBED = frozenset({"description", "appService", "metadata"})


def member_node(item: Item) -> Iterable[str]:
    """Return the node that a pool member stands on: the host part of its name."""
    path = split_path(item.key.name)
    return (f"/{path.partition}/{split_port(path.name)[0]}",)


def _monitor(leaf: str, root: str, optional: frozenset[str] = _MONITOR_OPTIONAL) -> Kind:
    return Kind(
        f"ltm/monitor/{leaf}",
        "monitor",
        family="monitor",
        defaults=DEFAULTS[f"ltm/monitor/{leaf}"],
        optional=optional,
        fixed=frozenset({"defaultsFrom", "destination"}),
        links=(Link("defaultsFrom", "monitor", one("defaultsFrom")),),
        root=root,
    )


def _inheriting(path: str, human: str, family: str, root: str) -> Kind:
    defaults = PROFILE_ROOTS.get(path) or DEFAULTS[path]
    return Kind(
        path,
        human,
        family=family,
        defaults=defaults,
        optional=frozenset({"chain", "passphrase"}),
        links=(Link("defaultsFrom", family, one("defaultsFrom")),),
        root=root,
    )


_KINDS = (
    Kind(
        "auth/partition",
        "partition",
        partitioned=False,
        defaults=DEFAULTS["auth/partition"],
        optional=frozenset({"description"}),
    ),
    Kind(
        "sys/folder",
        "folder",
        defaults=DEFAULTS["sys/folder"],
        optional=frozenset({"description"}),
    ),
    Kind(
        "ltm/node",
        "Node",
        defaults=DEFAULTS["ltm/node"],
        optional=_DESCRIBED,
        fixed=frozenset({"address", "ephemeral", "fqdn"}),
        read_only=frozenset({"session", "state"}),
        links=(Link("monitor", "monitor", monitors("monitor")),),
    ),
    Kind(
        "ltm/pool",
        "Pool",
        defaults=DEFAULTS["ltm/pool"],
        optional=_DESCRIBED | {"monitor"},
        choices={"loadBalancingMode": LB_MODES},
        links=(Link("monitor", "monitor", monitors("monitor")),),
        subcollections=("members",),
    ),
    Kind(
        "ltm/pool/members",
        "Pool Member",
        defaults={
            "connectionLimit": 0,
            "dynamicRatio": 1,
            "ephemeral": "false",
            "fqdn": {"autopopulate": "disabled"},
            "inheritProfile": "enabled",
            "logging": "disabled",
            "monitor": "default",
            "priorityGroup": 0,
            "rateLimit": "disabled",
            "ratio": 1,
        },
        optional=_DESCRIBED,
        fixed=frozenset({"address", "ephemeral", "fqdn"}),
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
        defaults=DEFAULTS["ltm/virtual"],
        optional=_DESCRIBED
        | {"pool", "rules", "persist", "fallbackPersistence", "vlans", "lastHopPool"}
        | {"ipForward", "internal", "reject", "l2Forward", "dhcpRelay", "addressStatus"},
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
        defaults={"context": "all"},
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
        defaults=DEFAULTS["ltm/virtual-address"],
        optional=_DESCRIBED,
        fixed=frozenset({"address"}),
        choices={"enabled": frozenset({"yes", "no"}), "autoDelete": frozenset({"true", "false"})},
    ),
    Kind(
        "ltm/snatpool",
        "Snatpool",
        optional=_DESCRIBED | {"members"},
        links=(Link("members", "ltm/snat-translation", many("members"), many=True),),
    ),
    Kind(
        "ltm/snat-translation",
        "SNAT Translation",
        defaults={
            "arp": "enabled",
            "connectionLimit": 0,
            "enabled": True,
            "inheritedTrafficGroup": "false",
            "ipIdleTimeout": "indefinite",
            "tcpIdleTimeout": "indefinite",
            "trafficGroup": "/Common/traffic-group-1",
            "udpIdleTimeout": "indefinite",
            "unit": 1,
        },
        optional=_DESCRIBED,
        fixed=frozenset({"address"}),
    ),
    Kind("ltm/rule", "iRule", optional=_DESCRIBED | {"apiAnonymous"}),
    Kind("ltm/policy", "policy", simulated=False),
    Kind(
        "ltm/data-group/internal",
        "value list",
        family="value list",
        defaults={"type": "string"},
        optional=_DESCRIBED | {"records"},
        choices={"type": frozenset({"string", "ip", "integer"})},
    ),
    _monitor("http", "/Common/http", _TEXT_MONITOR_OPTIONAL),
    _monitor("https", "/Common/https", _TEXT_MONITOR_OPTIONAL | _HTTPS_OPTIONAL),
    _monitor("tcp", "/Common/tcp", _TEXT_MONITOR_OPTIONAL),
    _monitor("tcp-half-open", "/Common/tcp_half_open"),
    _monitor("udp", "/Common/udp", _TEXT_MONITOR_OPTIONAL),
    _monitor("icmp", "/Common/icmp"),
    _monitor("gateway-icmp", "/Common/gateway_icmp"),
    _inheriting("ltm/profile/fastl4", "profile", "profile", "/Common/fastL4"),
    _inheriting("ltm/profile/tcp", "profile", "profile", "/Common/tcp"),
    _inheriting("ltm/profile/udp", "UDP Profile", "profile", "/Common/udp"),
    _inheriting("ltm/profile/http", "profile", "profile", "/Common/http"),
    _inheriting("ltm/profile/one-connect", "profile", "profile", "/Common/oneconnect"),
    _inheriting("ltm/profile/client-ssl", "ClientSSL Profile", "profile", "/Common/clientssl"),
    _inheriting("ltm/persistence/cookie", "persistence", "persistence", "/Common/cookie"),
    _inheriting("ltm/persistence/source-addr", "persistence", "persistence", "/Common/source_addr"),
    Kind(
        "net/vlan",
        "VLAN",
        defaults=DEFAULTS["net/vlan"],
        optional=_DESCRIBED | {"tag"},
        simulated=False,
    ),
    Kind(
        "net/route-domain",
        "route domain",
        defaults=DEFAULTS["net/route-domain"],
        optional=_DESCRIBED | {"id", "vlans"},
        simulated=False,
    ),
    Kind(
        "net/tunnels/tunnel",
        "tunnel",
        defaults=DEFAULTS["net/tunnels/tunnel"],
        optional=_DESCRIBED | {"profile"},
        simulated=False,
    ),
    Kind(
        "net/self",
        "self IP",
        defaults=DEFAULTS["net/self"],
        optional=_DESCRIBED,
        simulated=False,
    ),
)

KINDS = {kind.path: kind for kind in _KINDS}
FAMILIES: dict[str, tuple[Kind, ...]] = {}
for _kind in _KINDS:
    FAMILIES[_kind.of_family] = (*FAMILIES.get(_kind.of_family, ()), _kind)


def references(item: Item) -> tuple[Key, ...]:
    """Return the identities of everything an object names."""
    kind = KINDS[item.kind]
    targets = [Key(link.family, "", name) for link in kind.links for name in link.read(item)]
    if item.key.owner:
        targets.append(Key(KINDS[kind.parent].of_family, "", item.key.owner))
    return tuple(targets)


def display(kind: Kind, key: Key) -> str:
    """Return an object's name as errors write it; a member is `pool node port`."""
    if kind.path == "ltm/pool/members":
        path = split_path(key.name)
        host, port = split_port(path.name)
        return f"{key.owner} /{path.partition}/{host} {port}"
    return f"{key.owner} {key.name}" if key.owner else key.name
