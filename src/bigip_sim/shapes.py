"""How single types keep what a client writes: one table. Source: reference, sections 1.5 and 3."""

from collections.abc import Callable, Mapping

from bigip_sim import (
    irules,
    policies,
    shapes_files,
    shapes_ltm,
    shapes_net,
    shapes_profiles,
    shapes_sys,
)
from bigip_sim.catalogue import KINDS
from bigip_sim.shapes_cm import CM_SHAPES
from bigip_sim.shapes_system import SYSTEM_SHAPES
from bigip_sim.shaping import Write, keep_full, keep_monitors
from bigip_sim.tree import Draft, Item

Shape = Callable[[Write], None]
SHAPES: Mapping[str, Shape] = {
    **CM_SHAPES,
    **SYSTEM_SHAPES,
    "ltm/node": shapes_ltm.node,
    "ltm/pool": keep_monitors,
    "ltm/pool/members": shapes_ltm.member,
    "ltm/data-group/internal": shapes_ltm.data_group,
    "ltm/virtual-address": shapes_ltm.virtual_address,
    "ltm/virtual": shapes_ltm.virtual,
    "ltm/virtual/profiles": shapes_ltm.virtual_profile,
    "ltm/policy": policies.policy,
    "ltm/policy/rules": policies.part,
    "ltm/policy/rules/actions": policies.part,
    "ltm/policy/rules/conditions": policies.part,
    "ltm/rule": irules.rule,
    "ltm/snatpool": shapes_ltm.snatpool,
    "ltm/snat-translation": shapes_ltm.snat_translation,
    **{path: shapes_profiles.monitor for path in KINDS if path.startswith("ltm/monitor/")},
    **{
        path: shapes_profiles.inheriting
        for path, kind in KINDS.items()
        if kind.root and path.startswith("ltm/profile/")
    },
    **{path: shapes_profiles.persistence for path in KINDS if path.startswith("ltm/persistence/")},
    "ltm/profile/client-ssl": shapes_profiles.client_ssl,
    "ltm/profile/server-ssl": shapes_profiles.server_ssl,
    "ltm/cipher/group": shapes_profiles.cipher_group,
    "ltm/cipher/rule": shapes_profiles.cipher_rule,
    "ltm/snat": shapes_ltm.snat,
    "auth/user": shapes_sys.user,
    "auth/partition": shapes_sys.partition,
    "sys/db": shapes_sys.variable,
    "net/route-domain": shapes_net.route_domain,
    "net/vlan": shapes_net.vlan,
    "net/vlan/interfaces": shapes_net.vlan_interface,
    **{
        path: shapes_net.tunnel_profile
        for path, kind in KINDS.items()
        if path.startswith("net/tunnels/") and kind.root
    },
    "net/tunnels/tunnel": shapes_net.tunnel,
    "net/fdb/tunnel/records": shapes_net.fdb_record,
    "net/dns-resolver": lambda write: keep_full(write, "routeDomain"),
    "net/self": shapes_net.self_ip,
    "net/route": shapes_net.route,
    "net/arp": shapes_net.neighbour,
    "net/ndp": shapes_net.neighbour,
    "sys/file/ssl-cert": shapes_files.uploaded_file,
    "sys/file/ssl-key": shapes_files.uploaded_file,
    "sys/file/data-group": shapes_files.uploaded_file,
    "ltm/data-group/external": shapes_files.external_group,
}

# What an object has to say before DELETE takes it.
LEAVING: Mapping[str, Callable[[Draft, Item], None]] = {
    "ltm/policy/rules": policies.part_leaves,
    "ltm/policy/rules/actions": policies.part_leaves,
    "ltm/policy/rules/conditions": policies.part_leaves,
}
