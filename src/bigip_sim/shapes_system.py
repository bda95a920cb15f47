"""How the device's own settings are kept. Source: what f5-sdk and f5-ansible write and read."""

import ipaddress
from collections.abc import Callable, Mapping

from bigip_sim import refusals
from bigip_sim.shaping import Write, keep_paths

_SECRETS = ("authPassword", "bindPw", "password", "privacyPassword", "secret")
_REMOTE: Mapping[str, object] = {"localIp": "none", "remotePort": 514}


def with_secrets(write: Write) -> None:
    """Keep passwords so that they are never told."""
    for name in _SECRETS:
        if name in write.own:
            write.own[f"~{name}"] = write.own.pop(name)


def global_settings(write: Write) -> None:
    """A device always has a host name."""
    assert write.old is not None
    write.own.setdefault("hostname", write.old.own["hostname"])


def management_ip(write: Write) -> None:
    """It is named by its address and prefix."""
    try:
        ipaddress.ip_interface(write.key.name)
    except ValueError as error:
        raise refusals.invalid_value("name", write.key.name) from error


def publisher(write: Write) -> None:
    """A publisher names destinations of any type."""
    keep_paths(write, "destinations")


def syslog(write: Write) -> None:
    """What a remote server does not say of itself is by default."""
    servers = write.own.get("remoteServers")
    if servers is None:
        return
    entries = servers if isinstance(servers, list | tuple) else [servers]
    kept = []
    for entry in entries:
        if not isinstance(entry, Mapping) or "name" not in entry:
            raise refusals.invalid_value("remoteServers", entry)
        kept.append({**_REMOTE, **entry})
    write.own["remoteServers"] = kept


SYSTEM_SHAPES: Mapping[str, Callable[[Write], None]] = {
    **dict.fromkeys(("auth/ldap", "auth/radius-server", "auth/tacacs"), with_secrets),
    **dict.fromkeys(("sys/snmp/traps", "sys/snmp/users", "sys/smtp-server"), with_secrets),
    "sys/global-settings": global_settings,
    "sys/log-config/publisher": publisher,
    "sys/management-ip": management_ip,
    "sys/syslog": syslog,
}
