"""Tables that fit a narrow terminal: what has no room beside goes beneath, and ids stay whole."""

import textwrap
from argparse import Namespace
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from cliff import utils
from cliff.columns import FormattableColumn
from cliff.formatters.table import TableFormatter

SILENT = ("", "-", "yes")  # what is not there, and what is as it should be, take no line beneath
FRAME = 3  # characters between two columns, and one more at the end
FIRST, NEXT = "  ", "   "  # before the lines beneath another


def stacked(
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    width: int,
    under: str,
    beneath: Iterable[str],
) -> tuple[list[str], list[list[Any]]]:
    """Return a table of at most `width` characters, if moving columns can do that.

    Columns named in `beneath` are moved, in that order and only as many as it takes, into lines
    of the column `under`, each with its name.
    """
    left, cells = list(columns), [list(row) for row in rows]
    widths = {
        name: max([len(name), *(_width(row[at]) for row in cells)]) for at, name in enumerate(left)
    }
    moved: list[str] = []
    for name in beneath:
        if _total(widths[each] for each in left) <= width or under not in left:
            break
        if name in left:
            left.remove(name)
            moved.append(name)
            at = columns.index(name)
            widths[under] = max([widths[under], *(_least(name, row[at]) for row in cells)])
    if not moved:
        return left, cells
    room = max(widths[under], width - _total(widths[each] for each in left if each != under))
    order = [name for name in columns if name in moved]  # as they stand in a wide table
    made = []
    for row in cells:
        of = dict(zip(columns, row, strict=True))
        lines = [_text(of[under])]
        for name in order:
            lines += _beneath(name, _text(of[name]), room - FRAME)
        of[under] = "\n".join(lines)
        made.append([of[name] for name in left])
    return left, made


def _beneath(name: str, text: str, room: int) -> list[str]:
    """Return the lines that say a value under another: `  name: text`, wrapped between words."""
    if text in SILENT:
        return []
    said = f"{name}: {text}"
    if len(text.splitlines()) > 1:  # each on a line of its own
        return [f"{FIRST}{name}:", *(f"{NEXT}{line}" for line in text.splitlines())]
    return textwrap.wrap(
        said, room, initial_indent=FIRST, subsequent_indent=NEXT,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _least(name: str, value: Any) -> int:
    """Return what a value needs beneath another: its longest word is not broken."""
    text = _text(value)
    if text in SILENT:
        return 0
    words = text.splitlines() if "\n" in text else text.split()
    return max([len(FIRST) + len(name) + 1, *(len(NEXT) + len(word) for word in words)])


def _text(value: Any) -> str:
    return str(value.human_readable() if isinstance(value, FormattableColumn) else value)


def _width(value: Any) -> int:
    return max((len(line) for line in _text(value).splitlines()), default=0)


def _total(widths: Iterable[int]) -> int:
    return 1 + sum(FRAME + width for width in widths)


class StackedTable(TableFormatter):
    """Shows tables as cliff does, moved together where the terminal is too narrow."""

    def __init__(self, under: str, beneath: Sequence[str]) -> None:
        """Take what `stacked` takes."""
        self.under, self.beneath = under, beneath

    def emit_list(
        self,
        column_names: Sequence[str],
        data: Iterable[Sequence[Any]],
        stdout: TextIO,
        parsed_args: Namespace,
    ) -> None:
        """Write the table. A file or a pipe has no width: the table is as wide as it gets."""
        width = parsed_args.max_width
        if width <= 0 and (stdout.isatty() or parsed_args.fit_width):
            width = utils.terminal_width() or 0
        rows: Iterable[Sequence[Any]] = data
        if width > 0:
            column_names, rows = stacked(column_names, data, width, self.under, self.beneath)
        super().emit_list(column_names, rows, stdout, parsed_args)
