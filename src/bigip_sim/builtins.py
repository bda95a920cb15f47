"""What a fresh device already has: partitions, root profiles, monitors, persistence, networks."""

from collections.abc import Mapping

from bigip_sim.builtins_system import install_settings
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
    "ltm/profile/radius": ("radiusLB-subscriber-aware",),
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
    "tcp-forward": {"description": "TCP forwarding without encapsulation"},
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
            root: dict[str, object] = (
                {"defaultsFrom": "none"} if "defaultsFrom" in kind.defaults else {}
            )
            root.update(_DIFFERENT.get(kind.leaf, {}))
            draft.put(kind.key(kind.root), kind.path, root, builtin=True)
            for name in _PROFILES.get(kind.path, ()):
                own = {"defaultsFrom": kind.root, **_DIFFERENT.get(name, {})}
                draft.put(kind.key(f"/Common/{name}"), kind.path, own, builtin=True)
    _install_network(draft)
    _install_files(draft)
    _install_strategies(draft)
    _install_rules(draft)
    _install_system(draft)
    install_settings(draft)


def _install_partitions(draft: Draft) -> None:
    partition, folder = KINDS["auth/partition"], KINDS["sys/folder"]
    about = "Repository for system objects and shared objects."
    draft.put(partition.key("Common"), partition.path, {"description": about}, builtin=True)
    own = {"inheritedDevicegroup": "false", "inheritedTrafficGroup": "false"}
    draft.put(folder.key("/"), folder.path, own, builtin=True)
    draft.put(folder.key("/Common"), folder.path, {}, builtin=True)
    if draft.about.at_least("12.1"):  # before, policies have no drafts: section 3.7
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


def _install_system(draft: Draft) -> None:
    user, provision, service = KINDS["auth/user"], KINDS["sys/provision"], KINDS["sys/service"]
    access = [{"name": "all-partitions", "role": "admin"}]
    own: dict[str, object] = {"description": "Admin User", "partitionAccess": access}
    draft.put(user.key("admin"), user.path, own, builtin=True)
    for name in _MODULES:
        level = {"level": "nominal"} if name == "ltm" else {}
        draft.put(provision.key(name), provision.path, level, builtin=True)
    for name in ("bigd", "httpd", "mcpd", "ntpd", "restjavad", "restnoded", "sshd", "tmm"):
        draft.put(service.key(name), service.path, {}, builtin=True)
    group = KINDS["ltm/data-group/internal"]
    for name, (kind, names) in _DATA_GROUPS.items():
        records = [{"name": record, "data": ""} for record in names]
        own = {"type": kind, "records": records}
        draft.put(group.key(f"/Common/{name}"), group.path, own, builtin=True)
    variable = KINDS["sys/db"]
    for name, (value, allowed) in _VARIABLES.items():
        own = {"defaultValue": value, "scfConfig": "true", "value": value, "valueRange": allowed}
        draft.put(variable.key(name), variable.path, own, builtin=True)


_AOL = "64.12.96.0/19 195.93.16.0/20 195.93.48.0/22 195.93.64.0/19 195.93.96.0/19 198.81.0.0/22"
_DATA_GROUPS = {  # that they are there is recorded, and the first records of aol
    "aol": ("ip", _AOL.split()),
    "images": ("string", [".bmp", ".gif", ".jpg"]),
    "private_net": ("ip", ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]),
    "sys_APM_MS_Office_OFBA_DG": ("string", ["ie_sp_session_sharing_enabled"]),
}
_MODULES = (
    *("afm", "am", "apm", "asm", "avr", "dos", "fps", "gtm", "ilx", "lc", "ltm", "pem", "sslo"),
    *("swg", "urldb"),
)
_SECONDS = "integer min:1 max:900"  # ranges and defaults are unverified but for two
_VARIABLES = {
    "icrd.timeout": ("60", _SECONDS),
    "restjavad.timeout": ("60", _SECONDS),
    "restnoded.timeout": ("60", _SECONDS),
    "provision.extramb": ("0", "integer min:0 max:8192"),
    "provision.restjavad.extramb": ("384", "integer min:192 max:2400"),
    "restjavad.useextramb": ("false", "false true"),
    "iptunnel.configsync": ("enable", "disable enable"),  # read and written by OpenStack's agent
    "tmm.verbose": ("disable", "disable enable"),
    "ui.advisory.color": ("green", "string"),
    "ui.advisory.enabled": ("false", "false true"),
    "ui.advisory.text": ("<null>", "string"),
    "systemauth.disablebash": ("false", "false true"),
    "dns.cache": ("disable", "disable enable"),  # read and written by f5-ansible
    "provision.action": ("none", "none reboot"),
    "provision.cpu.afm": ("0", "integer min:0 max:100"),
    # What f5-ansible and scripts that set devices up write.
    "boot.quiet": ("disable", "disable enable"),
    "config.allow.rfc3927": ("disable", "disable enable"),
    "configsync.allowmanagement": ("disable", "disable enable"),
    "dhclient.mgmt": ("enable", "disable enable"),
    "setup.run": ("false", "false true"),
    "statemirror.clustermirroring": ("within", "between within"),
    "systemauth.primaryadminuser": ("admin", "string"),
    "ui.system.preferences.recordsperscreen": ("10", "integer min:1 max:1000"),
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
        if "~default" not in more:  # what sys/crypto says of these was recorded too
            twin = KINDS["sys/crypto/cert"]
            said = defaults("sys", "sys/crypto/cert")
            draft.put(twin.key(f"/Common/{name}"), twin.path, said, builtin=True)


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
