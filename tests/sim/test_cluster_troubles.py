"""What devices of one group say and do when something goes wrong between them."""

import pytest
from clusters import nodes
from programs import wait_until
from test_clusters import tenant
from test_statistics import value


@pytest.fixture
def pair():
    with nodes(2) as made:
        yield made


def states(node):
    """What a device group's statistics tell, by device."""
    entries = node.rest.get("cm/device-group/~Common~sim/stats")["entries"]
    told = [entry["nestedStats"]["entries"] for entry in entries.values()]
    return {value(one["device"]): {n: value(f) for n, f in one.items()} for one in told}


def test_a_device_group_tells_whose_state_each_device_has(pair):
    base = "https://localhost/mgmt/tm/cm/device-group/~Common~sim"
    entries = pair[0].rest.get("cm/device-group/~Common~sim/stats")["entries"]
    assert list(entries) == [
        f"{base}/~Common~sim:~Common~bigip-{number}/stats" for number in (1, 2)
    ]
    told = states(pair[1])["/Common/bigip-1"]
    assert told["devicegroup"] == "/Common/sim"
    assert told["commitIdTime"] == told["lssTime"] == "-"
    tenant(pair)
    pair.settle("Changes Pending")
    told = states(pair[1])
    assert told["/Common/bigip-1"]["commitIdOriginator"] == "/Common/bigip-1"
    assert told["/Common/bigip-1"]["commitIdTime"].endswith(".000Z")
    assert told["/Common/bigip-1"]["lssOriginator"] == "-"
    assert told["/Common/bigip-2"]["commitIdOriginator"] == "-"
    pair[0].push()
    pair.settle("In Sync")
    wait_until(
        lambda: all(
            one["commitIdTime"] == one["lssTime"] != "-" for one in states(pair[1]).values()
        ),
        "both have it, and know that",
    )


def test_a_cluster_made_at_the_start_outlives_a_reboot_without_save():
    with nodes(2, settings={"autoSync": "enabled"}) as made:
        unit = made[1].unit
        made[1].rest.post("net/vlan", name="v7")
        unit.power(False, loses_unsaved=True)
        unit.power(True)
        made.settle("In Sync")
        assert not made[1].has("net/vlan/~Common~v7")
        tenant(made)
        wait_until(lambda: made[1].has("ltm/virtual/~T1~v"), "what changes still comes")


def test_of_changes_while_the_other_goes_off_and_on_none_is_lost():
    with nodes(2, settings={"autoSync": "enabled"}) as made:
        for number in range(60):
            made[0].rest.post("auth/partition", name=f"P{number}")
            if number % 10 == 5:
                made[1].unit.power(number % 20 == 15)
        made.settle("In Sync")
        there = [len(node.rest.get("auth/partition")["items"]) for node in made.all]
        assert there == [61, 61]


def test_a_command_that_does_not_reach_the_other_leaves_it_to_the_next(pair):
    tenant(pair)
    pair[1].unit.power(False)
    pair[0].push()
    wait_until(lambda: pair[0].status() == "Disconnected", "the loss is noticed")
    pair[1].unit.power(True)
    pair.settle("Changes Pending")
    assert not pair[1].has("ltm/virtual/~T1~v")
    pair[0].push()
    pair.settle("In Sync")
    assert pair[1].has("ltm/virtual/~T1~v")


def test_two_who_change_something_at_once_lose_nothing_by_themselves():
    with nodes(2, settings={"autoSync": "enabled"}) as made:
        made[1].unit.power(False)  # it is changed all the same: nobody but the test can ask it
        wait_until(lambda: made[0].status() == "Disconnected", "the loss is noticed")
        for number, node in enumerate(made.all):
            node.rest.post("auth/partition", name=f"P{number}")
        made[1].unit.power(True)
        made.settle("Changes Pending")
        assert made[0].sync_status()["color"] == "red"
        assert [node.has(f"auth/partition/P{n}") for n, node in enumerate(made.all)] == [True] * 2
        made[1].push()
        made.settle("In Sync")
        assert [node.has("auth/partition/P1") for node in made.all] == [True, True]
        assert [node.has("auth/partition/P0") for node in made.all] == [False, False]


def test_changes_of_a_device_whose_clock_is_behind_wait_for_a_command():
    with nodes(2, settings={"autoSync": "enabled"}) as made:
        tenant(made)
        made.settle("In Sync")
        made[1].unit.device.clock.skew_s = -300
        made[1].rest.patch("ltm/pool/~T1~p", description="behind")
        made.settle("Changes Pending")
        assert made[1].rest.get("ltm/pool/~T1~p")["description"] == "behind"
        action = " - Recommended action: Synchronize bigip-2 to group sim"
        assert action in made[0].sync_status()["details"]
        made[1].push()
        made.settle("In Sync")
        assert made[0].rest.get("ltm/pool/~T1~p")["description"] == "behind"


def test_what_floats_goes_along_and_what_does_not_stays(pair):
    for node in pair.all:
        node.rest.post("net/vlan", name="v7")
    rest = pair[0].rest
    own = {"vlan": "/Common/v7"}
    rest.post("net/self", name="local", address="10.7.0.1/24", **own)
    group = "/Common/traffic-group-1"
    rest.post("net/self", name="floats", address="10.7.0.9/24", trafficGroup=group, **own)
    rest.post("net/route", name="r", network="10.9.0.0/24", gw="10.7.0.254")
    rest.post("sys/folder", name="/T8")
    rest.post("ltm/data-group/internal", name="d", partition="T8", type="string")
    rest.patch("sys/db/ui.advisory.enabled", value="true")
    pair[0].push()
    pair.settle("In Sync")
    other = pair[1]
    assert [other.has(f"net/self/{name}") for name in ("local", "floats")] == [False, True]
    assert other.has("net/route/r")
    assert other.has("ltm/data-group/internal/~T8~d")


def test_a_virtual_server_with_an_address_of_its_devices_own_stays_with_it(pair):
    tenant(pair)
    pair[0].rest.post("auth/partition", name="T2")
    pair[0].rest.post("ltm/virtual", name="v", partition="T2", destination="/T2/10.2.0.1:80")
    pair[0].push()
    pair.settle("In Sync")
    local = "/Common/traffic-group-local-only"
    pair[0].rest.patch("ltm/virtual-address/~T1~10.1.0.1", trafficGroup=local)
    pair[0].push()
    pair.settle("In Sync")
    assert pair[0].has("ltm/virtual/~T1~v")
    assert not pair[1].has("ltm/virtual/~T1~v")
    assert not pair[1].has("ltm/virtual-address/~T1~10.1.0.1")
    assert pair[1].has("ltm/pool/~T1~p")
    assert pair[1].has("ltm/virtual/~T2~v")


def test_a_group_fails_back_when_the_first_has_been_well_for_long_enough(pair):
    one, two = pair.all
    wait_until(lambda: one.active() == ["traffic-group-1"], "the first is active")
    order = {"haOrder": ["/Common/bigip-1", "/Common/bigip-2"]}
    path = "cm/traffic-group/~Common~traffic-group-1"
    one.rest.patch(path, autoFailbackEnabled="true", autoFailbackTime=1, **order)
    wait_until(lambda: two.rest.get(path)["autoFailbackTime"] == 1, "the other knows")
    one.unit.power(False)
    wait_until(lambda: two.active() == ["traffic-group-1"], "the other takes over")
    entries = two.rest.get(f"{path}/stats")["entries"].values()
    nexts = [value(entry["nestedStats"]["entries"]["nextActive"]) for entry in entries]
    assert nexts == ["false", "false"]  # nobody else could
    one.unit.power(True)
    wait_until(lambda: one.active() == ["traffic-group-1"], "it has it back")
    wait_until(lambda: two.active() == [], "and the other not any more")
