"""A halted agent stays wherever it is, and nothing of it runs any more."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bigip_lbaas.bus.memory import MemoryBroker, MemoryBus
from bigip_lbaas.cmd.building import SystemClock
from bigip_lbaas.cmd.embedded.halting import Gate, GatedBus, GatedClock, gated_device
from bigip_lbaas.icontrol.memory import MemoryDevice

WITHIN_S = 5.0


class Walker:
    """A thread that does one thing, of which one can ask how far it is."""

    def __init__(self, step: Callable[[], Any]) -> None:
        self.arrived = threading.Event()
        self.raised: list[BaseException] = []
        self._step = step
        self._thread = threading.Thread(target=self._walk, daemon=True)
        self._thread.start()

    def _walk(self) -> None:
        try:
            self._step()
        except BaseException as error:
            self.raised.append(error)  # and not further: pytest counts even a SystemExit
            return
        self.arrived.set()

    def stays(self) -> bool:
        """Return whether it is still under way after a moment."""
        self._thread.join(0.15)
        return self._thread.is_alive() and not self.arrived.is_set()

    def ends(self) -> bool:
        self._thread.join(WITHIN_S)
        return not self._thread.is_alive()


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.shut()
    gate.dissolve()


def test_an_open_gate_lets_everything_through(gate: Gate) -> None:
    clock = GatedClock(SystemClock(), gate)
    assert clock.monotonic_s() <= time.monotonic()
    assert not clock.wait(threading.Event(), 0.0)
    assert not gate.is_shut


def test_whoever_comes_to_a_shut_gate_stays_and_ends_silently_when_it_dissolves(
    gate: Gate,
) -> None:
    clock = GatedClock(SystemClock(), gate)
    gate.shut()
    walker = Walker(clock.monotonic_s)
    assert walker.stays()
    gate.dissolve()
    assert walker.ends()
    assert [type(error) for error in walker.raised] == [SystemExit]  # which ends a thread silently
    assert not walker.arrived.is_set()


def test_a_wait_that_began_before_the_halt_does_not_return(gate: Gate) -> None:
    clock = GatedClock(SystemClock(), gate)
    pause = threading.Event()
    walker = Walker(lambda: clock.wait(pause, WITHIN_S))
    gate.shut()
    pause.set()
    assert walker.stays()


def test_a_halted_process_sends_nothing(gate: Gate) -> None:
    broker = MemoryBroker()
    got: list[dict[str, Any]] = []
    server = MemoryBus(broker).serve("topic", "one", {"take": got.append}, 1)
    bus = GatedBus(MemoryBus(broker), gate)
    bus.cast("topic", "take", {"number": 1})
    gate.shut()
    walkers = [
        Walker(lambda: bus.cast("topic", "take", {"number": 2})),
        Walker(lambda: bus.call("topic", "take", {"number": 3}, 1.0)),
    ]
    assert all(walker.stays() for walker in walkers)
    server.stop()
    assert got == [{"number": 1}]


def test_an_answer_that_comes_after_the_halt_is_not_heard(gate: Gate) -> None:
    broker = MemoryBroker()
    server = MemoryBus(broker).serve("topic", "one", {"ask": lambda _p: gate.shut()}, 1)
    walker = Walker(lambda: GatedBus(MemoryBus(broker), gate).call("topic", "ask", {}, 2.0))
    assert walker.stays()
    assert gate.is_shut
    server.stop()


def test_a_halted_process_hears_nothing(gate: Gate) -> None:
    broker = MemoryBroker()
    got: list[dict[str, Any]] = []
    server = GatedBus(MemoryBus(broker), gate).serve("topic", "one", {"take": got.append}, 1)
    gate.shut()
    MemoryBus(broker).cast("topic", "take", {"number": 1})
    stopping = Walker(server.stop)
    assert stopping.stays()  # its thread stands at the gate with the message
    assert got == []
    gate.dissolve()
    assert stopping.ends()
    assert got == []


def test_a_halted_process_writes_nothing_not_even_the_next_request_of_a_commit(gate: Gate) -> None:
    allowed: list[str] = []
    written: list[str] = []

    class Slow(MemoryDevice):
        def create_partition(self, partition: str) -> bool:
            self._may_write()
            written.append("first")
            gate.shut()
            self._may_write()
            written.append("second")
            return True

    device = gated_device(
        lambda may_write: Slow("big", may_write), gate, lambda: allowed.append("asked")
    )
    walker = Walker(lambda: device.create_partition("dev_acme"))
    assert walker.stays()
    assert written == ["first"]
    assert allowed == ["asked"]
    reader = Walker(lambda: device.read("dev_acme"))
    assert reader.stays()


def test_what_is_no_method_of_a_device_can_be_read_of_a_halted_one(gate: Gate) -> None:
    device = gated_device(lambda may_write: MemoryDevice("big", may_write), gate, lambda: None)
    gate.shut()
    assert device.name == "big"
