"""The program `bigip-lbaas`."""

import sys
from collections.abc import Sequence
from importlib.util import find_spec

from cliff.command import Command

from bigip_lbaas.cli.app import OperatorApp
from bigip_lbaas.cli.commands import COMMANDS


def commands() -> dict[str, type[Command]]:
    """Return the commands that can run here: name -> class."""
    found: dict[str, type[Command]] = dict(COMMANDS)
    if find_spec("octavia") is not None:
        # their packages are an extra
        from bigip_lbaas.cmd.demo.command import Demo
        from bigip_lbaas.cmd.embedded.up import Up

        found |= {"demo": Demo, "up": Up}
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    return int(OperatorApp(commands()).run(list(sys.argv[1:] if argv is None else argv)))


if __name__ == "__main__":
    sys.exit(main())
