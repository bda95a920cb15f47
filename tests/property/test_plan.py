"""Laws of the plan, held against a device in memory that refuses what a device refuses."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from service_graphs import PROJECT, graphs

from bigip_lbaas.domain.errors import DeviceRefused
from bigip_lbaas.domain.graph import ServiceGraph
from bigip_lbaas.icontrol.memory import MemoryDevice
from bigip_lbaas.ltm import kinds
from bigip_lbaas.ltm.names import Naming
from bigip_lbaas.ltm.state import Action, ObjectPath, State, Step
from bigip_lbaas.reconcile.plan import plan
from bigip_lbaas.reconcile.render import RenderSettings, render
from bigip_lbaas.reconcile.scope import Target, desired

NAMING = Naming("dev")
SETTINGS = RenderSettings()
PARTITION = NAMING.name(PROJECT)

targets = st.tuples(
    st.builds(Target, graphs(1), st.booleans()), st.builds(Target, graphs(2), st.booleans())
)


def new_device() -> MemoryDevice:
    device = MemoryDevice()
    device.create_partition(PARTITION)
    return device


def transactions(device: MemoryDevice, wanted: tuple[Target, ...]) -> tuple[tuple[Step, ...], ...]:
    observed = device.read(PARTITION)
    return plan(desired(wanted, observed, NAMING, SETTINGS), observed).transactions


def bring(device: MemoryDevice, wanted: tuple[Target, ...]) -> None:
    for steps in transactions(device, wanted):
        device.commit(steps)


def expected(wanted: tuple[Target, ...]) -> State:
    """What a device has when all is well, said without any plan."""
    state = {
        path: attributes
        for target in wanted
        if target.wanted
        for path, attributes in render(target.graph, NAMING, SETTINGS).items()
    }
    addresses = {a for t in wanted if t.wanted for a in t.graph.member_addresses()}
    nodes = {ObjectPath(kinds.NODE, PARTITION, a): {"address": a} for a in addresses}
    return state | nodes


@given(targets, targets)
def test_a_plan_arrives_from_wherever_the_device_is(
    before: tuple[Target, ...], after: tuple[Target, ...]
) -> None:
    device = new_device()
    bring(device, before)
    bring(device, after)
    assert device.read(PARTITION) == expected(after)


@given(targets)
def test_a_settled_device_is_left_alone(wanted: tuple[Target, ...]) -> None:
    device = new_device()
    bring(device, wanted)
    assert transactions(device, wanted) == ()


@given(targets, targets, targets, st.data())
def test_a_crash_after_any_transaction_is_healed_by_the_next_plan(
    before: tuple[Target, ...],
    during: tuple[Target, ...],
    after: tuple[Target, ...],
    data: st.DataObject,
) -> None:
    device = new_device()
    bring(device, before)
    planned = transactions(device, during)
    for steps in planned[: data.draw(st.integers(0, len(planned)))]:
        device.commit(steps)
    bring(device, after)
    assert device.read(PARTITION) == expected(after)


@given(graphs(1), graphs(1), graphs(2))
def test_one_load_balancers_plan_touches_nothing_of_another(
    before: ServiceGraph, after: ServiceGraph, other: ServiceGraph
) -> None:
    device = new_device()
    bring(device, (Target(before), Target(other)))
    others = render(other, NAMING, SETTINGS).keys()
    for steps in transactions(device, (Target(after),)):
        assert not {step.path for step in steps} & others
        device.commit(steps)
    assert device.read(PARTITION) == expected((Target(after), Target(other)))


@given(targets, targets, st.sampled_from(["dev_2_7f3c", "mine", "development_7f3c", "_dev_1"]))
def test_nothing_with_a_name_that_is_not_ours_is_touched(
    before: tuple[Target, ...], after: tuple[Target, ...], name: str
) -> None:
    device = new_device()
    foreign = ObjectPath(kinds.POOL, PARTITION, name)
    description = f"load balancer {before[0].graph.id}"  # even if someone copied our mark
    members = ({"name": "10.9.0.1:80", "address": "10.9.0.1"},)
    device.commit([Step(Action.CREATE, foreign, {"description": description, "members": members})])
    untouched = device.read(PARTITION)[foreign]
    for wanted in (before, after):
        for steps in transactions(device, wanted):
            assert foreign not in {step.path for step in steps}
            assert {step.path.partition for step in steps} <= {PARTITION}
            device.commit(steps)
    left = device.read(PARTITION)
    assert left[foreign] == untouched
    assert ObjectPath(kinds.NODE, PARTITION, "10.9.0.1") in left


def virtual(name: str, port: int) -> tuple[ObjectPath, dict[str, object]]:
    path = ObjectPath(kinds.VIRTUAL, PARTITION, name)
    return path, {"destination": f"/{PARTITION}/10.1.0.1:{port}", "profiles": ()}


@given(st.permutations([80, 81, 82, 83]), st.permutations([80, 81, 82, 83]))
@settings(max_examples=40)
def test_virtual_servers_can_swap_addresses(before: list[int], after: list[int]) -> None:
    device = new_device()
    names = ["dev_1", "dev_2", "dev_3", "dev_4"]
    address = {ObjectPath(kinds.VIRTUAL_ADDRESS, PARTITION, "dev_0"): {"address": "10.1.0.1"}}
    for ports in (before, after):
        wanted = address | dict(map(virtual, names, ports))
        for steps in plan(wanted, device.read(PARTITION)).transactions:
            device.commit(steps)
    found = device.read(PARTITION)
    for name, port in zip(names, after, strict=True):
        path, attributes = virtual(name, port)
        assert found[path]["destination"] == attributes["destination"]


def test_the_device_of_these_laws_refuses_a_dangling_reference() -> None:
    device = new_device()
    path, attributes = virtual("dev_1", 80)
    with pytest.raises(DeviceRefused, match="/dev_1/dev_9, which was not found"):
        device.commit([Step(Action.CREATE, path, attributes | {"pool": "/dev_1/dev_9"})])
