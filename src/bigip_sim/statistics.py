"""The `/stats` of configuration objects: which there are, in the form of the version, and resets.

Source: iControl REST reference, sections 4.1 and 4.4. What is counted is in `statistics_ltm` and
`statistics_profiles`.
"""

from collections.abc import Callable, Iterable, Mapping

from bigip_sim import refusals, statistics_ltm, statistics_profiles
from bigip_sim.catalogue import KINDS, collection_path, display, object_path
from bigip_sim.health import Probes
from bigip_sim.kinds import Kind
from bigip_sim.meter import Meter
from bigip_sim.names import split_path, to_segment
from bigip_sim.queries import Query
from bigip_sim.reading import BASE
from bigip_sim.rendering import Fields, body, keyed, nested, quoted, written
from bigip_sim.routes import Target
from bigip_sim.sources import Sources
from bigip_sim.tree import Item, Tree
from bigip_sim.versions import at_least

NO_QUERY = Query()

# path -> what one object tells: entries by what follows its name in their key
COUNTED: Mapping[str, Callable[[Sources, Item], Iterable[tuple[str, Fields]]]] = {
    **statistics_ltm.COUNTED,
    **statistics_profiles.COUNTED,
}
RESETS: Mapping[str, Callable[[Sources, Item], None]] = {
    **statistics_ltm.RESETS,
    **statistics_profiles.RESETS,
}


class Statistics:
    """Renders statistics of one committed tree."""

    def __init__(self, tree: Tree, probes: Probes, meter: Meter, version: str) -> None:
        self._tree = tree
        self._sources = Sources(tree, probes, meter)
        self._version = version

    def read(self, target: Target, query: Query = NO_QUERY) -> str:
        """GET of an object's or a collection's statistics; of a query, what selects holds."""
        kind = target.kind
        if target.name is None:
            items = self._tree.of_kind(kind.path, target.owner)
            if query.partition:
                items = [i for i in items if split_path(i.key.name).partition == query.partition]
            state, path = "collectionstats", collection_path(kind, target.owner)
        else:
            items, state = [self._found(target, target.name)], "stats"
            path = object_path(kind, items[0].key)
        counted = COUNTED.get(kind.path, _named)
        entries: list[tuple[str, Item, Fields]] = []
        for item in items:
            for suffix, fields in counted(self._sources, item):
                entries.append((suffix, item, _selected(fields, query.select)))
        name = f"tm:{kind.path.replace('/', ':')}:{kind.leaf}{state}"
        asked = f"{query.asked}&" if query.asked else ""
        link = f"{BASE}/{path}/stats?{asked}ver={self._version}"
        if target.name is not None and not at_least(self._version, "12"):
            # Flat in 11.x: sections 4.1 and 4.4.
            return body(name, link, written({n: v for e in entries for n, v in e[2].items()}))
        doubled = target.name is not None and not at_least(self._version, "13")
        return body(name, link, keyed(self._keyed(kind, entry, doubled) for entry in entries))

    def _found(self, target: Target, name: str) -> Item:
        key = target.kind.key(name, target.owner)
        item = self._tree.get(key)
        if item is None or item.kind != target.kind.path:
            raise refusals.not_found(target.kind.human, display(target.kind, key))
        return item

    def _keyed(self, kind: Kind, entry: tuple[str, Item, Fields], doubled: bool) -> tuple[str, str]:
        suffix, item, fields = entry
        path = f"{BASE}/{object_path(KINDS[item.kind], item.key)}{suffix}"
        if doubled:  # in 12.x, a single object's: section 4.4
            path = f"{path}/{to_segment(item.key.name)}"
        name = f"tm:{kind.path.replace('/', ':')}:{kind.leaf}stats"
        link = f"{path}/stats?ver={self._version}"
        about = f'"kind":{quoted(name)},"selfLink":{quoted(link)},'
        return f"{path}/stats", nested(written(fields), about)


def _named(_sources: Sources, item: Item) -> tuple[tuple[str, Fields]]:
    """Tell only whose statistics they are, for types of which nothing is counted."""
    return (("", {"tmName": item.key.name}),)


def reset(tree: Tree, probes: Probes, meter: Meter, target: Target) -> None:
    """Let counters begin at 0: of one object, or of all of a collection."""
    sources = Sources(tree, probes, meter)
    kind = target.kind
    if target.name is None:
        items = tree.of_kind(kind.path, target.owner)
    else:
        key = kind.key(target.name, target.owner)
        item = tree.get(key)
        if item is None or item.kind != kind.path:
            raise refusals.not_found(kind.human, display(kind, key))
        items = [item]
    for item in items:
        RESETS[kind.path](sources, item)


def _selected(fields: Fields, select: tuple[str, ...]) -> Fields:
    return {name: fields[name] for name in select if name in fields} if select else fields
