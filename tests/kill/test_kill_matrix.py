"""At every station of the line a process is killed, or frozen for longer than its lease."""

from collections.abc import Iterator

import pytest
from scene import Scene, for_a_while, scene, until
from stations import AFTER, BEFORE, STATIONS, Deed

pytestmark = [pytest.mark.full, pytest.mark.services, pytest.mark.timeout(600)]

LOAD_BALANCERS, PROJECTS = 50, 10
FROZEN_S = 8.0  # lease and margin are 4 s: others have taken over by then
PASSAGE = 8  # in the midst of work
RARE = {"observe": 2}  # each partition is read once


def deeds_of(kind: str) -> list[Deed]:
    """Return all deeds of processes of one kind."""
    return [
        Deed(station, when, signal, passage=RARE.get(station, PASSAGE))
        for station, (of, _, _) in STATIONS.items()
        if of == kind
        for when in (BEFORE, AFTER)
        for signal in ("SIGKILL", "SIGSTOP")
    ]


def together(one: str, other: str) -> list[tuple[Deed, Deed]]:
    """Return each deed of one kind with one of the other, mostly of the other signal.

    They happen to different processes in the same minute: that is harder than one by one, and
    takes half the time.
    """
    *rest, last = deeds_of(other)
    return list(zip(deeds_of(one), (last, *rest), strict=True))


CASES = [*together("agent", "controller"), *together("api", "driver")]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("kill")) as running:
        yield running


@pytest.mark.parametrize("deeds", CASES, ids=lambda two: "-and-".join(map(str, two)))
def test_every_load_balancer_ends_as_the_api_says(running: Scene, deeds: tuple[Deed, Deed]) -> None:
    for deed in deeds:
        running.order_one_of(names_of(running, deed), deed)
    futures = running.begin(LOAD_BALANCERS, PROJECTS)
    waiting = list(deeds)
    while waiting:  # in whichever order they come to it
        deed = until(lambda: next((d for d in waiting if did(running, d)), None), 90, 0.1)
        assert deed, f"nobody came to {', '.join(map(str, waiting))}"
        running.withdraw(names_of(running, deed))
        recover(running, deed, did(running, deed))
        waiting.remove(deed)
    running.end(futures, 180)
    running.end(running.workload.delete_all(), 120)


def names_of(running: Scene, deed: Deed) -> list[str]:
    """Return the processes that come to the deed's station."""
    return [name for name in running.lab.programs if name.startswith(STATIONS[deed.station][0])]


def did(running: Scene, deed: Deed) -> list[str]:
    """Return which processes have done the deed."""
    return running.did(names_of(running, deed))


def recover(running: Scene, deed: Deed, done: list[str]) -> None:
    """Let what was frozen go on, and start what was killed; an agent's homes are taken before."""
    if deed.signal == "SIGSTOP" or STATIONS[deed.station][0] == "agent":
        for_a_while(FROZEN_S)
    for name in done:
        if deed.signal == "SIGSTOP":
            running.lab.programs[name].thaw()
        else:
            running.lab.programs[name].kill()  # the driver agent goes on without the one it lost
            running.lab.programs[name].start()
