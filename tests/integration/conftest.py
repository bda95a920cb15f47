"""The real Octavia API in this process, our driver behind it, and the statuses' way back."""

import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from octavia_stack import ENVIRONMENT, PlayedController, Stack

from bigip_lbaas.bus.memory import MemoryBroker, MemoryBus
from bigip_lbaas.store.memory import MemoryStore

# What Octavia says of itself when it answers; nothing of ours is excused.
WARNINGS = (
    "ignore:Policy enforcement is depending on the value of is_admin:DeprecationWarning",
    "ignore::sqlalchemy.exc.SAWarning",
    "ignore::sqlalchemy.exc.SADeprecationWarning",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Excuse Octavia's own warnings, in this directory only."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            for text in WARNINGS:
                item.add_marker(pytest.mark.filterwarnings(text))


def load_octavia() -> Any:
    """Import the embedded API; what Octavia's libraries say of each other is not heard."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from bigip_lbaas.cmd.embedded.api import EmbeddedApi
    return EmbeddedApi


@pytest.fixture(scope="session")
def running() -> Iterator[Stack]:
    """Start the API once: Octavia's configuration is global to a process."""
    embedded_api = load_octavia()
    from bigip_lbaas.provider.octavia import driver
    from bigip_lbaas.provider.octavia.api_sockets import ApiOwners, PatientLibrary, Sockets
    from bigip_lbaas.provider.octavia.door import Door
    from bigip_lbaas.provider.octavia.status_agent import StatusAgent
    from bigip_lbaas.provider.octavia.status_sender import Rhythm, StatusSender

    store = MemoryStore(time.time)
    bus = MemoryBus(MemoryBroker())
    with tempfile.TemporaryDirectory() as directory:
        api = embedded_api(Path(directory), 0)
        paths = api.sockets
        library = PatientLibrary(Sockets(str(paths.status), str(paths.stats), str(paths.get)))
        owners = ApiOwners(library)
        door = Door(store, bus, ENVIRONMENT, owner_of_pool=owners.of_pool)
        driver.connect("f5", door)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            api.start()
        wake = threading.Event()
        sender = StatusSender(door, library, "test", rhythm=Rhythm(second_look_s=1.0, quiet_s=0.0))
        agent = StatusAgent(sender, wake)
        agent.start()
        controller = PlayedController(store, bus, wake)
        with httpx.Client(base_url=api.endpoint, timeout=60) as client:
            yield Stack(client, store, controller, library, api.endpoint)
        controller.stop()
        agent.stop()
        api.stop()
        driver.disconnect("f5")


@pytest.fixture
def stack(running: Stack) -> Iterator[Stack]:
    """The running stack, its controller back in good mood."""
    running.controller.ending = "applied"
    yield running
    running.controller.ending = "applied"
