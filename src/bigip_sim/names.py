"""How the device writes names: full paths, `~` in URIs, addresses with route domain and port."""

import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from bigip_sim.refusals import invalid_value

COMMON = "Common"
_KEPT = 1 << 16  # names read anew in each answer: what a large configuration holds
_ANY = {"any": "0.0.0.0", "any4": "0.0.0.0", "any6": "::"}  # noqa: S104  (a name, not a bind)
_SERVICES = {"any": 0, "*": 0, "http": 80, "https": 443, "ssh": 22, "domain": 53, "ftp": 21}


@dataclass(frozen=True, slots=True)
class FullPath:
    """`/partition[/sub…]/name`, taken apart."""

    partition: str
    sub_path: str  # "" at the top of the partition
    name: str

    def __str__(self) -> str:
        middle = f"/{self.sub_path}" if self.sub_path else ""
        return f"/{self.partition}{middle}/{self.name}"


@lru_cache(maxsize=_KEPT)
def split_path(text: str) -> FullPath:
    """Take a full path apart; a bare name lives in /Common."""
    if not text.startswith("/"):
        return FullPath(COMMON, "", text)
    partition, _, rest = text[1:].partition("/")
    sub_path, _, name = rest.rpartition("/")
    return FullPath(partition, sub_path, name)


def join_path(name: str, partition: str = COMMON, sub_path: str = "") -> str:
    """Return the full path; a name that is one already stays as it is."""
    if name.startswith("/"):
        return name
    return str(FullPath(partition.strip("/") or COMMON, sub_path.strip("/"), name))


def from_segment(segment: str) -> str:
    """Read a URI segment (already percent-decoded): `~T1~p` is /T1/p, a bare name is itself."""
    return segment.replace("~", "/") if segment.startswith("~") else segment


@lru_cache(maxsize=_KEPT)
def camel(leaf: str) -> str:
    """Write `cert-validators` as a property is written: certValidators."""
    first, *rest = leaf.split("-")
    return first + "".join(word.capitalize() for word in rest)


@lru_cache(maxsize=_KEPT)
def to_segment(name: str) -> str:
    """Write a name as a URI segment: `/` becomes `~`, `%` of a route domain becomes `%25`."""
    return quote(name.replace("/", "~"), safe="~:@!$&'()*+,;=")


@dataclass(frozen=True, slots=True)
class Address:
    """An IP address, and the route domain if one was written."""

    ip: str
    route_domain: str = ""  # "" when none was written

    def __str__(self) -> str:
        return f"{self.ip}%{self.route_domain}" if self.route_domain else self.ip

    @property
    def is_v6(self) -> bool:
        """Whether the port is separated by a dot."""
        return ":" in self.ip


def parse_address(text: str, field: str = "address") -> Address:
    """Read `10.0.0.1%10`; refuse what is no address."""
    bare, _, route_domain = text.partition("%")
    try:
        ip = _normal(_ANY.get(bare, bare))
    except ValueError as error:
        raise invalid_value(field, text) from error
    if route_domain and not route_domain.isdigit():
        raise invalid_value(field, text)
    return Address(ip, route_domain)


@lru_cache(maxsize=1 << 14)
def _normal(ip: str) -> str:
    return str(ipaddress.ip_address(ip))


def parse_port(text: str, field: str = "destination") -> int:
    """Read a port: a number, a well-known service name, or `any`."""
    if text in _SERVICES:
        return _SERVICES[text]
    if not text.isdigit() or int(text) > 65535:
        raise invalid_value(field, text)
    return int(text)


def split_port(text: str) -> tuple[str, str]:
    """Split `host:port`, or `2001:db8::1.80` for IPv6; the port is empty when there is none."""
    if text.count(":") > 1 or text.startswith("any6."):
        host, dot, port = text.rpartition(".")
        return (host, port) if dot and "." not in host else (text, "")
    host, colon, port = text.rpartition(":")
    return (host, port) if colon else (text, "")


def number_port(name: str) -> str:
    """Return a member's name with the number of its port where a service was named."""
    host, port = split_port(name)
    if port not in _SERVICES or not host:
        return name
    return write_endpoint(host, _SERVICES[port], ":" in host)


def parse_endpoint(text: str, field: str = "destination") -> tuple[Address, int]:
    """Read `10.0.0.1%3:80` or `2001:db8::1.80`."""
    host, port = split_port(text)
    return parse_address(host, field), parse_port(port or "any", field)


def write_endpoint(host: object, port: int, is_v6: bool) -> str:
    """Write what `parse_endpoint` reads."""
    return f"{host}{'.' if is_v6 else ':'}{port}"
