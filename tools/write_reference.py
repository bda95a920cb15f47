"""Writes docs/reference from the code, so that no list there can be wrong."""

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Iterable
from typing import Any

from oslo_config import cfg
from written import write_or_check

from bigip_lbaas.cmd import db_manage
from bigip_lbaas.cmd import main as program
from bigip_lbaas.cmd import option_lists as lists
from bigip_lbaas.cmd.telemetry import catalogue
from bigip_lbaas.domain import errors
from bigip_lbaas.provider.octavia import settings
from bigip_sim import cli as simulator
from bigip_sim.faults.kinds import COMMON, KINDS

WIDTH = "100"  # of the help texts, whatever the terminal
NOTE = "<!-- Written by tools/write_reference.py from the code; changes here are lost. -->\n\n"


def option_page() -> str:
    """Return the page of all options."""
    parts = [
        "# Options",
        "Controllers and agents read what `--config-file` names; the driver reads octavia.conf.",
        _section("Controllers and agents, `[DEFAULT]`", lists.COMMON_OPTIONS),
        _section("Controllers and agents, `[f5]`: where they meet", lists.MEETING_OPTIONS),
        _section("Controllers only, `[f5]`", lists.CONTROLLER_MEETING_OPTIONS),
        _section("Controllers only, `[DEFAULT]`", lists.CONTROLLER_OPTIONS),
        _section("Agents only, `[DEFAULT]`", lists.AGENT_OPTIONS),
        _section("The driver, in octavia.conf, `[f5]`", settings.OPTIONS),
    ]
    return "\n\n".join(parts) + "\n"


def _section(title: str, opts: Iterable[cfg.Opt]) -> str:
    rows = ["| option | type | default | meaning |", "|---|---|---|---|"]
    for opt in sorted(opts, key=lambda opt: opt.name):
        default = "this host's name" if opt.name == "host" else _text(opt.default)
        rows.append(f"| `{opt.name}` | {_type(opt)} | {default} | {opt.help} |")
    return f"## {title}\n\n" + "\n".join(rows)


def _type(opt: cfg.Opt) -> str:
    kind = type(opt.type).__name__.lower()
    choices = getattr(opt.type, "choices", None)
    words = f"one of {', '.join(choices)}" if choices else kind
    low, high = getattr(opt.type, "min", None), getattr(opt.type, "max", None)
    if low is not None:
        words += f", from {low:g}"
    if high is not None:
        words += f", to {high:g}"
    return f"{words}, secret" if opt.secret else words


def _text(default: Any) -> str:
    return "-" if default in (None, "") else f"`{default}`"


def command_page() -> str:
    """Return the page of all commands: what each says of itself when asked for help."""
    parts = ["# Commands", "## bigip-lbaas"]
    app = program.operator_app()
    for name, command in sorted(program.commands().items()):
        text = command(app, None).get_parser(f"bigip-lbaas {name}").format_help()
        parts.append(f"### bigip-lbaas {name}\n\n```\n{text.rstrip()}\n```")
    parser = simulator.build_parser()
    parts.append(f"## bigip-sim\n\n```\n{parser.format_help().rstrip()}\n```")
    parts += [f"### bigip-sim {name}\n\n{_help_of(name)}" for name in simulator_commands(parser)]
    parts.append(fault_table())
    parts.append(
        f"## bigip-lbaas-db-manage\n\n```\n{db_manage.build_parser().format_help().rstrip()}\n```"
    )
    parts.append(
        "## bigip-lbaas-controller, bigip-lbaas-agent\n\n"
        "Both take `--config-file FILE`, which may be given several times; SIGTERM ends them."
    )
    return "\n\n".join(parts) + "\n"


def simulator_commands(parser: argparse.ArgumentParser) -> list[str]:
    """Return the names of the simulator's commands, in their order."""
    (commands,) = [one for one in parser._actions if isinstance(one.choices, dict)]
    return list(commands.choices or ())


def fault_table() -> str:
    """Return the kinds of faults and what each takes."""
    rows = ["| kind | what happens | options |", "|---|---|---|"]
    for name, kind in KINDS.items():
        options = "; ".join(
            f"`{_option(field)}` {shape.says}" for field, shape in kind.fields.items()
        )
        rows.append(f"| `{name}` | {kind.says} | {options} |")
    rows.append(
        f"| any | | {'; '.join(f'`{_option(f)}` {shape.says}' for f, shape in COMMON.items())} |"
    )
    return "The kinds of faults:\n\n" + "\n".join(rows)


def _option(field: str) -> str:
    return f"--{field.replace('_', '-')}"


def _help_of(command: str) -> str:
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.suppress(SystemExit):
        simulator.build_parser().parse_args([command, "--help"])
    return f"```\n{text.getvalue().rstrip()}\n```"


def error_page() -> str:
    """Return the page of all errors."""
    return f"# Errors\n\n```\n{(errors.__doc__ or '').strip()}\n```\n"


def metric_page() -> str:
    """Return the page of all metrics."""
    parts = ["# Metrics", "Served at `/metrics` where `metrics_listen` says; beside it `/healthz`."]
    for title, measures in (("Agents", catalogue.AGENT), ("Controllers", catalogue.CONTROLLER)):
        rows = ["| metric | type | labels | meaning |", "|---|---|---|---|"]
        for one in measures:
            labels = ", ".join(f"`{label}`" for label in one.labels)
            rows.append(f"| `{one.name}` | {one.kind} | {labels} | {one.says} |")
        parts.append(f"## {title}\n\n" + "\n".join(rows))
    return "\n\n".join(parts) + "\n"


PAGES = {
    "options.md": option_page,
    "commands.md": command_page,
    "errors.md": error_page,
    "metrics.md": metric_page,
}


def pages() -> dict[str, str]:
    """Return the texts of all pages by file name."""
    os.environ["COLUMNS"] = WIDTH
    return {name: NOTE + write() for name, write in PAGES.items()}


if __name__ == "__main__":
    sys.exit(write_or_check(str(__doc__), "docs/reference", pages))
