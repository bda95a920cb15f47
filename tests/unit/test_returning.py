"""A device that was away: all homes are stamped there before anything else is written."""

from typing import Any

from bigip_lbaas.agent.group import DeviceGroup, Member
from bigip_lbaas.agent.inbox import Task
from bigip_lbaas.agent.level import Leveller
from bigip_lbaas.agent.life import Life
from bigip_lbaas.agent.returning import Gate
from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.domain.home import Fence, Home
from bigip_lbaas.icontrol.memory import MemoryDevice
from bigip_lbaas.ltm.names import Naming
from bigip_lbaas.reconcile.render import RenderSettings
from bigip_lbaas.wire.messages import Assignment
from tests.integration.graphs import graph

ENVIRONMENT: Any = "dev"


def home(project: Any, fence: int) -> Home:
    return Home(ENVIRONMENT, project, 1, "host-1:1", Fence(fence, "aa"))  # type: ignore[arg-type]


def task(of: Home, number: int) -> Task:
    assignment = Assignment(
        graph(number).id,
        1,
        graph(number, of.project_id),
        True,
        of,
        "epoch",
        "req",  # type: ignore[arg-type]
    )
    return Task(of, "epoch", assignment)


def stamps(device: MemoryDevice, project: str) -> list[str]:
    found = device.stamps(f"dev_{project}")
    return [name.split(".")[0] for name in found.names] if found else []


def test_idle_homes_are_stamped_on_a_device_that_returns_before_the_first_change() -> None:
    device = MemoryDevice("big-1")
    member = Member(device)
    doubted: list[Home] = []
    life = Life(lambda: 100.0)
    old, new = home("idle", 3), home("idle", 7)
    busy = home("busy", 8)
    life.begin("epoch", [old])
    life.renew("epoch", 100.0, 3.0)
    leveller = Leveller(Naming("dev"), RenderSettings(), life.may_write_to)
    group = DeviceGroup(AgentSettings(ENVIRONMENT, "host-1", 1), lambda: 100.0, (member,))  # type: ignore[arg-type]
    gate = Gate(leveller, life, group, doubted.append)
    gate.level(member, [task(old, 1)])
    assert stamps(device, "idle") == ["stamp_3"]

    member.is_away = True  # and meanwhile the home has got another number
    life.begin("epoch", [new, busy])
    life.renew("epoch", 100.0, 3.0)
    seen: list[list[str]] = []
    commit = device.commit

    def watched(steps: Any, named: Any = ()) -> None:
        if any(step.path.partition == "dev_busy" for step in steps):
            seen.append(stamps(device, "idle"))
        commit(steps, named)

    device.commit = watched  # type: ignore[method-assign]
    gate.level(member, [task(busy, 2)])
    assert seen[0] == ["stamp_7"]
    assert not member.is_away
    assert doubted == [new, busy]  # what it had of them before nobody knows
