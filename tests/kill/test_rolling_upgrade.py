"""Controllers and agents of an earlier release are replaced one by one, with work under way."""

import io
import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scene import Scene, for_a_while, scene

from bigip_lbaas.store import schema

pytestmark = [pytest.mark.full, pytest.mark.services, pytest.mark.timeout(600)]

OLD = "16143d2"  # before agents were told apart by environment and id
ROOT = Path(__file__).parents[2]
SETTLED_WITHIN_S = 180.0


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the earlier release's programs are, in an environment of its own."""
    directory = tmp_path_factory.mktemp("old")
    packed = subprocess.run(["git", "archive", OLD], cwd=ROOT, capture_output=True, check=False)
    if packed.returncode:
        pytest.skip(f"the repository's history does not reach back to {OLD}")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(directory / "source")  # our own history: nothing to be wary of
    venv.create(directory / "venv")
    programs = directory / "venv" / "bin"
    # what it depends on is here already, in versions that both releases are tested with
    purelib = sysconfig.get_path("purelib", vars={"base": str(directory / "venv")})
    (Path(purelib) / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", programs / "python", "install", "--quiet",
         "--no-deps", directory / "source"],
        check=True, env=_environment(),
    )  # fmt: skip
    return programs


def _environment() -> dict[str, str]:
    """Return ours, without what would let the old programs find the new ones' modules."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def _run_old(old: Path, *arguments: str) -> str:
    done = subprocess.run(
        [old / arguments[0], *arguments[1:]],
        capture_output=True, text=True, check=False, env=_environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def running(old: Path, tmp_path: Path) -> Iterator[Scene]:
    def make_old_tables(url: str) -> None:
        config = tmp_path / "old.conf"
        config.write_text(f"[f5]\ndatabase_connection = {url}\n")
        said = _run_old(old, "bigip-lbaas-db-manage", "--config-file", str(config), "upgrade")
        assert schema.newest() not in said

    def wrapped(name: str, command: Any) -> Any:
        if not name.startswith(("controller", "agent")):
            return command
        return ("/usr/bin/env", "-u", "PYTHONPATH", old / Path(command[0]).name, *command[1:])

    with scene(tmp_path, wrapped=wrapped, make_tables=make_old_tables) as running:
        yield running


def test_old_and_new_controllers_and_agents_work_together(running: Scene) -> None:
    lab = running.lab
    schema.upgrade(lab.owned.our_url)  # with the old ones at work
    assert schema.check(lab.owned.our_url) == ()
    futures = running.begin(50, of_projects=10)
    for_a_while(5)
    for name in [name for name in lab.programs if name.startswith(("controller", "agent"))]:
        program = lab.programs[name]
        *_, old_program, option, config = map(str, program.command)
        new_program = Path(sys.executable).with_name(Path(old_program).name)
        program.terminate()
        program.wait()
        program.command = (str(new_program), option, config)
        program.start()
        for_a_while(5)
    running.end(futures, SETTLED_WITHIN_S)
    running.end(running.workload.delete_all(), SETTLED_WITHIN_S)
