"""A database that lost commits: it is noticed by what agents have seen, and all begin anew."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from bookkeeping import ENVIRONMENT, Books, ready

from bigip_lbaas.cmd.main import operator_app
from bigip_lbaas.controller.homes import as_home
from bigip_lbaas.domain.home import Fence, StampAbove
from bigip_lbaas.store import records
from bigip_lbaas.store.fences import LIFT
from bigip_lbaas.store.schema import upgrade
from bigip_lbaas.store.sql import SqlStore


def housed() -> Books:
    """Return books in which agent h1:1 has two homes, all settled."""
    books = Books()
    ready(books)
    for number in range(2):
        books.end(books.assigned(books.accept(number, f"project-{number}")))
    return books


def numbers(books: Books) -> list[int]:
    return sorted(home.fence_number for home in books.all(records.Home))


def events(books: Books) -> list[str]:
    return [event.text for event in books.all(records.Event) if event.kind == "commits lost"]


@pytest.mark.parametrize("own", [0, 1])
def test_what_the_database_gave_out_is_no_news(own: int) -> None:
    books = housed()
    row = books.all(records.Home)[own]
    agent = books.agent("h1:1")
    seen = Fence(row.fence_number, row.fence_nonce)
    assert not books.beat("h1:1", agent.epoch, 1, seen=seen).epoch_ended
    assert events(books) == []


@pytest.mark.parametrize("beyond", [True, False])
def test_a_fence_that_is_not_known_here_ends_every_epoch_and_renumbers_every_home(
    beyond: bool,
) -> None:
    books = housed()
    other = books.register("h2", 2, ("device-of-2",))
    epoch, before = books.agent("h1:1").epoch, max(numbers(books))
    strange = Fence(before + 40 if beyond else before, "dead")
    assert books.beat("h1:1", epoch, 1, seen=strange).epoch_ended
    assert books.beat("h2:2", other.epoch, 1).epoch_ended
    assert min(numbers(books)) > strange.number + LIFT - 1
    assert len(set(numbers(books))) == 2
    (said,) = events(books)
    assert f"fence {strange.number}.dead" in said
    assert "2 homes have new numbers" in said


def test_it_is_noticed_once() -> None:
    books = housed()
    strange = Fence(max(numbers(books)) + 40, "dead")
    books.beat("h1:1", books.agent("h1:1").epoch, 1, seen=strange)
    after = numbers(books)
    books.beat("h1:1", books.agent("h1:1").epoch, 2, seen=strange)
    assert numbers(books) == after
    assert len(events(books)) == 1


def test_it_is_noticed_when_an_agent_registers_too() -> None:
    books = housed()
    strange = Fence(max(numbers(books)) + 40, "dead")
    answer = books.register("h1", 1, ("device-of-1",), seen=strange)
    assert min(home.fence.number for home in answer.homes) > strange.number
    assert len(events(books)) == 1


def test_what_was_settled_is_brought_level_again() -> None:
    books = housed()
    books.beat("h1:1", books.agent("h1:1").epoch, 1, seen=Fence(10**6, "dead"))
    rows = books.all(records.LoadBalancer)
    assert {(row.behind, row.unclean) for row in rows} == {(True, ("device-of-1",))}
    assert all(books.attend(row).assignment for row in rows)


def test_an_answered_heartbeat_that_is_not_written_down_is_a_lost_commit() -> None:
    books = housed()
    epoch, before = books.agent("h1:1").epoch, max(numbers(books))
    assert not books.beat("h1:1", epoch, 3, answered=0).epoch_ended
    assert not books.beat("h1:1", epoch, 5, answered=3).epoch_ended
    assert events(books) == []
    assert books.beat("h1:1", epoch, 7, answered=6).epoch_ended
    assert min(numbers(books)) > before
    (said,) = events(books)
    assert "heartbeat 6 of agent h1:1 was committed, and the database knows of 5 only" in said


def test_what_was_answered_in_another_life_tells_nothing() -> None:
    books = housed()
    epoch = books.agent("h1:1").epoch
    books.register("h1", 1, ("device-of-1",))
    assert books.beat("h1:1", epoch, 70, answered=69).epoch_ended
    assert events(books) == []


def test_an_operators_command_does_the_same(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'fleet.db'}"
    upgrade(url)
    store = SqlStore(url)
    home = records.Home(ENVIRONMENT, "acme", 1, "h1:1", 7, "aa")  # type: ignore[arg-type]
    store.write(lambda tx: [tx.put(records.Environment(ENVIRONMENT)), tx.put(home)])
    out = io.StringIO()
    app = operator_app()
    app.stdout = out
    assert app.run(["--database", url, "database", "restored", "--above", "3000000"]) == 0
    (row,) = store.read(lambda tx: tx.select(records.Home))
    store.close()
    assert row.fence_number > 3_000_000
    assert "1 homes have new numbers" in out.getvalue()


@pytest.mark.parametrize("above", [0, 1])
def test_a_stamp_that_is_not_below_its_homes_fence_tells_of_lost_commits(above: int) -> None:
    books = housed()
    row = min(books.all(records.Home), key=lambda row: row.fence_number)
    epoch = books.agent("h1:1").epoch
    stamp = StampAbove(as_home(row), Fence(row.fence_number + above, "dead"))
    highest = max(as_home(home).fence for home in books.all(records.Home))
    # neither is its number news, nor would the highest fence that the agent has seen tell of it
    assert books.beat("h1:1", epoch, 1, seen=highest, above=stamp).epoch_ended
    assert min(numbers(books)) > LIFT
    (said,) = events(books)
    assert f"stamp {row.fence_number + above}.dead of project {row.project_id}" in said


def test_what_is_said_of_a_fence_that_a_home_has_no_more_is_no_news() -> None:
    books = housed()
    row = min(books.all(records.Home), key=lambda row: row.fence_number)
    earlier = replace(as_home(row), fence=Fence(row.fence_number - 1, "beef"))
    stamp = StampAbove(earlier, as_home(row).fence)
    assert not books.beat("h1:1", books.agent("h1:1").epoch, 1, above=stamp).epoch_ended
    assert events(books) == []
