"""Runs a cluster: each device is a process of its own, and ends with this one."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bigip_sim.certificates import CertificateFiles, make_certificates
from bigip_sim.cluster_file import ClusterFile
from bigip_sim.lifetime import Lifetime
from bigip_sim.links import Address, Line
from bigip_sim.settings import SettingsError

START_LIMIT_S = 30.0
STOP_LIMIT_S = 10.0
_ASK_EVERY_S = 0.05
_ANSWER_LIMIT_S = 10.0
Json = Mapping[str, Any]


class Devices:
    """The processes of a cluster; whoever makes one stops it."""

    def __init__(self) -> None:
        self._processes: dict[str, subprocess.Popen[str]] = {}

    def start(self, file: ClusterFile, tls_dir: Path) -> dict[str, Json]:
        """Start every device and return what each says when it is ready."""
        for name, options in file.devices.items():
            if "state" in options:
                Path(str(options["state"])).parent.mkdir(parents=True, exist_ok=True)
            self._processes[name] = subprocess.Popen(  # noqa: S603 - this program itself
                [*_command(options), "--tls-dir", str(tls_dir)],
                stdout=subprocess.PIPE,
                stdin=subprocess.DEVNULL,
                text=True,
                start_new_session=True,  # an interrupt is for this process, which ends them
            )
        return {name: self._ready(name) for name in self._processes}

    def watch(self, lifetime: Lifetime) -> str:
        """Return which device has ended by itself, or nothing once it is time to end."""
        while not lifetime.is_over(within_s=1.0):
            for name, process in self._processes.items():
                if process.poll() is not None:
                    return name
        return ""

    def stop(self) -> None:
        """End them and wait."""
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()

    def _ready(self, name: str) -> Json:
        process = self._processes[name]
        assert process.stdout is not None
        timer = threading.Timer(START_LIMIT_S, process.kill)
        timer.start()
        line = process.stdout.readline()
        timer.cancel()
        if not line:
            raise SettingsError(f"device {name} of the cluster did not start; it says why above")
        told: Json = json.loads(line)
        return told


def run_cluster(file: ClusterFile, lifetime: Lifetime, announce: Callable[[Json], None]) -> int:
    """Run until it is time to end; `announce` is told when all of it is ready."""
    with ExitStack() as stack:
        tls_dir = _certificates(file, stack)
        devices = Devices()
        stack.callback(devices.stop)
        told = devices.start(file, tls_dir)
        urls = {name: str(each["control_url"]) for name, each in told.items()}
        for name in told:
            _ask(name, urls[name], {**file.making, "devices": urls})
        if file.trusts:
            _wait_until_heard(urls)
        announce({"ready": True, "group": file.making["group"], "devices": list(told.values())})
        lost = devices.watch(lifetime)
        if lost:
            sys.stderr.write(f"bigip-sim: device {lost} has ended, and the cluster with it\n")
        return 1 if lost else 0


def _certificates(file: ClusterFile, stack: ExitStack) -> Path:
    directory = file.tls_dir
    if directory is None:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bigip-sim-tls-")))
    if len(CertificateFiles.within(directory).missing()) == 3:
        try:
            make_certificates(directory, list(file.hosts))
        except OSError as error:
            raise SettingsError(f"tls_dir {directory} cannot be written: {error}") from error
    return directory


def _command(options: Json) -> list[str]:
    command = [sys.executable, "-m", "bigip_sim", "run", "--exit-with-parent", str(os.getpid())]
    for name, value in options.items():
        option = name.replace("_", "-")
        if name == "data_plane":
            command.append("--data-plane" if value else "--no-data-plane")
        else:
            command += [f"--{option}", str(value)]
    return command


def _ask(name: str, url: str, body: Json) -> None:
    line = Line(Address.read(name, url), _ANSWER_LIMIT_S)
    try:
        if line.post("/cluster", body) is None:
            raise SettingsError(f"device {name} does not join the cluster")
    finally:
        line.close()


def _wait_until_heard(urls: Mapping[str, str]) -> None:
    lines = [Line(Address.read(name, url), _ANSWER_LIMIT_S) for name, url in urls.items()]
    give_up_at = time.monotonic() + START_LIMIT_S
    try:
        while not all(_hears(line, len(urls) - 1) for line in lines):
            if time.monotonic() > give_up_at:
                raise SettingsError("the devices of the cluster do not hear each other")
            time.sleep(_ASK_EVERY_S)
    finally:
        for line in lines:
            line.close()


def _hears(line: Line, others: int) -> bool:
    told = line.get("/cluster") or {}
    connections = told.get("connections", {})
    return len(connections) == others and all(connections.values())
