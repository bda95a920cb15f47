"""The types of monitor. Source: iControl REST reference, section 3.4, and the recorded shapes."""

from bigip_sim.kinds import Kind, Link, one
from bigip_sim.recorded import defaults

_OPTIONAL = frozenset({"description", "defaultsFrom", "appService"})
_TEXT_OPTIONAL = _OPTIONAL | {"recv", "recvDisable", "send", "username", "password"}
_HTTPS_OPTIONAL = frozenset({"cipherlist", "compatibility", "cert", "key", "sslProfile"})


def _monitor(leaf: str, root: str, optional: frozenset[str] = _OPTIONAL) -> Kind:
    path = f"ltm/monitor/{leaf}"
    return Kind(
        path,
        "monitor",
        family="monitor",
        defaults=defaults("monitors", path),
        optional=optional,
        fixed=frozenset({"defaultsFrom", "destination"}),
        links=(Link("defaultsFrom", "monitor", one("defaultsFrom")),),
        root=root,
    )


MONITORS = (
    _monitor("http", "/Common/http", _TEXT_OPTIONAL),
    _monitor("https", "/Common/https", _TEXT_OPTIONAL | _HTTPS_OPTIONAL),
    _monitor("tcp", "/Common/tcp", _TEXT_OPTIONAL),
    _monitor("tcp-half-open", "/Common/tcp_half_open"),
    _monitor("udp", "/Common/udp", _TEXT_OPTIONAL),
    _monitor("icmp", "/Common/icmp"),
    _monitor("gateway-icmp", "/Common/gateway_icmp"),
)
