"""The types of profile and persistence. Source: iControl REST reference, section 3.9."""

from collections.abc import Callable, Iterable, Mapping

from bigip_sim.kinds import Kind, Link, one
from bigip_sim.recorded import defaults
from bigip_sim.tree import Item

_CERT, _KEY = "sys/file/ssl-cert", "sys/file/ssl-key"


def _chained(*inner: str) -> Callable[[Item], Iterable[str]]:
    """Read what the entries of certKeyChain name."""

    def read(item: Item) -> Iterable[str]:
        entries = item.own.get("certKeyChain")
        return tuple(
            str(entry[name])
            for entry in (entries if isinstance(entries, list) else ())
            for name in inner
            if str(entry.get(name, "")).startswith("/")
        )

    return read


# What no recorded answer has, and clients of real devices write. How secrets read is unverified:
# here they are never told.
_ALSO: Mapping[str, frozenset[str]] = {
    "ltm/profile/client-ssl": frozenset(
        {"passphrase", "proxyCaPassphrase", "c3dClientFallbackCert", "logPublisher"}
    ),
    "ltm/profile/server-ssl": frozenset(
        {"passphrase", "proxyCaCert", "proxyCaKey", "proxyCaPassphrase", "c3dCaPassphrase"}
    ),
    "ltm/profile/fastl4": frozenset(
        {"pvaOffloadDynamicPriority", "pvaOffloadInitialPriority", "synCookieDsrFlowResetBy"}
        | {"tcpPvaOffloadDirection"}
    ),
    "ltm/profile/http": frozenset({"encryptCookieSecret"}),
    "ltm/persistence/cookie": frozenset({"cookieEncryptionPassphrase"}),
}


def _profile(leaf: str, root: str, human: str = "profile", links: tuple[Link, ...] = ()) -> Kind:
    return _inheriting("profiles", f"ltm/profile/{leaf}", human, root, links)


def _unrecorded(leaf: str) -> Kind:
    root = Link("defaultsFrom", "profile", one("defaultsFrom"))
    return Kind(
        f"ltm/profile/{leaf}",
        "profile",
        family="profile",
        optional=frozenset({"defaultsFrom", "description"}),
        links=(root,),
        root=f"/Common/{leaf}",
    )


def _persistence(leaf: str, root: str, links: tuple[Link, ...] = ()) -> Kind:
    return _inheriting("persistence", f"ltm/persistence/{leaf}", "persistence", root, links)


def _inheriting(module: str, path: str, human: str, root: str, links: tuple[Link, ...]) -> Kind:
    family = "persistence" if module == "persistence" else "profile"
    return Kind(
        path,
        human,
        family=family,
        defaults=defaults(module, path),
        optional=_ALSO.get(path, frozenset()),
        links=(Link("defaultsFrom", family, one("defaultsFrom")), *links),
        root=root,
    )


# The key before the certificate: in this order a device finds fault with them (section 1.6).
# Their references stand beside inherited values too, so `faces` writes them: hence the `~`.
_CLIENT_SSL_LINKS = (
    Link("~key", _KEY, _chained("key"), many=True),
    Link("~cert", _CERT, _chained("cert", "chain"), many=True),
    Link("~caFile", _CERT, one("caFile")),
    Link("~clientCertCa", _CERT, one("clientCertCa")),
    Link("~cipherGroup", "ltm/cipher/group", one("cipherGroup")),
)
_SERVER_SSL_LINKS = (
    Link("~key", _KEY, one("key")),
    Link("~cert", _CERT, one("cert")),
    Link("~chain", _CERT, one("chain")),
    Link("~caFile", _CERT, one("caFile")),
    Link("~cipherGroup", "ltm/cipher/group", one("cipherGroup")),
)
_RULE = (Link("~rule", "ltm/rule", one("rule")),)

PROFILES = (
    _profile("fastl4", "/Common/fastL4"),
    _profile("tcp", "/Common/tcp"),
    _profile("udp", "/Common/udp", "UDP Profile"),
    _profile("http", "/Common/http"),
    _profile("one-connect", "/Common/oneconnect"),
    _profile("client-ssl", "/Common/clientssl", "ClientSSL Profile", _CLIENT_SSL_LINKS),
    _profile("server-ssl", "/Common/serverssl", "ServerSSL Profile", _SERVER_SSL_LINKS),
    _profile("http2", "/Common/http2"),
    _profile("http-compression", "/Common/httpcompression"),
    _profile("web-acceleration", "/Common/webacceleration"),
    _profile("sctp", "/Common/sctp"),
    _profile("fasthttp", "/Common/fasthttp"),
    _profile("ipother", "/Common/ipother"),
    _profile("websocket", "/Common/websocket"),
    _profile("statistics", "/Common/stats"),
    _profile("stream", "/Common/stream"),
    _profile("dns", "/Common/dns"),
    _profile("ftp", "/Common/ftp"),
    _profile("radius", "/Common/radiusLB"),
    _profile("request-log", "/Common/request-log"),
    # f5-ansible looks for them beside each virtual server; what they hold was not recorded.
    *(_unrecorded(leaf) for leaf in ("dhcpv4", "dhcpv6", "diameter", "sip")),
    _persistence("cookie", "/Common/cookie"),
    _persistence("source-addr", "/Common/source_addr"),
    _persistence("dest-addr", "/Common/dest_addr"),
    _persistence("universal", "/Common/universal", _RULE),
    _persistence("hash", "/Common/hash", _RULE),
    _persistence("ssl", "/Common/ssl"),
)
