"""The `/stats` of configuration objects: which there are, in the form of the version, and resets.

Source: iControl REST reference, sections 4.1 and 4.4. What is counted is in `statistics_ltm` and
`statistics_profiles`.
"""

from collections.abc import Callable, Iterable, Mapping

from bigip_sim import refusals, statistics_cm, statistics_ltm, statistics_profiles
from bigip_sim.catalogue import KINDS, collection_path, display, object_path
from bigip_sim.kinds import Kind
from bigip_sim.names import to_segment
from bigip_sim.queries import Query
from bigip_sim.reading import BASE, choose, missing
from bigip_sim.rendering import Fields, body, keyed, nested, quoted, written
from bigip_sim.routes import Target
from bigip_sim.sources import Sources
from bigip_sim.tree import Item
from bigip_sim.versions import at_least

NO_QUERY = Query()

# path -> what one object tells: entries by what follows its name in their key
COUNTED: Mapping[str, Callable[[Sources, Item], Iterable[tuple[str, Fields]]]] = {
    **statistics_cm.COUNTED,
    **statistics_ltm.COUNTED,
    **statistics_profiles.COUNTED,
}
RESETS: Mapping[str, Callable[[Sources, Item], None]] = {
    **statistics_ltm.RESETS,
    **statistics_profiles.RESETS,
}


class Statistics:
    """Renders statistics of one committed tree."""

    def __init__(self, sources: Sources) -> None:
        self._tree = sources.tree
        self._sources = sources
        self._version = sources.version

    def read(self, target: Target, query: Query = NO_QUERY) -> str:
        """GET of an object's or a collection's statistics; of a query, what selects holds."""
        if target.name is None:
            return self._all(target, query)
        return self._one(target, target.name, query)

    def _all(self, target: Target, query: Query) -> str:
        """Tell of a collection; that it can be had in pages is unverified."""
        kind = target.kind
        items, total = choose(self._tree, target, query)
        path = f"{BASE}/{collection_path(kind, target.owner)}/stats"
        page: dict[str, object] = {}
        if query.top is not None:
            page = query.page(len(items), total)
            if query.top and query.skip + len(items) < total:
                page["nextLink"] = f"{path}?{query.after().encoded()}&ver={self._version}"
        counted = self._counted(kind, items, query)
        entries = (self._keyed(item, suffix, fields) for item, suffix, fields in counted)
        about = (_name(kind, "collectionstats"), self._link(path, query))
        return body(*about, keyed(entries), page)

    def _one(self, target: Target, name: str, query: Query) -> str:
        """Tell of one object; one that has several entries is nested in every release."""
        kind = target.kind
        key = kind.key(name, target.owner)
        item = self._tree.get(key)
        if item is None or item.kind != kind.path:
            raise missing(self._tree, target)
        path = f"{BASE}/{object_path(kind, key)}"
        about = (_name(kind, "stats"), self._link(f"{path}/stats", query))
        counted = self._counted(kind, [item], query)
        if not at_least(self._version, "12") and [suffix for _, suffix, _ in counted] == [""]:
            return body(*about, written(counted[0][2]))  # flat in 11.x: sections 4.1 and 4.4
        return body(*about, keyed(self._keyed(*each, alone=True) for each in counted))

    def _counted(
        self, kind: Kind, items: Iterable[Item], query: Query
    ) -> list[tuple[Item, str, Fields]]:
        counts = COUNTED.get(kind.path, _named)
        return [
            (item, suffix, _selected(fields, query.select))
            for item in items
            for suffix, fields in counts(self._sources, item)
        ]

    def _link(self, path: str, query: Query) -> str:
        asked = f"{query.asked}&" if query.asked else ""
        return f"{path}?{asked}ver={self._version}"

    def _keyed(
        self, item: Item, suffix: str, fields: Fields, *, alone: bool = False
    ) -> tuple[str, str]:
        """Return an entry under its key.

        Asked for alone, an object's name comes twice: in 12.x (section 4.4), and where it has
        several entries (recorded of a device group on 14.1; of other types that is unverified).
        """
        kind = KINDS[item.kind]
        path = f"{BASE}/{object_path(kind, item.key)}"
        if alone and (suffix or not at_least(self._version, "13")):
            path = f"{path}/{to_segment(item.key.name)}"
        path += suffix
        link = f"{path}/stats?ver={self._version}"
        about = f'"kind":{quoted(_name(kind, "stats"))},"selfLink":{quoted(link)},'
        return f"{path}/stats", nested(written(fields), about)


def _name(kind: Kind, state: str) -> str:
    return f"tm:{kind.path.replace('/', ':')}:{kind.leaf}{state}"


def _named(_sources: Sources, item: Item) -> tuple[tuple[str, Fields]]:
    """Tell only whose statistics they are, for types of which nothing is counted."""
    return (("", {"tmName": item.key.name}),)


def reset(sources: Sources, target: Target) -> None:
    """Let counters begin at 0: of one object, or of all of a collection."""
    kind = target.kind
    if target.name is None:
        items = sources.tree.of_kind(kind.path, target.owner)
    else:
        key = kind.key(target.name, target.owner)
        item = sources.tree.get(key)
        if item is None or item.kind != kind.path:
            raise refusals.not_found(kind.human, display(kind, key))
        items = [item]
    for item in items:
        RESETS[kind.path](sources, item)


def _selected(fields: Fields, select: tuple[str, ...]) -> Fields:
    return {name: fields[name] for name in select if name in fields} if select else fields
