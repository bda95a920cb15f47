"""The device's own settings: kept and told back, without effect on anything simulated.

What there is once has no name (`single`). Values of a fresh device: recorded answers of a 14.1.2.1
device as others keep them, but for what its owner had set there; attributes that are absent while
unset, and all types with names but management-ip, management-route, software/volume and
log-config/publisher, are those that f5-sdk and f5-ansible read and write: their defaults are
unverified.
"""

from collections.abc import Mapping

from bigip_sim.kinds import DESCRIBED, Kind, Link, many
from bigip_sim.names import join_path
from bigip_sim.recorded import defaults
from bigip_sim.tree import Item


def _single(
    path: str,
    optional: str = "",
    subcollections: tuple[str, ...] = (),
    flags: tuple[tuple[str, str], ...] = (),
) -> Kind:
    own = frozenset(optional.split()) | {"description"}
    return Kind(
        path,
        path.rpartition("/")[2],
        partitioned=False,
        defaults=defaults("system", path),
        optional=own,
        flags=flags,
        subcollections=subcollections,
        by_device=True,
        single=True,
    )


def _named(
    path: str,
    told: Mapping[str, object],
    optional: str = "",
    *,
    partitioned: bool = True,
    links: tuple[Link, ...] = (),
    family: str = "",
) -> Kind:
    human = family or path.rpartition("/")[2]
    absent = DESCRIBED | frozenset(optional.split())
    return Kind(path, human, family, partitioned, defaults=told, optional=absent, links=links)


_DESTINATION = "log destination"  # of whatever type, their names differ
_PUBLISHED = (Link("~destinations", _DESTINATION, many("destinations"), many=True),)


def _scored(item: Item) -> tuple[str, ...]:
    """Return the pools that a group of things to score names."""
    pools = item.own.get("pools")
    entries = pools if isinstance(pools, list | tuple) else ()
    return tuple(
        join_path(str(e["name"])) for e in entries if isinstance(e, Mapping) and "name" in e
    )


_HA_GROUP = Kind(  # kept without effect: failover does not count scores
    "sys/ha-group",
    "ha-group",
    partitioned=False,
    defaults={"activeBonus": 10},
    optional=frozenset({"clusters", "description", "pools", "trunks"}),
    flags=(("enabled", "disabled"),),
    links=(Link("~pools", "ltm/pool", _scored, many=True, anywhere=True),),
)
_ONCE = (
    _single("auth/password-policy"),
    _single("auth/remote-role", subcollections=("role-info",)),
    _single("auth/remote-user"),
    _single("auth/source"),
    _single("net/dag-globals"),
    _single("net/lldp-globals", flags=(("disabled", "enabled"),)),
    _single("net/multicast-globals"),
    _single("net/self-allow"),
    _single("net/stp-globals", "configName"),
    _single("sys/daemon-log-settings/tmm"),
    _single("sys/dns", "nameServers search include"),
    _single("sys/httpd", "include sslCertchainfile sslCaCertFile sslCrlFile"),
    _single("sys/ntp", "servers include", ("restrict",)),
    _single("sys/snmp", "l2forwardVlan v1Traps v2Traps", ("communities", "traps", "users")),
    _single("sys/software/update"),
    _single("sys/sshd", "bannerText include"),
    _single("sys/syslog", "include remoteServers"),
)
_NAMED = (
    _named(
        "auth/ldap",
        {
            "bindTimeout": 30,
            "port": 389,
            "scope": "sub",
            "ssl": "disabled",
            "sslCheckPeer": "disabled",
        },
        "bindDn bindPw checkRolesGroup loginAttribute searchBaseDn servers sslCaCertFile "
        "sslClientCert sslClientKey userTemplate referrals",
    ),
    _named("auth/radius", {"retries": 3, "serviceType": "default"}, "accountingBug servers"),
    _named("auth/radius-server", {"port": 1812, "timeout": 3}, "secret server"),
    _named(
        "auth/remote-role/role-info",
        {"console": "disabled", "deny": "disabled", "role": "no-access", "userPartition": "Common"},
        "attribute lineOrder",
    ),
    _named(
        "auth/tacacs",
        {"accounting": "send-to-first-server", "authentication": "use-first-server"},
        "encryption protocol secret servers service",
    ),
    _named("sys/log-config/destination/arcsight", {}, "forwardTo", family=_DESTINATION),
    _named(
        "sys/log-config/destination/ipfix",
        {"protocolVersion": "ipfix", "templateDeleteDelay": 5, "templateRetransmitInterval": 30},
        "poolName serversslProfile transportProfile",
        family=_DESTINATION,
    ),
    _named("sys/log-config/destination/local-database", {}, family=_DESTINATION),
    _named(
        "sys/log-config/destination/local-syslog",
        {},
        "defaultFacility defaultSeverity",
        family=_DESTINATION,
    ),
    _named(
        "sys/log-config/destination/management-port",
        {"port": 514, "protocol": "tcp"},
        "ipAddress protocolVersion",
        family=_DESTINATION,
    ),
    _named(
        "sys/log-config/destination/remote-high-speed-log",
        {"distribution": "adaptive", "protocol": "tcp"},
        "poolName",
        family=_DESTINATION,
    ),
    _named(
        "sys/log-config/destination/remote-syslog",
        {"defaultFacility": "local0", "defaultSeverity": "info", "format": "rfc3164"},
        "remoteHighSpeedLog",
        family=_DESTINATION,
    ),
    _named("sys/log-config/destination/splunk", {}, "forwardTo", family=_DESTINATION),
    _HA_GROUP,
    _named("sys/log-config/filter", {"level": "debug", "source": "all"}, "messageId publisher"),
    _named("sys/log-config/publisher", {}, "destinations", links=_PUBLISHED),
    _named("sys/management-ip", {}, partitioned=False),
    _named("sys/management-route", defaults("system", "sys/management-route"), "gateway type"),
    _named("sys/ntp/restrict", {"mask": "255.255.255.255"}, "address defaultEntry"),
    _named(
        "sys/snmp/communities",
        {"access": "ro", "ipv6": "disabled"},
        "communityName oidSubset source",
    ),
    _named(
        "sys/snmp/traps",
        {"authProtocol": "none", "port": 162, "privacyProtocol": "none", "version": "2c"},
        "authPassword community engineId host network privacyPassword securityLevel securityName",
    ),
    _named(
        "sys/snmp/users",
        {"access": "ro", "authProtocol": "sha", "privacyProtocol": "aes"},
        "authPassword oidSubset privacyPassword securityLevel username",
    ),
    Kind(
        "sys/smtp-server",
        "smtp-server",
        defaults={"encryptedConnection": "none", "smtpServerPort": 25},
        optional=DESCRIBED
        | {"fromAddress", "localHostName", "password", "passwordEncrypted", "smtpServerHostName"}
        | {"username"},
        flags=(("authenticationDisabled", "authenticationEnabled"),),
    ),
)
_SOFTWARE = (
    Kind(
        "sys/software/volume",
        "volume",
        partitioned=False,
        defaults=defaults("system", "sys/software/volume"),
        read_only=frozenset({"active", "basebuild", "build", "media", "version"}),
        by_device=True,
    ),
    *(
        Kind(f"sys/software/{leaf}", leaf, partitioned=False, by_device=True)
        for leaf in ("hotfix", "image")
    ),
)
_SETTINGS = Kind(
    "sys/global-settings",
    "global-settings",
    partitioned=False,
    defaults=defaults("sys", "sys/global-settings"),
    optional=frozenset({"description", "hostname", "remoteHost"}),
    by_device=True,
    single=True,
)
SYSTEM = (_SETTINGS, *_ONCE, *_NAMED, *_SOFTWARE)
