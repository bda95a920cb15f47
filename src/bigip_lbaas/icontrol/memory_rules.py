"""What a BIG-IP in memory allows a transaction to leave behind."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from bigip_lbaas.ltm import kinds
from bigip_lbaas.ltm.addresses import address_of, without_port
from bigip_lbaas.ltm.state import Action, ObjectPath, Step, merge

Tree = dict[ObjectPath, dict[str, Any]]


class Refused(Exception):
    """A transaction that would leave the tree as no device allows it."""

    def __init__(self, path: ObjectPath, why: str) -> None:
        """Name the object that is in the way."""
        super().__init__(f"{path.collection} {path.full} {why}")
        self.path = path


def committed(before: Tree, partitions: Collection[str], steps: Sequence[Step]) -> Tree:
    """Return the tree after `steps`. Raises: Refused when it would not be sound."""
    tree = dict(before)
    deleted: set[ObjectPath] = set()
    for step in steps:
        path = step.path
        if step.action is Action.CREATE:
            if path.partition not in partitions:
                raise Refused(path, "is in a folder that was not found")
            if path in tree or path in deleted:
                raise Refused(path, "already exists")
            tree[path] = dict(step.attributes)
        elif path not in tree:
            raise Refused(path, "was not found")
        elif step.action is Action.CHANGE:
            _refuse_fixed(step)
            tree[path] = merge(tree[path], step.attributes)
        else:
            deleted.add(path)
            del tree[path]
        if path.collection == kinds.DATA_GROUP:
            continue  # which nothing refers to, nor does it
        if (
            step.action is Action.CREATE
        ):  # what was sound stays so: only the new one can be in doubt
            _add_implied(tree, (path,))
            _refuse_dangling(tree, (path,))
        else:
            _add_implied(tree, tuple(tree))
            _refuse_dangling(tree, tree)
    for path in deleted:
        _refuse_in_use(path, before, tree)
    _refuse_shared(tree)
    return tree


def _refuse_fixed(step: Step) -> None:
    for name in kinds.KIND_OF[step.path.collection].fixed:
        if name in step.attributes:
            raise Refused(step.path, f"has a fixed {name}")


def _add_implied(tree: Tree, of: Collection[ObjectPath]) -> None:
    """Add the nodes of new members, and the virtual address of a destination that has none."""
    for path in of:
        attributes = tree[path]
        for member in attributes.get("members", ()):
            node = ObjectPath(kinds.NODE, path.partition, without_port(member["name"]))
            tree.setdefault(node, {"address": member["address"]})
        if path.collection == kinds.VIRTUAL:
            address = address_of(attributes["destination"])
            if address not in _addresses(tree, path.partition):
                implied = ObjectPath(kinds.VIRTUAL_ADDRESS, path.partition, address)
                tree[implied] = {"address": address, "enabled": "yes", "autoDelete": "true"}


def _addresses(tree: Tree, partition: str) -> set[str]:
    return {
        attributes["address"]
        for path, attributes in tree.items()
        if path.collection == kinds.VIRTUAL_ADDRESS and path.partition == partition
    }


def _references(tree: Tree, path: ObjectPath) -> Iterator[tuple[str, str]]:
    """Yield what an object refers to: a word for the kind, and a full path or an address."""
    attributes = tree[path]
    if attributes.get("pool"):
        yield kinds.POOL, attributes["pool"]
    if path.collection == kinds.POOL and attributes.get("monitor"):
        yield "ltm/monitor", attributes["monitor"]
    for member in attributes.get("members", ()):
        yield kinds.NODE, f"/{path.partition}/{without_port(member['name'])}"
    if path.collection == kinds.VIRTUAL:
        address = address_of(attributes["destination"])
        yield kinds.VIRTUAL_ADDRESS, f"/{path.partition}/{address}"


def _identity(path: ObjectPath, attributes: Mapping[str, Any]) -> tuple[str, str]:
    """Return the word and path by which others refer to an object."""
    if path.collection == kinds.VIRTUAL_ADDRESS:
        return path.collection, f"/{path.partition}/{attributes['address']}"
    word = "ltm/monitor" if path.collection.startswith("ltm/monitor/") else path.collection
    return word, path.full


def _refuse_in_use(path: ObjectPath, before: Tree, after: Tree) -> None:
    """Refuse to delete what an object that stays used, even only until this transaction."""
    if path not in before or path.collection == kinds.DATA_GROUP:
        return
    gone = _identity(path, before[path])
    for user in before.keys() & after.keys():
        if gone in _references(before, user) and path.collection != kinds.VIRTUAL_ADDRESS:
            raise Refused(path, f"is in use by {user.full}")


def _refuse_dangling(tree: Tree, of: Iterable[ObjectPath]) -> None:
    there = {_identity(path, attributes) for path, attributes in tree.items()}
    for path in of:
        for reference in _references(tree, path):
            if reference not in there:
                raise Refused(path, f"names {reference[1]}, which was not found")


def _refuse_shared(tree: Tree) -> None:
    """Refuse what two objects cannot both have; looked at last, so that they can swap it."""
    places: dict[tuple[str, str, str], ObjectPath] = {}
    for path, attributes in tree.items():
        for name in ("destination", "address"):
            if name in attributes:
                place = (path.partition, path.collection, attributes[name])
                if place in places:
                    raise Refused(path, f"shares its {name} with {places[place].full}")
                places[place] = path
