"""The program `bigip-lbaas up` as a user runs it: a process, its children, a directory, a port."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

PROGRAM = str(Path(sys.executable).with_name("bigip-lbaas"))
READY_WITHIN_S = 60.0
ENDS_WITHIN_S = 30.0
SUBNET = "5f0ec4ff-0000-4000-8000-000000000001"


class Up:
    """One running `bigip-lbaas up`."""

    def __init__(self, state_dir: Path, port: int = 0, more: tuple[str, ...] = ()) -> None:
        arguments = (PROGRAM, "--state-dir", str(state_dir), "up", "--port", str(port), *more)
        self.process = subprocess.Popen(
            arguments,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self.said = ""

    def endpoint(self) -> str:
        """Wait until it says where the API is."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            found = re.search(r"API listens on (http://\S+)", line)
            if found:
                return found[1]
        raise AssertionError(f"it ended without an API: {self.said}")

    def end(self, number: int) -> int:
        """Send a signal; return the exit status."""
        self.process.send_signal(number)
        status = self.process.wait(ENDS_WITHIN_S)
        assert self.process.stdout is not None
        self.said += self.process.stdout.read()
        self.process.stdout.close()
        return status

    def refusal(self) -> tuple[int, str]:
        """Return exit status and words of one that does not start."""
        said, _ = self.process.communicate(timeout=READY_WITHIN_S)
        return self.process.returncode, said


@pytest.fixture
def running() -> Iterator[Callable[..., Up]]:
    started: list[Up] = []

    def start(state_dir: Path, port: int = 0, more: tuple[str, ...] = ()) -> Up:
        started.append(Up(state_dir, port, more))
        return started[-1]

    yield start
    for up in started:
        if up.process.poll() is None:
            up.process.kill()
            up.process.wait()
        if up.process.stdout is not None:
            up.process.stdout.close()


def of_directory(directory: Path) -> list[str]:
    """Return the command lines of processes that name the directory."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(directory) in words and entry.name != str(os.getpid()):
            found.append(words)
    return found


def wait_until(claim: Callable[[], bool], within_s: float) -> bool:
    until_s = time.monotonic() + within_s
    while not claim():
        if time.monotonic() > until_s:
            return False
        time.sleep(0.1)
    return True


def create(client: httpx.Client, name: str, address: str) -> str:
    body = {"name": name, "vip_subnet_id": SUBNET, "vip_address": address}
    answer = client.post("/v2/lbaas/loadbalancers", json={"loadbalancer": body})
    assert answer.status_code == httpx.codes.CREATED, answer.text
    made: str = answer.json()["loadbalancer"]["id"]
    return made


def status(client: httpx.Client, load_balancer: str) -> str:
    answer = client.get(f"/v2/lbaas/loadbalancers/{load_balancer}").json()
    found: str = answer["loadbalancer"]["provisioning_status"]
    return found


@pytest.mark.timeout(240)
def test_up_refuses_what_is_in_use_keeps_its_state_and_leaves_nothing_running(
    tmp_path: Path, running: Callable[..., Up]
) -> None:
    state_dir = tmp_path / "state"
    first = running(state_dir)
    endpoint = first.endpoint()
    port = int(endpoint.rpartition(":")[2])

    code, said = running(state_dir).refusal()
    assert code != 0
    assert f"state directory {state_dir} is in use" in said
    assert f"process {first.process.pid}" in said
    assert "Traceback" not in said

    code, said = running(tmp_path / "other", port).refusal()
    assert code != 0
    assert f"port {port}" in said
    assert "Traceback" not in said
    assert wait_until(lambda: not of_directory(tmp_path / "other"), ENDS_WITHIN_S)

    with httpx.Client(base_url=endpoint, timeout=30) as client:
        made = create(client, "kept", "127.0.60.1")
        assert wait_until(lambda: status(client, made) == "ACTIVE", 30)
    assert first.end(signal.SIGTERM) == 0
    assert "Stopped." in first.said
    assert of_directory(tmp_path) == []

    second = running(state_dir)
    with httpx.Client(base_url=second.endpoint(), timeout=30) as client:
        assert status(client, made) == "ACTIVE"
        body = {"loadbalancer": {"admin_state_up": False}}
        changed = client.put(f"/v2/lbaas/loadbalancers/{made}", json=body)
        assert changed.status_code == httpx.codes.OK, changed.text
        assert wait_until(lambda: status(client, made) == "ACTIVE", 30)
    second.end(signal.SIGKILL)
    assert wait_until(lambda: of_directory(tmp_path) == [], ENDS_WITHIN_S)
