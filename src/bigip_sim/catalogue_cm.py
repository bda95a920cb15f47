"""The types below cm. Source: iControl REST reference, section 3.11, and the recorded shapes."""

from bigip_sim.kinds import DESCRIBED, Kind, Link, itself, many, one
from bigip_sim.recorded import defaults

_ABLE = frozenset({"enabled", "disabled"})
_TRUTH = frozenset({"true", "false"})

# What a machine says of itself; clients replace a device with a few attributes of its own.
_OF_THE_MACHINE = frozenset(
    {"activeModules", "baseMac", "build", "cert", "chassisId", "chassisType", "edition", "hostname"}
    | {"key", "managementIp", "marketingName", "optionalModules", "platformId", "product"}
    | {"timeZone", "version"}
)

CM = (
    Kind("cm/cert", "certificate"),
    Kind("cm/key", "certificate key"),
    Kind(
        "cm/device",
        "device",
        defaults=defaults("cm", "cm/device"),
        optional=DESCRIBED
        | {"comment", "contact", "location", "unicastAddress", "multicastInterface"},
        read_only=frozenset({"failoverState", "selfDevice"}) | _OF_THE_MACHINE,
        links=(Link("cert", "cm/cert", one("cert")), Link("key", "cm/key", one("key"))),
    ),
    Kind(
        "cm/device-group",
        "device group",
        defaults=defaults("cm", "cm/device-group"),
        optional=DESCRIBED,
        fixed=frozenset({"type"}),
        choices={
            "type": frozenset({"sync-only", "sync-failover"}),
            "autoSync": _ABLE,
            "networkFailover": _ABLE,
            "asmSync": _ABLE,
            "fullLoadOnSync": _TRUTH,
            "saveOnAutoSync": _TRUTH,
        },
        subcollections=("devices",),
    ),
    Kind(
        "cm/device-group/devices",
        "device group device",
        optional=frozenset({"setSyncLeader"}),
        links=(Link("name", "cm/device", itself),),
        parent="cm/device-group",
    ),
    Kind(
        "cm/traffic-group",
        "traffic group",
        defaults=defaults("cm", "cm/traffic-group"),
        optional=DESCRIBED | {"haOrder", "haGroup"},
        choices={"autoFailbackEnabled": _TRUTH, "isFloating": _TRUTH},
        links=(Link("haOrder", "cm/device", many("haOrder"), many=True),),
    ),
    Kind(
        "cm/trust-domain",
        "trust domain",
        defaults=defaults("cm", "cm/trust-domain"),
        optional=DESCRIBED | {"caDevices"},
        links=(
            Link("caDevices", "cm/device", many("caDevices"), many=True),
            Link("trustGroup", "cm/device-group", one("trustGroup")),
            Link("caCert", "cm/cert", one("caCert")),
            Link("caCertBundle", "cm/cert", one("caCertBundle")),
            Link("caKey", "cm/key", one("caKey")),
        ),
    ),
)
