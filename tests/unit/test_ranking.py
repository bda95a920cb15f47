"""Policies rank what the rules leave open; they are found by entry point and named in answers."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bigip_lbaas.cmd import installed
from bigip_lbaas.domain.errors import ConfigurationRefused
from bigip_lbaas.domain.fleet import Fleet
from bigip_lbaas.domain.ids import EnvironmentName
from bigip_lbaas.domain.placement import Need, Placement
from bigip_lbaas.scheduling.ranking import OpenGroup
from bigip_lbaas.scheduling.schedule import schedule
from bigip_lbaas.scheduling.shipped import SHIPPED
from strategies_fleet import NEED, RULES, group

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "write-a-placement-policy.md"


class HighestNumber:
    """Prefers the group with the highest number."""

    def rank(self, need: Need, candidates: Sequence[OpenGroup], fleet: Fleet) -> Sequence[float]:
        return [-one.group.number for one in candidates]


def place(*groups, policy=None, name="mine"):
    fleet = Fleet(EnvironmentName("test"), groups)
    offered = {**SHIPPED, "mine": policy or HighestNumber()}
    return schedule(NEED, fleet, replace(RULES, policy=name), offered)


def test_a_policy_decides_among_equals_of_the_rules_and_is_named():
    answer = place(group(1, 10.0), group(2, 50.0), group(3, 20.0))
    assert isinstance(answer, Placement)
    assert answer.because.startswith("Group 3 is the first of 3 by mine, at score 0.200;")
    assert [opinion.note for opinion in answer.opinions] == [
        "ranks after group 3 by mine, -1 to -3",
        "ranks after group 3 by mine, -2 to -3",
        "is the first of 3 by mine, at score 0.200",
    ]


def test_no_policy_leads_past_the_headroom_or_away_from_home():
    assert place(group(1, 10.0), group(2, 89.0)).group == 1
    assert place(group(1, 10.0, project_lives_here=True), group(2, 10.0)).group == 1
    own = place(*(group(n, project_lives_here=True) for n in (1, 2)), group(3))
    assert own.because.startswith("Group 2 is the project's own, at score 0.000, the first by mine")


def test_the_lowest_price_is_where_what_the_request_adds_much_of_is_plenty():
    limits = {"throughput": 100.0, "node_count": 10.0}
    short_of_nodes = group(1, limits=limits, measured={"throughput": 10.0, "node_count": 6.0})
    short_of_traffic = group(2, limits=limits, measured={"throughput": 65.0, "node_count": 1.0})
    fleet = Fleet(EnvironmentName("test"), (short_of_nodes, short_of_traffic))
    rules = replace(RULES, policy="lowest-price", expected_cost={"throughput": 20.0})
    two = replace(NEED, member_addresses=frozenset({"192.0.2.1", "192.0.2.2"}))
    assert schedule(NEED, fleet, rules).group == 1
    assert schedule(two, fleet, replace(rules, expected_cost={"throughput": 1.0})).group == 2
    assert schedule(NEED, fleet, replace(rules, policy="lowest-score")).group == 1


def test_what_a_policy_ranks_the_same_is_told_apart_by_load_balancers_then_by_dice():
    class AllEqual:
        def rank(self, need, candidates, fleet):
            return [0.0] * len(candidates)

    answer = place(group(1, load_balancers=2), group(2, load_balancers=1), policy=AllEqual())
    assert answer.group == 2
    same = "ranks the same by mine and more load balancers per weight than group 2"
    assert answer.opinions[0].note == same


@pytest.mark.parametrize("said", [[1.0], [1.0, float("nan")], [1.0, 2.0, 3.0]])
def test_a_policy_that_gives_no_order_is_a_defect_that_names_it(said):
    class Wrong:
        def rank(self, need, candidates, fleet):
            return said

    with pytest.raises(ValueError, match="placement policy 'mine' ranked 2 groups"):
        place(group(1), group(2), policy=Wrong())


def test_an_unknown_policy_is_an_error_that_names_the_known_ones():
    with pytest.raises(LookupError, match="no placement policy 'other' here; known are lowest"):
        place(group(1), name="other")


def test_the_shipped_policies_are_the_installed_ones():
    found = installed.load_policies()
    assert set(found) == set(SHIPPED)
    assert all(type(found[name]) is type(SHIPPED[name]) for name in found)


def bring(folder: Path, namespace: str, line: str) -> None:
    """Install a package of that name, as far as finding its entry point goes."""
    about = folder / f"{namespace}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {namespace}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[{namespace}]\n{line}\n")


def test_the_policy_of_the_how_to_page_is_found_by_its_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    code = PAGE.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    assert len(code.splitlines()) <= 10
    (tmp_path / "roomy.py").write_text(code)
    bring(tmp_path, "roomy_test", "most-agents = roomy:MostAgents")
    monkeypatch.syspath_prepend(tmp_path)
    found = installed.load_policies("roomy_test")
    assert list(found) == ["most-agents"]
    fleet = Fleet(EnvironmentName("test"), (group(1), group(2, agents=group(2).agents * 2)))
    answer = schedule(NEED, fleet, replace(RULES, policy="most-agents"), found)
    assert answer.group == 2


def test_a_package_whose_policy_does_not_load_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    bring(tmp_path, "broken_test", "nothing = there_is_no_such_module:Policy")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigurationRefused, match=r"policy nothing .*cannot be loaded: No module"):
        installed.load_policies("broken_test")
