"""A device that went back to an older configuration: it is noticed, and what we removed goes."""

from dataclasses import replace
from typing import Any

from bigip_lbaas.agent.partition import StampedPartition
from bigip_lbaas.domain.home import Fence, Home
from bigip_lbaas.icontrol.memory import MemoryDevice
from bigip_lbaas.ltm.kinds import VIRTUAL
from bigip_lbaas.ltm.names import Naming
from bigip_lbaas.reconcile.render import RenderSettings
from bigip_lbaas.reconcile.scope import Target
from tests.integration.graphs import graph

HOME: Any = Home("dev", "acme", 1, "h1:1", Fence(1, "aa"))  # type: ignore[arg-type]


def partition(device: MemoryDevice, lost: list[str]) -> StampedPartition:
    made = StampedPartition(device, HOME, Naming("dev"), RenderSettings())
    made.lost = lambda: lost.append(device.name)
    return made


def virtuals(device: MemoryDevice) -> set[str]:
    return {path.name for path in device.read("dev_acme") if path.collection == VIRTUAL}


def name_of(number: int) -> str:
    return f"dev_{graph(number).listeners[0].id}"


def test_what_we_removed_is_removed_again_and_the_loss_is_told_once() -> None:
    device, lost = MemoryDevice("big-1"), list[str]()
    ours = partition(device, lost)
    ours.apply([Target(graph(1)), Target(graph(2))])
    saved = device.image()
    ours.apply([Target(graph(1), wanted=False)])
    ours.apply([Target(graph(3))])
    assert lost == []
    device.load(saved)
    ours.apply([Target(graph(2, members=3))])
    assert lost == ["big-1"]
    assert virtuals(device) == {name_of(2)}  # the third one is asked for by whoever was told
    ours.apply([Target(graph(1))])
    ours.apply([Target(graph(3))])
    assert virtuals(device) == {name_of(number) for number in (1, 2, 3)}
    assert lost == ["big-1"]


def test_commits_that_were_refused_are_no_loss() -> None:
    device, lost = MemoryDevice("big-1"), list[str]()
    ours = partition(device, lost)
    ours.apply([Target(graph(1))])
    assert ours.apply([Target(replace(graph(2), vip_address=graph(1).vip_address))])
    ours.forget()
    ours.take_over()
    assert lost == []
