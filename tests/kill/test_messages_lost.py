"""On a real broker messages get lost, come twice, late and in another order: nothing is lost."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scene import for_a_while, scene
from servers import Server, rabbitmq

pytestmark = [pytest.mark.full, pytest.mark.services, pytest.mark.timeout(600)]

LOSSY = Path(__file__).with_name("lossy.py")
SHARES = {"lost": 0.2, "repeated": 0.2, "late": 0.2, "late_s": 5.0}
SETTLED_WITHIN_S = 180.0
DEADLINE_S = 60.0
AWAY_S = DEADLINE_S + 30.0
NO_PLACE = rf"^(No device group could take it|not carried out) within ({DEADLINE_S:g}|60) s: "


def lossy(_name: str, command: Any) -> Any:
    return (sys.executable, str(LOSSY), json.dumps(SHARES), *command)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with rabbitmq(tmp_path_factory.mktemp("servers") / "rabbitmq") as server:
        yield server


def test_nothing_is_lost_with_messages_lost_repeated_late_and_reordered(tmp_path: Path) -> None:
    with scene(tmp_path, wrapped=lossy) as running:
        running.end(running.begin(50, of_projects=10), SETTLED_WITHIN_S)
        running.end(running.workload.delete_all(), SETTLED_WITHIN_S)


def test_nothing_is_pending_beyond_the_deadline_while_the_broker_is_away(
    tmp_path: Path, broker: Server
) -> None:
    where = f"rabbit://guest:guest@127.0.0.1:{broker.port}/"
    options = {"controller": {"pending_deadline": f"{DEADLINE_S:g}"}}
    with scene(tmp_path, broker=where, options=options) as running:
        futures = running.begin(30, of_projects=6)
        for_a_while(4)
        broker.kill()
        for_a_while(AWAY_S)
        broker.start()
        running.end(futures, SETTLED_WITHIN_S, true_reason=NO_PLACE)
        running.end(running.workload.delete_all(), SETTLED_WITHIN_S)
