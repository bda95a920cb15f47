"""The simulated world around the scheduler: loads, books, news that takes its time."""

from dataclasses import replace

from bigip_lbaas.domain.fleet import Fleet
from bigip_lbaas.domain.ids import EnvironmentName, GroupNumber, LoadBalancerId, ProjectId
from bigip_lbaas.domain.placement import Placement, PlacementRules
from bigip_lbaas.scheduling.schedule import schedule
from bigip_lbaas.scheduling.whatif.estimates import Fixed
from bigip_lbaas.scheduling.whatif.load import TrueLoad
from bigip_lbaas.scheduling.whatif.simulate import Setting, simulate
from bigip_lbaas.scheduling.whatif.world import DAY_S, Arrival, SimulatedGroup, Timing, groups_of
from strategies_fleet import group as real_group

QUIET = Timing(until_s=1000.0, report_every_s=100.0, refresh_above=None)
RULES = PlacementRules(expected_cost={"throughput": 10.0})
BLUE, RED = ProjectId("blue"), ProjectId("red")


def group(number, limit=100.0, carries=0.0, **fields):
    limits = {"throughput": limit, "tenant_count": 5.0, "node_count": 50.0}
    return SimulatedGroup(GroupNumber(number), limits, {"throughput": carries}, **fields)


def arrival(number, at_s=0.0, project=BLUE, cost=10.0, **fields):
    name = LoadBalancerId(f"lb-{number}")
    return Arrival(at_s, name, project, {"throughput": cost}, **fields)


def play(groups, arrivals, timing=QUIET, **setting):
    answers = []
    setting = Setting(**{"rules": RULES, "estimator": Fixed(), **setting})
    tally = simulate(groups, arrivals, timing, setting, lambda *seen: answers.append(seen[2]))
    return tally, [answer.group if isinstance(answer, Placement) else None for answer in answers]


def test_what_comes_and_goes_leaves_nothing_behind():
    load = TrueLoad(group(1, carries=7.0, projects={RED: frozenset({"n1"})}))
    before = load.settled(0.0)
    load.add(arrival(1, members=frozenset({"n1", "n2"}), growth_per_day=0.5), 100.0)
    load.add(arrival(2, project=RED, members=frozenset({"n1", "n3"})), 200.0)
    assert load.settled(200.0 + DAY_S) == {
        "throughput": 7.0 + 10.0 * (1.5 + 0.5 * 100 / DAY_S) + 10.0,
        "tenant_count": 1.0,  # blue: red is among what the group carries
        "node_count": 3.0,  # two of blue's, one new of red's
    }
    load.remove(LoadBalancerId("lb-1"))
    load.remove(LoadBalancerId("lb-2"))
    assert load.settled(500.0) == before


def test_a_device_shows_what_is_applied_and_its_traffic_as_it_comes():
    load = TrueLoad(group(1))
    load.add(arrival(1, members=frozenset({"n1"})), 10.0)
    shown = [load.measured(at_s, apply_s=2.0, ramp_s=100.0) for at_s in (11.0, 12.0, 62.0, 112.0)]
    assert [values["throughput"] for values in shown] == [0.0, 0.0, 5.0, 10.0]
    assert [values["tenant_count"] for values in shown] == [0.0, 1.0, 1.0, 1.0]
    assert load.settled(11.0)["throughput"] == 10.0


def test_each_arrival_is_decided_by_the_scheduler_on_the_books():
    asked = []

    def decide(need, fleet, rules):
        asked.append((need, fleet, rules))
        return schedule(need, fleet, rules)

    play([group(1), group(2, carries=50.0)], [arrival(1), arrival(2, 1.0)], decide=decide)
    _, fleet, rules = asked[1]
    first = next(one for one in fleet.groups if one.number == 1)
    assert rules.expected_cost == {"throughput": 10.0}
    assert first.measured["throughput"] == 0.0
    assert first.reserved == {"throughput": 10.0, "tenant_count": 1.0, "node_count": 0.0}
    assert first.project_lives_here
    assert first.load_balancers == 1


def test_a_report_releases_just_what_it_has_surely_seen():
    timing = replace(QUIET, apply_s=5.0, as_of_lag_s=2.0)  # measured at 100 and seen at 101
    reserved = []

    def decide(need, fleet, rules):
        reserved.append(fleet.groups[0].reserved.get("throughput", 0.0))
        return schedule(need, fleet, rules)

    times = (92.0, 94.0, 100.5, 101.5, 301.5)
    play([group(1)], [arrival(n, at) for n, at in enumerate(times)], timing, decide=decide)
    # 92: applied at 97, as of 98; 94 is applied at 99, too late for it
    assert reserved == [0.0, 10.0, 20.0, 20.0, 0.0]


def test_a_full_fleet_refuses_and_says_when_and_whether_there_truly_was_room():
    tally, went = play([group(1, carries=80.0)], [arrival(n, n * 1.0) for n in range(4)])
    assert went == [1, 1, None, None]
    assert (tally.placed, tally.refused, tally.refused_with_room) == (2, 2, 0)
    assert tally.first_refusal_s == 2.0
    assert tally.reasons[0].startswith("No capacity: group 1 is full")
    dear, _ = play([group(1, carries=80.0)], [arrival(n, cost=1.0) for n in range(4)])
    assert dear.refused_with_room == 2, "they were expected to cost ten times what they do"


def test_placements_past_capacity_are_counted_and_whether_another_group_had_room():
    groups = [group(1, carries=80.0), group(2, carries=60.0)]
    cheap = {"rules": PlacementRules(expected_cost={"throughput": 1.0})}
    tally, went = play(groups, [arrival(1, cost=45.0)], **cheap)
    assert (went, tally.over, tally.over_avoidable) == ([2], 1, 0)
    tally, went = play(groups, [arrival(1, cost=30.0), arrival(2, project=RED, cost=15.0)], **cheap)
    assert (went, tally.over, tally.over_avoidable) == ([2, 2], 1, 1)


def test_affinity_is_counted_for_those_who_had_a_home():
    groups = [group(1, carries=50.0, projects={BLUE: frozenset()}), group(2)]
    tally, went = play(groups, [arrival(1), arrival(2, project=RED)])
    assert went == [1, 2]
    assert (tally.had_home, tally.kept_home, tally.affinity) == (1, 1, 1.0)


def test_load_balancers_that_leave_make_room_and_a_fresh_report_shows_it():
    arrivals = [arrival(1, cost=95.0, stays_s=50.0), arrival(2, 10.0, RED), arrival(3, 300.0, RED)]
    _, went = play([group(1, carries=1.0)], arrivals, replace(QUIET, report_every_s=5.0))
    assert went == [1, 1, 1]


def test_with_much_in_flight_each_controller_asks_once_for_a_fresh_report():
    timing = replace(QUIET, refresh_above=0.15, refresh_takes_s=3.0)
    arrivals = [arrival(n, 1.0 + n / 10) for n in range(6)]
    alone, _ = play([group(1)], arrivals, timing)
    four, _ = play([group(1)], arrivals, timing, controllers=4)
    assert (alone.refreshes, four.refreshes) == (1, 4)


def test_who_sees_all_knows_true_costs_and_loads():
    dear, groups = (
        [arrival(n, n * 1.0, cost=30.0) for n in range(5)],
        [group(1), group(2, 100.0, 30.0)],
    )
    blind, _ = play(groups, dear, rules=PlacementRules())
    seeing, _ = play(groups, dear, rules=PlacementRules(), sees_all=True)
    assert blind.over > 0
    assert (seeing.over, seeing.placed, seeing.highest) == (0, 5, 0.9)


def test_the_end_says_how_full_each_group_is_by_which_metric():
    members = frozenset(f"n{n}" for n in range(40))
    tally, _ = play([group(1), group(2, carries=1.0)], [arrival(1, members=members)])
    first = tally.fills[0]
    assert (first.group, first.share, first.binding_metric) == (1, 0.8, "node_count")
    assert first.load_balancers == 1
    assert tally.mean == 40 / 100
    assert tally.highest == 0.8


def test_a_real_fleet_is_taken_over_with_what_is_reserved_and_without_what_is_unknown():
    fleet = Fleet(
        EnvironmentName("test"),
        (
            real_group(2, 30.0, reserved={"throughput": 5.0}, load_balancers=3),
            real_group(1, 10.0),
            real_group(3, score_is_known=False),
            real_group(4, agents=()),
        ),
    )
    first, second = groups_of(fleet, {BLUE: frozenset({GroupNumber(2)})})
    assert (first.number, first.carries, first.projects) == (1, {"throughput": 10.0}, {})
    assert (second.carries, second.load_balancers) == ({"throughput": 35.0}, 3)
    assert list(second.projects) == [BLUE]


def test_a_simulation_without_groups_refuses_everything():
    tally, went = play([], [arrival(1)])
    assert went == [None]
    assert tally.highest == 0.0


def test_the_first_refusal_can_end_it():
    arrivals = [arrival(n, float(n)) for n in range(30)]
    tally, _ = play([group(1)], arrivals, stop_at_refusal=True)
    assert (tally.arrived, tally.refused, tally.first_refusal_s) == (11, 1, 10.0)
