"""Whatever is written to whatever type is refused or taken, never a crash; what is taken reads."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bigip_sim import rules
from bigip_sim.catalogue import KINDS, object_path, references
from bigip_sim.configuration import Configuration
from bigip_sim.kinds import Kind
from bigip_sim.reading import Reader
from bigip_sim.refusals import RefusedError
from bigip_sim.routes import Target, find
from bigip_sim.surroundings import Surroundings
from bigip_sim.traffic import Idle
from bigip_sim.writes import Command

TYPES = [kind for kind in KINDS.values() if not kind.path.startswith("~")]
NAMES = st.sampled_from(["a", "10.0.0.1", "10.0.0.1:80", "http", "1.1", "/Common/x.crt"])
LEAVES = st.sampled_from(
    [
        *(None, True, False, -1, 0, 80, 70000, 1.5, "", "none", "a", "http", "/Common/http"),
        *("10.0.0.1", "10.0.0.1%0", "10.0.0.1:80", "2001:db8::1.80", "10.0.0.0/8", "x%9"),
        *("default", "all", "any6", "min 1 of", "/T1/a", "/T1/a /T1/b", "{", "\x01", "1.1"),
        *("enabled", "user-down", "when HTTP_REQUEST { pool a }"),
    ]
)
INNER = st.sampled_from(["name", "cert", "key", "pool", "type", "tmName", "address", "data"])
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(INNER, inner, max_size=2),
    max_leaves=4,
)


def fields(kind: Kind) -> list[str]:
    flags = {name for pair in kind.flags for name in pair}
    known = kind.defaults.keys() | kind.optional | kind.fixed | kind.marks | flags
    return sorted(known | set(kind.subcollections)) or ["description"]


def target(data: st.DataObject, configuration: Configuration, kind: Kind) -> Target | None:
    """A collection, or an object that is there or is not."""
    items = list(configuration.tree.items.values())
    path = kind.path
    if kind.parent:
        owners = [item for item in items if item.kind == kind.parent]
        if not owners:
            return None
        owner = data.draw(st.sampled_from(owners))
        path = f"{object_path(KINDS[kind.parent], owner.key)}/{kind.leaf}"
    there = [item for item in items if item.kind == kind.path]
    ways = [path, f"{path}/{data.draw(NAMES).replace('/', '~')}"]
    if there:
        ways.append(object_path(kind, data.draw(st.sampled_from(there)).key))
    return find(data.draw(st.sampled_from(ways)).replace("%25", "%"))


def command(data: st.DataObject, configuration: Configuration) -> Command | None:
    kind = data.draw(st.sampled_from(TYPES))
    found = target(data, configuration, kind)
    if found is None:
        return None
    body = data.draw(st.dictionaries(st.sampled_from(fields(kind)), VALUES, max_size=3))
    if found.name is not None:
        method = data.draw(st.sampled_from(["PATCH", "PUT", "DELETE"]))
        return Command(method, found, body)
    named: dict[str, Any] = {"name": data.draw(NAMES), "partition": "T1"}
    return Command("POST", found, {**named, **body})


@pytest.mark.parametrize("version", ["11.6.1", "15.1.8"])
@settings(max_examples=30)
@given(st.data())
def test_no_write_is_more_than_refused_and_what_is_taken_reads_and_fits(version, data):
    configuration = Configuration(Surroundings(version))
    partition = find("auth/partition")
    configuration.write(Command("POST", partition, {"name": "T1"}))
    for _ in range(5):
        wanted = command(data, configuration)
        if wanted is None:
            continue
        try:
            key = configuration.write(wanted)
        except RefusedError:
            continue
        item = None if key is None else configuration.tree.get(key)
        if item is not None:
            Reader(configuration.tree, version, Idle()).render(item, expands=True)
    tree = configuration.tree
    for item in tree.items.values():
        for named in references(item):
            assert named in tree.items, (item.key, named)
    claimed = [claim for item in tree.items.values() for claim in rules.claims(item)]
    assert len(claimed) == len(set(claimed))


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        ("ltm/profile/http", {}, {"defaultsFrom": "/T1/b"}),
        ("ltm/persistence/cookie", {}, {"defaultsFrom": "/T1/b"}),
        ("ltm/profile/tcp", {}, {"defaultsFrom": "/T1/a"}),
    ],
)
def test_nothing_inherits_from_itself_by_whatever_way(rest, kind, first, second):
    rest.post(kind, name="a", partition="T1", **first)
    rest.post(kind, name="b", partition="T1", defaultsFrom="/T1/a")
    assert rest.ask("PATCH", f"{kind}/~T1~a", second).status == 400
    answer = rest.ask("POST", "ltm/profile/udp", {"name": "c", "defaultsFrom": "/Common/tcp"})
    assert answer.status == 404
