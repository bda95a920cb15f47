"""The settings and small objects that a fresh device has.

The log publishers and their destinations are recorded; that a fresh device knows the community
`comm-public` is unverified.
"""

from bigip_sim.catalogue import KINDS
from bigip_sim.tree import Draft

_SYSLOG, _DATABASE = "/Common/local-syslog", "/Common/local-db"
_PUBLISHERS = {
    "default-ipsec-log-publisher": [_SYSLOG],
    "default-mgmt-acl-log-publisher": [],
    "local-db-publisher": [_DATABASE],
    "sys-db-access-publisher": [_DATABASE, _SYSLOG],
    "sys-sslo-publisher": [_SYSLOG],
    "sys-sso-access-publisher": [_SYSLOG],
}
# What the cipher rules of a 14.1.2.1 device say; a group of the same name allows each. (Its rule
# for hardware keys is not part of it.)
_CIPHERS = {
    "f5-aes": ("AES-GCM:AES", "Cipher suites that use the AES cipher."),
    "f5-default": ("DEFAULT", "The recommended default cipher suites."),
    "f5-ecc": (
        "ECDHE:ECDHE_ECDSA",
        "Cipher suites that utilize Elliptical Curve Ephemeral Diffie-Hellman key exchange.",
    ),
    "f5-secure": (
        "ECDHE:RSA:ECDHE_ECDSA:!SSLV3:!RC4:!EXP:!DES:!3DES",
        "Cipher suites that maximize regulatory compliance.",
    ),
}


def install_settings(draft: Draft) -> None:
    """Put in what there is once, and what else a fresh device has of the kind."""
    for kind in KINDS.values():
        if kind.single:
            named = {"hostname": draft.about.hostname} if "hostname" in kind.optional else {}
            draft.put(kind.key(""), kind.path, named, builtin=True)
    for name, where in ((_SYSLOG, "local-syslog"), (_DATABASE, "local-database")):
        kind = KINDS[f"sys/log-config/destination/{where}"]
        draft.put(kind.key(name), kind.path, {}, builtin=True)
    publisher = KINDS["sys/log-config/publisher"]
    for name, destinations in _PUBLISHERS.items():
        sent = {"destinations": destinations} if destinations else {}
        draft.put(publisher.key(f"/Common/{name}"), publisher.path, sent, builtin=True)
    community = KINDS["sys/snmp/communities"]
    public = {"communityName": "public", "source": "default"}
    draft.put(community.key("/Common/comm-public"), community.path, public)
    address = KINDS["sys/management-ip"]
    draft.put(address.key(f"{draft.about.address}/24"), address.path, {})
    _install_ciphers(draft)
    volume, build = KINDS["sys/software/volume"], draft.about.build
    facts = {"active": True, "basebuild": build, "build": build, "version": draft.about.version}
    draft.put(volume.key("HD1.1"), volume.path, facts, builtin=True)


def _install_ciphers(draft: Draft) -> None:
    rule, group = KINDS["ltm/cipher/rule"], KINDS["ltm/cipher/group"]
    for name, (ciphers, about) in _CIPHERS.items():
        told = {"cipher": ciphers, "description": about}
        draft.put(rule.key(f"/Common/{name}"), rule.path, told, builtin=True)
        draft.put(group.key(f"/Common/{name}"), group.path, {"allow": [f"/Common/{name}"]}, True)
