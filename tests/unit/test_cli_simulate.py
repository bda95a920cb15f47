"""What-if on the command line: a described fleet, today's, and what was decided."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from bookkeeping import Books, ready
from test_cli_groups import READINGS, filled, run, told

from bigip_lbaas.cli.picture import bars
from bigip_lbaas.scheduling.whatif.tally import Fill

FILE = Path(__file__).parents[2] / "docs" / "how-to" / "fleet.toml"


def test_the_documented_fleet_fills_and_the_same_seed_tells_the_same() -> None:
    words = ("simulate", "--fleet", str(FILE), "--arrivals", "60", "--hours", "1")
    first = told(Books(), *words)
    assert first["arrived"] == first["placed"] + first["refused"] == 60
    assert [group["group"] for group in first["groups"]] == [1, 2, 3, 4, 5]
    assert first["highest"] == pytest.approx(max(g["share"] for g in first["groups"]), abs=1e-4)
    assert told(Books(), *words) == first
    assert told(Books(), *words, "--seed", "1") != first
    assert told(Books(), *words, "--policy", "lowest-price")["policy"] == "lowest-price"


def test_todays_fleet_is_played_on_from_what_it_carries() -> None:
    books = filled()
    shown = told(books, "simulate", "--arrivals", "10", "--projects", "8")
    # tenant_count: 4 measured, 1 reserved, limit 10; exact, so nothing goes past it
    assert shown["groups"][0]["shares"]["tenant_count"] == 1.0
    assert shown["because"].startswith("No capacity: group 1 is full, tenant_count is at 10")
    assert shown["first refusal"] is not None


def test_recorded_decisions_are_played_again_on_the_fleet_they_met() -> None:
    books = filled()
    shown = told(books, "simulate", "--replay")
    assert (shown["arrived"], shown["placed"]) == (1, 1)
    assert shown["groups"][0]["shares"] == {"node_count": 0.03, "tenant_count": 0.5}
    other = told(books, "simulate", "--replay", "--fleet", str(FILE))
    assert (other["arrived"], len(other["groups"])) == (1, 5)


def test_a_picture_has_a_bar_for_each_group(tmp_path: Path) -> None:
    path = tmp_path / "fleet.svg"
    words = ("simulate", "--fleet", str(FILE), "--arrivals", "5", "--picture", str(path))
    told(Books(), *words)
    words_in = "".join(ElementTree.parse(path).getroot().itertext())
    assert "5 placed, 0 refused by lowest-score" in words_in
    assert all(f"group {number}," in words_in for number in range(1, 6))
    fills = [Fill(1, {"throughput": 0.5}, 3), Fill(10, {"node_count": 1.25}, 3)]
    assert bars(fills).splitlines() == [
        " 1 ██████████░░░░░░░░░░ 0.500 throughput",
        "10 ████████████████████▓▓▓▓▓ 1.250 node_count",
    ]


BAD = [
    ("", "Object missing required field `group`"),
    ("[[group]]\nlimits = { throughput = 0 }", "[[group]] 1: the limit of throughput must be more"),
    ("[[group]]\nlimits = 1", "Expected `object`, got `int` - at `$.group[0].limits`"),
    ("[[group]", "is no TOML file: "),
]


@pytest.mark.parametrize(("text", "why"), BAD)
def test_a_file_that_describes_no_fleet_is_refused_by_place(
    text: str, why: str, tmp_path: Path
) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    status, _, err = run(Books(), "simulate", "--fleet", str(path))
    assert status == 1
    assert f"{path}" in err
    assert why in err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--policy", "best"), "no policy 'best'; installed are lowest-price, lowest-score"),
        (("--fleet", "/nonexistent.toml"), "/nonexistent.toml cannot be read: No such file"),
        (("--environment", "prod"), "there is no environment 'prod' here; known: dev"),
        (("--cost", "height: 1"), "--cost: there is no metric 'height'"),
        (("--picture", "fleet.png"), "--picture fleet.png: only .svg can be drawn"),
    ],
)
def test_what_cannot_be_simulated_is_refused(words: tuple[str, ...], why: str) -> None:
    status, _, err = run(filled(), "simulate", "--arrivals", "2", *words)
    assert status == 1
    assert why in err


def test_without_decisions_there_is_nothing_to_replay() -> None:
    books = Books()
    ready(books, readings=READINGS)
    assert "no decision is recorded in environment dev" in run(books, "simulate", "--replay")[2]
