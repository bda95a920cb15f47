"""The broker and the database die and come back, or take no writes, with work under way."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from scene import Scene, for_a_while, scene
from servers import Server, mariadb, rabbitmq, run_as_root

pytestmark = [pytest.mark.full, pytest.mark.services, pytest.mark.timeout(600)]

AWAY_S = 60.0
SETTLED_WITHIN_S = 240.0
# with the broker away no agent is heard of: a new load balancer waits for placement_patience
NO_AGENT = r"^No device group could take it within 60 s: group 1 has no live agent"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with rabbitmq(tmp_path_factory.mktemp("servers") / "rabbitmq") as server:
        yield server


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with mariadb(tmp_path_factory.mktemp("servers") / "mariadb") as server:
        yield server


@pytest.fixture(scope="module")
def running(
    broker: Server, database: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    directory: Path = tmp_path_factory.mktemp("restart")
    with scene(
        directory,
        broker=f"rabbit://guest:guest@127.0.0.1:{broker.port}/",
        database=f"mysql+pymysql://{'lab'}:lab@127.0.0.1:{database.port}",
    ) as running:
        yield running


@pytest.mark.parametrize("away_s", [0.0, AWAY_S])
def test_the_broker_dies_and_comes_back(running: Scene, broker: Server, away_s: float) -> None:
    futures = running.begin(50, of_projects=10)
    for_a_while(5)
    broker.kill()
    for_a_while(away_s)
    broker.start()
    running.end(futures, SETTLED_WITHIN_S, true_reason=NO_AGENT)
    running.end(running.workload.delete_all(), SETTLED_WITHIN_S)


def test_the_database_dies_and_comes_back(running: Scene, database: Server) -> None:
    futures = running.begin(50, of_projects=10)
    for_a_while(5)
    database.kill()
    for_a_while(5)
    database.start()
    running.end(futures, SETTLED_WITHIN_S)
    running.end(running.workload.delete_all(), SETTLED_WITHIN_S)


def test_the_database_takes_no_writes_for_a_while(running: Scene, database: Server) -> None:
    futures = running.begin(50, of_projects=10)
    for_a_while(5)
    run_as_root(database, "SET GLOBAL read_only = 1")
    for_a_while(20)
    run_as_root(database, "SET GLOBAL read_only = 0")
    running.end(futures, SETTLED_WITHIN_S)
    running.end(running.workload.delete_all(), SETTLED_WITHIN_S)
