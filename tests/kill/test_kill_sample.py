"""A telling sample of the kill matrix: an agent, a controller, and all connections are cut."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from proxy import Proxy
from scene import Scene, scene, until
from stations import AFTER, BEFORE, Deed

pytestmark = [pytest.mark.services, pytest.mark.timeout(300)]

DEVICES = {1: ("bigip-1",)}


@pytest.fixture
def broker() -> Iterator[Proxy]:
    proxy = Proxy("127.0.0.1", 5672)
    yield proxy
    proxy.close()


@pytest.fixture
def database() -> Iterator[Proxy]:
    proxy = Proxy("127.0.0.1", 3306)
    yield proxy
    proxy.close()


@pytest.fixture
def sample(tmp_path: Path, broker: Proxy, database: Proxy) -> Iterator[Scene]:
    with scene(
        tmp_path,
        devices=DEVICES,
        broker=f"rabbit://guest:guest@127.0.0.1:{broker.port}/",
        database=f"mysql+pymysql://{'root'}@127.0.0.1:{database.port}",
    ) as running:
        yield running


def test_nothing_is_lost_when_an_agent_a_controller_and_connections_die(
    sample: Scene, broker: Proxy, database: Proxy
) -> None:
    agents = ("agent-1-1", "agent-2-1")
    controllers = ("controller-1", "controller-2")
    sample.order_one_of(agents, Deed("commit", AFTER, "SIGKILL", passage=4))
    futures = sample.begin(12, of_projects=4)
    assert until(lambda: sample.ended(agents), 60, 0.1)
    sample.withdraw(agents)
    sample.order_one_of(controllers, Deed("record", BEFORE, "SIGKILL"))
    # the first agent's work may all be recorded by now, and then nobody comes to that station
    futures += sample.begin(4, of_projects=4)
    assert until(lambda: sample.ended(controllers), 60, 0.1)
    sample.withdraw(controllers)
    assert broker.cut()
    assert database.cut()
    sample.start_ended()
    sample.end(futures, 120)
