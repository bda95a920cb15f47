"""Takeover: each home whole to one agent, fairly, and the same each time it is worked out."""

from hypothesis import given
from hypothesis import strategies as st

from bigip_lbaas.scheduling.takeover import share_out, surplus

homes_drawn = st.lists(st.text("abc", min_size=1), unique=True)
agents_drawn = st.dictionaries(st.sampled_from("uvwxyz"), st.integers(0, 6), min_size=1)


@given(homes=homes_drawn, agents=agents_drawn)
def test_each_home_goes_to_one_agent_and_nobody_is_two_ahead_who_was_given_any(homes, agents):
    given_away = share_out(homes, agents)
    assert sorted(given_away) == sorted(homes)
    after = {a: n + list(given_away.values()).count(a) for a, n in agents.items()}
    for taker in set(given_away.values()):
        assert after[taker] <= min(after.values()) + 1


@given(homes=homes_drawn, agents=agents_drawn, data=st.data())
def test_the_order_of_homes_and_agents_does_not_matter(homes, agents, data):
    mixed_homes = data.draw(st.permutations(homes))
    mixed_agents = dict(data.draw(st.permutations(list(agents.items()))))
    assert share_out(mixed_homes, mixed_agents) == share_out(homes, agents)


def test_the_agent_with_the_fewest_homes_comes_first():
    assert share_out(["p1", "p2", "p3"], {"a": 3, "b": 1}) == {"p1": "b", "p2": "b", "p3": "a"}


def test_without_a_live_agent_nothing_is_given_away():
    assert share_out(["p1"], {}) == {}


def test_the_callers_counts_are_left_alone():
    counts = {"a": 0}
    share_out(["p1"], counts)
    assert counts == {"a": 0}


@given(homes=st.lists(st.integers(0, 300), min_size=1, max_size=8))
def test_once_each_agent_has_given_its_surplus_nobody_has_any(homes):
    agents = {f"agent-{n}": count for n, count in enumerate(homes)}
    for agent in agents:
        others = {one: count for one, count in agents.items() if one != agent}
        given_up = surplus(agents[agent], others.values())
        assert given_up == 0 or agents[agent] > sum(agents.values()) / len(agents) + 1
        agents[agent] -= given_up
        if others:
            for taker in share_out(map(str, range(given_up)), others).values():
                agents[taker] += 1
    assert sum(agents.values()) == sum(homes)
    for agent, count in agents.items():
        assert surplus(count, [n for one, n in agents.items() if one != agent]) == 0


def test_a_few_homes_more_are_not_worth_moving():
    assert [surplus(mine, (0, 0)) for mine in (1, 2, 3, 9)] == [0, 1, 2, 6]
    assert [surplus(mine, (100,)) for mine in (100, 120, 130, 200)] == [0, 0, 0, 50]
