"""What a BIG-IP says of itself and of its cluster (reference, section 3.11); nothing is changed."""

from bigip import Bigip, Json


def fields_of(shown: Json) -> Json:
    """Return the fields of the one entry."""
    (entry,) = shown["entries"].values()
    found: Json = entry["nestedStats"]["entries"]
    return found


def test_one_device_is_this_one(bigip: Bigip) -> None:
    own = [d for d in bigip.get("cm/device")["items"] if d.get("selfDevice") == "true"]
    assert len(own) == 1
    assert own[0]["failoverState"] in {"active", "standby", "forced-offline", "offline"}
    assert own[0]["chassisId"]
    assert own[0]["version"] in own[0]["selfLink"]


def test_the_traffic_groups_and_the_trust_are_there(bigip: Bigip) -> None:
    groups = {one["name"] for one in bigip.get("cm/traffic-group")["items"]}
    assert {"traffic-group-1", "traffic-group-local-only"} <= groups
    assert "device_trust_group" in {one["name"] for one in bigip.get("cm/device-group")["items"]}
    assert bigip.get("cm/trust-domain")["items"][0]["name"] == "Root"


def test_sync_and_failover_status_have_a_colour_and_a_word(bigip: Bigip) -> None:
    sync = fields_of(bigip.get("cm/sync-status"))
    assert sync["color"]["description"] in {"green", "yellow", "red", "blue", "gray"}
    assert sync["status"]["description"]
    assert any("/cm/syncStatus/0/details" in key for key in sync)
    failover = fields_of(bigip.get("cm/failover-status"))
    assert failover["status"]["description"] in {"ACTIVE", "STANDBY", "FORCED OFFLINE"}


def test_syncing_to_a_group_that_is_not_there_is_refused(bigip: Bigip) -> None:
    arguments = f"config-sync to-group {bigip.partition}_none"
    refused = bigip.ask("POST", "cm", {"command": "run", "utilCmdArgs": arguments})
    assert refused.status_code in {400, 404}
    assert "01070734:3:" in refused.json()["message"]


def test_the_device_says_how_long_it_has_been_active_or_standing_by(bigip: Bigip) -> None:
    said = bigip.get("sys/failover")["apiRawValues"]["apiAnonymous"]
    assert said.startswith("Failover ")


def test_the_shell_tells_the_version(bigip: Bigip) -> None:
    told = bigip.post("util/bash", command="run", utilCmdArgs="-c 'cat /VERSION'")
    assert "Version: " in told["commandResult"]
