"""Every case of the decision table is played, and the page in the docs says what happened."""

from pathlib import Path

import pytest
from placement_cases import Case
from placement_table import DEFECTS, DOCUMENTED, page

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "placement-cases.md"


@pytest.mark.parametrize("case", [*DOCUMENTED, *DEFECTS], ids=lambda case: case.id)
def test_the_case_ends_as_the_table_says(case: Case) -> None:
    assert case.play()


def test_all_defects_are_there() -> None:
    assert [case.id for case in DEFECTS] == [f"S{number}" for number in range(1, 23)]


def test_the_page_says_what_happens() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run make docs"
