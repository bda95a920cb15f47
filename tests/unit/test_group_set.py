"""What an operator declares of a group: draining, weight, at most so many, tags, reopening."""

from pathlib import Path

import pytest
from bookkeeping import ENVIRONMENT, Books, ready

from bigip_lbaas.cli.setting import set_group
from bigip_lbaas.cmd.main import main
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.domain.capacity import Reading
from bigip_lbaas.domain.errors import RequestRejected
from bigip_lbaas.domain.placement import PlacementRules
from bigip_lbaas.store import records, schema
from bigip_lbaas.store.records import Phase
from bigip_lbaas.store.sql import SqlStore


def refused(books: Books, number: int) -> str:
    row = books.accept(number, f"project-{number}")
    books.attend(row)
    found = books.lb(row)
    assert found is not None
    assert found.phase is Phase.FAILED
    return found.reason


def test_a_group_that_drains_takes_nothing_new_and_keeps_what_it_has() -> None:
    books = Books()
    ready(books)
    row = books.accept(1)
    books.assigned(row)
    set_group(books.store, None, 1, {"draining": True})
    assert refused(books, 2) == "No device group is open to it: group 1 is draining."
    books.assigned(row)
    set_group(books.store, None, 1, {"draining": False})
    books.assigned(books.accept(3))


def test_as_many_load_balancers_as_are_declared_whatever_is_measured() -> None:
    books = Books()
    ready(books, has_policy=False, readings=())
    set_group(books.store, None, 1, {"max_load_balancers": 2})
    for number in (1, 2):
        books.assigned(books.accept(number))
    assert refused(books, 3) == "No capacity: group 1 is full, load_balancers is at 2 of 2."
    assert books.all(records.Reservation)[0].costs == {}
    set_group(books.store, None, 1, {"max_load_balancers": None})
    books.assigned(books.accept(4))


def test_the_operators_tags_replace_the_agents_and_survive_a_registration() -> None:
    books = Books()
    books.register(tags=("gold",))
    ready(books)
    for number, tags in enumerate((("zone-a",), ("zone-a", "gold"))):
        set_group(books.store, None, 1, {"set_tags": tags})
        books.report("h1:1", books.register(tags=("gold",)).epoch)
        row = books.accept(number)
        books.put(type(row)(**{**_fields(row), "demands": ("zone-a", "gold")}))
        found = books.attend(row).assignment
        assert (found is not None) == ("gold" in tags)


def test_a_change_is_an_event_and_nothing_changed_is_none() -> None:
    books = Books()
    ready(books)
    said = set_group(books.store, "dev", 1, {"draining": True, "weight": 2.5, "set_tags": ()})
    assert said == (
        "draining was off and is on; weight was 1 and is 2.5; set_tags was not set and is nothing"
    )
    set_group(books.store, "dev", 1, {"draining": True})
    assert [e.text for e in books.all(records.Event, kind="group set")] == [said]


def test_a_group_that_is_not_there_or_is_twice_is_said_with_those_that_are() -> None:
    books = Books()
    ready(books)
    with pytest.raises(RequestRejected, match=r"no device group 2; known are 1 in dev:"):
        set_group(books.store, None, 2, {"weight": 2.0})
    books.put(records.Group("other", 1))  # type: ignore[arg-type]
    with pytest.raises(RequestRejected, match="environments dev, other: name one with --environ"):
        set_group(books.store, None, 1, {"weight": 2.0})
    set_group(books.store, "other", 1, {"weight": 2.0})
    assert [row.weight for row in books.all(records.Group)] == [1.0, 2.0]


def test_the_command_says_what_it_has_done_and_what_it_cannot_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path}/test.db"
    schema.upgrade(url)
    store = SqlStore(url)
    store.write(lambda tx: tx.put(records.Group(ENVIRONMENT, 1)))  # type: ignore[arg-type]

    def run(*arguments: str) -> tuple[int, str]:
        try:
            status = main(["--database", url, "group", "set", "1", *arguments])
        except SystemExit as error:
            status = int(str(error.code))
        told = capsys.readouterr()
        return status, told.out + told.err

    assert run("--drain", "--max-load-balancers", "5") == (
        0,
        "group 1: draining was off and is on; max_load_balancers was not set and is 5\n",
    )
    assert run("--no-drain", "--tags", "b, a,", "--max-load-balancers", "none")[0] == 0
    row = store.read(lambda tx: tx.get(records.Group, ENVIRONMENT, 1))
    store.close()
    assert row is not None
    assert (row.draining, row.set_tags, row.max_load_balancers) == (False, ("a", "b"), None)
    for wrong in (("--weight", "-1"), ("--weight", "nan"), ("--max-load-balancers", "0"), ()):
        status, said = run(*wrong)
        assert status != 0
        assert said


# -- hysteresis


def with_score(score: float, reopen_below: float = 0.8) -> Books:
    """Return books of one group that has been full, and now has that score."""
    rules = PlacementRules(reopen_below=reopen_below)
    books = Books(ControllerSettings(ENVIRONMENT, "controller-1", rules))
    epoch = ready(books, readings=(Reading("tenant_count", 100.0, 100.0),)).epoch
    assert "is full, tenant_count is at 100 of 100" in refused(books, 90)
    books.report("h1:1", epoch, readings=(Reading("tenant_count", 100.0 * score, 100.0),))
    return books


def test_a_full_group_stays_closed_until_its_score_has_fallen_far_enough() -> None:
    books = with_score(0.9)
    said = "group 1 has been full; at score 0.900 it opens again below 0.800"
    for number in (1, 4):
        assert refused(books, number) == f"No capacity: {said}."
    books.report(
        "h1:1", books.agent("h1:1").epoch, readings=(Reading("tenant_count", 79.0, 100.0),)
    )
    books.assigned(books.accept(2, "bolt"))
    books.report(
        "h1:1", books.agent("h1:1").epoch, readings=(Reading("tenant_count", 90.0, 100.0),)
    )
    books.assigned(books.accept(3, "clip"))  # it has been open since


def test_without_the_option_it_is_open_below_capacity() -> None:
    books = with_score(0.99, reopen_below=0.0)
    books.assigned(books.accept(1))


def test_a_report_alone_says_that_a_group_is_full() -> None:
    rules = PlacementRules(reopen_below=0.8)
    books = Books(ControllerSettings(ENVIRONMENT, "controller-1", rules))
    epoch = ready(books, readings=(Reading("tenant_count", 100.0, 100.0),)).epoch
    books.report("h1:1", epoch, readings=(Reading("tenant_count", 85.0, 100.0),))
    assert "has been full" in refused(books, 1)


def _fields(row: records.LoadBalancer) -> dict[str, object]:
    return {name: getattr(row, name) for name in type(row).__slots__}
