"""The program `bigip-lbaas`."""

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from cliff.command import Command

from bigip_lbaas.cli.app import OperatorApp
from bigip_lbaas.cli.commands import COMMANDS
from bigip_lbaas.cmd.installed import load_policies
from bigip_lbaas.controller.books import read_fleet
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.domain.fleet import Fleet
from bigip_lbaas.domain.ids import EnvironmentName, LoadBalancerId, ProjectId
from bigip_lbaas.domain.placement import Need
from bigip_lbaas.store.port import Transaction


def commands() -> dict[str, type[Command]]:
    """Return the commands that can run here: name -> class."""
    found: dict[str, type[Command]] = dict(COMMANDS)
    if find_spec("octavia") is not None:
        # their packages are an extra
        from bigip_lbaas.cmd.demo.command import Demo
        from bigip_lbaas.cmd.embedded.up import Down, Up

        found |= {"demo": Demo, "down": Down, "up": Up}
    return found


def operator_app() -> OperatorApp:
    """Return the program, with what it takes from layers that it does not know."""
    return OperatorApp(commands(), _read_fleet, load_policies())


def _read_fleet(tx: Transaction, environment: EnvironmentName) -> Fleet:
    """Return an environment's fleet as its controllers see it for a project without a home."""
    nobody = Need(LoadBalancerId(""), ProjectId("nobody"))
    return read_fleet(tx, ControllerSettings(environment, "operator"), nobody)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    os.environ.setdefault("CLIFF_FIT_WIDTH", "1")  # a table that wraps its lines cannot be read
    return int(operator_app().run(list(sys.argv[1:] if argv is None else argv)))


if __name__ == "__main__":
    sys.exit(main())
