"""Orderly handover: an agent lets go of its homes, and others have them at once."""

from dataclasses import replace
from typing import Any

import pytest
from bookkeeping import Books, ready

from bigip_lbaas.cli import reading
from bigip_lbaas.cli.agent_set import set_agent
from bigip_lbaas.controller.homes import as_home
from bigip_lbaas.controller.parting import hand_over
from bigip_lbaas.controller.registry import Takeover
from bigip_lbaas.domain.errors import NoAnswer, RequestRejected
from bigip_lbaas.domain.home import Home
from bigip_lbaas.store import records
from bigip_lbaas.store.records import Phase
from bigip_lbaas.wire.messages import Heartbeat
from tests.integration.graphs import graph, partition_of
from tests.integration.world import ENVIRONMENT, World

FIRST, SECOND = "host-1:1", "host-2:1"


# -- what controllers write down


def housed(hosts: int = 2, projects: int = 3) -> tuple[Books, tuple[Home, ...]]:
    """Return books in which h1:1 has so many homes, and they."""
    books = Books()
    ready(books)
    for number in range(projects):
        books.assigned(books.accept(number, f"project-{number}"))
    for number in range(2, hosts + 1):
        books.register(f"h{number}", 1, ("device-of-1",))
    for agent in books.all(records.Agent):
        long_ago = replace(agent, registered_at=agent.registered_at - 60.0)
        books.write(lambda tx, row=long_ago: tx.put(row))
    return books, tuple(map(as_home, books.all(records.Home)))


def say(books: Books, *homes: Home, agent: str = "h1:1", **more: Any) -> Takeover | None:
    fields_: dict[str, Any] = {"epoch": books.agent(agent).epoch, **more}
    said = Heartbeat(agent, beat=9, let_go=homes, **fields_)  # type: ignore[arg-type]
    return books.write(lambda tx: hand_over(tx, books.settings, said, books.hex, books.hex))


def holders(books: Books) -> dict[str, tuple[str, int]]:
    return {row.project_id: (row.agent_id, row.fence_number) for row in books.all(records.Home)}


def test_homes_that_were_let_go_of_go_to_those_with_the_fewest_under_new_numbers() -> None:
    books, homes = housed(hosts=3, projects=4)
    taken = say(books, *homes[:3])
    assert taken is not None
    after = holders(books)
    assert after[homes[3].project_id] == ("h1:1", homes[3].fence.number)
    assert sorted(after[home.project_id][0] for home in homes[:3]) == ["h2:1", "h2:1", "h3:1"]
    highest = max(home.fence.number for home in homes)
    assert all(after[home.project_id][1] > highest for home in homes[:3])
    assert len(taken.unsettled) == 3
    assert books.agent("h1:1").alive
    (event,) = books.all(records.Event, kind="homes handed over")
    assert event.text == "let go of them; 3 of 3 homes were given to h2:1, h3:1"


def test_what_is_said_again_or_of_another_fence_changes_nothing() -> None:
    books, homes = housed()
    say(books, homes[0])
    before = holders(books)
    say(books, homes[0])
    say(books, homes[0], agent="h2:1")
    assert holders(books) == before


@pytest.mark.parametrize("goodbye", [True, False])
def test_a_life_that_has_just_begun_is_not_heard_while_the_one_before_may_hold_a_lease(
    goodbye: bool,
) -> None:
    books, _homes = housed()
    books.register("h1", 1, ("device-of-1",))  # a process of its name; the other does not know
    before = holders(books)
    taken = say(books, *map(as_home, books.all(records.Home)), goodbye=goodbye)
    assert taken is not None
    assert not taken.is_heard
    assert holders(books) == before
    books.now += books.settings.silence_s - 0.1
    assert not say(books, goodbye=goodbye).is_heard
    books.now += 0.2
    books.beat("h2:1", books.agent("h2:1").epoch, 5)
    assert say(books, *map(as_home, books.all(records.Home)), goodbye=goodbye).is_heard
    assert {agent for agent, _ in holders(books).values()} == {"h2:1"}


def test_what_an_ended_epoch_says_changes_nothing() -> None:
    books, homes = housed()
    assert say(books, homes[0], epoch="another") is None
    assert say(books, goodbye=True, epoch="another") is None
    assert {agent for agent, _ in holders(books).values()} == {"h1:1"}


def test_without_another_the_homes_stay_under_numbers_that_their_agent_takes() -> None:
    books, homes = housed(hosts=1)
    taken = say(books, *homes)
    assert taken is not None
    assert {home.agent_id for home in taken.given} == {"h1:1"}
    assert min(number for _, number in holders(books).values()) > max(
        home.fence.number for home in homes
    )


def test_what_was_said_of_an_earlier_fence_says_nothing_of_the_present_one() -> None:
    books, homes = housed(hosts=1)
    say(books, *homes)  # they stay, under other numbers
    books.register("h2", 1, ("device-of-1",))
    before = holders(books)
    taken = say(books, *homes)  # the same heartbeat comes late
    assert taken is not None
    assert taken.given == ()
    assert holders(books) == before


def test_goodbye_gives_all_homes_away_and_needs_no_silence() -> None:
    books, homes = housed()
    epoch = books.agent("h1:1").epoch
    say(books, homes[0], goodbye=True)
    assert {agent for agent, _ in holders(books).values()} == {"h2:1"}
    gone = books.agent("h1:1")
    assert not gone.alive
    assert gone.epoch != epoch
    assert books.all(records.Report, agent_id="h1:1") == ()
    (event,) = books.all(records.Event, kind="agent gone")
    assert event.text == "said goodbye; 3 of 3 homes were given to h2:1"


def test_goodbye_without_another_leaves_the_homes_for_whoever_comes_first() -> None:
    books, homes = housed(hosts=1)
    say(books, *homes, goodbye=True)
    assert holders(books) == {h.project_id: ("h1:1", h.fence.number) for h in homes}
    answer = books.register("h2", 1, ("device-of-1",))
    assert {home.project_id for home in answer.homes} == {home.project_id for home in homes}


# -- what an operator says


def test_only_an_agent_that_is_switched_off_and_has_a_successor_is_asked_to_let_go() -> None:
    books, homes = housed()
    known = {"homes": 3, "highest": max(home.fence for home in homes)}

    def asked(count: int) -> bool:
        return books.beat("h1:1", books.agent("h1:1").epoch, count, **known).let_go

    assert not asked(1)
    set_agent(books.store, None, "h1:1", up=False, reason="")
    assert asked(2)
    set_agent(books.store, None, "h2:1", up=False, reason="")
    assert not asked(3)
    set_agent(books.store, None, "h1:1", up=True, reason="")
    set_agent(books.store, None, "h2:1", up=True, reason="")
    assert not asked(4)


def test_a_disabled_agent_gets_nothing_new() -> None:
    books, _ = housed(projects=0)
    books.report("h2:1", books.agent("h2:1").epoch)
    set_agent(books.store, None, "h1:1", up=False, reason="")
    for number in range(10, 20):
        assert books.assigned(books.accept(number, f"new-{number}")).home.agent_id == "h2:1"


def test_what_follows_is_said_and_recorded_and_the_reason_is_shown() -> None:
    books, _ = housed()
    said = set_agent(books.store, "dev", "h1:1", up=False, reason="a new kernel")
    assert said == "disabled (a new kernel); its 3 homes go to h2:1 as it lets go of them"
    assert books.all(records.Event, kind="agent set")[0].text == said
    (row, _other) = reading.agent_rows(books.store)
    shown = dict(zip(reading.AGENT_COLUMNS, row, strict=True))
    assert (shown["admin up"], shown["reason"]) == ("no", "a new kernel")
    books.register()  # a restart changes nothing of it
    assert reading.agent_facts(books.store, None, "h1:1")["reason"] == "a new kernel"
    assert set_agent(books.store, None, "h1:1", up=False, reason="a new kernel") == (
        "nothing has changed: it was set so already"
    )
    assert set_agent(books.store, None, "h1:1", up=True, reason="") == "enabled"
    assert reading.agent_facts(books.store, None, "h1:1")["reason"] == "-"


def test_without_a_successor_it_is_said_that_the_homes_stay() -> None:
    books, _ = housed(hosts=1)
    said = set_agent(books.store, None, "h1:1", up=False, reason="")
    assert said == (
        "disabled; no other agent of device group 1 is alive and enabled, so its 3 homes stay"
        " with it until there is one"
    )


def test_an_unknown_agent_is_refused_with_those_that_there_are() -> None:
    books, _ = housed(projects=0)
    with pytest.raises(RequestRejected, match=r"no agent h9:1; known are h1:1 in dev, h2:1 in dev"):
        set_agent(books.store, None, "h9:1", up=False, reason="")
    with pytest.raises(RequestRejected, match="no agent h1:1 in environment other"):
        set_agent(books.store, "other", "h1:1", up=False, reason="")


# -- agents and controllers together


def two_agents() -> World:
    world = World()
    for host in ("host-1", "host-2"):
        world.add_agent(host, 1, ("big-1",))
        world.pass_time(1.0)
    for _ in range(5):  # longer than a lease that a life before this one may hold
        world.pass_time(1.0)
        for agent in world.agents.values():
            agent.beat_once()
    world.report()
    pump(world)
    return world


def pump(world: World) -> None:
    for _ in range(30):
        while world.messages:
            world.deliver()
        if not world.work():
            break


def holder(world: World) -> str:
    home = world.store.read(lambda tx: tx.get(records.Home, ENVIRONMENT, "acme", 1))
    assert home is not None
    return home.agent_id


def other_than(agent_id: str) -> str:
    return SECOND if agent_id == FIRST else FIRST


def served(world: World) -> str:
    """Have a load balancer applied; return whose home it is in."""
    world.door.create(graph(1, "acme"), (), "req-1")
    pump(world)
    return holder(world)


def test_a_home_goes_to_the_successor_with_one_heartbeat_and_no_silence() -> None:
    world = two_agents()
    first = served(world)
    before = world.devices["big-1"].stamps(partition_of("acme"))
    set_agent(world.store, None, first, up=False, reason="")
    world.agents[first].beat_once()  # it is asked
    world.agents[first].beat_once()  # it says so
    world.controllers[0].watch()
    world.controllers[1].watch()
    assert holder(world) == other_than(first)
    pump(world)
    assert world.devices["big-1"].stamps(partition_of("acme")) != before


def test_what_waits_in_the_inbox_is_done_by_the_successor() -> None:
    world = two_agents()
    first = served(world)
    world.door.create(graph(2, "acme"), (), "req-2")
    while world.messages:
        world.deliver()  # it is in the inbox of the first now
    set_agent(world.store, None, first, up=False, reason="")
    world.agents[first].beat_once()
    assert not world.agents[first].work_once()
    world.frozen.add(first)
    world.agents[first].beat_once()
    for controller in world.controllers:
        controller.watch()
    pump(world)
    rows = world.store.read(lambda tx: tx.select(records.LoadBalancer))
    assert {row.phase for row in rows} == {Phase.APPLIED}


def test_what_was_not_heard_is_said_again_until_it_is() -> None:
    world = two_agents()
    first = served(world)
    agent = world.agents[first]
    set_agent(world.store, None, first, up=False, reason="")
    agent.beat_once()
    call, lost = world.call, []

    def lose(*arguments: Any) -> Any:
        lost.append(arguments)
        raise NoAnswer("lost")

    world.call = lose  # type: ignore[method-assign]
    agent.beat_once()
    world.call = call  # type: ignore[method-assign]
    assert len(lost) == 1
    assert holder(world) == first
    set_agent(world.store, None, first, up=True, reason="")  # it has let go all the same
    agent.beat_once()
    assert holder(world) == other_than(first)


def test_controllers_that_do_not_know_of_letting_go_are_told_until_one_does() -> None:
    world = two_agents()
    first = served(world)
    agent = world.agents[first]
    set_agent(world.store, None, first, up=False, reason="")
    agent.beat_once()
    call = world.call

    def of_old(topic: str, method: str, payload: Any, timeout_s: float) -> dict[str, Any]:
        known = {key: value for key, value in payload.items() if key not in ("let_go", "goodbye")}
        answer = call(topic, method, known, timeout_s)
        return {k: v for k, v in answer.items() if k not in ("let_go", "heard_let_go")}

    world.call = of_old  # type: ignore[method-assign]
    for _ in range(3):
        agent.beat_once()
    assert holder(world) == first
    world.call = call  # type: ignore[method-assign]
    agent.beat_once()
    assert holder(world) == other_than(first)


def test_a_home_that_comes_back_has_a_new_number_and_is_taken() -> None:
    world = two_agents()
    first = served(world)
    world.door.create(graph(2, "acme"), (), "req-2")
    while world.messages:
        world.deliver()
    set_agent(world.store, None, first, up=False, reason="")
    world.agents[first].beat_once()
    set_agent(world.store, None, other_than(first), up=False, reason="")
    world.agents[first].beat_once()  # it has let go, and nobody is there by now
    assert holder(world) == first
    world.settle(10)
    rows = world.store.read(lambda tx: tx.select(records.LoadBalancer))
    assert {row.phase for row in rows} == {Phase.APPLIED}


def test_an_agent_that_leaves_takes_nothing_and_says_goodbye() -> None:
    world = two_agents()
    first = served(world)
    agent = world.agents[first]
    assert not agent.leave()
    agent.beat_once()
    assert agent.leave()
    row = world.store.read(lambda tx: tx.get(records.Agent, ENVIRONMENT, first))
    assert row is not None
    assert not row.alive
    assert holder(world) == other_than(first)


def test_an_agent_leaves_though_nobody_hears_it() -> None:
    world = two_agents()
    agent = world.agents[served(world)]

    def lose(*_arguments: Any) -> Any:
        raise NoAnswer("lost")

    world.call = lose  # type: ignore[method-assign]
    agent.leave()
    tries = [agent.leave() for _ in range(4) if agent.beat_once() or True]
    assert tries == [False, False, True, True]
