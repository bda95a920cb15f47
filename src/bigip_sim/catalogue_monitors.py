"""The types of monitor. Source: iControl REST reference, section 3.4, and the recorded shapes.

The defaults of some types are those of the same type for global load balancing, or unverified.
Attributes that are absent while unset were not all recorded: those of less common types are those
that f5-ansible writes, and unverified.
"""

from collections.abc import Mapping

from bigip_sim.kinds import Kind, Link, one
from bigip_sim.recorded import defaults

_OPTIONAL = frozenset({"description", "defaultsFrom", "appService"})
_LOGIN = frozenset({"username", "password"})
_TEXT = _LOGIN | {"recv", "recvDisable", "send"}
_TLS = frozenset({"cipherlist", "compatibility", "cert", "key", "sslProfile"})
_FILES = (
    Link("~cert", "sys/file/ssl-cert", one("cert")),
    Link("~key", "sys/file/ssl-key", one("key")),
)


_QUERY = _LOGIN | {"database", "recv", "recvColumn", "recvRow", "send"}
_PLAIN: Mapping[str, object] = {
    "debug": "no",
    "destination": "*:*",
    "interval": 10,
    "manualResume": "disabled",
    "timeUntilUp": 0,
    "timeout": 31,
    "upInterval": 0,
}
_UNRECORDED: Mapping[str, Mapping[str, object]] = {
    "http2": {**_PLAIN, "interval": 5, "reverse": "disabled", "timeout": 16},
    "nntp": {**_PLAIN, "interval": 5, "timeout": 16},
    "radius": _PLAIN,
    "soap": {**_PLAIN, "expectFault": "no", "interval": 5, "protocol": "http", "timeout": 16},
    "wap": _PLAIN,
}


def _monitor(leaf: str, more: frozenset[str] = frozenset(), links: tuple[Link, ...] = ()) -> Kind:
    path = f"ltm/monitor/{leaf}"
    told = _UNRECORDED[leaf] if leaf in _UNRECORDED else defaults("monitors", path)
    return Kind(
        path,
        "monitor",
        family="monitor",
        defaults=told,
        optional=_OPTIONAL | more,
        fixed=frozenset({"defaultsFrom"} | ({"destination"} & told.keys())),
        links=(Link("defaultsFrom", "monitor", one("defaultsFrom")), *links),
        root=f"/Common/{leaf.replace('-', '_')}",
    )


MONITORS = (
    _monitor("http", _TEXT),
    _monitor("https", _TEXT | _TLS, (*_FILES, Link("~ssl", "profile", one("sslProfile")))),
    _monitor("tcp", _TEXT),
    _monitor("tcp-half-open"),
    _monitor("tcp-echo"),
    _monitor("udp", _TEXT),
    _monitor("icmp"),
    _monitor("gateway-icmp"),
    _monitor("external", frozenset({"args", "run", "userDefined"})),
    _monitor("inband"),
    _monitor("dns", frozenset({"qname", "recv"})),
    _monitor(
        "sip", frozenset({"cert", "filter", "filterNeg", "headers", "key", "request"}), _FILES
    ),
    _monitor("ldap", _LOGIN | {"base", "filter", "mandatoryAttributes", "security"}),
    _monitor("smtp", frozenset({"domain"})),
    _monitor("ftp", _LOGIN | {"filename"}),
    *(_monitor(leaf, _QUERY) for leaf in ("mysql", "mssql", "oracle", "postgresql")),
    _monitor("none"),
    _monitor(
        "diameter",
        frozenset({"acctApplicationId", "authApplicationId", "hostIpAddress", "originHost"})
        | {"vendorSpecificAcctApplicationId", "vendorSpecificAuthApplicationId"}
        | {"vendorSpecificVendorId"},
    ),
    _monitor("firepass", _LOGIN),
    _monitor("http2", _LOGIN | {"recv", "recvDisable", "send", "sslProfile"}),
    _monitor("imap", _LOGIN),
    _monitor("module-score", frozenset({"pool"}), (Link("pool", "ltm/pool", one("pool")),)),
    _monitor("mqtt", _LOGIN | {"clientId", "sslProfile", "willMessage", "willTopic"}),
    _monitor("nntp", _LOGIN | {"newsgroup"}),
    _monitor("pop3", _LOGIN),
    _monitor("radius", _LOGIN | {"nasIpAddress", "secret"}),
    _monitor("radius-accounting", frozenset({"nasIpAddress", "secret", "username"})),
    _monitor("real-server"),
    _monitor("rpc", frozenset({"programNumber", "versionNumber"})),
    _monitor("sasp", frozenset({"primaryAddress", "secondaryAddress"})),
    _monitor("scripted", frozenset({"filename"})),
    _monitor("smb", _LOGIN | {"get", "server", "service"}),
    _monitor("snmp-dca", frozenset({"userDefined"})),
    _monitor("snmp-dca-base", frozenset({"userDefined"})),
    _monitor(
        "soap",
        _LOGIN
        | {"method", "namespace", "parameterName", "parameterType", "parameterValue"}
        | {"returnType", "returnValue", "soapAction", "urlPath"},
    ),
    _monitor("virtual-location", frozenset({"pool"}), (Link("pool", "ltm/pool", one("pool")),)),
    _monitor(
        "wap",
        frozenset({"accountingNode", "accountingPort", "callId", "framedAddress", "recv", "secret"})
        | {"send", "serverId", "sessionId"},
    ),
    _monitor("wmi", _LOGIN),
)
