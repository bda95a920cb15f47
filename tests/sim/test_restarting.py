"""A device gets another name, restarts its services, reboots, and pings."""

import httpx
import pytest
from programs import wait_until

from bigip_sim.actions import Call, perform
from bigip_sim.embedded import running_cluster, running_device
from bigip_sim.refusals import RefusedError


def names(rest, path):
    return [item["name"] for item in rest.get(path)["items"]]


def test_a_device_alone_gets_another_name_everywhere(rest):
    rest.patch("sys/global-settings", hostname="lb.example")
    rest.post("cm/device-group", name="g", type="sync-failover", devices=["bigip-1"])
    rest.patch("cm/traffic-group/~Common~traffic-group-1", haOrder=["/Common/bigip-1"])
    rest.post("cm/device", command="mv", name="bigip-1", target="lb.example")
    assert names(rest, "cm/device") == ["lb.example"]
    assert rest.get("cm/device/~Common~lb.example")["selfDevice"] == "true"
    for group in ("g", "device_trust_group"):
        assert names(rest, f"cm/device-group/~Common~{group}/devices") == ["lb.example"]
    order = rest.get("cm/traffic-group/~Common~traffic-group-1")["haOrder"]
    assert order == ["/Common/lb.example"]
    assert rest.get("cm/trust-domain/~Common~Root")["caDevices"] == ["/Common/lb.example"]
    (status,) = rest.get("cm/failover-status")["entries"].values()
    assert status["nestedStats"]["entries"]["status"] == {"description": "ACTIVE"}
    told = rest.post("util/bash", command="run", utilCmdArgs="-c hostname")
    assert told["commandResult"] == "lb.example\n"
    rest.post("cm/device", command="mv", name="/Common/lb.example", target="again")  # and again
    assert names(rest, "cm/device") == ["again"]


@pytest.mark.parametrize(
    ("name", "target", "status"),
    [("none", "x", 404), ("bigip-1", "bigip-1", 409), ("bigip-1", "", 400)],
)
def test_a_name_that_cannot_be_is_refused(rest, name, target, status):
    body = {"command": "mv", "name": name, "target": target}
    assert rest.ask("POST", "cm/device", body).status == status


def test_a_device_that_others_know_keeps_its_name():
    with running_cluster() as (first, _):
        device = first.device
        assert len(device.cluster.report().connections) == 1
        body = {"command": "mv", "name": "bigip-1", "target": "x"}
        with pytest.raises(RefusedError, match="is known to other devices"):
            perform(Call(device, "cm/device", body))


def test_the_name_stays_over_a_reboot_and_a_new_process(new_rest, tmp_path):
    rest = new_rest(state=tmp_path / "state")
    rest.post("ltm/pool", name="p")
    rest.post("sys/config", command="save")
    rest.post("cm/device", command="mv", name="bigip-1", target="other")
    rest.post("sys", command="reboot")
    assert names(rest, "cm/device") == ["other"]
    assert names(rest, "ltm/pool") == ["p"]
    rest.post("sys/config", command="load", name="default")
    assert names(rest, "cm/device") == ["other"]
    rest.device.close()
    again = new_rest(state=tmp_path / "state")
    assert names(again, "cm/device") == ["other"]
    assert again.get("cm/device/~Common~other")["selfDevice"] == "true"
    again.device.close()


def test_a_reboot_loses_what_was_not_saved_after_it_was_answered(rest):
    for path, body in (
        ("sys", {"command": "reboot"}),
        ("sys/software/volume", {"command": "reboot", "name": "HD1.1"}),
        ("util/bash", {"command": "run", "utilCmdArgs": "-c reboot"}),
    ):
        rest.post("ltm/pool", name="unsaved")
        assert rest.post(path, **body)["command"] == body["command"]
        assert rest.ask("GET", "ltm/pool/~Common~unsaved").status == 404
    missing = {"command": "reboot", "name": "HD1.9"}
    assert rest.ask("POST", "sys/software/volume", missing).status == 404


def test_a_running_device_answers_goes_down_and_comes_back():
    with running_device() as device:
        url, who = f"{device.url}/mgmt/tm", (device.username, device.password)
        with httpx.Client(verify=False, auth=who) as client:
            assert client.post(f"{url}/ltm/pool", json={"name": "p"}).status_code == 200
            answer = client.post(f"{url}/sys", json={"command": "reboot"})
            assert answer.status_code == 200
        wait_until(lambda: not device.health()["powered"], "it is down")

        def there() -> bool:
            with httpx.Client(verify=False, auth=who) as client:
                try:
                    return client.get(f"{url}/ltm/pool/~Common~p").status_code == 404
                except httpx.TransportError:
                    return False

        wait_until(there, "it is up and has lost what was not saved")


def test_a_service_that_is_there_restarts(rest):
    path = "sys/service"
    assert rest.post(path, command="restart", name="httpd")["command"] == "restart"
    assert rest.post(f"{path}/restjavad", command="restart")["command"] == "restart"
    assert rest.ask("POST", path, {"command": "restart", "name": "none"}).status == 404


@pytest.mark.parametrize(
    ("words", "received"),
    [
        ("-c 2 127.0.0.1", 2),
        ("-c 3 10.0.0.1", 3),  # a node
        ("10.1.0.1", 1),  # a virtual address
        ("-c 1 10.9.9.9", 0),
        ("-c 1 ::1", 1),
    ],
)
def test_what_the_device_knows_answers_a_ping(web, words, received):
    told = web.post("util/ping", command="run", utilCmdArgs=words)["commandResult"]
    assert f" {received} received, {0 if received else 100}% packet loss" in told
    assert told.count("64 bytes from") == received


def test_a_node_that_is_down_and_a_name_do_not_answer(web):
    web.patch("ltm/node/~T1~10.0.0.1", session="user-disabled", state="user-down")
    line = "-c 'ping -c 1 10.0.0.1 > /dev/null && echo yes || echo no'"
    assert web.post("util/bash", command="run", utilCmdArgs=line)["commandResult"] == "no\n"
    told = web.post("util/ping", command="run", utilCmdArgs="-c 1 nobody.example")
    assert told["commandResult"] == "ping: unknown host nobody.example\n"
