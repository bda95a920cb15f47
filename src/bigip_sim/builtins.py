"""What a fresh device already has: partitions, root profiles, monitors, persistence, networks."""

from collections.abc import Mapping

from bigip_sim.catalogue import KINDS
from bigip_sim.kinds import DOMAIN
from bigip_sim.recorded import defaults
from bigip_sim.tree import Draft
from bigip_sim.twins import add_twins

_PROFILES = {
    "ltm/profile/fastl4": ("apm-forwarding-fastL4", "full-acceleration"),
    "ltm/profile/tcp": (
        *("apm-forwarding-client-tcp", "apm-forwarding-server-tcp", "f5-tcp-lan", "f5-tcp-mobile"),
        *("f5-tcp-progressive", "f5-tcp-wan", "mptcp-mobile-optimized", "splitsession-default-tcp"),
        *("tcp-lan-optimized", "tcp-legacy", "tcp-mobile-optimized", "tcp-wan-optimized"),
        *("wam-tcp-lan-optimized", "wam-tcp-wan-optimized"),
        *("wom-tcp-lan-optimized", "wom-tcp-wan-optimized"),
    ),
    "ltm/profile/udp": ("udp_decrement_ttl", "udp_gtm_dns", "udp_preserve_ttl"),
    "ltm/profile/http": ("http-explicit", "http-transparent"),
    "ltm/profile/client-ssl": (
        *("clientssl-insecure-compatible", "clientssl-secure", "crypto-server-default-clientssl"),
        *("splitsession-default-clientssl", "wom-default-clientssl"),
    ),
    "ltm/profile/server-ssl": (
        *("apm-default-serverssl", "crypto-client-default-serverssl", "pcoip-default-serverssl"),
        *("serverssl-insecure-compatible", "splitsession-default-serverssl"),
        "wom-default-serverssl",
    ),
    "ltm/profile/http-compression": ("wan-optimized-compression",),
    "ltm/profile/web-acceleration": (
        *("apm-enduser-if-cache", "optimized-acceleration", "optimized-caching"),
    ),
    "net/tunnels/vxlan": (
        *("vxlan-gpe", "vxlan-multipoint", "vxlan-ovsdb", "vxlan-ovsdb-multipoint"),
        "vxlan-ovsdb-no-flooding",
    ),
    "net/tunnels/gre": ("nvgre",),
    "net/tunnels/ipip": ("dslite", "ip4ip4", "ip4ip6", "ip6ip4", "ip6ip6"),
    "ltm/monitor/http": ("http_head_f5",),
    "ltm/monitor/https": ("https_443", "https_head_f5"),
}
# How built-in tunnel profiles differ from their parents: that they exist is recorded, most values
# are unverified.
_DIFFERENT: Mapping[str, Mapping[str, object]] = {
    "vxlan-gpe": {"encapsulationType": "vxlan-gpe", "port": 4790},
    "vxlan-multipoint": {"floodingType": "multipoint"},
    "vxlan-ovsdb": {"floodingType": "replicator"},
    "vxlan-ovsdb-multipoint": {"floodingType": "multipoint"},
    "vxlan-ovsdb-no-flooding": {"floodingType": "none"},
    "nvgre": {"encapsulation": "nvgre"},
    "dslite": {"dsLite": "enabled", "proto": "IPv6"},
    "ip6ip4": {"proto": "IPv6"},
    "ip6ip6": {"proto": "IPv6"},
}
_TUNNELS = {
    "http-tunnel": "Tunnel for http-explicit profile",
    "socks-tunnel": "Tunnel for socks profile",
}


def install(draft: Draft) -> None:
    """Put the built-in objects into an empty tree."""
    _install_partitions(draft)
    for kind in KINDS.values():
        if kind.root:
            root = {"defaultsFrom": "none"} if "defaultsFrom" in kind.defaults else {}
            draft.put(kind.key(kind.root), kind.path, root, builtin=True)
            for name in _PROFILES.get(kind.path, ()):
                own = {"defaultsFrom": kind.root, **_DIFFERENT.get(name, {})}
                draft.put(kind.key(f"/Common/{name}"), kind.path, own, builtin=True)
    _install_network(draft)
    _install_files(draft)
    _install_strategies(draft)
    _install_rules(draft)


def _install_partitions(draft: Draft) -> None:
    partition, folder = KINDS["auth/partition"], KINDS["sys/folder"]
    about = "Repository for system objects and shared objects."
    draft.put(partition.key("Common"), partition.path, {"description": about}, builtin=True)
    own = {"inheritedDevicegroup": "false", "inheritedTrafficGroup": "false"}
    draft.put(folder.key("/"), folder.path, own, builtin=True)
    draft.put(folder.key("/Common"), folder.path, {}, builtin=True)
    draft.put(folder.key("/Common/Drafts"), folder.path, {}, builtin=True)


def _install_network(draft: Draft) -> None:
    domain, tunnel, port = KINDS["net/route-domain"], KINDS["net/tunnels/tunnel"], "net/interface"
    for number, (name, about) in enumerate(_TUNNELS.items()):
        own = {
            "description": about,
            "profile": "/Common/tcp-forward",
            "~ifIndex": 112 - 16 * number,
        }
        key = tunnel.key(f"/Common/{name}")
        draft.put(key, tunnel.path, own, builtin=True)
        add_twins(draft, tunnel.path, key, builtin=True)
    vlans = [f"/Common/{name}" for name in _TUNNELS]
    draft.put(domain.key("/Common/0"), domain.path, {"id": 0, "vlans": vlans}, builtin=True)
    draft.put(KINDS[DOMAIN].key("0"), DOMAIN, {"of": "/Common/0"}, builtin=True)
    for number, name in enumerate(("1.1", "1.2", "1.3", "mgmt")):
        facts = {"ifIndex": 48 + 16 * number, "macAddress": f"02:00:00:00:00:{number:02x}"}
        draft.put(KINDS[port].key(name), port, facts, builtin=True)


def _install_rules(draft: Draft) -> None:
    """The device's own iRules; of all but one the text was not recorded."""
    kind = KINDS["ltm/rule"]
    for name in _RULES:
        own = {"apiAnonymous": _TEXTS.get(name, f"# {name}: the text is not part of bigip-sim")}
        draft.put(kind.key(f"/Common/{name}"), kind.path, {**own, **_SIGNED}, builtin=True)


_SIGNED = {"apiRawValues": {"verificationStatus": "signature-verified"}}
_RULES = (
    *("_sys_APM_ExchangeSupport_OA_BasicAuth", "_sys_APM_ExchangeSupport_OA_NtlmAuth"),
    *("_sys_APM_ExchangeSupport_helper", "_sys_APM_ExchangeSupport_main"),
    *("_sys_APM_MS_Office_OFBA_Support", "_sys_APM_Office365_SAML_BasicAuth"),
    *("_sys_APM_activesync", "_sys_auth_krbdelegate", "_sys_auth_ldap", "_sys_auth_radius"),
    *("_sys_auth_ssl_cc_ldap", "_sys_auth_ssl_crldp", "_sys_auth_ssl_ocsp", "_sys_auth_tacacs"),
    "_sys_https_redirect",
)
_TEXTS = {  # unverified
    "_sys_https_redirect": (
        'when HTTP_REQUEST {\n   HTTP::redirect https://[getfield [HTTP::host] ":" 1][HTTP::uri]\n}'
    )
}


def _install_strategies(draft: Draft) -> None:
    kind = KINDS["ltm/policy-strategy"]
    for name in ("all-match", "best-match", "first-match"):
        draft.put(kind.key(f"/Common/{name}"), kind.path, {"strategy": name}, builtin=True)


def _install_files(draft: Draft) -> None:
    """The device's certificates; of the bundles only what was recorded, not their bytes."""
    facts: dict[str, object] = {
        "createTime": "2019-09-17T22:41:04Z",
        "createdBy": "root",
        "lastUpdateTime": "2019-09-17T22:41:04Z",
        "revision": 1,
        "updatedBy": "root",
    }
    for path, name, more in _FILES:
        kind = KINDS[path]
        folder = kind.leaf.replace("-", ".")
        own = {**facts, **more, "systemPath": f"/config/ssl/{folder}/{name}"}
        key = kind.key(f"/Common/{name}")
        draft.put(key, path, own, builtin=True)
        add_twins(draft, path, key, builtin=True)


_CERT, _KEY = "sys/file/ssl-cert", "sys/file/ssl-key"
_BUNDLE: dict[str, object] = {
    **defaults("sys", "sys/file/ssl-cert"),
    "mode": 33188,
}
_FILES: tuple[tuple[str, str, dict[str, object]], ...] = (
    (_CERT, "ca-bundle.crt", _BUNDLE),
    (_CERT, "default.crt", {"~default": True, "mode": 33188}),
    (_CERT, "f5-ca-bundle.crt", _BUNDLE),
    (_CERT, "f5-irule.crt", {**_BUNDLE, "isBundle": "false"}),
    (_KEY, "default.key", {"~default": True, "mode": 33184}),
)
