"""How certificates, keys and data-group files are kept: their bytes, and what these say.

Source: iControl REST reference, section 3.10. Texts of refusals here are unverified.
"""

from collections.abc import Mapping

from bigip_sim import pem
from bigip_sim.names import join_path, split_path
from bigip_sim.refusals import RefusedError, nothing_specified
from bigip_sim.shaping import Write
from bigip_sim.tree import Item, Key

_MODES = {"sys/file/ssl-cert": 33188, "sys/file/ssl-key": 33184, "sys/file/data-group": 33188}
_FOLDERS = {
    "sys/file/ssl-cert": "certificate_d",
    "sys/file/ssl-key": "certificate_key_d",
    "sys/file/data-group": "data_group_d",
}


def uploaded_file(write: Write) -> None:
    """Take the bytes that `sourcePath` names; without it the file stays as it is."""
    own, before = write.own, write.old.own if write.old is not None else {}
    source = write.body.get("sourcePath")
    if isinstance(source, str):
        content = write.about.uploaded(source)
        if content is None:
            raise RefusedError(400, f"01070712:3: Failed! The file {source} cannot be opened.")
        own["~content"] = content.decode("utf-8", "replace")
        own["revision"] = _int(before.get("revision")) + 1
        own["lastUpdateTime"] = write.about.now()
    elif write.old is None:
        raise nothing_specified()
    elif "~content" not in own:  # the device's own: only what was recorded of it is here
        return
    for field in ("revision", "createTime", "lastUpdateTime", "sourcePath"):
        if field in before:
            own.setdefault(field, before[field])
    own.setdefault("createTime", write.about.now())
    own.setdefault("lastUpdateTime", own["createTime"])
    if isinstance(own.get("passphrase"), str):
        own["~passphrase"] = own.pop("passphrase")
    own.update(createdBy="admin", updatedBy="admin", mode=_MODES[write.kind.path])
    path = split_path(write.key.name)
    folder, name = _FOLDERS[write.kind.path], write.key.name.replace("/", ":")
    own["systemPath"] = (
        f"/config/filestore/files_d/{path.partition}_d/{folder}/{name}_{own['revision']}"
    )
    if "~content" in own:
        own.update(_facts(write))


def external_group(write: Write) -> None:
    """An external data group names its file; a bare name is in its own partition or in Common."""
    name = write.own.get("externalFileName")
    if not isinstance(name, str) or name.startswith("/"):
        return
    near = join_path(name, write.partition)
    there = write.draft.get(Key("sys/file/data-group", "", near)) is not None
    write.own["externalFileName"] = near if there else join_path(name)


def _facts(write: Write) -> Mapping[str, object]:
    content = str(write.own.get("~content", "")).encode()
    facts = pem.file_facts(content)
    try:
        if write.kind.path == "sys/file/ssl-cert":
            facts.update(pem.certificate_facts(content))
        elif write.kind.path == "sys/file/ssl-key":
            facts.update(pem.key_facts(content, str(write.own.get("~passphrase", ""))))
    except pem.NotPem as error:
        what = "x509 file" if write.kind.path == "sys/file/ssl-cert" else "key file"
        text = f"01070712:3: unable to validate {what} ({write.key.name}): {error}"
        raise RefusedError(400, text) from error
    return facts


def content_of(item: Item | None) -> bytes | None:
    """Return a file's bytes; those of the device's own certificate and key are made here."""
    if item is None:
        return None
    content = item.own.get("~content")
    if isinstance(content, str):
        return content.encode()
    return {
        "/Common/default.crt": pem.default_pair()["cert"],
        "/Common/default.key": pem.default_pair()["key"],
    }.get(item.key.name)


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0
