"""The program `bigip-sim`: what it says, when it ends, what it refuses."""

import json
import os
import signal
import socket
import subprocess
import sys

import pytest
from programs import PATIENCE_S, PROGRAM, alive, free_port, password_file, running, wait_until

from bigip_sim.cli import main
from bigip_sim.settings import FIELDS


@pytest.fixture
def refused(tmp_path, capsys):
    """Run the program with bad input; it must say one sentence and end with 2."""

    def run(*options: str, password: bool = True) -> str:
        arguments = ["run", *options]
        if password:
            arguments += ["--password-file", str(password_file(tmp_path))]
        assert main(arguments) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith("bigip-sim: ")
        assert said.err.count("\n") == 1
        return str(said.err)

    return run


def test_bad_input_ends_the_process_with_one_sentence_and_status_2(tmp_path):
    arguments = [*PROGRAM, "run", "--password-file", str(tmp_path / "none")]
    done = subprocess.run(
        arguments, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("bigip-sim: --password-file")
    assert done.stderr.count("\n") == 1


def test_a_port_in_use_is_named_with_its_option(refused):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        assert f"cannot listen on {place} (--listen)" in refused("--listen", place)
        assert f"cannot listen on {place} (--control)" in refused("--control", place)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--listen", "0.0.0.0:443"], "is no loopback address"),
        (["--listen", "somewhere"], "is no ADDRESS:PORT"),
        (["--version", "new"], "is no TMOS version"),
        (["--name", "a b"], "is no host name"),
        (["--peer", "b"], "NAME=http://HOST:PORT"),
        (["--event-log", "/nowhere/log"], "--event-log /nowhere/log cannot be written"),
        (["--config", "/nowhere"], "--config /nowhere cannot be read"),
        (["--state", "/nowhere/state"], "the state directory /nowhere/state cannot be made"),
        (["--exit-with-parent", "1"], "is not the parent of this one"),
    ],
)
def test_bad_options_are_named(refused, options, says):
    assert says in refused(*options)


def test_there_is_no_default_password(tmp_path, refused):
    assert "no password" in refused(password=False)
    missing = ["--password-file", str(tmp_path / "none")]
    assert "cannot be read" in refused(*missing, password=False)
    empty = tmp_path / "empty"
    empty.touch()
    assert "is empty" in refused("--password-file", str(empty), password=False)


def test_a_broken_state_file_is_named(tmp_path, refused):
    state = tmp_path / "state"
    state.mkdir()
    (state / "running").write_text("nonsense\n")
    assert f"the state file {state}/running cannot be read" in refused("--state", str(state))
    no_directory = tmp_path / "password"
    says = refused("--state", str(no_directory))
    assert f"the state directory {no_directory} cannot be made" in says


def test_half_a_set_of_certificates_is_refused(tmp_path, refused):
    (tmp_path / "ca.pem").touch()
    says = refused("--tls-dir", str(tmp_path))
    assert "lacks server.pem, server.key" in says


def test_options_may_stand_in_a_file_and_unknown_ones_are_named(tmp_path, refused):
    config = tmp_path / "sim.toml"
    config.write_text('nmae = "x"\n')
    says = refused("--config", str(config))
    assert "unknown options: nmae" in says
    assert all(field in says for field in FIELDS)
    config.write_text('name = "from-file"\nversion = "14.1.2.1"\ndata_plane = false\n')
    with running(tmp_path, "--config", str(config), "--version", "13.1.0") as device:
        assert device.told["name"] == "from-file"
        assert device.get("sys")["selfLink"].endswith("ver=13.1.0")


def test_what_is_said_when_ready_is_true(tmp_path):
    ready = tmp_path / "ready"
    with running(tmp_path, "--no-data-plane", "--ready-file", str(ready)) as device:
        assert json.loads(ready.read_text()) == device.told
        health = device.health()
        assert health["https_port"] == device.told["https_port"]
        assert health["serial"] == device.told["serial"]
        device.get("ltm/virtual")
        process = device.process
    assert process.returncode == 0


def test_without_haproxy_it_runs_and_says_so(tmp_path):
    with running(tmp_path, "--haproxy", "no-such-program") as device:
        assert device.told["data_plane"] == "off"
        assert device.health()["data_plane"] == {
            "state": "off",
            "reason": "there is no program no-such-program",
            "monitored_members": "taken as up",
        }


def test_a_device_goes_on_from_its_state_after_being_killed(tmp_path):
    log = tmp_path / "log"
    options = ["--no-data-plane", "--state", str(tmp_path / "state"), "--event-log", str(log)]
    with running(tmp_path, *options) as device:
        serial = device.told["serial"]
        device.post("auth/partition", name="T1")
        device.post("ltm/pool", name="p", partition="T1")
        device.process.kill()
    with running(tmp_path, *options) as device:
        assert device.told["serial"] == serial
        assert device.get("ltm/pool/~T1~p")["fullPath"] == "/T1/p"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["method"] for line in lines] == ["POST", "POST", "GET"]  # of both lives
    assert lines[1]["changes"][0]["path"] == "/T1/p"


def test_the_control_port_counts_logs_and_misbehaves(tmp_path):
    with running(tmp_path, "--no-data-plane", "--control", f"127.0.0.1:{free_port()}") as device:
        device.tell("/counters/reset")
        device.post("auth/partition", name="T1")
        device.get("auth/partition")
        counters = device.control.get("/counters").json()
        assert (counters["total"], counters["writes"]) == (2, 1)
        assert counters["by_method"] == {"GET": 1, "POST": 1}
        number = device.post("transaction")["transId"]
        header = {"X-F5-REST-Coordination-Id": str(number)}
        body = {"name": "p", "partition": "T1"}
        device.rest.post("ltm/pool", json=body, headers=header)
        device.patch(f"transaction/{number}", state="VALIDATING")
        last = device.control.get("/log?last=1").json()["requests"][0]
        assert (last["method"], last["status"]) == ("PATCH", 200)
        assert last["commands"] == [
            {"method": "POST", "kind": "ltm/pool", "name": "p", "partition": "T1"}
        ]
        assert device.control.get("/counters").json()["commits"] == 1
        device.tell("/faults", unavailable_s=60)
        answer = device.rest.get("ltm/pool")
        assert answer.status_code == 503
        assert "Configuration Utility restarting..." in answer.text
        device.tell("/faults/clear")
        device.get("ltm/pool")
        device.tell("/rates", active_connections=42, throughput_in=8000)
        text = device.rest.get("sys/performance/all-stats").text
        assert '"Current":{"description":"42"}' in text
        assert device.control.post("/faults", json={"nonsense": 1}).status_code == 400
        assert device.control.post("/rates", json={"cpu": "hot"}).status_code == 400
        assert "POST /power" in device.control.get("/nowhere").text


def test_the_duplicate_rows_of_sys_performance_are_both_there(tmp_path):
    with running(tmp_path, "--no-data-plane") as device:
        device.tell("/rates", throughput_in=16000)
        text = device.rest.get("sys/performance/all-stats").text

    def values(pairs):
        return pairs

    def inside(pairs, name):
        return [value for key, value in pairs if key == name]

    (entries,) = inside(json.loads(text, object_pairs_hook=values), "entries")
    rows = [value for key, value in entries if key.endswith("all-stats/In")]
    assert len(rows) == 2  # bits and packets share one key: section 4.3


def test_it_ends_when_its_parent_is_killed_and_haproxy_ends_too(tmp_path):
    arguments = [*PROGRAM, "run", "--exit-with-parent"]
    arguments += ["--password-file", str(password_file(tmp_path))]
    script = f"import subprocess, time; subprocess.Popen({arguments!r}); time.sleep(600)"
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        told = json.loads(parent.stdout.readline())
        assert alive(told["pid"])
        parent.kill()
        wait_until(lambda: not alive(told["pid"]), "the device ended with its parent")


def test_on_and_off_by_the_switch(tmp_path):
    with running(tmp_path, "--no-data-plane") as device:
        device.get("ltm/pool")
        device.tell("/power", on=False)
        place = ("127.0.0.1", device.told["https_port"])
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(place).close()
        assert device.health()["powered"] is False
        device.tell("/power", on=True)
        device.get("ltm/pool")


def test_an_interrupt_ends_it_cleanly(tmp_path):
    with running(tmp_path, "--no-data-plane") as device:
        os.kill(device.process.pid, signal.SIGINT)
        assert device.process.wait(PATIENCE_S) == 0


def test_certificates_are_made_once_and_only_their_owner_reads_the_key(tmp_path, capsys):
    assert main(["certificates", str(tmp_path / "tls"), "--host", "127.0.0.2"]) == 0
    key = tmp_path / "tls" / "server.key"
    assert str(key) in capsys.readouterr().out
    assert key.stat().st_mode & 0o077 == 0
    options = ["--no-data-plane", "--tls-dir", str(key.parent), "--listen", "127.0.0.2:0"]
    with running(tmp_path, *options) as device:
        device.get("ltm/pool")  # verified against the authority
