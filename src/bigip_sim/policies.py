"""LTM policies: how they are kept, their drafts, and how a draft is published.

From 12.1 on a policy is written as a draft below Drafts and published beside it; before, there are
no drafts. Source: iControl REST reference, section 3.7. Texts of refusals here are unverified.
"""

from collections.abc import Mapping
from typing import Protocol

from bigip_sim import refusals
from bigip_sim.catalogue import KINDS, inside, parent_key
from bigip_sim.names import split_path
from bigip_sim.refusals import RefusedError
from bigip_sim.shaping import Write, full, keep_full
from bigip_sim.surroundings import Surroundings
from bigip_sim.tree import Draft, Item, Key

DRAFTS = "Drafts"


class Children(Protocol):
    """A tree, or a draft laid over it."""

    def of_kind(self, kind: str, owner: str = "") -> list[Item]:
        """Return the objects of one type."""


_POLICY, _RULE = "ltm/policy", "ltm/policy/rules"


def policy(write: Write) -> None:
    """Keep a policy; a published one changes only by way of a draft."""
    own, body = write.own, write.body
    keep_full(write, "strategy")
    for field in ("controls", "requires"):
        if isinstance(own.get(field), str):
            own[field] = str(own[field]).split()
    legacy, drafts = own.pop("legacy", None), own.pop("createDraft", None)
    if not write.about.at_least("12.1"):
        return
    if legacy in (True, "true", "yes"):
        own["~legacy"] = True
    if status_of(write.key, own) == "published":
        if write.old is None:
            raise _only_as_draft(write.key.name)
        if drafts in (True, "true", "yes"):
            own.clear()
            own.update(write.old.own)
            _copy(write.draft, write.old, draft_name(write.key.name))
            return
        if body.keys() - {"legacy", "createDraft"}:
            raise _only_as_draft(write.key.name)
    elif write.old is None:
        _check_unpublished(write)
    own["~modified"] = write.about.now()


def status_of(key: Key, own: Mapping[str, object]) -> str:
    """Return what a policy of 12.1 or later is: draft, published or legacy."""
    if own.get("~legacy"):
        return "legacy"
    return "draft" if split_path(key.name).sub_path.endswith(DRAFTS) else "published"


def draft_name(published: str) -> str:
    """Return the full path of a published policy's draft."""
    path = split_path(published)
    above = f"{path.sub_path}/" if path.sub_path else ""
    return f"/{path.partition}/{above}{DRAFTS}/{path.name}"


def part(write: Write) -> None:
    """Rules, conditions and actions belong to their policy: a published one keeps its own."""
    owner = parent_key(write.kind, write.key.owner)
    if write.kind.path != _RULE:
        owner = parent_key(KINDS[_RULE], owner.owner)
    _check_open(write.about, write.draft, owner)
    if write.kind.path == _RULE and write.old is None and "ordinal" not in write.own:
        write.own["ordinal"] = len(write.draft.of_kind(_RULE, write.key.owner))
    keep_full(write, "pool", "virtual", "snatpool", "datagroup")
    if "values" in write.own:
        values = write.own["values"]
        write.own["values"] = list(values) if isinstance(values, list | tuple) else [values]


def part_leaves(draft: Draft, item: Item) -> None:
    """Refuse to take a rule out of a published policy."""
    kind = KINDS[item.kind]
    owner = parent_key(kind, item.key.owner)
    if kind.path != _RULE:
        owner = parent_key(KINDS[_RULE], owner.owner)
    _check_open(draft.about, draft, owner)


def _check_open(about: Surroundings, draft: Draft, key: Key) -> None:
    found = draft.get(key)
    if found is None or not about.at_least("12.1"):
        return
    if status_of(key, found.own) == "published":
        raise _only_as_draft(key.name)


def _only_as_draft(name: str) -> RefusedError:
    """The text is of 12.1, quoted in issue 668 of f5-common-python."""
    text = f"01071abb:3: Cannot create/modify published policy '{name}' directly"
    return RefusedError(400, f"{text}, try specifying a draft folder like '{draft_name(name)}'.")


def _check_unpublished(write: Write) -> None:
    """A draft beside a published policy is made from it (issue 1098 of f5-common-python)."""
    path = split_path(write.key.name)
    if status_of(write.key, write.own) != "draft":
        return
    above = path.sub_path.removesuffix(DRAFTS)
    published = f"/{path.partition}/{above}{path.name}"
    if write.draft.get(KINDS[_POLICY].key(published)) is not None:
        text = f'Published policy "{published}" exists, use create-draft to create a draft copy .'
        raise refusals.configuration_error(text)


def publish(draft: Draft, body: Mapping[str, object]) -> Key:
    """POST ltm/policy `publish`: the draft takes the place of the published policy."""
    name = full(str(body.get("name", "")))
    found = draft.get(KINDS[_POLICY].key(name))
    if found is None:
        raise refusals.not_found("policy", name)
    path = split_path(name)
    if not draft.about.at_least("12.1") or status_of(found.key, found.own) != "draft":
        raise refusals.configuration_error(f"The policy ({name}) is not a draft")
    above = path.sub_path.removesuffix(DRAFTS).rstrip("/")
    target = f"/{path.partition}/{above}/{path.name}" if above else f"/{path.partition}/{path.name}"
    _drop(draft, draft.get(KINDS[_POLICY].key(target)))
    _copy(draft, found, target)
    _drop(draft, found)
    return KINDS[_POLICY].key(target)


def _copy(draft: Draft, source: Item, name: str) -> None:
    kind = KINDS[_POLICY]
    if name == draft_name(source.key.name):
        make_folder(draft, name)
        if draft.get(kind.key(name)) is not None:
            raise refusals.already_exists("policy", name, split_path(name).partition)
    own = {**source.own, "~modified": draft.about.now()}
    _copy_item(draft, source, kind.key(name), own)


def _copy_item(draft: Draft, source: Item, key: Key, own: Mapping[str, object]) -> None:
    draft.put(key, source.kind, own)
    for leaf in KINDS[source.kind].subcollections:
        child = KINDS[f"{source.kind}/{leaf}"]
        for item in draft.of_kind(child.path, inside(source.key)):
            _copy_item(draft, item, child.key(item.key.name, inside(key)), item.own)


def _drop(draft: Draft, item: Item | None) -> None:
    if item is None:
        return
    for leaf in KINDS[item.kind].subcollections:
        for child in draft.of_kind(f"{item.kind}/{leaf}", inside(item.key)):
            _drop(draft, child)
    draft.drop(item.key)


def make_folder(draft: Draft, name: str) -> None:
    """Make the Drafts folder with the first draft in it: section 3.1."""
    path = split_path(name)
    folder = KINDS["sys/folder"].key(f"/{path.partition}/{path.sub_path}")
    home = draft.get(KINDS["sys/folder"].key(f"/{path.partition}"))
    if path.sub_path == DRAFTS and home is not None and draft.get(folder) is None:
        draft.put(folder, "sys/folder", {})


# What conditions and actions need of a virtual server, and what they decide. From 12.1 on the
# device derives both (section 3.7); which words it derives from what is unverified beyond http,
# tcp, client-ssl and forwarding.
def derived(tree: Children, name: str) -> tuple[list[str], list[str]]:
    """Return (controls, requires) of a policy."""
    controls: set[str] = set()
    requires: set[str] = set()
    for rule in tree.of_kind(_RULE, name):
        owner = inside(rule.key)
        for condition in tree.of_kind(f"{_RULE}/conditions", owner):
            requires |= _needs(condition.own)
        for action in tree.of_kind(f"{_RULE}/actions", owner):
            own = action.own
            controls.add("persistence" if own.get("persist") else "forwarding")
            if any(field.startswith("http") for field in own) or own.get("redirect"):
                requires.add("http")
    return sorted(controls), sorted(requires)


def _needs(own: Mapping[str, object]) -> set[str]:
    found = set()
    if any(field.startswith("http") and own[field] is True for field in own):
        found.add("http")
    if own.get("tcp"):
        found.add("tcp")
    if own.get("sslExtension"):
        found.add("ssl-persistence")
    elif own.get("clientSsl") or own.get("sslCert"):
        found.add("client-ssl")
    return found
