"""How objects and collections read: kinds, selfLinks, references, selection, filter, pages.

Source: iControl REST reference, sections 1.3 and 1.4.
"""

from collections.abc import Mapping

from bigip_sim import refusals
from bigip_sim.catalogue import (
    FAMILIES,
    KINDS,
    collection_path,
    display,
    inside,
    object_path,
    parent_key,
)
from bigip_sim.examples import example
from bigip_sim.faces import FACES, Look
from bigip_sim.health import Probes
from bigip_sim.kinds import Kind
from bigip_sim.names import COMMON, camel, split_path, to_segment
from bigip_sim.queries import Query
from bigip_sim.refusals import RefusedError
from bigip_sim.routes import Target
from bigip_sim.standing import Standing
from bigip_sim.surroundings import Surroundings
from bigip_sim.tree import Item, Key, Tree
from bigip_sim.versions import at_least

BASE = "https://localhost/mgmt/tm"
Json = dict[str, object]


class Reader:
    """Renders one committed tree in the manner of one TMOS version."""

    def __init__(
        self, tree: Tree, version: str, probes: Probes, standing: Standing | None = None
    ) -> None:
        self._tree = tree
        self._version = version
        self._probes = probes
        self._about = Surroundings(version)
        self._standing = standing if standing is not None else Standing()

    def link(self, path: str, query: str = "") -> str:
        """Return a selfLink: always on localhost, with the version at its end."""
        return f"{BASE}/{path}?{query}{'&' if query else ''}ver={self._version}"

    def object(self, target: Target, query: Query) -> Json:
        """GET of one object."""
        kind = target.kind
        assert target.name is not None
        item = self._tree.get(kind.key(target.name, target.owner))
        if item is None or item.kind != kind.path:
            raise missing(self._tree, target)
        body = self.render(item, expands=query.expands)
        body["selfLink"] = self.link(self.path_of(item), query.asked)
        if query.select:
            kept = {"kind", "selfLink", *query.select}
            return {name: value for name, value in body.items() if name in kept}
        return body

    def collection(self, target: Target, query: Query) -> Json:
        """GET of a collection, filtered, selected and paged."""
        kind = target.kind
        items, total = choose(self._tree, target, query)
        path = collection_path(kind, target.owner)
        body: Json = {"kind": kind.collection_name, "selfLink": self.link(path, query.asked)}
        if query.top is not None:
            body.update(query.page(len(items), total))
            if query.top and query.skip + len(items) < total:
                body["nextLink"] = self.link(path, query.after().encoded())
            if query.skip:
                body["previousLink"] = self.link(path, query.before().encoded())
        if items or self._lists_nothing():
            body["items"] = [self._selected(item, query) for item in items]
        return body

    def example(self, target: Target) -> Json:
        """GET of what an object of a collection would look like."""
        return example(
            target.kind, self.link(f"{collection_path(target.kind, target.owner)}/example")
        )

    def render(self, item: Item, *, expands: bool = False) -> Json:
        """Return an object with its defaults, inherited attributes and references."""
        kind = KINDS[item.kind]
        body: Json = {"kind": kind.state_name, **self._identity(kind, item)}
        if not kind.single:
            body["generation"] = 0 if kind.of_family == "monitor" else item.generation
        body["selfLink"] = self.link(self.path_of(item))
        attributes = self.attributes(item)
        attributes.update(self._references(kind, item))
        for leaf in () if kind.quiet else kind.subcollections:
            attributes[f"{camel(leaf)}Reference"] = self._subcollection(
                kind, item, leaf, expands=expands
            )
        body.update(sorted(attributes.items()))
        return body

    def attributes(self, item: Item) -> Json:
        """Return the attributes that hold: inherited from parents, by default, or set."""
        kind = KINDS[item.kind]
        values: Json = {}
        if kind.root and item.key.name != kind.root:
            parent = self._tree.get(kind.key(str(item.own.get("defaultsFrom", kind.root))))
            if parent is not None and parent.kind == kind.path:
                values.update(self.attributes(parent))
                if "description" in kind.optional:
                    values.pop("description", None)  # a parent's own, absent while unset
        else:
            values.update(kind.defaults)
        for field, value in item.own.items():
            if not field.startswith("~"):
                values[field] = _over(values.get(field), value)
        if kind.of_family == "monitor" and kind.root == item.key.name:
            values.pop("defaultsFrom", None)
        for first, second in kind.flags:
            if second not in values:
                values[first] = True
        if kind.path == "ltm/pool" and "monitor" in values and not at_least(self._version, "14"):
            values["monitor"] = f"{values['monitor']} "  # up to 13.x: section 1.5
        face = FACES.get(kind.path)
        if face is not None:
            around = (self._about, self._standing)
            face(Look(self._tree, item, self._probes, values, self.link, *around))
        return values

    def path_of(self, item: Item) -> str:
        """Return an object's path below /mgmt/tm."""
        return object_path(KINDS[item.kind], item.key)

    def _identity(self, kind: Kind, item: Item) -> Json:
        if kind.single:
            return {}
        if not kind.partitioned:
            return {"name": item.key.name, "fullPath": item.key.name}
        if kind.path == "sys/folder" and item.key.name.count("/") == 1:
            name = item.key.name[1:] or "/"
            above = {} if name == "/" else {"subPath": "/"}
            return {"name": name, **above, "fullPath": item.key.name}
        path = split_path(item.key.name)
        below = {"subPath": path.sub_path} if path.sub_path else {}
        return {
            "name": path.name,
            "partition": path.partition,
            **below,
            "fullPath": item.key.name,
        }

    def _references(self, kind: Kind, item: Item) -> Json:
        links: Json = {}
        for link in kind.links:
            if link.field in _WITHOUT_REFERENCE or link.field.startswith("~"):
                continue
            names = [self._target(link.family, name) for name in link.read(item)]
            if names:
                refs = [{"link": name} for name in names]
                links[f"{link.field}Reference"] = refs if link.many else refs[0]
        return links

    def _target(self, family: str, name: str) -> str:
        item = self._tree.get(Key(family, "", name))
        kinds = FAMILIES.get(family, ())
        path = item.kind if item is not None else (kinds[0].path if kinds else family)
        return self.link(f"{path}/{to_segment(name)}")

    def _subcollection(self, kind: Kind, item: Item, leaf: str, *, expands: bool) -> Json:
        path = f"{object_path(kind, item.key)}/{leaf}"
        body: Json = {"link": self.link(path), "isSubcollection": True}
        if expands:
            children = self._tree.of_kind(f"{kind.path}/{leaf}", inside(item.key))
            if children:  # an empty expanded subcollection has no items: section 1.4
                body["items"] = [self.render(child) for child in children]
        return body

    def _selected(self, item: Item, query: Query) -> Json:
        if query.select and _IDENTITY.issuperset(query.select):
            body = self._identity(KINDS[item.kind], item)  # what counting takes, at its price
        else:
            body = self.render(item, expands=query.expands)
        if not query.select:
            return body
        return {name: body[name] for name in query.select if name in body}

    def _lists_nothing(self) -> bool:
        """Whether an empty collection has `items`: from 14.x on, section 1.4."""
        return at_least(self._version, "14")


def choose(tree: Tree, target: Target, query: Query) -> tuple[list[Item], int]:
    """Return what a GET of a collection asks for, filtered and paged, and how many there are."""
    kind, owner = target.kind, target.owner
    if owner and tree.get(parent_key(kind, owner)) is None:
        raise refusals.not_found(KINDS[kind.parent].human, owner)
    items = tree.of_kind(kind.path, owner)
    if query.partition:
        # seen told by a client of real devices, with this status; which releases: unverified
        if tree.get(KINDS["auth/partition"].key(query.partition)) is None:
            raise refusals.folder_missing(query.partition)
        items = _within(kind, items, query.partition)
    end = None if query.top is None else query.skip + query.top
    return items[query.skip : end], len(items)


def missing(tree: Tree, target: Target) -> RefusedError:
    """Return what a GET of an object says that is not there."""
    assert target.name is not None
    key = target.kind.key(target.name, target.owner)
    if target.kind.path == "ltm/pool/members":
        pool = KINDS["ltm/pool"]
        if tree.get(pool.key(target.owner)) is None:
            return refusals.not_found(pool.human, target.owner)
        text = f"Object not found - {target.name}"
        return RefusedError(404, text, refusals.ICRD)
    return refusals.not_found(target.kind.human, display(target.kind, key))


_IDENTITY = frozenset({"name", "partition", "subPath", "fullPath"})

# A member's node and a virtual server's address are told by other attributes; `persist` and
# `sourceAddressTranslation` carry their references inside; monitors have none: section 1.4.
_WITHOUT_REFERENCE = frozenset({"", "monitor", "persist", "sourceAddressTranslation"})


def _over(below: object, value: object) -> object:
    """Lay a value over the default or the parent's: nested attributes one by one."""
    if isinstance(below, Mapping) and isinstance(value, Mapping):
        return {**below, **value}
    return value


def _within(kind: Kind, items: list[Item], partition: str) -> list[Item]:
    """Return the objects of a partition; a top folder, as it reads, has none."""
    if not kind.partitioned:  # accounts are found in Common (f5-ansible looks for them so)
        return items if partition == COMMON else []
    inside = f"/{partition}/"
    return [item for item in items if item.key.name.startswith(inside)]
