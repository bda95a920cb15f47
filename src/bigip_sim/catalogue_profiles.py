"""The types of profile and persistence. Source: iControl REST reference, section 3.9."""

from bigip_sim.kinds import Kind, Link, one
from bigip_sim.recorded import defaults


def _profile(leaf: str, root: str, human: str = "profile") -> Kind:
    return _inheriting("profiles", f"ltm/profile/{leaf}", human, "profile", root)


def _persistence(leaf: str, root: str) -> Kind:
    path = f"ltm/persistence/{leaf}"
    return _inheriting("persistence", path, "persistence", "persistence", root)


def _inheriting(module: str, path: str, human: str, family: str, root: str) -> Kind:
    return Kind(
        path,
        human,
        family=family,
        defaults=defaults(module, path),
        optional=frozenset({"chain", "passphrase"}),
        links=(Link("defaultsFrom", family, one("defaultsFrom")),),
        root=root,
    )


PROFILES = (
    _profile("fastl4", "/Common/fastL4"),
    _profile("tcp", "/Common/tcp"),
    _profile("udp", "/Common/udp", "UDP Profile"),
    _profile("http", "/Common/http"),
    _profile("one-connect", "/Common/oneconnect"),
    _profile("client-ssl", "/Common/clientssl", "ClientSSL Profile"),
    _persistence("cookie", "/Common/cookie"),
    _persistence("source-addr", "/Common/source_addr"),
)
