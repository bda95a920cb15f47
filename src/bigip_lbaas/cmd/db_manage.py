"""The program `bigip-lbaas-db-manage`: makes the database's tables and says how they are."""

import argparse
import sys
from collections.abc import Sequence

from bigip_lbaas.cmd import options
from bigip_lbaas.cmd.option_lists import CONTROLLER_MEETING_OPTIONS, CONTROLLER_OPTIONS
from bigip_lbaas.cmd.running import USAGE_ERROR
from bigip_lbaas.domain.errors import ProviderError
from bigip_lbaas.store import schema

DIFFERS = 1


def build_parser() -> argparse.ArgumentParser:
    """Return what the command line takes."""
    parser = argparse.ArgumentParser(
        "bigip-lbaas-db-manage",
        description="Makes and checks the tables that drivers and controllers share.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="commands:\n"
        "  upgrade   make the tables, or bring them up to date; twice is the same as once\n"
        "  current   say at which revision the tables are, and which one this program needs\n"
        "  check     say how the tables differ from what this program needs (status 1 if they do)",
    )
    parser.add_argument(
        "--config-file",
        action="append",
        required=True,
        help="a controller's configuration file, which names database_connection; may be given"
        " several times, the last one wins",
    )
    parser.add_argument("command", choices=("upgrade", "current", "check"))
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; return its exit status."""
    parser = build_parser()
    arguments = parser.parse_args(argv)
    try:
        conf = options.load(
            arguments.config_file,
            CONTROLLER_OPTIONS,
            CONTROLLER_MEETING_OPTIONS,
        )
        lines, status = _carried_out(arguments.command, options.read_database(conf))
    except ProviderError as error:
        sys.stderr.write(f"{parser.prog}: {error}\n")
        return USAGE_ERROR
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return status


def _carried_out(command: str, url: str) -> tuple[tuple[str, ...], int]:
    """Return what to say, and the exit status."""
    if command == "upgrade":
        schema.upgrade(url)
    if command == "check":
        differences = schema.check(url)
        return differences or ("no difference",), DIFFERS if differences else 0
    return (f"revision {schema.current(url) or 'none'}, needed {schema.newest()}",), 0


if __name__ == "__main__":
    sys.exit(main())
