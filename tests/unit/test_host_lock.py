"""On a host, a device group of an environment has one agent, whoever starts a second."""

import logging
import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bigip_lbaas.cmd import agent
from bigip_lbaas.cmd.host_lock import DEFAULT_NAME, only_one
from bigip_lbaas.domain.errors import ConfigurationRefused
from bigip_lbaas.domain.ids import EnvironmentName, GroupNumber

ENVIRONMENT, GROUP = EnvironmentName("Project"), GroupNumber(1)
HOLDER = (
    "import sys; from bigip_lbaas.cmd.host_lock import only_one\n"
    "with only_one(sys.argv[1], 'Project', 1): print('held', flush=True); sys.stdin.read()"
)


@pytest.fixture
def _as_before() -> Iterator[None]:
    """Put signals and logs back as they were."""
    signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for number, handler in signals.items():
        signal.signal(number, handler)
    root.handlers[:] = handlers
    root.setLevel(level)


def configuration(tmp_path: Path, transport_url: str) -> str:
    path = tmp_path / "agent.conf"
    path.write_text(
        f"[DEFAULT]\nlock_directory = {tmp_path}\nicontrol_hostname = 127.0.0.1:1\n"
        "icontrol_username = operator\nicontrol_password = hunter2\n"
        f"[f5]\ntransport_url = {transport_url}\n"
    )
    return str(path)


@pytest.mark.usefixtures("_as_before")
def test_a_second_agent_of_a_group_refuses_to_start_and_says_who_is_the_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = configuration(tmp_path, "kombu+memory://localhost/")
    with only_one(str(tmp_path), ENVIRONMENT, GROUP):
        assert agent.main(["--config-file", path]) == 2
    said = capsys.readouterr().err
    assert f"process {os.getpid()} is an agent of this device group of Project" in said
    assert "Traceback" not in said


@pytest.mark.usefixtures("_as_before")
def test_an_agent_that_could_not_start_leaves_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert agent.main(["--config-file", configuration(tmp_path, "nonsense")]) == 2
    assert "transport_url" in capsys.readouterr().err
    with only_one(str(tmp_path), ENVIRONMENT, GROUP):
        pass


def test_the_place_of_a_process_that_was_killed_is_free(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with (
            pytest.raises(ConfigurationRefused, match=f"process {holder.pid} "),
            only_one(str(tmp_path), ENVIRONMENT, GROUP),
        ):
            pass
        holder.kill()
        holder.wait()
    with only_one(str(tmp_path), ENVIRONMENT, GROUP):
        pass


@pytest.mark.parametrize(("environment", "group"), [("Project", 2), ("other", 1), ("Project-1", 1)])
def test_other_groups_and_environments_have_places_of_their_own(
    environment: str, group: int, tmp_path: Path
) -> None:
    others = EnvironmentName(environment), GroupNumber(group)
    with only_one(str(tmp_path), ENVIRONMENT, GROUP), only_one(str(tmp_path), *others):
        pass


def test_without_a_directory_one_for_this_account_alone_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with only_one("", ENVIRONMENT, GROUP):
        made = tmp_path / DEFAULT_NAME
        assert stat.S_IMODE(made.stat().st_mode) == 0o700
        assert [stat.S_IMODE(file.stat().st_mode) for file in made.iterdir()] == [0o600]


def test_a_link_that_lies_where_the_lock_file_belongs_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("kept")
    (tmp_path / "agent-Project-1.lock").symlink_to(other)
    with (
        pytest.raises(ConfigurationRefused, match="lock_directory"),
        only_one(str(tmp_path), ENVIRONMENT, GROUP),
    ):
        pass
    assert other.read_text() == "kept"


def test_a_directory_that_another_account_made_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() == 0:
        os.chown(tmp_path, 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with (
        pytest.raises(ConfigurationRefused, match="belongs to another account"),
        only_one(str(tmp_path), ENVIRONMENT, GROUP),
    ):
        pass
