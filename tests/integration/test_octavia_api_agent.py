"""The provider agent as octavia-driver-agent starts it."""

import subprocess
import sys
from pathlib import Path


def test_the_agent_takes_the_tenure_and_gives_it_back_when_told_to_end(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", Path(__file__).parent / "run_provider_agent.py", tmp_path],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["['status-sender:Project']", "[] 1"]
