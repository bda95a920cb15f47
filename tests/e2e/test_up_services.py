"""`bigip-lbaas up --services`: processes of their own on real servers, and nothing left of them."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import psycopg
import pytest
from test_up import ENDS_WITHIN_S, PROGRAM, Up, create, of_directory, running, status, wait_until

from bigip_lbaas.cmd.lab.servers import Belongings
from bigip_lbaas.cmd.lab.stack import BELONGINGS

POSTGRESQL = "postgresql://postgres@127.0.0.1:5432/postgres"

__all__ = ["running"]  # the fixture


def databases() -> set[str]:
    try:
        with psycopg.connect(POSTGRESQL, autocommit=True, connect_timeout=3) as connection:
            return {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
    except psycopg.OperationalError as error:
        pytest.skip(f"no PostgreSQL for tests: {error}")


HOLDS = """
import signal, sys
from pathlib import Path
from bigip_lbaas.cmd.state_dir import locked

with locked(Path(sys.argv[1])):
    print("in", flush=True)
    signal.pause()
"""


def down(state_dir: Path) -> str:
    done = subprocess.run(
        (PROGRAM, "--state-dir", str(state_dir), "down"),
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return done.stdout


@pytest.mark.services
@pytest.mark.timeout(180)
def test_processes_serve_and_down_ends_them_or_takes_away_what_a_killed_one_left(
    tmp_path: Path, running: Callable[..., Up]
) -> None:
    databases()
    state_dir = tmp_path / "lab"
    few = ("--services", "--hosts", "1", "--controllers", "1", "--database-server", "postgresql")
    up = running(state_dir, 0, few)
    with httpx.Client(base_url=up.endpoint(), timeout=30) as client:
        made = create(client, "one", "127.0.61.1")
        assert wait_until(lambda: status(client, made) == "ACTIVE", 30)
    owned = Belongings(**json.loads((state_dir / BELONGINGS).read_text()))
    assert {owned.ours, owned.octavia} <= databases()
    programs = " ".join(of_directory(state_dir))
    for name in ("lab.api", "octavia-driver-agent", "bigip-lbaas-controller", "bigip-lbaas-agent"):
        assert name in programs

    up.process.kill()
    assert wait_until(lambda: of_directory(state_dir) == [], ENDS_WITHIN_S)
    code, said = running(state_dir, 0, few).refusal()
    assert code != 0
    assert re.search(r"belongs to a lab that was killed: run .* down", said)
    assert down(state_dir) == "Stopped.\n"
    assert not {owned.ours, owned.octavia} & databases()
    assert down(state_dir).startswith("Nothing runs in")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--database-server", "sqlite:///x"), "--database sqlite: processes of their own share"),
        (("--database-server", "mysql://nobody@127.0.0.1:1"), "no connection"),
        (("--hosts", "0"), "give a number in the range"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence_and_leaves_nothing(
    arguments: tuple[str, ...], said: str, tmp_path: Path, running: Callable[..., Up]
) -> None:
    code, told = running(tmp_path, 0, ("--services", *arguments)).refusal()
    assert code != 0
    assert said in told
    assert "Traceback" not in told


def test_down_ends_one_that_runs(tmp_path: Path, running: Callable[..., Up]) -> None:
    from bigip_lbaas.cmd.lab import stack
    from bigip_lbaas.cmd.state_dir import locked

    held = subprocess.Popen(
        (sys.executable, "-c", HOLDS, str(tmp_path)), stdout=subprocess.PIPE, text=True
    )
    assert held.stdout is not None
    assert held.stdout.readline() == "in\n"
    assert stack.holder_of(tmp_path) == held.pid
    assert down(tmp_path) == "Stopped.\n"
    assert held.wait(10) == -signal.SIGTERM
    with locked(tmp_path):
        held.stdout.close()
