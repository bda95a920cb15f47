"""What every bus promises: in memory, over kombu's memory transport, over RabbitMQ."""

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import amqp
import pytest
from services import RABBITMQ, need_rabbitmq

from bigip_lbaas.bus.memory import MemoryBroker, MemoryBus
from bigip_lbaas.bus.oslo import OsloBus, private_conf
from bigip_lbaas.bus.port import Bus, Server
from bigip_lbaas.domain.errors import BusUnavailable, NoAnswer

RABBIT = f"rabbit://guest:guest@{RABBITMQ}/"
KOMBU = "kombu+memory://localhost/"
BUSES = ("memory", "kombu", pytest.param("rabbit", marks=pytest.mark.services))
WITHIN_S = 10.0


class Place:
    """A broker with an exchange, and topics, that nobody else uses."""

    def __init__(self, kind: str) -> None:
        self.name = f"bigip-lbaas-test-{secrets.token_hex(6)}"
        self._broker = MemoryBroker()
        self.kind = kind
        self._buses: list[Bus] = []
        self.servers: list[Server] = []
        self.topics: set[tuple[str, str]] = set()

    def connect(self) -> Bus:
        """Return a connection of its own, as another process would have."""
        if self.kind == "memory":
            bus: Bus = MemoryBus(self._broker)
        else:
            url = KOMBU if self.kind == "kombu" else RABBIT
            bus = OsloBus(private_conf(), url, self.name)
        self._buses.append(bus)
        return bus

    def topic(self, name: str = "work") -> str:
        return f"{self.name}-{name}"

    def serve(
        self, bus: Bus, topic: str, name: str, workers: int = 4, **endpoints: object
    ) -> Server:
        """Serve, until the end of the test at the latest."""
        server = bus.serve(topic, name, endpoints, workers)  # type: ignore[arg-type]
        self.servers.append(server)
        self.topics.add((topic, name))
        return server

    def close(self) -> None:
        for bus in self._buses:
            bus.close()
        if self.kind == "rabbit":
            self._remove()

    def _remove(self) -> None:
        """Remove exchange and queues; those for fanout are the broker's to remove."""
        with amqp.Connection(RABBITMQ, connect_timeout=3) as connection:
            for topic, name in self.topics:
                for queue in (topic, f"{topic}.{name}"):
                    with suppress(amqp.NotFound):
                        connection.channel().queue_delete(queue)
            with suppress(amqp.NotFound):
                connection.channel().exchange_delete(self.name)


@pytest.fixture(scope="module")
def left() -> Iterator[list[Place]]:
    """Collect what tests leave behind; closed together, because a server takes a second to stop."""
    places: list[Place] = []
    yield places
    with ThreadPoolExecutor(32) as pool:
        list(pool.map(lambda server: server.stop(), [s for each in places for s in each.servers]))
        list(pool.map(Place.close, places))


@pytest.fixture(params=BUSES)
def place(request: pytest.FixtureRequest, left: list[Place]) -> Place:
    """Return a broker's corner of the test's own."""
    if request.param == "rabbit":
        need_rabbitmq()
    left.append(Place(request.param))
    return left[-1]


def wait_until(claim: Callable[[], bool]) -> bool:
    until_s = time.monotonic() + WITHIN_S
    while not claim() and time.monotonic() < until_s:
        time.sleep(0.01)
    return claim()


def test_a_cast_is_delivered_once_with_what_was_sent(place: Place) -> None:
    got: list[dict[str, object]] = []
    bus = place.connect()
    place.serve(bus, place.topic(), "one", take=got.append)
    sent = [{"number": number, "text": "für α", "nested": {"none": None}} for number in range(20)]
    sender = place.connect()
    for payload in sent:
        sender.cast(place.topic(), "take", payload)
    assert wait_until(lambda: len(got) >= len(sent))
    sender.cast(place.topic(), "take", {"number": 20})  # whatever came twice came before this
    assert wait_until(lambda: {"number": 20} in got)
    assert sorted(got, key=lambda one: str(one["number"])) == sorted(
        [*sent, {"number": 20}], key=lambda one: str(one["number"])
    )


def test_what_the_receiver_does_to_a_message_is_nothing_to_the_sender(place: Place) -> None:
    got: list[dict[str, list[int]]] = []

    def take(payload: dict[str, list[int]]) -> None:
        payload["numbers"].append(3)
        got.append(payload)

    bus = place.connect()
    place.serve(bus, place.topic(), "one", take=take)
    payload = {"numbers": [1, 2]}
    bus.cast(place.topic(), "take", payload)
    assert wait_until(lambda: bool(got))
    assert payload == {"numbers": [1, 2]}


def test_servers_of_a_topic_take_in_turn_and_nobody_else_hears_of_it(place: Place) -> None:
    shares: Counter[str] = Counter()
    for name in ("one", "two", "three"):
        place.serve(
            place.connect(), place.topic(), name, take=lambda _p, n=name: shares.update([n])
        )
    place.serve(place.connect(), place.topic("other"), "four", take=lambda _p: shares.update(["4"]))
    sender = place.connect()
    for number in range(1, 31):
        sender.cast(place.topic(), "take", {"number": number})
        assert wait_until(lambda n=number: shares.total() == n)
    if place.kind == "kombu":  # within one process: whoever wakes first
        assert set(shares) <= {"one", "two", "three"}
    else:
        assert shares == {"one": 10, "two": 10, "three": 10}


def test_a_call_returns_the_answer(place: Place) -> None:
    place.serve(place.connect(), place.topic(), "one", double=lambda p: {"twice": 2 * p["value"]})
    assert place.connect().call(place.topic(), "double", {"value": 21}, 5.0) == {"twice": 42}


def test_a_call_may_wait_a_fraction_of_a_second_and_nobody_complains(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.serve(place.connect(), place.topic(), "one", double=lambda p: {"twice": 2 * p["value"]})
    assert place.connect().call(place.topic(), "double", {"value": 21}, 1.5) == {"twice": 42}
    assert "invalid" not in caplog.text


def test_an_endpoint_that_returns_nothing_answers_with_nothing(place: Place) -> None:
    place.serve(place.connect(), place.topic(), "one", take=lambda _p: None)
    assert place.connect().call(place.topic(), "take", {}, 5.0) == {}


def test_a_call_that_nobody_serves_ends_within_its_time_and_names_what_was_asked(
    place: Place,
) -> None:
    bus = place.connect()
    place.serve(bus, place.topic(), "one", take=lambda _p: None)
    bus.call(place.topic(), "take", {}, 5.0)  # connections are made
    begun_s = time.monotonic()
    with pytest.raises(NoAnswer, match=r"silence\.take gave no answer within 0\.3 s"):
        bus.call(place.topic("silence"), "take", {}, 0.3)
    assert 0.2 < time.monotonic() - begun_s < 3.0


def test_a_call_whose_server_takes_too_long_has_no_answer(place: Place) -> None:
    release = threading.Event()

    def wait(_payload: object) -> None:
        release.wait(WITHIN_S)

    bus = place.connect()
    place.serve(bus, place.topic(), "one", wait=wait)
    try:
        with pytest.raises(NoAnswer):
            bus.call(place.topic(), "wait", {}, 0.3)
    finally:
        release.set()


@pytest.mark.parametrize(
    "error", [ValueError("odd"), KeyError("odd"), NoAnswer("odd"), OSError("odd")]
)
def test_a_failing_endpoint_is_no_answer_that_names_the_method_and_what_was_said(
    place: Place, error: Exception
) -> None:
    def fail(_payload: object) -> None:
        raise error

    bus = place.connect()
    place.serve(bus, place.topic(), "one", fail=fail)
    with pytest.raises(NoAnswer) as raised:
        bus.call(place.topic(), "fail", {}, 5.0)
    assert f"{place.topic()}.fail failed" in str(raised.value)
    assert type(error).__name__ in str(raised.value)
    assert "odd" in str(raised.value)


def test_a_method_that_is_not_served_is_no_answer_that_names_it(place: Place) -> None:
    bus = place.connect()
    place.serve(bus, place.topic(), "one", take=lambda _p: None)
    with pytest.raises(NoAnswer, match="unheard"):
        bus.call(place.topic(), "unheard", {}, 5.0)


def test_a_server_goes_on_after_a_failing_message(place: Place) -> None:
    got: list[int] = []

    def take(payload: dict[str, int]) -> None:
        if payload["number"] % 2:
            raise ValueError("odd")
        got.append(payload["number"])

    bus = place.connect()
    place.serve(bus, place.topic(), "one", workers=1, take=take)
    for number in range(6):
        bus.cast(place.topic(), "take", {"number": number})
    assert wait_until(lambda: len(got) == 3)
    assert got == [0, 2, 4]


def test_many_threads_call_and_each_gets_its_own_answer(place: Place) -> None:
    for name in ("one", "two"):
        place.serve(place.connect(), place.topic(), name, echo=lambda p: p)
    bus = place.connect()

    def ask(number: int) -> int:
        return int(bus.call(place.topic(), "echo", {"number": number}, WITHIN_S)["number"])

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(80))) == list(range(80))


def test_no_more_than_the_workers_are_at_work_at_once(place: Place) -> None:
    lock, release = threading.Lock(), threading.Event()
    present, highest = 0, 0

    def work(_payload: object) -> None:
        nonlocal present, highest
        with lock:
            present += 1
            highest = max(highest, present)
        release.wait(0.2)
        with lock:
            present -= 1

    bus = place.connect()
    place.serve(bus, place.topic(), "one", workers=2, work=work)
    for _ in range(5):
        bus.cast(place.topic(), "work", {})
    assert wait_until(lambda: highest == 2)
    release.set()
    assert wait_until(lambda: present == 0)
    assert highest == 2


def test_stop_finishes_what_was_taken_and_takes_nothing_new(place: Place) -> None:
    begun, finished = threading.Event(), threading.Event()

    def work(_payload: object) -> None:
        begun.set()
        finished.wait(0.3)
        finished.set()

    bus = place.connect()
    server = place.serve(bus, place.topic(), "one", workers=1, work=work)
    bus.cast(place.topic(), "work", {})
    assert begun.wait(WITHIN_S)
    server.stop()
    assert finished.is_set()
    begun.clear()
    with suppress(BusUnavailable):
        bus.cast(place.topic(), "work", {})
    assert not begun.wait(0.3)


def test_stopping_twice_is_stopping_once(place: Place) -> None:
    server = place.serve(place.connect(), place.topic(), "one", take=lambda _p: None)
    server.stop()
    server.stop()
