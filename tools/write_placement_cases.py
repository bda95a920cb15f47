"""Writes docs/reference/placement-cases.md by playing the cases of the tests."""

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "unit")]

from placement_table import page  # noqa: E402 - it is found by the line above


def main() -> int:
    """Write the page; return the exit status."""
    path = ROOT / "docs" / "reference" / "placement-cases.md"
    path.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
