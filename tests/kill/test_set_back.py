"""The database is set back to a backup from before many creates, changes, deletes and takeovers."""

from collections.abc import Iterator
from pathlib import Path

import pymysql
import pytest
from scene import Scene, for_a_while, scene, until
from servers import LAB, Server, dump, mariadb, set_one_back
from sqlalchemy import make_url

pytestmark = [pytest.mark.full, pytest.mark.services, pytest.mark.timeout(600)]

SETTLED_WITHIN_S = 180.0


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with mariadb(tmp_path_factory.mktemp("servers") / "mariadb") as server:
        yield server


@pytest.fixture(scope="module")
def running(database: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    directory: Path = tmp_path_factory.mktemp("back")
    server = f"mysql+pymysql://{'lab'}:lab@127.0.0.1:{database.port}"
    with scene(directory, database=server) as running:
        yield running


def test_nothing_is_left_of_what_came_after_the_backup(
    running: Scene, database: Server, tmp_path: Path
) -> None:
    before = running.begin(30, of_projects=5)
    assert until(lambda: sum(one.done() for one in before) >= 24, 120)
    database.back_up(tmp_path / "backup")  # in the midst of work
    after = running.begin(12, of_projects=4)
    for_a_while(5)
    _lose_an_agent(running)
    running.end([*before, *after], SETTLED_WITHIN_S)
    seen = _highest_fence(running, database)
    database.set_back(tmp_path / "backup")
    assert until(lambda: _events(running, database, "commits lost"), 30), "the loss is noticed"
    running.end([], SETTLED_WITHIN_S)
    assert _events(running, database, "taken off"), "load balancers that came after the backup"
    assert _lowest_fence(running, database) > seen
    running.end(running.workload.begin(10, tuple(_projects(running))), SETTLED_WITHIN_S)


def test_what_the_api_still_has_is_taken_in_again_and_what_it_has_not_goes(
    running: Scene, database: Server
) -> None:
    name = str(make_url(running.lab.owned.our_url).database)
    losses = _events(running, database, "commits lost")
    running.end(running.begin(24, of_projects=4), SETTLED_WITHIN_S)
    dumped = dump(database, name)
    known = running.workload.delete_some(5)
    running.end([*known, *running.begin(9, of_projects=3)], SETTLED_WITHIN_S)
    set_one_back(database, name, dumped)  # the API's own database is as it was
    assert until(lambda: _events(running, database, "commits lost") > losses, 30)
    running.end([], SETTLED_WITHIN_S)
    assert _events(running, database, "stranger")
    running.end(running.workload.delete_all(), SETTLED_WITHIN_S)


def _lose_an_agent(running: Scene) -> None:
    """Kill one, and start it again when others have its homes."""
    agent = running.lab.programs["agent-1-1"]
    agent.kill()
    for_a_while(8)
    agent.start()


def _projects(running: Scene) -> set[str]:
    return {row["project_id"] for row in running.judge.balancers().values()}


def _highest_fence(running: Scene, database: Server) -> int:
    return int(_one(running, database, "SELECT value FROM bigip_lbaas_sequence WHERE name='fence'"))


def _lowest_fence(running: Scene, database: Server) -> int:
    return int(_one(running, database, "SELECT min(fence_number) FROM bigip_lbaas_home"))


def _events(running: Scene, database: Server, kind: str) -> int:
    count = f"SELECT count(*) FROM bigip_lbaas_event WHERE kind = '{kind}'"
    return int(_one(running, database, count))


def _one(running: Scene, database: Server, question: str) -> object:
    name = make_url(running.lab.owned.our_url).database
    connection = pymysql.connect(host="127.0.0.1", port=database.port, database=name, **LAB)
    with connection, connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()[0]
