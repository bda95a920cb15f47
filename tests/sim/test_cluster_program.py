"""`bigip-sim run --cluster FILE`: what the file may say, and a cluster that carries traffic."""

import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from programs import (
    PATIENCE_S,
    PROGRAM,
    Running,
    alive,
    ask,
    free_port,
    member,
    password_file,
    wait_until,
)

from bigip_sim.cli import main

HEAD = 'password_file = "password"\n'
TWO = '[[device]]\nname = "a"\n[[device]]\nname = "b"\n'


@contextmanager
def cluster(directory: Path, text: str) -> Iterator[dict[str, Running]]:
    """Run a cluster; its processes must be gone at the end."""
    password_file(directory)
    path = directory / "cluster.toml"
    path.write_text(HEAD + text)
    command = [*PROGRAM, "run", "--cluster", str(path), "--exit-with-parent", str(os.getpid())]
    environment = {**os.environ, "TMPDIR": str(directory)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"bigip-sim ended with {process.wait()}"
        devices = {told["name"]: Running(process, told) for told in json.loads(line)["devices"]}
        try:
            yield devices
        finally:
            for device in devices.values():
                device.close()
            process.terminate()
            process.wait(PATIENCE_S)
    pids = [device.told["pid"] for device in devices.values()]
    wait_until(lambda: not any(map(alive, pids)), "every device has ended")


def status(device: Running) -> str:
    entries: Mapping[str, Any] = device.get("cm/sync-status")["entries"]
    (entry,) = entries.values()
    return str(entry["nestedStats"]["entries"]["status"]["description"])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has no [[device]]"),
        ("colour = 1\n", "names unknown options: colour"),
        ("[[device]]\nport = 1\n", "device names unknown options: port"),
        ("[device]\nname = 'a'\n", "write [[device]], once for each"),
        ('[[device]]\nname = "a b"\n', "device 1: 'a b' is no host name"),
        (TWO + '[[device]]\nname = "a"\n', "has two devices named a"),
        ('[[device]]\nlisten = "10.0.0.1:1"\n', "'10.0.0.1:1' is no loopback address"),
        (TWO + "[group]\nauto = true\n", "group names unknown options: auto"),
        (TWO + '[[traffic_group]]\nname = "t"\nha_order = ["c"]\n', "there is a, b"),
        (TWO + '[[traffic_group]]\nname = "t"\nauto_failback = "x"\n', "is a number of seconds"),
        ("= 1\n", "cannot be read"),
    ],
)
def test_a_file_that_makes_no_cluster_is_refused_in_one_sentence(tmp_path, capsys, text, says):
    path = tmp_path / "cluster.toml"
    path.write_text(HEAD + text)
    assert main(["run", "--cluster", str(path)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"bigip-sim: --cluster {path}")
    assert says in said.err
    assert said.err.count("\n") == 1


def test_options_of_one_device_are_not_for_a_cluster(tmp_path, capsys):
    path = tmp_path / "cluster.toml"
    path.write_text(HEAD + TWO)
    assert main(["run", "--cluster", str(path), "--listen", "127.0.0.1:1"]) == 2
    assert "--listen is for one device" in capsys.readouterr().err
    path.write_text(TWO)
    assert main(["run", "--cluster", str(path)]) == 2
    assert "names no password_file" in capsys.readouterr().err


def test_a_device_that_does_not_start_ends_the_cluster(tmp_path, capfd):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        path = tmp_path / "cluster.toml"
        password_file(tmp_path)
        path.write_text(HEAD + f'data_plane = false\n{TWO}listen = "{place}"\n')
        command = [*PROGRAM, "run", "--cluster", str(path)]
        done = subprocess.run(command, timeout=PATIENCE_S, check=False)
    assert done.returncode == 2
    said = capfd.readouterr().err
    assert f"cannot listen on {place}" in said
    assert "device b of the cluster did not start" in said


@pytest.mark.dataplane
@pytest.mark.skipif(shutil.which("haproxy") is None, reason="there is no HAProxy")
def test_each_traffic_group_is_carried_by_the_device_that_has_it_until_one_is_killed(tmp_path):
    text = f"""
[group]
name = "dg"
auto_sync = true
{TWO}
[[traffic_group]]
name = "tg2"
ha_order = ["b", "a"]
"""
    port = free_port()
    with member("M") as number, cluster(tmp_path, text) as devices:
        first, second = devices["a"], devices["b"]
        first.post("auth/partition", name="T1")
        first.post("ltm/pool", name="p", partition="T1", members=[f"127.0.0.1:{number}"])
        for name, address, group in (("v1", "127.3.7.1", "1"), ("v2", "127.3.7.2", "tg2")):
            if group == "tg2":
                more = {"trafficGroup": "/Common/tg2", "partition": "T1"}
                first.post("ltm/virtual-address", name=address, address=address, **more)
            first.post(
                "ltm/virtual", name=name, partition="T1", destination=f"/T1/{address}:{port}",
                ipProtocol="tcp", pool="/T1/p", profiles=["/Common/tcp", "/Common/http"],
            )  # fmt: skip

        def served() -> list[str]:
            return [ask("127.3.7.1", port), ask("127.3.7.2", port)]

        def listening() -> list[int]:
            return [d.health()["data_plane"]["listening"] for d in (first, second)]

        wait_until(lambda: served() == ["M", "M"], "both are served")
        wait_until(lambda: listening() == [1, 1], "each its own")
        second.post("sys/failover", command="run", standby=True, trafficGroup="/Common/tg2")
        wait_until(lambda: listening() == [2, 0], "the other took over on command")
        wait_until(lambda: served() == ["M", "M"], "both are served")
        first.tell("/power", on=False)
        wait_until(lambda: served() == ["M", "M"], "both are served by the one that is left", 5)
        wait_until(lambda: listening()[1] == 2, "it says so")
        assert status(second) == "Disconnected"
        first.tell("/power", on=True)
        wait_until(lambda: status(first) == "In Sync", "it is back")
        wait_until(lambda: listening() == [0, 2], "nothing is given back")
        os.kill(second.told["pid"], signal.SIGKILL)
        assert first.process.wait(PATIENCE_S) == 1  # and everything ends


def test_the_help_teaches_what_a_file_says(capsys):
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    said = capsys.readouterr().out
    for word in ("--cluster FILE", "[[device]]", "[group]", "[[traffic_group]]", "ha_order"):
        assert word in said
