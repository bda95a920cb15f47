"""What an operator reads of a decision."""

import re
from dataclasses import replace
from pathlib import Path

from bigip_lbaas.domain.ids import AgentId
from bigip_lbaas.domain.placement import Placement, PlacementRules
from bigip_lbaas.scheduling.explain import HEADER, explain, rows
from bigip_lbaas.scheduling.words import amount, listed, share
from strategies_fleet import NEED, RULES, group, place

LAST = "comes last: throughput would be at 107 of 100"
CHOSEN = "chosen: alone stays within the headroom with it, at score 0.300"
UNKNOWN = "has no known score: no agent has sent a fresh report"


def test_a_yes_is_explained_group_by_group():
    need = replace(NEED, seed=7, member_addresses=frozenset({"192.0.2.1"}))
    answer = place(
        group(1, 97.0, project_lives_here=True, project_home=AgentId("a1")),
        group(2, 30.0, agents=group(9).agents[:1]),
        group(3, 100.0),
        group(4, score_is_known=False),
        need=need,
    )
    text = explain(need, answer, PlacementRules(policy="lowest-score"))
    asked, answered, because, reserved, ruled, gap, *table = text.splitlines()
    assert asked == (
        "asked: load balancer lb-1 of project project-1, 1 member addresses, demands nothing, "
        "waited 0 s, seed 7"
    )
    assert answered == "answer: group 2, agent a9"
    assert because == (
        "because: Group 2 alone stays within the headroom with it, at score 0.300; "
        "agent a9 is the only one there that can."
    )
    assert reserved == "reserved: throughput 10"
    assert ruled == "rules: policy lowest-score, headroom 0.95, affinity soft, patience 60 s"
    assert gap == ""
    assert [re.split(r"  +", row) for row in table] == [
        list(HEADER),
        ["1 (own)", "0.970", "1.070", "throughput", "last resort", LAST],
        ["2", "0.300", "0.400", "throughput", "within headroom", CHOSEN],
        ["3", "1.000", "1.100", "throughput", "full", "is full, throughput is at 100 of 100"],
        ["4", "not known", "not known", "-", "not ready", UNKNOWN],
    ]
    assert (
        len({row.index(reason) for row, reason in zip(table[1:3], (LAST, CHOSEN), strict=True)})
        == 1
    )


def test_a_no_is_explained_group_by_group():
    answer = place(group(1, 100.0))
    assert explain(NEED, answer, RULES).splitlines()[1:3] == [
        "answer: not placed",
        "because: No capacity: group 1 is full, throughput is at 100 of 100.",
    ]
    assert explain(NEED, place(), RULES).splitlines()[1] == "answer: not placed, waiting"


def test_every_row_has_a_reason_and_as_many_cells_as_the_header():
    answer = place(
        group(1, 10.0),
        group(2, 20.0),
        group(3, 10.0, load_balancers=1),
        group(4, 88.0),
        group(5, 95.0),
        group(6, draining=True),
        group(7, agents=()),
    )
    reasons = [row[-1] for row in rows(answer)]
    assert [len(row) for row in rows(answer)] == [len(HEADER)] * 7
    assert reasons == [
        "chosen: has the lowest score of 3, 0.100",
        "has a higher score than group 1",
        "has the same score and more load balancers per weight than group 1",
        "comes second: throughput would be at 98 of 100, past the headroom of 0.95",
        "comes last: throughput would be at 105 of 100",
        "is draining",
        "has no agent",
    ]


def test_an_equal_group_is_told_that_the_dice_decided_and_a_strange_one_where_the_project_lives():
    answer = place(group(1), group(2))
    other = next(o for o in answer.opinions if o.group != answer.group)
    assert other.note == f"is as good as group {answer.group}; the dice decided"
    answer = place(group(1), group(2, 40.0, project_lives_here=True))
    assert answer.opinions[0].note == "could take it, but the project lives in group 2"


def test_numbers_read_as_a_person_writes_them():
    assert [amount(value) for value in (0.0, 4.0, 0.0125, 2.5, 250_000.0, 1.25e9, 40e6)] == [
        "0", "4", "0.0125", "2.5", "250000", "1.25G", "40M",
    ]  # fmt: skip
    assert [share(value) for value in (None, 0.25, 1.0, 0.99999, 1.00001)] == [
        "not known", "0.250", "1.000", "<1.000", ">1.000",
    ]  # fmt: skip
    assert [listed(names) for names in ((), ("a",), ("a", "b"), ("a", "b", "c"))] == [
        "", "a", "a and b", "a, b and c",
    ]  # fmt: skip


PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "placement.md"


def test_the_documented_example_is_what_is_answered():
    first = {"reserved": {"node_count": 1.0}, "project_lives_here": True}
    need = replace(NEED, member_addresses=frozenset({"192.0.2.1", "192.0.2.2"}))
    rules = PlacementRules(expected_cost={"throughput": 10e6})
    third = group(3, 4.0, 4.0, "tenant_count")
    yes = place(
        group(1, 10.0, 12.0, "node_count", **first),
        group(2, 900e6, 1e9, reserved={"throughput": 30e6}),
        third,
        need=need,
        rules=rules,
    )
    assert isinstance(yes, Placement)
    assert yes.costs == {"throughput": 10e6}
    table = explain(need, yes, rules).split("\n\n")[1]
    no = place(group(1, 11.0, 12.0, "node_count", **first), group(2, 1e9, 1e9), third, need=need)
    page = PAGE.read_text(encoding="utf-8")
    assert f"```\n{table}\n```" in page
    assert f"```\n{no.because}\n```" in page
