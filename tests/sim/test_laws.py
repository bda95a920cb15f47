"""Laws of the configuration, whatever is asked."""

import string
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bigip_sim import rules
from bigip_sim.catalogue import FAMILIES, KINDS, references
from bigip_sim.configuration import Configuration
from bigip_sim.refusals import RefusedError
from bigip_sim.routes import find
from bigip_sim.tree import Draft, Tree
from bigip_sim.writes import Command

NAMES = st.sampled_from("ab")
PARTITIONS = st.sampled_from(["T1", "T2", "Common"])
ADDRESSES = st.sampled_from(["10.0.0.1", "10.0.0.2"])


def path(kind: str, partition: str, name: str) -> str:
    return f"{kind}/~{partition}~{name}"


@st.composite
def commands(draw: st.DrawFn) -> Command:
    partition, name, address = draw(PARTITIONS), draw(NAMES), draw(ADDRESSES)
    home: dict[str, Any] = {"name": name, "partition": partition}
    elsewhere = f"/{draw(PARTITIONS)}/{draw(NAMES)}"
    port = draw(st.sampled_from([80, 81]))
    creations = {
        "auth/partition": {"name": partition},
        "ltm/monitor/http": home,
        "ltm/pool": {**home, "monitor": elsewhere, "members": [f"{address}:{port}"]},
        "ltm/node": {**home, "address": address},
        "ltm/virtual": {**home, "destination": f"{address}:{port}", "pool": elsewhere},
        "ltm/data-group/internal": home,
        "ltm/profile/http": {**home, "defaultsFrom": draw(st.sampled_from(["", elsewhere]))},
        "ltm/snatpool": {**home, "members": [address]},
    }
    kind = draw(st.sampled_from(sorted(creations)))
    target = kind if draw(st.booleans()) else path(kind, partition, name)
    if kind == "auth/partition" and target != kind:
        target = f"{kind}/{partition}"
    found = find(target)
    assert found is not None
    if target == kind:
        return Command("POST", found, creations[kind])
    method = draw(st.sampled_from(["PATCH", "PUT", "DELETE"]))
    changes = {k: v for k, v in creations[kind].items() if k not in {"name", "partition"}}
    return Command(method, found, {} if method == "DELETE" else changes)


def attempt(configuration: Configuration, *wanted: Command) -> bool:
    try:
        configuration.commit(wanted)
    except RefusedError:
        return False
    return True


def started() -> Configuration:
    configuration = Configuration()
    for partition in ("T1", "T2"):
        found = find("auth/partition")
        assert found is not None
        configuration.write(Command("POST", found, {"name": partition}))
    return configuration


def image(tree: Tree) -> tuple[object, ...]:
    """Everything a tree knows, its indexes included."""
    return (
        dict(tree.items),
        {kind: dict(items) for kind, items in tree._by_kind.items()},
        {key: set(users) for key, users in tree._users.items()},
        dict(tree._holders),
        {name: count for name, count in tree._population.items() if count},
        tree.generation,
    )


@given(st.lists(commands(), max_size=6), st.lists(commands(), min_size=1, max_size=5))
def test_a_transaction_that_fails_changes_nothing_at_all(before, transaction):
    configuration = started()
    for command in before:
        attempt(configuration, command)
    image_before = image(configuration.tree)
    if not attempt(configuration, *transaction):
        assert image(configuration.tree) == image_before


@given(st.lists(st.lists(commands(), min_size=1, max_size=4), max_size=6))
def test_no_sequence_of_requests_leaves_a_reference_to_nothing(transactions):
    configuration = started()
    for transaction in transactions:
        attempt(configuration, *transaction)
    tree = configuration.tree
    for item in tree.items.values():
        for target in references(item):
            assert target in tree.items, (item.key, target)
    claimed = [claim for item in tree.items.values() for claim in rules.claims(item)]
    assert len(claimed) == len(set(claimed))


@given(st.lists(st.lists(commands(), min_size=1, max_size=4), max_size=6))
def test_the_indexes_are_those_of_a_tree_built_anew(transactions):
    configuration = started()
    for transaction in transactions:
        attempt(configuration, *transaction)
    anew = rules.empty_tree()
    anew.generation = configuration.tree.generation
    anew.merge(dict(configuration.tree.items))
    assert image(anew) == image(configuration.tree)


@given(st.lists(commands(), max_size=6), st.lists(commands(), min_size=1, max_size=4))
def test_a_draft_reads_as_the_tree_will(before, transaction):
    configuration = started()
    for command in before:
        attempt(configuration, command)
    tree = configuration.tree
    seen: dict[str, object] = {}
    check = rules.check

    def look(draft: Draft) -> None:
        check(draft)
        seen["kinds"] = {k: [i.key for i in draft.of_kind(k)] for k in KINDS}
        seen["population"] = {p: draft.population(p) for p in ("T1", "T2", "Common")}

    rules.check = look
    try:
        committed = attempt(configuration, *transaction)
    finally:
        rules.check = check
    if committed:
        assert seen["kinds"] == {k: [i.key for i in tree.of_kind(k)] for k in KINDS}
        assert seen["population"] == {p: tree.population(p) for p in ("T1", "T2", "Common")}


@given(st.text(string.printable, max_size=30))
def test_any_path_names_a_type_or_nothing(text):
    found = find(text)
    assert found is None or found.kind.path in KINDS


def test_every_link_leads_to_a_family_that_exists():
    for kind in KINDS.values():
        for link in kind.links:
            assert link.family in FAMILIES, (kind.path, link.field)
