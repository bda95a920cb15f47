"""What POST, PUT, PATCH and DELETE do to a draft: names, attributes, defaults, subcollections.

Source: iControl REST reference, section 1.5. Nothing is refused here that only the end state of a
transaction can show; that is `rules`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bigip_sim import policies, refusals
from bigip_sim.catalogue import KINDS, display, inside, parent_key
from bigip_sim.kinds import Kind
from bigip_sim.names import camel, join_path, number_port, split_path
from bigip_sim.routes import Target
from bigip_sim.shapes import LEAVING, SHAPES
from bigip_sim.shaping import Write
from bigip_sim.tree import Draft, Item, Key
from bigip_sim.twins import add_twins, twins
from bigip_sim.values import TRUE, checked, flag

_META = frozenset({"kind", "selfLink", "generation", "fullPath", "name", "partition", "subPath"})
_UNSET = ("", "none", None)
_WHOLE = frozenset({"sourceAddressTranslation"})  # its type says what else there may be


@dataclass(frozen=True, slots=True)
class Command:
    """One write, as it was sent; without target it is a posted command to a path."""

    method: str
    target: Target | None
    body: Mapping[str, object]
    uri: str = ""
    path: str = ""  # below /mgmt/tm, of a posted command
    user: str = ""  # who sent it; nothing: the device's own account, which may do everything


def apply_write(draft: Draft, command: Command, target: Target) -> Key:
    """Carry one write out on a draft and return the object that it was about."""
    if not target.kind.simulated:
        text = f"bigip-sim does not simulate {target.kind.path}"
        raise refusals.RefusedError(501, text, refusals.ICRD)
    command = _camelled(command)
    if target.kind.by_device and command.method in {"POST", "DELETE"}:
        text = f"The {target.kind.human} is neither created nor deleted"  # unverified
        raise refusals.configuration_error(text)
    if command.method == "POST":
        return create(draft, target.kind, target.owner, command.body)
    assert target.name is not None
    key = target.kind.key(target.name, target.owner)
    if command.method == "DELETE":
        remove(draft, _present(draft, target.kind, key))
    else:
        modify(draft, target.kind, key, command.body, replaces=command.method == "PUT")
    return key


def _camelled(command: Command) -> Command:
    """Read properties written as tmsh options are: OpenStack's agent sends `traffic-group`.

    That such names are taken in commands, such as `from-local-file`: section 3.10.
    """
    if not any("-" in name for name in command.body):
        return command
    body = {camel(name) if "-" in name else name: v for name, v in command.body.items()}
    return replace(command, body=body)


def create(draft: Draft, kind: Kind, owner: str, body: Mapping[str, object]) -> Key:
    """POST to a collection."""
    key = _new_key(draft, kind, owner, body)
    old = draft.get(key)
    if old is not None:
        raise _taken(kind, key, old)
    own = read_attributes(kind, body)
    if kind.root and own.get("defaultsFrom", "none") == "none":
        own["defaultsFrom"] = kind.root
    _write(draft, Write(draft, kind, key, body, own, None))
    return key


def modify(
    draft: Draft, kind: Kind, key: Key, body: Mapping[str, object], *, replaces: bool
) -> None:
    """PATCH an object, or PUT it, which lets unnamed attributes fall back to their defaults."""
    old = _present(draft, kind, key)
    named = read_attributes(kind, body)
    if not replaces and not named and not _named_elsewhere(kind, body):
        raise refusals.nothing_specified()
    for field in kind.fixed & named.keys():
        if not _same(old.own.get(field, kind.defaults.get(field)), named[field]):
            raise refusals.not_changeable(field)
        del named[field]
    kept = dict(old.own)
    if replaces:
        kept = {
            f: v for f, v in old.own.items() if f in kind.fixed | kind.read_only or _is_inner(f)
        }
    for first, second in kind.flags:
        if first in named or second in named:
            kept.pop(first, None)
            kept.pop(second, None)
    for field in body:
        if field in kind.marks or _is_unset(kind, field, body[field]):
            kept.pop(field, None)
    own = {**kept, **_merged(kept, named)}
    if replaces and kind.root and "defaultsFrom" in old.own:
        own.setdefault("defaultsFrom", old.own["defaultsFrom"])
    _write(draft, Write(draft, kind, key, body, own, old))


def remove(draft: Draft, item: Item) -> None:
    """DELETE an object, and what its subcollections hold."""
    kind = KINDS[item.kind]
    if item.builtin:
        # That roots cannot go: section 3.12. The text is unverified.
        name = display(kind, item.key)
        raise refusals.configuration_error(f"The {kind.human} ({name}) cannot be deleted")
    leaving = LEAVING.get(kind.path)
    if leaving is not None:
        leaving(draft, item)
    drop_whole(draft, item)
    _touch_owners(draft, kind, item.key)
    for twin in twins(draft, kind.path, item.key):
        drop_whole(draft, twin)


def drop_whole(draft: Draft, item: Item) -> None:
    """Drop an object with what its subcollections hold."""
    kind = KINDS[item.kind]
    for leaf in kind.subcollections:
        for child in draft.of_kind(f"{kind.path}/{leaf}", inside(item.key)):
            drop_whole(draft, child)
    draft.drop(item.key)


def _touch_owners(draft: Draft, kind: Kind, key: Key) -> None:
    while key.owner:
        key = parent_key(kind, key.owner)
        kind = KINDS[kind.parent]
        draft.touch(key)


def read_attributes(kind: Kind, body: Mapping[str, object]) -> dict[str, object]:
    """Return the attributes that a body sets, checked one by one; what it unsets is left out."""
    own: dict[str, object] = {}
    for field, value in body.items():
        if field in _META or field.endswith("Reference") or field in kind.read_only:
            continue
        if field in kind.subcollections:
            continue
        if not kind.known(field):
            raise refusals.unknown_property(field)
        if field == "description" and refusals.has_tag(str(value)):
            raise refusals.tag_like()
        if field in kind.marks:
            if value in TRUE:
                own[field] = True
        elif any(field in pair for pair in kind.flags):
            own.update(flag(kind, field, value))
        elif not _is_unset(kind, field, value):
            own[field] = checked(kind, field, value)
    return own


def _is_unset(kind: Kind, field: str, value: object) -> bool:
    """Whether a value takes an attribute back: null always, nothing where there need be none."""
    return value is None or (field in kind.optional and (value in _UNSET or value == []))


def _is_inner(field: str) -> bool:
    """Whether an attribute is our own, and nothing that a client writes in other words."""
    return field.startswith("~") and field not in {"~session", "~state"}


def _merged(kept: Mapping[str, object], named: Mapping[str, object]) -> Mapping[str, object]:
    """Return what is named, with nested attributes laid over those that are kept."""
    merged = dict(named)
    for field, value in named.items():
        before = kept.get(field)
        if isinstance(value, Mapping) and isinstance(before, Mapping) and field not in _WHOLE:
            merged[field] = {**before, **value}
    return merged


def _write(draft: Draft, write: Write) -> None:
    shape = SHAPES.get(write.kind.path)
    if shape is not None:
        shape(write)
    draft.put(write.key, write.kind.path, write.own, write.old is not None and write.old.builtin)
    _touch_owners(draft, write.kind, write.key)
    for leaf in write.kind.subcollections:
        said = _said_of(leaf, write.body)
        if said is not None and not (write.old is None and said[0] is None):
            # null empties one that is there, as it unsets an attribute
            _replace_subcollection(write, KINDS[f"{write.kind.path}/{leaf}"], said[0] or [])
    if write.old is None:
        add_twins(draft, write.kind.path, write.key)


def _said_of(leaf: str, body: Mapping[str, object]) -> tuple[object] | None:
    """Return what a body says of a subcollection, if anything: by its name, or as it is read.

    That the items of a reference are taken is what F5's Go client depends on, which writes the
    rules of policies so, with their conditions and actions, and f5-cccl, which takes policies off
    virtual servers so; for other types it is unverified.
    """
    if leaf in body:
        return (body[leaf],)
    reference = body.get(f"{camel(leaf)}Reference")
    if isinstance(reference, Mapping) and "items" in reference:
        return (reference["items"],)
    return None


def _replace_subcollection(write: Write, kind: Kind, inline: object) -> None:
    entries = inline if isinstance(inline, list | tuple) else [] if inline == "none" else [inline]
    draft, owner = write.draft, inside(write.key)
    wanted: set[Key] = set()
    for number, entry in enumerate(entries):
        body = entry if isinstance(entry, Mapping) else {"name": str(entry)}
        if kind.numbered:
            body = {"name": str(number), **body}
        key = _child_key(draft, kind, owner, body)
        if key in wanted:
            raise refusals.configuration_error(f"{kind.leaf} names {key.name} twice")
        wanted.add(key)
        if draft.get(key) is None:
            create(draft, kind, owner, body)
        else:
            modify(draft, kind, key, body, replaces=True)
    for child in draft.of_kind(kind.path, owner):
        if child.key not in wanted:
            drop_whole(draft, child)


def _new_key(draft: Draft, kind: Kind, owner: str, body: Mapping[str, object]) -> Key:
    name = body.get("name")
    if not isinstance(name, str) or not name:
        raise refusals.nothing_specified()  # that a name is required: 1.5; the text is unverified
    if name == "example":
        raise refusals.reserved(name)
    if owner:
        _present(draft, KINDS[kind.parent], parent_key(kind, owner))
        return _child_key(draft, kind, owner, body)
    if kind.path == "sys/folder":
        return kind.key(_folder_path(draft, name, body))
    if not kind.partitioned:
        return kind.key(name if kind.full_names else name.strip("/"))
    partition = str(body.get("partition", "Common"))
    path = join_path(name, partition, str(body.get("subPath", "")))
    if kind.path == "ltm/policy":
        policies.make_folder(draft, path)
    _require_folder(draft, path)
    return kind.key(path)


def _folder_path(draft: Draft, name: str, body: Mapping[str, object]) -> str:
    """Read /T1, or T1 below `/`, or sub in a partition (and below a path): section 3.1."""
    if name.startswith("/"):
        path = name.rstrip("/")
    else:
        above = (str(body.get(field, "")).strip("/") for field in ("partition", "subPath"))
        path = "/".join(["", *filter(None, above), name])
    parent = path.rpartition("/")[0]
    if parent and draft.get(Key("sys/folder", "", parent)) is None:
        raise refusals.folder_missing(parent[1:])
    return path


def _child_key(draft: Draft, kind: Kind, owner: str, body: Mapping[str, object]) -> Key:
    if not owner:  # it is below what there is once
        return _new_key(draft, kind, owner, body)
    if not kind.partitioned:
        return kind.key(str(body.get("name", "")), owner)
    partition = str(body.get("partition", split_path(owner).partition))
    if kind.path != "ltm/pool/members" and "partition" not in body:
        if isinstance(body.get("fullPath"), str):  # how f5-ansible names profiles
            return kind.key(join_path(str(body["fullPath"])), owner)
        name = join_path(str(body.get("name", "")), partition)
        if not any(draft.get(Key(link.family, "", name)) for link in kind.links):
            partition = "Common"  # as every bare name: the owner's partition, then /Common
    name = str(body.get("name", ""))
    if kind.path == "ltm/pool/members":
        name = number_port(name)  # however the port is written, a member's name has its number
    return kind.key(join_path(name, partition), owner)


def _require_folder(draft: Draft, path: str) -> None:
    """A folder must be there before the transaction begins: section 2, what to do before."""
    parts = split_path(path)
    folder = f"/{parts.partition}" + (f"/{parts.sub_path}" if parts.sub_path else "")
    key = Key("sys/folder", "", folder)
    if draft.base.get(key) is None and not (
        folder.endswith(f"/{policies.DRAFTS}") and draft.get(key)
    ):
        raise refusals.folder_missing(folder[1:])


def _present(draft: Draft, kind: Kind, key: Key) -> Item:
    item = draft.get(key)
    if item is None or item.kind != kind.path:
        raise refusals.not_found(kind.human, display(kind, key))
    return item


def _taken(kind: Kind, key: Key, old: Item) -> refusals.RefusedError:
    if kind.of_family == "profile" and old.kind != kind.path:
        text = f"01070293:3: The profile name ({key.name}) is already assigned to another profile."
        return refusals.RefusedError(400, text)
    partition = split_path(key.name).partition if kind.partitioned else "Common"
    return refusals.already_exists(kind.human, display(kind, key), partition)


def _named_elsewhere(kind: Kind, body: Mapping[str, object]) -> bool:
    fields = body.keys() - _META
    if any(f in kind.optional | kind.marks | {"session", "state"} for f in fields):
        return True
    return any(_said_of(leaf, body) is not None for leaf in kind.subcollections)


def _same(old: object, new: object) -> bool:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return all(old.get(name) == value for name, value in new.items())
    return old == new
