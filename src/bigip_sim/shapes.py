"""How single types keep what a client writes: one table. Source: reference, sections 1.5 and 3."""

from collections.abc import Callable, Mapping

from bigip_sim import shapes_files, shapes_ltm, shapes_profiles
from bigip_sim.catalogue import KINDS
from bigip_sim.shaping import Write, keep_monitors

Shape = Callable[[Write], None]
SHAPES: Mapping[str, Shape] = {
    "ltm/node": shapes_ltm.node,
    "ltm/pool": keep_monitors,
    "ltm/pool/members": shapes_ltm.member,
    "ltm/data-group/internal": shapes_ltm.data_group,
    "ltm/virtual-address": shapes_ltm.virtual_address,
    "ltm/virtual": shapes_ltm.virtual,
    "ltm/virtual/profiles": shapes_ltm.virtual_profile,
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
    "sys/file/ssl-cert": shapes_files.uploaded_file,
    "sys/file/ssl-key": shapes_files.uploaded_file,
    "sys/file/data-group": shapes_files.uploaded_file,
}
