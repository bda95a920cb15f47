"""What a write changed, object by object, for those who judge the one who wrote."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bigip_sim.tree import Draft, Item

LONGEST = 2000  # characters of one value; a certificate or an iRule is told by its beginning
_WRITTEN = frozenset({"~session", "~state"})  # what was written; what reads depends on monitors
_SECRET = frozenset({"password", "passphrase", "secret"})


@dataclass(frozen=True, slots=True)
class Change:
    """One object that was created, modified or deleted; `fields` are those that a write sets."""

    action: str
    kind: str
    path: str
    owner: str = ""  # full path of the object whose subcollection it is in
    fields: Mapping[str, tuple[object, object]] = field(default_factory=dict)  # (before, after)

    def told(self) -> dict[str, object]:
        """Return it as the log has it; a field that is not set is None."""
        body: dict[str, object] = {"action": self.action, "kind": self.kind, "path": self.path}
        if self.owner:
            body["owner"] = self.owner
        body["fields"] = {n: {"before": b, "after": a} for n, (b, a) in self.fields.items()}
        return body


def changes_of(draft: Draft) -> tuple[Change, ...]:
    """Return what a draft is about to change, in the order of its commands.

    An object whose generation alone goes up is not among them.
    """
    found = (_change(draft.base.get(key), item) for key, item in draft.changed.items())
    return tuple(change for change in found if change is not None)


def _change(old: Item | None, new: Item | None) -> Change | None:
    some = new if new is not None else old
    if some is None:
        return None
    action = "modified" if old and new else "created" if new else "deleted"
    before = _told(old) if old is not None else {}
    after = _told(new) if new is not None else {}
    names = sorted({*before, *after})
    fields = {n: (before.get(n), after.get(n)) for n in names if before.get(n) != after.get(n)}
    if action == "modified" and not fields:
        return None
    return Change(action, some.kind, some.key.name or some.kind, some.key.owner, fields)


def _told(item: Item) -> dict[str, object]:
    return {
        name.removeprefix("~"): _short(name, value)
        for name, value in item.own.items()
        if name[0] != "~" or name in _WRITTEN
    }


def _short(name: str, value: object) -> object:
    if name in _SECRET:
        return "(secret)"
    if isinstance(value, Mapping):
        return {n: _short(n.removeprefix("~"), v) for n, v in value.items()}
    if isinstance(value, list | tuple):
        return [_short("", entry) for entry in value]
    if isinstance(value, str) and len(value) > LONGEST:
        return f"{value[:LONGEST]}... ({len(value)} characters)"
    return value
