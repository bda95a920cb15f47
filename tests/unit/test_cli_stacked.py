"""Tables on narrow terminals: what has no room beside goes beneath, and nothing is lost."""

import io
from argparse import Namespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigip_lbaas.cli.stacked import StackedTable, stacked
from bigip_lbaas.cli.told import told_list

ID = "701966a0-c381-e88f-38c0-c8fd8712b8bc"
COLUMNS = ("id", "name", "agent", "devices", "phase")
BENEATH = ("devices", "agent", "name")
ROW = (ID, "web", "lb-host-002.example.org:1", told_list(("serial-1", "serial-2")), "applied")


def drawn(width: int, *rows: tuple[object, ...]) -> list[str]:
    out = io.StringIO()
    asked = Namespace(max_width=width, fit_width=False, print_empty=False)
    StackedTable("id", BENEATH).emit_list(COLUMNS, rows, out, asked)
    return out.getvalue().splitlines()


def test_a_wide_terminal_has_one_line_for_a_row() -> None:
    assert stacked(COLUMNS, [ROW], 200, "id", BENEATH) == (list(COLUMNS), [list(ROW)])
    columns = [cell.strip() for cell in drawn(200, ROW)[1].strip("|").split("|")]
    assert columns == list(COLUMNS)


def test_no_more_is_moved_than_it_takes() -> None:
    columns, _ = stacked(COLUMNS, [ROW], 90, "id", BENEATH)
    assert columns == ["id", "name", "agent", "phase"]
    columns, ((id_, phase),) = stacked(COLUMNS, [ROW], 52, "id", BENEATH)
    assert columns == ["id", "phase"]
    assert id_.splitlines() == [
        ID,
        "  name: web",
        "  agent: lb-host-002.example.org:1",
        "  devices:",
        "   serial-1",
        "   serial-2",
    ]
    assert phase == "applied"


def test_what_is_not_there_takes_no_line() -> None:
    (_, rows) = stacked(COLUMNS, [(ID, "-", "", "yes", "applied"), ROW], 52, "id", BENEATH)
    assert rows[0][0] == ID


def test_text_is_wrapped_between_words_to_the_room_there_is() -> None:
    words = "the pool member address is already used by another load balancer of the project"
    _, ((id_, _),) = stacked(("id", "why", "n"), [(ID, words, "1")], 60, "id", ("why",))
    lines = id_.splitlines()[1:]
    assert " ".join(" ".join(lines).split()) == f"why: {words}"
    assert max(map(len, lines)) <= 60 - len("| ") - len(" | n |")


@pytest.mark.parametrize("width", [80, 120, 200])
def test_no_line_is_wider_than_the_terminal_and_ids_stay_whole(width: int) -> None:
    lines = drawn(width, ROW, ROW)
    assert max(map(len, lines)) <= width
    assert sum(ID in line for line in lines) == 2


def test_a_file_has_no_width() -> None:
    assert len(drawn(0, ROW)[1].split("|")) == len(COLUMNS) + 2


@given(
    st.lists(st.tuples(*[st.text("abcdef 12-", max_size=30)] * 5), min_size=1, max_size=4),
    st.integers(20, 160),
)
def test_every_word_is_shown_at_any_width(rows: list[tuple[str, ...]], width: int) -> None:
    columns, made = stacked(COLUMNS, rows, width, "id", BENEATH)
    for row, shown in zip(rows, made, strict=True):
        text = " ".join(" ".join(map(str, shown)).split())
        for name, value in zip(COLUMNS, row, strict=True):
            if name in columns or value not in ("", "-"):
                assert " ".join(value.split()) in text
