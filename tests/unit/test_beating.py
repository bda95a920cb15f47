"""Heartbeats are written down together, and each is answered after that."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from bookkeeping import ENVIRONMENT, Books, ready

from bigip_lbaas.controller.beating import HeartbeatBatches, beat
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.domain.errors import StoreUnavailable
from bigip_lbaas.domain.home import Fence
from bigip_lbaas.store import records
from bigip_lbaas.wire.messages import Heartbeat, HeartbeatAnswer, RequestShare


def fleet_of(agents: int, a_second: float = 200.0) -> Books:
    settings = ControllerSettings(ENVIRONMENT, "controller-1", heartbeats_a_second=a_second)
    books = Books(settings)
    for number in range(agents):
        books.register(f"h{number}", number + 1, (f"device-{number}",))
    return books


def heartbeat(books: Books, number: int, count: int = 1, **more: Any) -> Heartbeat:
    agent = books.agent(f"h{number}:{number + 1}")
    return Heartbeat(agent.id, agent.epoch, count, **more)


def written(books: Books, *heartbeats: Heartbeat) -> tuple[HeartbeatAnswer, ...]:
    return books.write(lambda tx: beat(tx, books.settings, heartbeats, books.hex))


class Counting:
    """The books' store, which counts what is written and can wait or fail."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.writes: list[int] = []
        self.fails: Exception | None = None

    def write(self, work: Any) -> Any:
        if self.fails:
            raise self.fails
        answers = self.books.write(work)
        self.writes.append(len(answers))
        return answers


def batches(books: Books, gather_s: float) -> tuple[HeartbeatBatches, Counting]:
    store = Counting(books)
    settings = replace(books.settings, heartbeat_gather_s=gather_s)
    return HeartbeatBatches(store, settings, time.monotonic, lambda: "0"), store  # type: ignore[arg-type]


def test_heartbeats_that_come_together_are_written_together_and_each_gets_its_own_answer() -> None:
    books = fleet_of(20)
    gone = replace(books.agent("h7:8"), alive=False)
    books.put(gone)
    gathering, store = batches(books, gather_s=0.3)
    first = gathering.answer(heartbeat(books, 0))  # the last one was long ago: at once
    assert store.writes == [1]
    everybody = [heartbeat(books, number, 2) for number in range(20)]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(gathering.answer, everybody))
    assert sum(store.writes) == 21
    assert len(store.writes) <= 3
    assert [answer.epoch_ended for answer in answers] == [n == 7 for n in range(20)]
    assert first.lease_s == 3.0
    beats = {row.id: row.beat for row in books.all(records.Agent)}
    assert beats == {f"h{n}:{n + 1}": 0 if n == 7 else 2 for n in range(20)}


def test_no_more_commits_a_second_than_moments_to_gather_in() -> None:
    books = fleet_of(8)
    gathering, store = batches(books, gather_s=0.05)
    begun_s = time.monotonic()

    def beat_on(number: int) -> None:
        for count in range(1, 6):
            gathering.answer(heartbeat(books, number, count))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(beat_on, range(8)))
    took_s = time.monotonic() - begun_s
    assert sum(store.writes) == 40
    assert len(store.writes) <= took_s / 0.05 + 1


def test_what_the_store_raises_reaches_everybody_who_waits_and_the_next_ones_are_served() -> None:
    books = fleet_of(3)
    gathering, store = batches(books, gather_s=0.05)
    store.fails = StoreUnavailable("no database")
    failures = []

    def beat_once(number: int) -> None:
        try:
            gathering.answer(heartbeat(books, number))
        except StoreUnavailable as error:
            failures.append(error)

    threads = [threading.Thread(target=beat_once, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(failures) == 3
    store.fails = None
    assert gathering.answer(heartbeat(books, 0)) == HeartbeatAnswer(
        lease_s=3.0, store_time=books.now, shares=(RequestShare("device-0", 5),)
    )


def test_an_agent_that_beats_twice_in_a_batch_is_written_once_with_the_later_beat() -> None:
    books = fleet_of(1)
    both = [heartbeat(books, 0, 2), heartbeat(books, 0, 1)]
    answers = written(books, *both)
    assert [answer.epoch_ended for answer in answers] == [False, False]
    assert books.agent("h0:1").beat == 2


def test_many_agents_are_told_to_beat_less_often_and_their_silence_is_borne_longer() -> None:
    books = fleet_of(10, a_second=2.0)
    (answer,) = written(books, heartbeat(books, 0))
    assert (answer.interval_s, answer.lease_s) == (5.0, 7.0)
    assert books.agent("h0:1").silence_s == 8.0


@pytest.mark.parametrize(
    ("held_s", "silence_s"),
    [
        (7.0, 8.0),  # the answer with the shorter lease may be lost: the longer one may be in use
        (3.0, 4.0),
        (0.0, 4.0),
        (None, 8.0),  # it does not say, so it may hold what it was once granted
    ],
)
def test_a_shorter_lease_shortens_the_silence_when_the_agent_holds_no_longer_one(
    held_s: float | None, silence_s: float
) -> None:
    books = fleet_of(10, a_second=2.0)
    written(books, heartbeat(books, 0, lease_s=0.0))
    assert books.agent("h0:1").silence_s == 8.0
    books.settings = replace(books.settings, heartbeats_a_second=200.0)
    again = heartbeat(books, 0, 2, lease_s=held_s)
    (answer,) = written(books, again)
    assert answer.lease_s == 3.0
    assert books.agent("h0:1").silence_s == silence_s


def test_an_overtaken_heartbeat_renews_no_count_but_what_it_is_granted_is_borne() -> None:
    books = fleet_of(1)
    written(books, heartbeat(books, 0, 5, lease_s=3.0))
    before = books.agent("h0:1")
    books.now += 1.0
    books.settings = replace(books.settings, heartbeats_a_second=0.1)
    late = heartbeat(books, 0, 4, lease_s=3.0)
    (answer,) = written(books, late)
    assert answer.lease_s == 12.0
    assert books.agent("h0:1") == replace(before, silence_s=13.0)


def test_homes_are_told_only_to_who_does_not_know_them() -> None:
    books = Books()
    answer = ready(books)
    for number in range(3):
        books.assigned(books.accept(number, f"project-{number}"))
    rows = books.all(records.Home)
    top = max(rows, key=lambda row: row.fence_number)
    highest = Fence(top.fence_number, top.fence_nonce)
    assert books.beat("h1:1", answer.epoch, 1, homes=3, highest=highest).homes is None
    for homes, seen in [
        (2, highest),
        (3, Fence(highest.number, "ff")),
        (3, Fence(highest.number - 1, "ff")),
        (3, None),
    ]:
        told = books.beat("h1:1", answer.epoch, 2, homes=homes, highest=seen).homes
        assert told is not None
        assert {home.fence.number for home in told} == {row.fence_number for row in rows}


def shares(answers: tuple[HeartbeatAnswer, ...]) -> list[dict[str, int]]:
    return [{share.device: share.requests for share in answer.shares} for answer in answers]


def test_each_heartbeat_tells_an_agent_its_share_as_agents_come_and_go() -> None:
    books = Books(ControllerSettings(ENVIRONMENT, "controller-1", device_request_limit=5))
    books.register("h0", 1, ("big-1", "big-2"))
    books.register("h8", 2, ("big-8",))
    first = books.agent("h0:1")
    assert shares(written(books, Heartbeat(first.id, first.epoch, 1))) == [{"big-1": 5, "big-2": 5}]
    for host in ("h1", "h2"):
        books.register(host, 1, ("big-1", "big-2"))
    third = books.agent("h2:1")
    beats = (Heartbeat(first.id, first.epoch, 2), Heartbeat(third.id, third.epoch, 1))
    assert shares(written(books, *beats)) == [{"big-1": 2, "big-2": 2}, {"big-1": 1, "big-2": 1}]
    books.put(replace(books.agent("h1:1"), alive=False))
    beats = (Heartbeat(first.id, first.epoch, 3), Heartbeat(third.id, third.epoch, 2))
    assert shares(written(books, *beats)) == [{"big-1": 3, "big-2": 3}, {"big-1": 2, "big-2": 2}]


def test_agents_of_another_environment_on_the_same_device_have_their_share_of_it() -> None:
    books = fleet_of(1)
    theirs: Any = "dev_2"
    books.put(records.Group(theirs, 7, devices=("device-0",)))  # type: ignore[arg-type]
    stranger = replace(books.agent("h0:1"), id="x:7", environment=theirs, group=7)  # type: ignore[arg-type]
    books.put(stranger)
    books.put(replace(stranger, id="y:7", alive=False))  # type: ignore[arg-type]
    books.put(replace(stranger, id="z:8", group=8, devices=("other",)))  # type: ignore[arg-type]
    assert shares(written(books, heartbeat(books, 0))) == [{"device-0": 3}]
