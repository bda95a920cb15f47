"""Writes docs/reference/placement-cases.md by playing the cases of the tests."""

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "unit")]

from placement_table import page  # noqa: E402 - it is found by the line above
from written import write_or_check  # noqa: E402

if __name__ == "__main__":
    texts = {"placement-cases.md": page()}
    sys.exit(write_or_check(str(__doc__), "docs/reference", lambda: texts))
