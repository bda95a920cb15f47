"""The judge of the kill tests sees what must not be: it is played to it, as it never happens."""

import json
from pathlib import Path
from typing import Any

import judge
import pytest

HOME = "lab1_p"


def change(action: str, name: str, kind: str = "ltm/data-group/internal") -> dict[str, Any]:
    return {"action": action, "kind": kind, "path": f"/{HOME}/{name}"}


def swap(out: str, into: str, *names: str) -> list[dict[str, Any]]:
    """Return what a transaction changes that takes a stamp out and puts another in."""
    stamps = [change("deleted", f"stamp_{out}")] if out else []
    stamps += [change("created", f"stamp_{into}")] if into else []
    return stamps + [change("created", name, "ltm/pool") for name in names]


def verdict(tmp_path: Path, *requests: list[dict[str, Any]]) -> str:
    lines = [json.dumps({"number": n, "changes": each}) for n, each in enumerate(requests, 1)]
    (tmp_path / "events").write_text("\n".join(lines))
    device = judge.Device("d", "", ("", ""), tmp_path / "events")
    return "; ".join(judge.late_writes(device))


def test_orderly_writes_of_two_owners_are_no_complaint(tmp_path: Path) -> None:
    first = [*swap("", "4.a.1"), change("created", "stamp_guard")]
    last = [*swap("5.b.1", ""), change("deleted", "stamp_guard")]
    requests = (first, swap("4.a.1", "4.a.2", "x"), swap("4.a.2", "5.b.1", "y"), last)
    assert verdict(tmp_path, *requests) == ""


@pytest.mark.parametrize(
    ("late", "said"),
    [
        (swap("5.b.1", "4.a.2", "x"), "fence 4 after 5"),
        (swap("", "", "x"), "written without taking"),
        (swap("", "4.a.3"), "beside"),
        (swap("5.b.1", "4.a.1"), "was there before"),
    ],
)
def test_a_write_of_an_overtaken_owner_is_told(
    late: list[dict[str, Any]], said: str, tmp_path: Path
) -> None:
    assert said in verdict(tmp_path, swap("", "4.a.1"), swap("4.a.1", "5.b.1"), late)


MARKS = {"ltm/data-group/internal stamp_5.b.1": None, "ltm/data-group/internal stamp_guard": None}


@pytest.mark.parametrize(
    ("wanted", "found", "said"),
    [
        ({"ltm/pool p": 1}, {**MARKS, "ltm/pool p": 1}, ""),
        ({"ltm/pool p": 1}, MARKS, "None, not 1"),
        ({"ltm/pool p": 1}, {**MARKS, "ltm/pool p": 2}, "2, not 1"),
        ({"ltm/pool p": 1}, {**MARKS, "ltm/pool p": 1, "ltm/pool q": 1}, "1, not None"),
        ({"ltm/pool p": 1}, {"ltm/pool p": 1}, "not a stamp and a guard"),
        ({}, MARKS, "is nobody's"),
    ],
)
def test_what_a_device_has_too_much_or_too_little_is_told(
    wanted: dict[str, Any], found: dict[str, Any], said: str
) -> None:
    told = "; ".join(judge.differences("d", {HOME: wanted}, {HOME: found}))
    assert (said in told) if said else told == ""


@pytest.mark.parametrize(
    ("lb", "row", "said"),
    [
        ({"provisioning_status": "ACTIVE"}, {"phase": "applied"}, ""),
        ({"provisioning_status": "PENDING_UPDATE"}, {"phase": "applied"}, "is PENDING_UPDATE"),
        ({"provisioning_status": "ERROR"}, {"phase": "failed"}, "is in ERROR: 'why'"),
        ({"provisioning_status": "ACTIVE"}, {"phase": "assigned"}, "is assigned"),
        ({"provisioning_status": "ACTIVE"}, None, "has no 1"),
        (None, {"phase": "applied"}, "which the API has not"),
    ],
)
def test_what_api_and_database_do_not_agree_on_is_told(
    lb: dict[str, Any] | None, row: dict[str, Any] | None, said: str
) -> None:
    api = {"1": {"id": "1", "name": "n", "listeners": [], "pools": [], **lb}} if lb else {}
    rows = [{"id": "1", "reason": "why", **row}] if row else []
    told = "; ".join([*judge._statuses(api, rows), *judge._graphs(api, rows)])
    assert (said in told) if said else told == ""
