"""At every station of the line a process is killed, or frozen for longer than its lease."""

from collections.abc import Iterator

import pytest
from scene import Scene, for_a_while, scene, until
from stations import AFTER, BEFORE, STATIONS, Deed

pytestmark = [pytest.mark.full, pytest.mark.services, pytest.mark.timeout(600)]

LOAD_BALANCERS, PROJECTS = 50, 10
FROZEN_S = 8.0  # lease and margin are 4 s: others have taken over by then
CASES = [
    Deed(station, when, signal, passage=8)
    for station in STATIONS
    for when in (BEFORE, AFTER)
    for signal in ("SIGKILL", "SIGSTOP")
]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("kill")) as running:
        yield running


@pytest.mark.parametrize("deed", CASES, ids=lambda d: f"{d.station}-{d.when}-{d.signal}")
def test_every_load_balancer_ends_as_the_api_says(running: Scene, deed: Deed) -> None:
    kind = STATIONS[deed.station][0]
    names = [name for name in running.lab.programs if name.startswith(kind)]
    running.order_one_of(names, deed)
    futures = running.begin(LOAD_BALANCERS, PROJECTS)
    done = until(lambda: running.did(names), 90, 0.1)
    running.withdraw(names)
    assert done, f"none of {names} came to {deed}"
    if deed.signal == "SIGSTOP":
        for_a_while(FROZEN_S)
        for name in done:
            running.lab.programs[name].thaw()
    else:
        if kind == "agent":  # its homes are taken over before it comes back
            for_a_while(FROZEN_S)
        for name in done:
            running.lab.programs[name].kill()  # the driver agent goes on without the one it lost
        running.start_ended()
    running.end(futures, 180)
    running.end(running.workload.delete_all(), 120)
