"""What `install` of sys/crypto/cert and key does: the older way to a certificate or key file.

Source: iControl REST reference, section 3.10.
"""

from collections.abc import Mapping
from functools import partial

from bigip_sim.catalogue import KINDS
from bigip_sim.names import join_path, split_path
from bigip_sim.refusals import nothing_specified
from bigip_sim.tree import Draft, Key
from bigip_sim.writes import create, modify


def _install(kind: str, ending: str, draft: Draft, body: Mapping[str, object]) -> Key:
    """Make or replace the file; the ending is appended to the name."""
    name = join_path(str(body.get("name", "")), str(body.get("partition", "Common")))
    source = body.get("from-local-file", body.get("fromLocalFile"))
    if not isinstance(source, str):
        raise nothing_specified()
    full = name if name.endswith(ending) else f"{name}{ending}"
    path = split_path(full)
    written: dict[str, object] = {"sourcePath": source}
    if isinstance(body.get("passphrase"), str):
        written["passphrase"] = body["passphrase"]
    target = KINDS[kind]
    if draft.get(target.key(full)) is None:
        written.update(name=path.name, partition=path.partition)
        return create(draft, target, "", written)
    modify(draft, target, target.key(full), written, replaces=False)
    return target.key(full)


install_certificate = partial(_install, "sys/file/ssl-cert", ".crt")
install_key = partial(_install, "sys/file/ssl-key", ".key")
