"""The pages of docs/reference are what the code says."""

import subprocess
import sys

from sources import ROOT


def test_no_page_of_the_reference_is_stale() -> None:
    # in a process of its own: it reads the width of help texts from the environment
    told = subprocess.run(
        [sys.executable, "tools/write_reference.py", "--check"],
        cwd=ROOT, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout + told.stderr
