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

PARTITIONS = st.sampled_from(["T1", "T1", "T2", "Common"])
ADDRESSES = st.sampled_from(["10.0.0.1", "10.0.0.2"])
PORTS = st.sampled_from([80, 81])


def path(kind: str, partition: str, name: str) -> str:
    return f"{kind}/~{partition}~{name}"


@st.composite
def commands(draw: st.DrawFn) -> Command:
    """Requests over so few names that they meet each other: many are valid, many are not."""
    partition, address, port = draw(PARTITIONS), draw(ADDRESSES), draw(PORTS)
    elsewhere = f"/{draw(PARTITIONS)}/a"
    bodies: dict[str, dict[str, Any]] = {
        "ltm/monitor/http": {},
        "ltm/pool": {
            "monitor": draw(st.sampled_from(["", "/Common/http", elsewhere])),
            "members": [f"{address}:{port}"],
        },
        "ltm/node": {"address": address},
        "ltm/virtual": {
            "destination": f"{address}:{port}",
            "pool": draw(st.sampled_from(["", elsewhere])),
        },
        "ltm/data-group/internal": {"records": [{"name": address}]},
        "ltm/profile/http": {"defaultsFrom": draw(st.sampled_from(["/Common/http", elsewhere]))},
        "ltm/snatpool": {"members": [address]},
    }
    kind = draw(st.sampled_from(["auth/partition", *bodies]))
    method = draw(st.sampled_from(["POST", "POST", "PATCH", "PUT", "DELETE"]))
    if kind == "auth/partition":
        bodies[kind] = {}
        target = kind if method == "POST" else f"{kind}/{partition}"
        name = {"name": partition}
    else:
        target = kind if method == "POST" else path(kind, partition, "a")
        name = {"name": "a", "partition": partition}
    found = find(target)
    assert found is not None
    if method == "POST":
        return Command(method, found, {**name, **bodies[kind]})
    return Command(method, found, {} if method == "DELETE" else bodies[kind])


SINGLE = st.lists(commands(), max_size=12)
TRANSACTIONS = st.lists(st.lists(commands(), min_size=1, max_size=3), max_size=12)


def attempt(configuration: Configuration, *wanted: Command) -> bool:
    try:
        configuration.commit(wanted)
    except RefusedError:
        return False
    return True


def started() -> Configuration:
    """A device on which most of what `commands` names exists, and names each other."""
    configuration = Configuration()

    def post(target: str, **body: object) -> None:
        found = find(target)
        assert found is not None
        configuration.write(Command("POST", found, body))

    for partition in ("T1", "T2"):
        post("auth/partition", name=partition)
    home = {"name": "a", "partition": "T1"}
    post("ltm/monitor/http", **home)
    post("ltm/pool", **home, monitor="/T1/a", members=["10.0.0.1:80"])
    post("ltm/virtual", **home, destination="10.0.0.1:80", pool="/T1/a")
    post("ltm/data-group/internal", **home)
    post("ltm/profile/http", **home)
    post("ltm/snatpool", **home, members=["10.0.0.2"])
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


@given(SINGLE, st.lists(commands(), min_size=1, max_size=5))
def test_a_transaction_that_fails_changes_nothing_at_all(before, transaction):
    configuration = started()
    for command in before:
        attempt(configuration, command)
    image_before = image(configuration.tree)
    if not attempt(configuration, *transaction):
        assert image(configuration.tree) == image_before


@given(TRANSACTIONS)
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


@given(TRANSACTIONS)
def test_the_indexes_are_those_of_a_tree_built_anew(transactions):
    configuration = started()
    for transaction in transactions:
        attempt(configuration, *transaction)
    anew = rules.empty_tree()
    anew.generation = configuration.tree.generation
    anew.merge(dict(configuration.tree.items))
    assert image(anew) == image(configuration.tree)


@given(SINGLE, st.lists(commands(), min_size=1, max_size=4))
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
