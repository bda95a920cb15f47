"""Tasks go to the controllers of an environment in turn, however many there are."""

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import amqp
import pytest
from services import RABBITMQ, need_rabbitmq

from bigip_lbaas.bus.oslo import OsloBus, private_conf
from bigip_lbaas.bus.port import Endpoint, Server
from bigip_lbaas.bus.topics import global_queue, heartbeat_queue
from bigip_lbaas.controller.service import Controller
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.controller.surroundings import Surroundings
from bigip_lbaas.domain.ids import EnvironmentName, LoadBalancerId, RequestId
from bigip_lbaas.store.port import Store
from bigip_lbaas.wire.codec import encode
from bigip_lbaas.wire.messages import Nudge

WITHIN_S = 60.0


class CountingBus(OsloBus):
    """Counts the nudges that its process is given."""

    nudges = 0
    _counting = threading.Lock()

    def serve(
        self, topic: str, server: str, endpoints: Mapping[str, Endpoint], workers: int
    ) -> Server:
        def counted(endpoint: Endpoint) -> Endpoint:
            def call(payload: dict[str, Any]) -> dict[str, Any] | None:
                with self._counting:
                    self.nudges += 1
                return endpoint(payload)

            return call

        counting = {**endpoints}
        if "nudge" in counting:
            counting["nudge"] = counted(counting["nudge"])
        return super().serve(topic, server, counting, workers)


@pytest.fixture
def environment() -> EnvironmentName:
    """Return a name that no other test's queues have."""
    return EnvironmentName(f"turn{uuid.uuid4().hex[:8]}")


@pytest.fixture
def buses(
    environment: EnvironmentName, store_of: Callable[[str], Store]
) -> Iterator[Callable[[int], list[CountingBus]]]:
    """Return what starts so many controllers, and returns each one's bus."""
    need_rabbitmq()
    buses: list[CountingBus] = []
    controllers: list[Controller] = []

    def start(count: int) -> list[CountingBus]:
        for number in range(count):
            buses.append(_bus(environment))
            around = Surroundings(store_of("mariadb"), buses[-1], time.monotonic)
            controllers.append(Controller(ControllerSettings(environment, f"c-{number}"), around))
            controllers[-1].start()
        return buses

    yield start
    with ThreadPoolExecutor(max(1, len(controllers))) as pool:  # each takes seconds
        list(pool.map(Controller.stop, controllers))
    for bus in buses:
        bus.close()
    _remove(environment, len(controllers))


def _remove(environment: EnvironmentName, controllers: int) -> None:
    """Take queues and exchanges away: nobody else has them."""
    with amqp.Connection(RABBITMQ) as connection:
        channel = connection.channel()
        for topic in (global_queue(environment), heartbeat_queue(environment)):
            for queue in (topic, *(f"{topic}.c-{number}" for number in range(controllers))):
                channel.queue_delete(queue)
            channel.exchange_delete(f"{topic}_fanout")
        channel.exchange_delete(environment)


def _bus(environment: EnvironmentName) -> CountingBus:
    return CountingBus(private_conf(), f"rabbit://guest:guest@{RABBITMQ}/", environment)


def _shares(
    environment: EnvironmentName, buses: list[CountingBus], tasks: int, per_s: float
) -> Counter[int]:
    """Send so many tasks at that pace; return how many each controller was given."""
    sender = _bus(environment)
    pause = threading.Event()
    begun_s = time.monotonic()
    for number in range(tasks):
        nudge = Nudge(LoadBalancerId(str(uuid.uuid4())), 1, RequestId("req"))
        sender.cast(global_queue(environment), "nudge", encode(nudge))
        pause.wait(max(0.0, begun_s + (number + 1) / per_s - time.monotonic()))
    deadline_s = time.monotonic() + WITHIN_S
    while sum(bus.nudges for bus in buses) < tasks and time.monotonic() < deadline_s:
        pause.wait(0.05)
    sender.close()
    return Counter({number: bus.nudges for number, bus in enumerate(buses)})


@pytest.mark.services
@pytest.mark.parametrize(
    ("controllers", "tasks", "per_s"),
    [
        (3, 150, 100.0),
        *(pytest.param(count, 1200, 50.0, marks=pytest.mark.full) for count in (2, 4, 8)),
    ],
)
def test_each_controller_gets_its_share_to_within_a_hundredth(
    controllers: int,
    tasks: int,
    per_s: float,
    environment: EnvironmentName,
    buses: Callable[[int], list[CountingBus]],
) -> None:
    shares = _shares(environment, buses(controllers), tasks, per_s)
    assert sum(shares.values()) == tasks
    fair = tasks / controllers
    assert {n: share for n, share in shares.items() if abs(share - fair) > 0.01 * fair} == {}
