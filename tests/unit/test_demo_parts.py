"""The demonstration's parts: members that answer, requests that count them, facts."""

import time
from collections.abc import Iterator

import pytest
from bookkeeping import Books, ready

from bigip_lbaas.cmd.demo.facts import Facts, wait_until
from bigip_lbaas.cmd.demo.traffic import Members, Stream, ask, ask_often, wait_for
from bigip_lbaas.domain.capacity import Reading

ADDRESSES = ("127.0.97.1", "127.0.97.2")


@pytest.fixture
def members() -> Iterator[Members]:
    members = Members(ADDRESSES)
    members.start()
    yield members
    members.stop()


def test_a_member_answers_with_its_own_address(members: Members) -> None:
    assert [ask(address, members.port) for address in ADDRESSES] == list(ADDRESSES)
    assert ask_often(ADDRESSES[0], members.port, 3) == {ADDRESSES[0]: 3}


def test_a_request_that_nobody_answers_is_counted_as_lost(members: Members) -> None:
    assert ask_often("127.0.97.3", members.port, 2) == {"": 2}


def test_waiting_ends_as_soon_as_enough_members_have_answered(members: Members) -> None:
    begun_s = time.monotonic()
    wait_for(ADDRESSES[0], members.port, 1)
    assert time.monotonic() - begun_s < 5.0


def test_a_stream_counts_answers_and_losses_until_it_is_stopped(members: Members) -> None:
    stream = Stream(ADDRESSES[0], members.port)
    stream.start()
    assert wait_until(lambda: stream.members() == {ADDRESSES[0]}, 5.0) < 5.0
    answers = stream.stop()
    assert set(answers) == {ADDRESSES[0]}
    assert stream.stop() == answers


def test_a_wait_says_how_long_it_took_and_gives_up_in_time() -> None:
    assert wait_until(lambda: True, 1.0) < 1.0
    assert wait_until(lambda: False, 0.1) >= 0.1


def test_facts_say_where_a_load_balancer_lives_and_why() -> None:
    books = Books()
    facts = Facts(books.store)
    row = books.accept(1)
    assert (facts.group(row.id), facts.home(row.id)) == (None, None)
    assert facts.why(row.id) == "nothing has been decided yet"
    ready(books, readings=(Reading("tenant_count", 4.0, 10.0),))
    assert not facts.is_reserved(1)  # type: ignore[arg-type]
    books.assigned(row)
    assert (facts.group(row.id), facts.home(row.id)) == (1, "h1:1")
    assert facts.why(row.id) != "nothing has been decided yet"
    assert facts.is_reserved(1)  # type: ignore[arg-type]
    assert facts.reading(1, "tenant_count") == (4.0, 10.0)  # type: ignore[arg-type]
    assert facts.reading(1, "node_count") == (0.0, 0.0)  # type: ignore[arg-type]
