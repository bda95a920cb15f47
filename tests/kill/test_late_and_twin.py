"""Commits that are carried out after their sender gave up, and an agent that runs twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from scene import Scene, for_a_while, scene, until

from bigip_lbaas.cmd.lab.processes import Program

pytestmark = [pytest.mark.full, pytest.mark.services, pytest.mark.timeout(600)]

LATE_S = 60.0
SETTLED_WITHIN_S = 180.0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("late")) as running:
        yield running


def test_a_commit_that_comes_a_minute_late_changes_nothing_any_more(running: Scene) -> None:
    late = {
        "kind": "timeout", "seconds": 1.0, "late_s": LATE_S, "method": "PATCH",
        "path": "/mgmt/tm/transaction/*", "probability": 0.2, "count": 10,
    }  # fmt: skip
    for device in running.lab.simulators.devices.values():
        device.ask("/faults", late)
    futures = running.begin(50, of_projects=10)
    running.end(futures, SETTLED_WITHIN_S)
    for_a_while(LATE_S + 5)  # the last of them is carried out, or refused, by now
    running.end([], SETTLED_WITHIN_S)
    for device in running.lab.simulators.devices.values():
        device.ask("/faults/clear", {})
    running.end(running.workload.delete_all(), SETTLED_WITHIN_S)


def test_an_agent_whose_old_process_is_frozen_while_its_restart_runs(running: Scene) -> None:
    name = "agent-1-1"
    old = running.lab.programs[name]
    futures = running.begin(50, of_projects=10)
    for_a_while(3)
    old.freeze()
    twin = _in_another_container(running, name)
    twin.start()
    try:
        assert until(lambda: "epoch" in twin.log.read_text(), 60), "it has registered"
        for_a_while(5)
        old.thaw()
        for_a_while(5)
        old.kill()
        running.end(futures, SETTLED_WITHIN_S)
    finally:
        twin.terminate()
        twin.wait()
        running.start_ended()
    running.end(running.workload.delete_all(), SETTLED_WITHIN_S)


def _in_another_container(running: Scene, name: str) -> Program:
    """Return the agent again, as a container of its own would run it: it sees no other's locks."""
    directory: Path = running.lab.settings.state_dir
    text = (directory / f"{name}.conf").read_text()
    other = directory / f"{name}-again.conf"
    other.write_text(text.replace("locks-host-1", "locks-container-1"))
    command = [
        part.replace(f"{name}.conf", other.name) for part in running.lab.programs[name].command
    ]
    return Program(f"{name}-again", command, directory / f"{name}-again.log")
