"""The exact commands that people type, and what the embedded API does beside answering."""

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from octavia_stack import Stack, until

from bigip_lbaas.domain.errors import ConfigurationRefused


def openstack(stack: Stack, *arguments: str) -> str:
    """Run the client as a person would, without any cloud's settings."""
    command = Path(sys.executable).parent / "openstack"
    settings = {key: value for key, value in os.environ.items() if not key.startswith("OS_")}
    done = subprocess.run(
        [
            command,
            "--os-auth-type", "none",
            "--os-endpoint", stack.endpoint,
            "loadbalancer",
            *arguments,
        ],
        capture_output=True, text=True, env=settings, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_command_line_client_creates_and_shows_without_keystone_or_neutron(
    stack: Stack,
) -> None:
    vip = ("--vip-subnet-id", "loopback", "--vip-address", "127.0.0.41")
    value = ("-f", "value", "-c")
    created = openstack(stack, "create", "--name", "typed", *vip, "--wait", "--project", "acme",
                        *value, "id", *value, "project_id")  # fmt: skip
    lb, project = sorted(created.split(), key=len, reverse=True)
    assert len(project) == 32
    port = ("--protocol", "HTTP", "--protocol-port", "8080")
    openstack(stack, "listener", "create", "--name", "typed-80", *port, "--wait", "typed")
    assert openstack(stack, "show", "typed", *value, "operating_status") == "ONLINE"
    assert stack.record(lb).graph.listeners[0].protocol_port == 8080


def test_a_second_api_on_the_same_port_is_refused_in_one_sentence(
    running: Stack, tmp_path: Path
) -> None:
    from bigip_lbaas.cmd.embedded.api import EmbeddedApi

    port = int(running.endpoint.rsplit(":", 1)[1])
    with pytest.raises(ConfigurationRefused, match=f"port {port} on 127.0.0.1 cannot be used"):
        EmbeddedApi(tmp_path, port).start()


def test_a_long_path_still_has_sockets(tmp_path: Path, running: Stack) -> None:
    from bigip_lbaas.cmd.embedded.sockets import DriverAgentSockets

    sockets = DriverAgentSockets(tmp_path / ("deep" * 30))
    threads = threading.active_count()
    sockets.start()
    try:
        for path in (sockets.paths.status, sockets.paths.stats, sockets.paths.get):
            assert len(str(path)) <= 100  # Linux takes 107 bytes
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(path))
    finally:
        sockets.stop()
    assert not sockets.paths.get.exists()
    until(lambda: threading.active_count() <= threads)


def test_the_api_stops_without_a_trace_and_starts_again_with_what_it_had(tmp_path: Path) -> None:
    script = Path(__file__).parent / "restart_api.py"
    for _life in range(2):
        done: Any = subprocess.run(
            [sys.executable, "-W", "ignore", script, tmp_path / "state"],
            capture_output=True, text=True, timeout=100, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split() == ["2", "load", "balancers,", "1", "thread"]
