"""Homes spread over a group: an agent that has more than others lets go of some."""

from collections import Counter

from test_handover import FIRST, SECOND, housed, pump, two_agents

from bigip_lbaas.cli.agent_set import set_agent
from bigip_lbaas.store import records
from bigip_lbaas.store.records import Phase
from tests.integration.graphs import graph
from tests.integration.world import World


def test_an_agent_that_has_more_than_others_is_asked_for_the_surplus_now_and_then() -> None:
    books, homes = housed(hosts=3, projects=7)
    epoch = books.agent("h1:1").epoch
    known = {"homes": 7, "highest": max(home.fence for home in homes)}
    answers = [books.beat("h1:1", epoch, count, **known) for count in range(1, 21)]
    assert [n for n, answer in enumerate(answers, 1) if answer.surplus] == [10, 20]
    assert {answer.surplus for answer in answers} == {0, 4}  # of a mean of three, upwards
    set_agent(books.store, None, "h3:1", up=False, reason="")
    assert books.beat("h1:1", epoch, 30, **known).surplus == 3
    set_agent(books.store, None, "h2:1", up=False, reason="")
    assert books.beat("h1:1", epoch, 40, **known).surplus == 0


def test_homes_spread_again_when_an_agent_comes_back() -> None:
    world = two_agents()
    for number in range(8):
        world.door.create(graph(number, f"project-{number}"), (), "req-1")
    pump(world)
    set_agent(world.store, None, SECOND, up=False, reason="")
    for _ in range(2):
        world.agents[SECOND].beat_once()
    set_agent(world.store, None, SECOND, up=True, reason="")
    world.controllers[0].watch()
    pump(world)
    assert shares(world) == {FIRST: 9}  # with that of /Common
    for _ in range(12):
        world.pass_time(1.0)
        for agent in (FIRST, SECOND):
            world.agents[agent].beat_once()
    for controller in world.controllers:
        controller.watch()
    pump(world)
    assert shares(world) == {FIRST: 5, SECOND: 4}
    world.door.create(graph(8, "project-0"), (), "req-2")
    pump(world)
    rows = world.store.read(lambda tx: tx.select(records.LoadBalancer))
    assert {row.phase for row in rows} == {Phase.APPLIED}


def shares(world: World) -> dict[str, int]:
    """Return each agent that has homes -> how many."""
    return dict(
        Counter(row.agent_id for row in world.store.read(lambda tx: tx.select(records.Home)))
    )
