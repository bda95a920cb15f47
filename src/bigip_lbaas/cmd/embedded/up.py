"""The commands `bigip-lbaas up`, which runs a whole stack until it is told to end, and `down`."""

import re
import signal
import sys
import threading
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

from cliff.command import Command

from bigip_lbaas.cli.app import OperatorApp
from bigip_lbaas.cmd.embedded.simulators import DEVICES_OF_GROUP
from bigip_lbaas.cmd.lab.running import (
    EmbeddedStack,
    LabStack,
    Running,
    add_services,
    lab_settings,
)
from bigip_lbaas.cmd.logs import log_to_file
from bigip_lbaas.cmd.metrics import load_metrics

DEFAULT_PORT = 9876
LAST_PORT = 65535
DEFAULT_POLICY = "tenant_count: 50, node_count: 500, active_connections: 10k"

COMMANDS = """\
The load-balancing API listens on {endpoint} (no authentication).
Device groups: {groups}
{traffic}State: {state_dir} (log: {log})

Try it from another terminal:
  OS="{openstack} --os-auth-type none --os-endpoint {endpoint}"
  $OS loadbalancer create --name lb1 --vip-subnet-id loopback --vip-address 127.0.0.41 --wait
  $OS loadbalancer listener create --name l1 --protocol HTTP --protocol-port 8080 --wait lb1
  $OS loadbalancer pool create --name p1 --lb-algorithm ROUND_ROBIN --listener l1 \\
      --protocol HTTP --wait
  $OS loadbalancer member create --address 127.0.0.1 --protocol-port 9001 --wait p1
  $OS loadbalancer healthmonitor create --type HTTP --delay 2 --timeout 1 --max-retries 2 \\
      --url-path / --wait p1
  $OS loadbalancer show lb1
  curl http://127.0.0.41:8080/          (once something answers on 127.0.0.1:9001)
  {program} {where} group list
  {program} {where} loadbalancer list

Ctrl-C ends it{afterwards}
"""
GOES_ON = "; 'up' in the same directory goes on from there."
TAKES_AWAY = ", and takes its databases, queues and exchange away."
PROCESSES = """\
Processes: {processes}
  each has {state_dir}/NAME.conf and NAME.log, and may be ended, frozen and started by hand
"""


def port_from(text: str) -> int:
    """Return a port of the command line. Raises ArgumentTypeError."""
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > LAST_PORT:
        raise ArgumentTypeError(f"{text!r} is no port: give a number in the range 0..{LAST_PORT}")
    return int(text)


class Up(Command):
    """Run driver, controllers, agents, the API and simulated BIG-IPs on this machine."""

    app: OperatorApp

    def get_parser(self, prog_name: str) -> ArgumentParser:
        """Return what the command line takes."""
        parser: ArgumentParser = super().get_parser(prog_name)
        parser.add_argument(
            "--port",
            type=port_from,
            default=DEFAULT_PORT,
            help="port of the API, 0 for any free one (default: %(default)s)",
        )
        parser.add_argument(
            "--capacity-policy",
            default=DEFAULT_POLICY,
            help="limits of each device group (default: %(default)s)",
        )
        add_services(parser)
        return parser

    def take_action(self, parsed_args: Namespace) -> None:
        """Start, say how to use it, wait, stop. Raises ConfigurationRefused, ProviderError."""
        policy = load_metrics().policy(parsed_args.capacity_policy, "--capacity-policy")
        state_dir: Path = self.app.options.state_dir.absolute()
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        log_to_file(state_dir / "bigip-lbaas.log")
        stopped = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: stopped.set())
        self._say("Starting (about 10 s) ...")
        if parsed_args.services:
            stack: Running = LabStack(lab_settings(parsed_args, state_dir))
        else:
            stack = EmbeddedStack(state_dir, parsed_args.port, policy)
        stack.start()
        try:
            self._say(_commands(stack, state_dir))
            while not stopped.wait(1.0):
                pass  # a plain wait would keep signals waiting too
        finally:
            self._say("Stopping ...")
            stack.stop()
        self._say("Stopped.")

    def _say(self, text: str) -> None:
        self.app.stdout.write(text + "\n")
        self.app.stdout.flush()


class Down(Command):
    """End the stack of a state directory, and take away what a killed one left on servers."""

    app: OperatorApp

    def take_action(self, _parsed_args: Namespace) -> None:
        """End it. Raises ProviderError."""
        from bigip_lbaas.cmd.lab.stack import end

        state_dir: Path = self.app.options.state_dir.absolute()
        was_there = state_dir.is_dir() and end(state_dir)
        said = "Stopped." if was_there else f"Nothing runs in {state_dir}, and nothing was left."
        self.app.stdout.write(f"{said}\n")


def _commands(stack: Running, state_dir: Path) -> str:
    groups = "; ".join(
        f"{number}: {' and '.join(names)}" for number, names in DEVICES_OF_GROUP.items()
    )
    carries = all(device.data_plane for device in stack.simulators.devices.values())
    traffic = "" if carries else "HAProxy is not installed: virtual servers carry no traffic.\n"
    if stack.processes:
        traffic += PROCESSES.format(processes=", ".join(stack.processes), state_dir=state_dir)
    bin_dir = Path(sys.executable).parent
    return COMMANDS.format(
        endpoint=stack.endpoint,
        groups=groups,
        traffic=traffic,
        state_dir=state_dir,
        log=state_dir / "bigip-lbaas.log",
        openstack=bin_dir / "openstack",
        program=bin_dir / "bigip-lbaas",
        where=f"--database {stack.database}" if stack.processes else f"--state-dir {state_dir}",
        afterwards=TAKES_AWAY if stack.processes else GOES_ON,
    )
