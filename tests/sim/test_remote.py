"""The commands that talk to a running unit."""

import json
import ssl

import httpx
import pytest

from bigip_sim.cli import main
from bigip_sim.control import Control
from bigip_sim.embedded import running_device
from bigip_sim.faults.kinds import KINDS
from bigip_sim.remote import VARIABLE


@pytest.fixture(scope="module")
def unit():
    with running_device() as device:
        control = Control(device.unit, "127.0.0.1", 0)
        control.start()
        device.control_url = f"http://127.0.0.1:{control.port}"
        yield device
        control.stop()


@pytest.fixture
def sim(unit, monkeypatch, capsys):
    """Run a command against the unit; returns what it said."""
    monkeypatch.setenv(VARIABLE, unit.control_url)
    unit.clear_faults()
    unit.device.hand.clear()

    def run(*words, status=0):
        assert main(words) == status
        said = capsys.readouterr()
        return said.err if status else said.out

    return run


def test_a_fault_is_turned_on_listed_and_cleared(sim, unit):
    said = sim("fault", "latency", "--ms", "5", "--path", "/mgmt/tm/ltm/*", "--count", "3")
    assert said == "fault 1 is on, seed 0\n"
    sim("fault", "seed", "9")
    (told,) = json.loads(sim("fault", "list"))["faults"]
    assert (told["kind"], told["ms"], told["path"], told["count"]) == (
        "latency",
        5.0,
        "/mgmt/tm/ltm/*",
        3,
    )
    assert unit.device.faults.told()["seed"] == 9
    sim("fault", "busy")
    sim("fault", "clear", "1")
    assert [f["kind"] for f in unit.device.faults.told()["faults"]] == ["busy"]
    sim("fault", "clear")
    assert unit.device.faults.told()["faults"] == []


def test_every_kind_has_a_command_with_its_fields(capsys):
    for name, kind in KINDS.items():
        with pytest.raises(SystemExit):
            main(["fault", name, "--help"])
        said = capsys.readouterr().out
        assert all(f"--{field.replace('_', '-')}" in said for field in kind.fields)


def test_what_the_unit_refuses_is_told_with_its_field(sim):
    said = sim("fault", "latency", status=2)
    assert said == "bigip-sim: ms is missing: milliseconds; the mean of a distribution\n"
    assert "there is no fault 77" in sim("fault", "clear", "77", status=2)
    assert "for_s" in sim("reboot", "--for-s", "-1", status=2)


def test_rates_are_set_shown_and_cleared(sim, unit):
    assert json.loads(sim("rates", "--throughput-in", "8e6", "--cpu", "70")) == {
        "throughput_in": 8e6,
        "cpu": 70.0,
    }
    told = json.loads(sim("rates", "--virtual", "/T1/v", "--new-connections", "5"))
    assert told["virtuals"] == {"/T1/v": {"new_connections": 5.0}}
    assert unit.device.meter.rates().cpu == 70
    assert json.loads(sim("rates", "--clear")) == {}


def test_the_log_tells_requests_and_what_they_changed(sim, unit):
    asked = unit.device.journal.counters()["total"]
    unit.device.journal.reset()
    trust = ssl.create_default_context(cafile=unit.ca_file)
    where = f"{unit.url}/mgmt/tm/auth/partition"
    auth = (unit.username, unit.password)
    assert httpx.post(where, json={"name": f"T{asked}"}, verify=trust, auth=auth).status_code == 200
    said = sim("log", "--last", "1", "--changes").splitlines()
    assert "POST   200" in said[0]
    assert said[0].endswith("/mgmt/tm/auth/partition  [2 changed]")
    assert said[1].split() == ["created", "auth/partition", f"T{asked}"]
    entry = json.loads(sim("log", "--last", "1", "--json"))
    assert entry["changes"][1]["path"] == f"/T{asked}"
    assert json.loads(sim("counters"))["total"] == 1
    assert json.loads(sim("counters", "--reset"))["total"] == 0


def test_power_reboot_clock_and_health(sim, unit):
    sim("power", "off")
    assert sim("log", "--last", "1").split()[2:] == [
        *("CONTROL", "200", "0.0", "ms", "/power", '{"on":', "false,", '"loses_unsaved":', "false}")
    ]
    assert json.loads(sim("health"))["powered"] is False
    sim("power", "on")
    assert json.loads(sim("clock", "--skew-s", "-60"))["skew_s"] == -60
    sim("clock", "--skew-s", "0")
    sim("reboot", "--for-s", "3600", "--keeps-unsaved")
    assert json.loads(sim("health"))["powered"] is False
    sim("power", "on")


def test_a_unit_is_found_by_its_ready_file_or_it_is_said_how(sim, unit, tmp_path, monkeypatch):
    ready = tmp_path / "ready"
    ready.write_text(json.dumps({"control_url": unit.control_url}))
    monkeypatch.delenv(VARIABLE)
    sim("health", "--ready-file", str(ready))
    sim("health", "--control", unit.control_url)
    assert "give --control URL" in sim("health", status=2)
    assert "no unit answers at http://127.0.0.1:1" in sim(
        "health", "--control", "http://127.0.0.1:1", status=2
    )
    assert "cannot be used" in sim("health", "--ready-file", str(tmp_path / "none"), status=2)
    assert "http://HOST:PORT" in sim("health", "--control", "nonsense", status=2)
