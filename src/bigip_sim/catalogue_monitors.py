"""The types of monitor. Source: iControl REST reference, section 3.4, and the recorded shapes.

Attributes that are absent while unset were not all recorded: those of less common types are
unverified.
"""

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


def _monitor(leaf: str, more: frozenset[str] = frozenset(), links: tuple[Link, ...] = ()) -> Kind:
    path = f"ltm/monitor/{leaf}"
    return Kind(
        path,
        "monitor",
        family="monitor",
        defaults=defaults("monitors", path),
        optional=_OPTIONAL | more,
        fixed=frozenset({"defaultsFrom"} | ({"destination"} & defaults("monitors", path).keys())),
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
    _monitor("mysql", _LOGIN | {"database", "recv", "recvColumn", "recvRow", "send"}),
    _monitor("none"),
)
