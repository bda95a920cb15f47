"""What is said of a device group, for all that can be known of its members."""

from typing import Any

from bigip_sim.sync_status import Commit, Member, judge, overall

COLORS = {
    "In Sync": "green",
    "Changes Pending": "yellow",
    "Awaiting Initial Sync": "blue",
    "Not All Devices Synced": "yellow",
    "Sync Failure": "red",
    "Disconnected": "red",
}


def at(name: str, commit: Commit | None, shared: Commit | None, **more: Any) -> Member:
    return Member(name, True, commit, shared, **more)


def test_each_status_has_its_colour():
    old, new, other = Commit(1, "a"), Commit(2, "a"), Commit(3, "b")
    cases = {
        "In Sync": [at("a", new, new), at("b", new, new)],
        "Changes Pending": [at("a", new, old), at("b", old, old)],
        "Awaiting Initial Sync": [at("a", new, None), at("b", None, None)],
        "Not All Devices Synced": [at("a", new, new), at("b", new, new), at("c", old, old)],
        "Sync Failure": [at("a", new, old), at("b", old, old, failure="no")],
        "Disconnected": [at("a", new, new), Member("b", False, new, new)],
    }
    for status, members in cases.items():
        verdict = judge(members)
        assert (verdict.status, verdict.color) == (status, COLORS[status])
    assert judge([at("a", new, old), at("b", other, old)]).color == "red"
    assert judge([at("a", new, old, syncing=True), at("b", old, old)]).status == "Syncing"


def test_a_device_says_the_worst_of_its_groups():
    fine = judge([at("a", None, None), at("b", None, None)], starts_in_sync=True)
    pending = judge([at("a", Commit(2, "a"), Commit(1, "a")), at("b", Commit(1, "a"), None)])
    lost = judge([at("a", None, None), Member("b", False)])
    assert overall([fine, pending]) is pending
    assert overall([pending, lost, fine]) is lost
    assert overall([]).status == "Standalone"
