"""Whatever is lost, repeated, reordered, frozen or restarted: all of it settles on what was asked.

The laws look at the devices' and the store's rows only; what must be there is written down by the
test itself when it asks.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from bigip_lbaas.domain.edit import Edited
from bigip_lbaas.domain.errors import RequestRejected
from bigip_lbaas.domain.status import Provisioning
from bigip_lbaas.scheduling.capacity_policy import parse
from bigip_lbaas.store import records
from bigip_lbaas.store.records import Phase
from tests.integration.graphs import graph, id_of, partition_of
from tests.integration.world import World

PROJECTS = ("acme", "bolt")
LOAD_BALANCERS = 4
AGENTS = {"host-1": 1, "host-2": 1, "host-3": 2, "host-4": 2}
DEVICES = {1: ("big-1", "big-2"), 2: ("big-3",)}

STEPS = (
    "create", "change", "delete", "deliver any", "deliver first", "drop", "repeat", "work",
    "time", "report", "freeze", "thaw", "restart", "device off", "device on",
)  # fmt: skip


class User:
    """Asks for things, and remembers what must be there in the end."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.wanted: dict[int, int] = {}  # load balancer number -> how many members

    def create(self, number: int, members: int) -> None:
        project = PROJECTS[number % len(PROJECTS)]
        try:
            self.world.door.create(graph(number, project, members), (), f"req-{number}")
        except RequestRejected:
            return  # it is being deleted
        self.wanted[number] = members

    def change(self, number: int, members: int) -> None:
        if number not in self.wanted:
            return
        project = PROJECTS[number % len(PROJECTS)]
        new = graph(number, project, members)

        def edit(old):  # type: ignore[no-untyped-def]
            gone = set(old.objects()) - set(new.objects())
            return Edited(new, tuple(sorted(gone, key=lambda ref: (ref.kind, ref.id))))

        self.world.door.edit(new.id, edit, f"req-{number}")
        self.wanted[number] = members

    def delete(self, number: int) -> None:
        if self.wanted.pop(number, None) is not None:
            self.world.door.delete(graph(number).id, (), f"req-{number}")


def play(world: World, user: User, step: str, number: int, amount: int) -> None:
    """Let one thing happen."""
    messages = world.messages
    agent_id = sorted(world.agents)[number % len(world.agents)]
    device = sorted(world.devices)[number % len(world.devices)]
    if step == "create":
        user.create(number, amount)
    elif step == "change":
        user.change(number, amount)
    elif step == "delete":
        user.delete(number)
    elif step == "deliver any" and messages:
        world.deliver(world.dice.randrange(len(messages)))
    elif step == "deliver first" and messages:
        world.deliver()
    elif step == "drop" and messages:
        messages.pop(world.dice.randrange(len(messages)))
    elif step == "repeat" and messages:
        messages.append(world.dice.choice(messages))
    elif step == "work":
        world.work()
    elif step == "time":
        world.pass_time(float(amount))
    elif step == "report":
        world.report()
    elif step == "freeze":
        world.frozen.add(agent_id)
    elif step == "thaw":
        world.frozen.clear()
    elif step == "restart":
        world.restart(agent_id)
    elif step == "device off":
        world.off.add(device)
    elif step == "device on":
        world.off.clear()


# how often each thing happens, relative to the others
WEIGHTS = (6, 10, 3, 6, 6, 3, 3, 10, 4, 2, 1, 2, 1, 1, 2)
LENGTH = 120


@given(st.integers(0, 2**32))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_everything_settles_on_what_was_asked_last(seed: int) -> None:
    world = World(seed=seed)
    for host, group in AGENTS.items():
        world.add_agent(host, group, DEVICES[group], parse("tenant_count: 10"))
    world.settle(2)
    user = User(world)
    world.loses_calls = True
    for step in world.dice.choices(STEPS, WEIGHTS, k=LENGTH):
        number, amount = world.dice.randrange(LOAD_BALANCERS), world.dice.randint(1, 4)
        play(world, user, step, number, amount)
    world.frozen.clear()
    world.off.clear()
    world.settle(180, early=lambda: _is_quiet(world))
    _nothing_is_pending(world)
    _the_store_has_what_was_asked(world, user)
    _the_devices_have_what_was_asked(world, user)


def _is_quiet(world: World) -> bool:
    rows = world.store.read(lambda tx: tx.select(records.LoadBalancer))
    return all(row.phase is Phase.APPLIED and not row.unclean for row in rows)


def _nothing_is_pending(world: World) -> None:
    rows = world.store.read(lambda tx: tx.select(records.LoadBalancer))
    assert {row.phase for row in rows} <= {Phase.APPLIED}
    messages = world.store.read(lambda tx: tx.select(records.StatusMessage))
    told = {status.provisioning for message in messages for status in message.statuses}
    assert told <= {Provisioning.ACTIVE, Provisioning.DELETED}


def _the_store_has_what_was_asked(world: World, user: User) -> None:
    rows = world.store.read(lambda tx: tx.select(records.LoadBalancer))
    assert {row.id for row in rows} == {graph(number).id for number in user.wanted}
    homes = world.store.read(lambda tx: tx.select(records.Home))
    keys = [(home.project_id, home.group) for home in homes]
    assert len(keys) == len(set(keys))
    assert len({home.fence_number for home in homes}) == len(homes)


def _the_devices_have_what_was_asked(world: World, user: User) -> None:
    placements = {
        row.load_balancer_id: row.group
        for row in world.store.read(lambda tx: tx.select(records.PlacementRow))
    }
    for group, names in DEVICES.items():
        for name in names:
            expected = set()
            for number, members in user.wanted.items():
                if placements[graph(number).id] != group:
                    continue
                partition = partition_of(PROJECTS[number % len(PROJECTS)])
                expected |= {(partition, f"dev_{graph(number).id}")}
                expected |= {
                    (partition, f"dev_{id_of(kind, number)}")
                    for kind in ("pool", "listener", "monitor")
                }
                expected |= {(partition, f"10.0.{number}.{m + 1}") for m in range(members)}
            device = world.devices[name]
            found = {
                (path.partition, path.name)
                for project in PROJECTS
                for path in device.read(partition_of(project))
            }
            assert found == expected, name
