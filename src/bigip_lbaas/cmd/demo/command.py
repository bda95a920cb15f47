"""The command `bigip-lbaas demo`: plays the main job and ends with a table of what it showed."""

import tempfile
import time
from argparse import Namespace
from pathlib import Path

from cliff.command import Command
from rich.console import Console
from rich.table import Table

from bigip_lbaas.cli.app import OperatorApp
from bigip_lbaas.cmd.logs import log_to_file
from bigip_lbaas.cmd.metrics import load_metrics

POLICY = "tenant_count: 6, node_count: 12, active_connections: 10k"
WORDS = {True: "[green]yes[/green]", False: "[red]NO[/red]", None: "[yellow]not shown[/yellow]"}
WIDTH = 110  # where standard output is no terminal


class Demo(Command):
    """Play the main job against an embedded stack: placement, traffic, takeover, capacity."""

    app: OperatorApp

    def take_action(self, parsed_args: Namespace) -> int:
        """Play; return 0 when every step held, 1 otherwise."""
        del parsed_args
        console = Console(width=None if self.app.stdout.isatty() else WIDTH, highlight=False)
        begun_s = time.monotonic()
        console.print(f"Starting the embedded stack; capacity policy: {POLICY}")
        # Octavia takes seconds to import: the other commands must not pay for it.
        from bigip_lbaas.cmd.demo.play import Play, Shown
        from bigip_lbaas.cmd.embedded.stack import Stack, StackSettings

        with tempfile.TemporaryDirectory(prefix="bigip-lbaas-demo-") as directory:
            state_dir = Path(directory)
            log_to_file(state_dir / "bigip-lbaas.log")
            policy = load_metrics().policy(POLICY)
            stack = Stack(StackSettings(state_dir, 0, policy))
            stack.start()
            try:
                ready_s = time.monotonic() - begun_s
                console.print(f"Ready after {ready_s:.1f} s: API at {stack.api.endpoint}")
                shown: tuple[Shown, ...] = Play(stack, console.print).run()
            finally:
                stack.stop()
        table = Table(title="What was shown", show_lines=True, title_justify="left")
        for column in ("claim", "seen", "held"):
            table.add_column(column)
        for one in shown:
            table.add_row(one.claim, one.seen, WORDS[one.held])
        console.print(table)
        console.print(f"{time.monotonic() - begun_s:.0f} s in all")
        return 1 if any(one.held is False for one in shown) else 0
