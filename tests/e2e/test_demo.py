"""The demonstration, as `make demo` runs it: every step must hold."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = str(Path(sys.executable).with_name("bigip-lbaas"))
WITHIN_S = 200.0
STEPS = 10  # rows of the closing table where traffic can be shown


@pytest.mark.timeout(240)
def test_every_step_of_the_demonstration_holds() -> None:
    done = subprocess.run(
        (PROGRAM, "demo"), capture_output=True, text=True, timeout=WITHIN_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert " NO " not in done.stdout
    assert done.stdout.count(" yes ") == STEPS or not shutil.which("haproxy")
