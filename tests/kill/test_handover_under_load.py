"""An agent is switched off, and another one told to end, with changes under way."""

import io
import json
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from scene import Scene, for_a_while, scene, until

from bigip_lbaas.cmd.main import main
from bigip_lbaas.store import records

pytestmark = [pytest.mark.services, pytest.mark.timeout(300)]

FIRST, SECOND = "host-1:1", "host-2:1"
LONGEST_GAP_S = 10.0  # of a busy machine; on an idle one it is a fraction of a second


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path, devices={1: ("bigip-1",)}) as running:
        yield running


def homes_of(running: Scene, agent_id: str) -> set[int]:
    """Return the numbers of the agent's fences."""
    rows = running.lab.store.read(lambda tx: tx.select(records.Home, agent_id=agent_id))
    return {row.fence_number for row in rows}


def events(running: Scene, kind: str, subject: str) -> list[str]:
    rows = running.lab.store.read(
        lambda tx: tx.select(records.Event, kind=kind, subject=subject, order_by="number")
    )
    return [row.text for row in rows]


def commits(running: Scene) -> list[tuple[float, set[int]]]:
    """Return when something was stamped, and the fences of the stamps that were put in."""
    (device,) = running.judge.devices_of_group[1]
    found = []
    for line in device.events.read_text().splitlines():
        event = json.loads(line)
        names = [
            change["path"].rpartition("/")[2]
            for change in event.get("changes", ())
            if change["action"] == "created"
        ]
        stamps = {int(name.split("_")[1].split(".")[0]) for name in names if name[:6] == "stamp_"
                  and name != "stamp_guard"}  # fmt: skip
        if stamps:
            found.append((event["at"], stamps))
    return found


def told(running: Scene, *words: str) -> str:
    said = io.StringIO()
    with redirect_stdout(said):
        assert main(["--database", running.lab.owned.our_url, *words]) == 0
    return said.getvalue()


def hand_over(running: Scene, first: str, second: str, kind: str, act: Callable[[], None]) -> None:
    """Have the first let go of its homes; the second goes on, and the first writes no more."""
    begun_s = time.time()
    theirs = homes_of(running, first)
    assert theirs
    before = len(events(running, kind, first))
    act()
    until(lambda: len(events(running, kind, first)) > before, 20, 0.02)
    until(lambda: not homes_of(running, first), 20, 0.02)
    assert homes_of(running, first) == set()
    assert len(events(running, kind, first)) > before
    over_s = time.time()
    after = homes_of(running, second)
    stamped = until(lambda: [at for at, by in commits(running) if by & after], 20, 0.05)
    assert stamped[0] - begun_s < LONGEST_GAP_S
    assert all(at <= over_s for at, by in commits(running) if by & theirs)


def test_agents_let_go_and_others_go_on_at_once(running: Scene) -> None:
    futures = running.begin(24, of_projects=6)
    assert until(lambda: len(homes_of(running, FIRST)) >= 2, 60, 0.1)
    for_a_while(2)

    def disable() -> None:
        said = told(running, "agent", "set", FIRST, "--disable", "--reason", "a new kernel")
        assert f"homes go to {SECOND} as it lets go of them" in said

    hand_over(running, FIRST, SECOND, "homes handed over", disable)
    assert "a new kernel" in told(running, "agent", "show", FIRST)
    assert "enabled" in told(running, "agent", "set", FIRST, "--enable")
    agent = running.lab.programs["agent-2-1"]
    hand_over(running, SECOND, FIRST, "agent gone", agent.terminate)
    assert events(running, "agent gone", SECOND)[-1].startswith("said goodbye")
    agent.wait()
    agent.start()
    running.end(futures, 120)
    assert not any("silent" in text for text in events(running, "agent gone", SECOND))
