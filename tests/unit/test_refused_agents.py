"""An agent that contradicts others ends with the reason; one that only has to wait does not."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from bigip_lbaas.cmd.running import run
from tests.integration.world import World


def refusals(world: World, agent_id: str) -> list[str]:
    said: list[str] = []
    world.agents[agent_id].when_refused(said.append)
    return said


def contradicting() -> tuple[World, str]:
    """Return a world in which the second agent of a host wants the first one's device."""
    world = World()
    world.add_agent("host-1", 1, ("big-1",))
    world.pass_time(2.0)
    return world, world.add_agent("host-1", 2, ("big-1",))


def test_a_contradiction_that_lasts_ends_the_agent_with_what_stands_in_its_way() -> None:
    world, second = contradicting()
    said = refusals(world, second)
    world.pass_time(14.0)
    assert said == []
    world.pass_time(3.0)
    assert said[0].startswith(
        "host-1:2 may not work: agent host-1:1 on this host (host-1) manages device big-1 already"
    )


def test_one_whose_predecessor_has_just_died_waits_until_that_is_no_more_heard_of() -> None:
    world, second = contradicting()
    said = refusals(world, second)
    world.frozen.add("host-1:1")
    world.pass_time(30.0)
    assert said == []
    assert world.agents[second]._life.epoch


def test_an_agent_that_is_put_off_because_so_many_register_asks_on() -> None:
    world = World()
    agent_id = world.add_agent("host-1", 1, ("big-1",))
    said = refusals(world, agent_id)
    call = world.call

    def busy(*_arguments: Any) -> dict[str, Any]:
        return {"refused": "so many register", "again_in_s": 1.0}

    world.call = busy  # type: ignore[method-assign]
    world.pass_time(60.0)
    world.call = call  # type: ignore[method-assign]
    world.pass_time(30.0)
    assert said == []
    assert world.agents[agent_id]._life.epoch


def test_a_refusal_that_ended_does_not_count_for_a_later_one() -> None:
    world, second = contradicting()
    said = refusals(world, second)
    world.pass_time(10.0)
    world.frozen.add("host-1:1")
    world.pass_time(10.0)
    assert world.agents[second]._life.epoch
    world.frozen.add(second)
    world.pass_time(10.0)
    world.frozen.clear()
    world.restart("host-1:1")
    world.pass_time(10.0)
    assert said == []


@pytest.fixture
def _own_signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, what in before.items():
        signal.signal(number, what)


@pytest.mark.usefixtures("_own_signals")
def test_a_program_that_gives_up_stops_says_why_and_ends_with_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped = threading.Event()

    def start(_files: Sequence[str], give_up: Callable[[str], None]) -> Callable[[], None]:
        threading.Thread(target=give_up, args=("another has the device",)).start()
        return stopped.set

    config = str(tmp_path / "agent.conf")
    assert run("an-agent", "Does something.", ["--config-file", config], start) == 2
    assert stopped.is_set()
    assert capsys.readouterr().err.endswith("an-agent: another has the device\n")
    assert sys.exc_info() == (None, None, None)
