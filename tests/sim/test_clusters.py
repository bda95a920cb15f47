"""Devices in one device group: what is synchronised when, and what each says of it."""

import pytest
from clusters import GROUP, Nodes, nodes
from programs import wait_until


@pytest.fixture
def pair():
    with nodes(2) as made:
        yield made


@pytest.fixture
def three():
    with nodes(3) as made:
        yield made


def tenant(nodes: Nodes, number: int = 0, name: str = "T1") -> None:
    """Make a partition with a virtual server on one device."""
    rest = nodes[number].rest
    rest.post("auth/partition", name=name)
    rest.post("ltm/pool", name="p", partition=name, members=[{"name": "10.0.0.1:80"}])
    rest.post(
        "ltm/virtual",
        name="v",
        partition=name,
        destination=f"/{name}/10.1.0.{number + 1}:80",
        ipProtocol="tcp",
        pool=f"/{name}/p",
        profiles=["/Common/tcp", "/Common/http"],
    )


def test_a_device_alone_is_standalone_and_active_for_everything():
    with nodes(1, formed=False) as made:
        told = made[0].sync_status()
        assert (told["status"], told["color"], told["mode"]) == (
            "Standalone",
            "green",
            "standalone",
        )
        assert told["details"] == ["Optional action: Add a device to the trust domain"]
        assert made[0].active() == ["traffic-group-1"]
        (device,) = made[0].rest.get("cm/device")["items"]
        assert (device["selfDevice"], device["failoverState"]) == ("true", "active")


def test_a_device_alone_that_is_told_to_stand_by_is_active_again_soon():
    with nodes(1, formed=False) as made:
        made[0].rest.post("sys/failover", command="run", standby=True)
        assert made[0].active() == []
        assert "standby" in made[0].rest.ask("GET", "sys/failover").text
        wait_until(lambda: made[0].active() == ["traffic-group-1"], "nobody else could", 5)


def test_a_change_waits_for_a_command_and_then_everything_is_there(pair):
    pair.settle("In Sync")
    told = pair[1].sync_status()
    assert (told["mode"], told["color"]) == ("high-availability", "green")
    assert told["summary"] == "All devices in the device group are in sync"
    assert told["details"] == [
        "bigip-1: connected",
        "device_trust_group (In Sync): All devices in the device group are in sync",
        "sim (In Sync): All devices in the device group are in sync",
    ]
    tenant(pair)
    pair.settle("Changes Pending")
    told = pair[1].sync_status()
    assert told["color"] == "yellow"
    assert " - Recommended action: Synchronize bigip-1 to group sim" in told["details"]
    assert not pair[1].has("ltm/virtual/~T1~v")
    pair[0].push()
    assert pair[0].status() in {"Syncing", "In Sync"}  # never pending once it has been asked
    pair.settle("In Sync")
    mine, theirs = (n.rest.get("ltm/virtual/~T1~v?expandSubcollections=true") for n in pair.all)
    for body in (mine, theirs):
        body.pop("generation")
        for entry in body["profilesReference"]["items"]:
            entry.pop("generation")
    assert mine == theirs


def test_a_group_that_syncs_by_itself_has_it_within_a_second_and_deletions_too():
    with nodes(3, settings={"autoSync": "enabled"}) as made:
        tenant(made, 1)
        took = wait_until(lambda: all(n.has("ltm/virtual/~T1~v") for n in made.all), "it is there")
        assert took < 1
        made.settle("In Sync")
        made[0].rest.delete("ltm/virtual/~T1~v")
        took = wait_until(
            lambda: not any(n.has("ltm/virtual/~T1~v") for n in made.all), "it is gone"
        )
        assert took < 1
        assert all(n.has("ltm/pool/~T1~p") for n in made.all)
        made.settle("In Sync")


def test_of_many_changes_one_after_the_other_none_is_lost():
    """Words of what a unit has are always a little old: an older state must not come back."""
    with nodes(3, settings={"autoSync": "enabled"}) as made:
        names = [f"P{number}" for number in range(40)]
        for name in names:
            made[1].rest.post("auth/partition", name=name)
            made[1].rest.post("ltm/pool", name="p", partition=name)
        made.settle("In Sync")
        for node in made.all:
            assert len(node.rest.get("ltm/pool")["items"]) == len(names)


def test_nobody_loses_its_own_to_a_state_that_nobody_asked_for(pair):
    tenant(pair)
    pair[0].push()
    pair.settle("In Sync")
    whole = {"group": GROUP, "from": "bigip-1", "since": None, "objects": [], "gone": []}
    take, late = pair[1].cluster.sync.take, 10**18
    assert "keeps" in take({**whole, "commit": [1, "bigip-1"], "asked": False})  # an older one
    pair[1].rest.patch("ltm/pool/~T1~p", description="mine")
    assert "keeps" in take({**whole, "commit": [late, "bigip-1"], "asked": False})  # a conflict
    assert pair[1].has("ltm/virtual/~T1~v")
    assert "done" in take({**whole, "commit": [late, "bigip-1"], "asked": True})
    assert not pair[1].has("ltm/virtual/~T1~v")


def test_what_is_new_is_sent_and_objects_it_does_not_touch_keep_their_generation(pair):
    tenant(pair)
    pair[0].push()
    pair.settle("In Sync")
    before = pair[1].rest.get("ltm/virtual/~T1~v")["generation"]
    pair[0].rest.patch("ltm/pool/~T1~p", description="one")
    pair[0].rest.delete("ltm/virtual/~T1~v")
    tenant(pair, 0, "T2")
    pair[0].push()
    pair.settle("In Sync")
    assert pair[1].rest.get("ltm/pool/~T1~p")["description"] == "one"
    assert not pair[1].has("ltm/virtual/~T1~v")
    pair[0].push("force-full-load-push to-group sim")
    after = pair[1].rest.get("ltm/virtual/~T2~v")["generation"]
    pair.settle("In Sync")
    assert pair[1].rest.get("ltm/virtual/~T2~v")["generation"] == after > before


def test_a_conflict_is_left_to_a_command_whose_sender_wins(pair):
    tenant(pair, 0, "A")
    tenant(pair, 1, "B")
    wait_until(lambda: pair[0].sync_status()["color"] == "red", "both changes are known")
    told = pair[0].sync_status()
    assert told["status"] == "Changes Pending"
    words = "There is a possible change conflict between bigip-1 and bigip-2."
    assert told["summary"] == words
    assert " - Recommended action: Synchronize bigip-2 to group sim" in told["details"]
    pair[0].push()
    pair.settle("In Sync")
    for node in pair.all:
        assert node.has("ltm/virtual/~A~v")
        assert not node.has("auth/partition/B")


def test_three_devices_one_of_which_was_away(three):
    away = three[2].unit
    away.power(False)
    wait_until(lambda: three[0].status() == "Disconnected", "the loss is noticed")
    assert "bigip-3: disconnected" in three[0].sync_status()["details"]
    tenant(three)
    three[0].push()
    wait_until(lambda: three[1].has("ltm/virtual/~T1~v"), "who is there has it")
    assert three[0].status() == "Disconnected"
    away.power(True)
    three.settle("Not All Devices Synced")
    told = three[2].sync_status()
    assert told["color"] == "yellow"
    assert " - Recommended action: Synchronize bigip-1 to group sim" in told["details"]
    three[0].push()
    three.settle("In Sync")
    assert three[2].has("ltm/virtual/~T1~v")


def test_one_that_returns_with_an_older_state_is_pending_or_is_brought_up_to_date():
    for automatic, status in (("disabled", "Changes Pending"), ("enabled", "In Sync")):
        with nodes(2, settings={"autoSync": automatic}) as made:
            made[1].unit.power(False)
            wait_until(lambda: made[0].status() == "Disconnected", "the loss is noticed")
            tenant(made)
            made[1].unit.power(True)
            made.settle(status)
            assert made[1].has("ltm/virtual/~T1~v") is (automatic == "enabled")


def test_what_the_other_cannot_take_fails_and_is_told_by_both(pair):
    """The other has an address that is taken already, in a folder of its own."""
    mine = pair[1].rest
    mine.post("auth/partition", name="Mine")
    mine.patch("sys/folder/~Mine", deviceGroup="none")
    mine.post("ltm/virtual-address", name="10.1.0.1", partition="Mine", address="10.1.0.1")
    pair[1].push()
    pair.settle("In Sync")
    tenant(pair)
    pair[0].push()
    pair.settle("Sync Failure")
    told = pair[0].sync_status()
    assert told["color"] == "red"
    assert "bigip-2: 0107176c:3: Invalid Virtual Address" in told["summary"]
    assert not pair[1].has("auth/partition/T1")
    mine.delete("ltm/virtual-address/~Mine~10.1.0.1")
    pair[0].push()
    pair.settle("In Sync")
    assert pair[1].has("auth/partition/T1")
    assert pair[1].has("auth/partition/Mine")


def test_folders_of_no_group_stay_where_they_are(pair):
    rest = pair[0].rest
    rest.post("auth/partition", name="Mine")
    body = rest.get("sys/folder/~Mine")
    assert (body["deviceGroup"], body["inheritedDevicegroup"]) == (GROUP, "true")
    rest.patch("sys/folder/~Mine", deviceGroup="none")
    assert rest.get("sys/folder/~Mine")["inheritedDevicegroup"] == "false"
    rest.post("ltm/pool", name="p", partition="Mine")
    tenant(pair)
    pair[0].push()
    pair.settle("In Sync")
    assert pair[1].has("ltm/virtual/~T1~v")
    for path in ("auth/partition/Mine", "ltm/pool/~Mine~p"):
        assert pair[0].has(path)
        assert not pair[1].has(path)


def test_the_first_sync_takes_a_command_and_from_group_takes_a_push_first():
    with nodes(2, in_sync=False, settings={"autoSync": "enabled"}) as made:
        made.settle("Awaiting Initial Sync")
        tenant(made)
        answer = made[1].rest.ask(
            "POST", "cm", {"command": "run", "utilCmdArgs": "config-sync from-group sim"}
        )
        assert answer.status == 400
        assert "is not allowed until a push has been done first" in answer.message
        assert made.statuses() == ["Awaiting Initial Sync"] * 2
        made[0].push()
        made.settle("In Sync")
    with nodes(2) as made:
        tenant(made)
        made[1].push("from-group sim")
        made.settle("In Sync")
        assert made[1].has("ltm/virtual/~T1~v")


def test_an_unknown_group_is_refused_and_a_known_one_is_repeated(pair):
    body = {"command": "run", "utilCmdArgs": "config-sync to-group nobody"}
    answer = pair[0].rest.ask("POST", "cm", body)
    assert answer.status == 400
    text = "01070734:3: Configuration error: Device group (nobody) not found in device group sync"
    assert answer.message == text
    body = {"command": "run", "utilCmdArgs": "config-sync to-group sim"}
    assert pair[0].rest.post("cm", **body) == {"kind": "tm:cm:runstate", **body}
    options = {"command": "run", "options": [{"to-group": "sim"}]}
    assert pair[0].rest.post("cm/config-sync", **options)["options"] == options["options"]
    options = {"command": "run", "options": [{"to-group": "nobody"}]}
    assert pair[0].rest.ask("POST", "cm/config-sync", options).message == text


def test_groups_made_on_one_device_are_known_to_all_that_trust_it(pair):
    rest = pair[0].rest
    rest.post("cm/traffic-group", name="tg2", haOrder=["/Common/bigip-2", "/Common/bigip-1"])
    wait_until(lambda: pair[1].has("cm/traffic-group/~Common~tg2"), "the other has it")
    wait_until(lambda: pair[1].active() == ["tg2"], "its first in order is active for it")
    assert pair[0].active() == ["traffic-group-1"]
    assert pair[1].rest.get("cm/traffic-group/~Common~tg2")["unitId"] == 2


def test_trust_is_given_and_taken_by_command():
    with nodes(2, formed=False) as made:
        for node in made.all:
            node.cluster.know({n.name: n.url for n in made.all})
        rest = made[0].rest
        body = {"command": "run", "name": "Root", "caDevice": True, "device": "127.0.0.1"}
        body.update(deviceName="bigip-2", username="admin", password="wrong")
        answer = rest.ask("POST", "cm/add-to-trust", body)
        assert answer.status == 400
        assert "authentication failed" in answer.message
        rest.post("cm/add-to-trust", **{**body, "password": "secret"})
        wait_until(lambda: made.hear() and made[1].status() == "In Sync", "trust is mutual")
        assert made[1].sync_status()["mode"] == "trust"
        devices = {d["name"]: d for d in made[1].rest.get("cm/device")["items"]}
        assert devices["bigip-1"]["chassisId"] == "serial of bigip-1"
        assert devices["bigip-2"]["selfDevice"] == "true"
        members = [{"name": "bigip-1"}, {"name": "bigip-2"}]
        rest.post("cm/device-group", name="dg", type="sync-failover", devices=members)
        wait_until(lambda: made[1].has("cm/device-group/~Common~dg/devices/~Common~bigip-2"), "dg")
        wait_until(
            lambda: [n.active() for n in made.all] == [["traffic-group-1"], []], "one has it"
        )
        gone = {"command": "run", "name": "Root", "deviceName": "bigip-2"}
        answer = rest.ask("POST", "cm/remove-from-trust", gone)
        assert answer.message.startswith("01070265:3:")  # the device group still has it
        rest.delete("cm/device-group/~Common~dg")
        rest.post("cm/remove-from-trust", **gone)
        made.settle("Standalone")
        assert [d["name"] for d in made[1].rest.get("cm/device")["items"]] == ["bigip-2"]


@pytest.mark.parametrize("way", ["power", "offline", "standby"])
def test_failover(way, three):
    wait_until(
        lambda: [n.active() for n in three.all] == [["traffic-group-1"], [], []], "the first"
    )
    rest = three[0].rest
    if way == "power":
        three[0].unit.power(False)
    elif way == "offline":
        rest.post("sys/failover", command="run", offline=True)
        entries = rest.ask("GET", "cm/failover-status").text
        assert "FORCED OFFLINE" in entries
    else:
        body = {"standby": True, "trafficGroup": "traffic-group-1", "device": "/Common/bigip-3"}
        rest.post("sys/failover", command="run", **body)
    heir = 2 if way == "standby" else 1
    wait_until(lambda: three[heir].active() == ["traffic-group-1"], "the next has it", 2)
    states = {d["name"]: d["failoverState"] for d in three[heir].rest.get("cm/device")["items"]}
    first = {"power": "unknown", "offline": "forced-offline", "standby": "standby"}[way]
    assert (states["bigip-1"], states[f"bigip-{heir + 1}"]) == (first, "active")
    entries = three[heir].rest.get("cm/traffic-group/stats")["entries"]
    name = f"~Common~traffic-group-1:~Common~bigip-{heir + 1}/stats"
    told = entries[f"https://localhost/mgmt/tm/cm/traffic-group/{name}"]["nestedStats"]["entries"]
    assert told["failoverState"] == {"description": "active"}
    assert len(entries) == 4  # one for each device, and the group that does not move
    text = three[heir].rest.get("sys/failover")["apiRawValues"]["apiAnonymous"]
    assert text.startswith("Failover active for 0d 00:00:0")
    assert '"1/1 standby"' in three[3 - heir].rest.ask("GET", "cm/failover-status").text
    if way == "offline":
        rest.post("sys/failover", command="run", online=True)
        wait_until(lambda: "STANDBY" in rest.ask("GET", "cm/failover-status").text, "it is back")
        assert three[heir].active() == ["traffic-group-1"]


def test_what_was_synchronised_still_is_after_a_new_start(tmp_path):
    with nodes(2, tmp_path, settings={"autoSync": "enabled"}) as made:
        tenant(made)
        made.settle("In Sync")
        wait_until(lambda: made[1].has("ltm/virtual/~T1~v"), "it is there")
    with nodes(2, tmp_path) as made:
        made.settle("In Sync")
        assert made[1].has("ltm/virtual/~T1~v")
        made[1].rest.patch("ltm/pool/~T1~p", description="later")
        wait_until(lambda: "description" in made[0].rest.get("ltm/pool/~T1~p"), "and goes on")


def test_a_device_that_reboots_without_having_saved_is_brought_up_to_date():
    with nodes(2, settings={"autoSync": "enabled"}) as made:
        made[0].rest.post("sys/config", command="save")
        tenant(made)
        made.settle("In Sync")
        made[0].unit.power(False, loses_unsaved=True)
        made[0].unit.power(True)
        wait_until(lambda: made[0].has("ltm/virtual/~T1~v"), "the other still had it")
        made.settle("In Sync")


def test_a_configuration_that_is_loaded_is_a_change_like_any(pair):
    pair[0].rest.post("sys/config", command="save")
    tenant(pair)
    pair[0].push()
    pair.settle("In Sync")
    pair[0].rest.post("sys/config", command="load")
    pair.settle("Changes Pending")
    assert (
        " - Recommended action: Synchronize bigip-1 to group sim"
        in pair[1].sync_status()["details"]
    )
    pair[0].push()
    pair.settle("In Sync")
    assert not pair[1].has("ltm/virtual/~T1~v")


@pytest.mark.parametrize("saves", ["true", "false"])
def test_what_comes_by_itself_is_saved_where_the_group_says_so(saves):
    with nodes(2, settings={"autoSync": "enabled", "saveOnAutoSync": saves}) as made:
        tenant(made)
        made.settle("In Sync")
        boots = made[1].unit.device.saved.boot.items
        assert any(key.name == "/T1/v" for key in boots) is (saves == "true")


def test_networks_are_each_devices_own(pair):
    rest = pair[0].rest
    rest.post("net/vlan", name="v7")
    rest.post("net/route-domain", name="rd7", id=7, vlans=["/Common/v7"])
    rest.post("net/self", name="s", address="10.7.0.1%7/24", vlan="/Common/v7")
    rest.post("auth/partition", name="T7", defaultRouteDomain=7)
    pair[0].push()
    pair.settle("Sync Failure")  # the other has no such route domain
    assert not pair[1].has("net/vlan/~Common~v7")
    other = pair[1].rest
    other.post("net/vlan", name="v7")
    other.post("net/route-domain", name="rd7", id=7, vlans=["/Common/v7"])
    rest.post("ltm/virtual-address", name="10.7.1.1", partition="T7")
    pair[0].push()
    pair.settle("In Sync")
    assert pair[1].has("ltm/virtual-address/~T7~10.7.1.1")
    assert not pair[1].has("net/self/~Common~s")
