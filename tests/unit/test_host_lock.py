"""On a host, a device group of an environment has one agent, whoever starts a second."""

import logging
import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bigip_lbaas.cmd import agent
from bigip_lbaas.cmd.host_lock import DEFAULT_NAME, Claim, only_one
from bigip_lbaas.domain.errors import ConfigurationRefused
from bigip_lbaas.domain.ids import EnvironmentName, GroupNumber

CLAIM = Claim(EnvironmentName("Project"), GroupNumber(1))
HOLDER = (
    "import sys; from bigip_lbaas.cmd.host_lock import Claim, only_one\n"
    "with only_one(sys.argv[1], Claim('Project', 1)): print('held', flush=True); sys.stdin.read()"
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
    with only_one(str(tmp_path), CLAIM):
        assert agent.main(["--config-file", path]) == 2
    said = capsys.readouterr().err
    assert f"process {os.getpid()} is an agent of this device group of Project" in said
    assert "Traceback" not in said


@pytest.mark.usefixtures("_as_before")
def test_a_second_agent_for_a_device_of_another_group_says_who_manages_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = configuration(tmp_path, "kombu+memory://localhost/")
    who = "agent host-1:2, configuration /etc/two.conf"
    other = Claim(CLAIM.environment, GroupNumber(2), ("127.0.0.1:1", "127.0.0.1:2"), who)
    with only_one(str(tmp_path), other):
        assert agent.main(["--config-file", path]) == 2
    assert capsys.readouterr().err == (
        f"bigip-lbaas-agent: icontrol_hostname: 127.0.0.1:1: process {os.getpid()} ({who}) manages"
        " this device for Project on this host already; a second agent belongs on another host, or"
        " manages other devices\n"
    )


@pytest.mark.usefixtures("_as_before")
def test_the_place_names_the_agent_and_its_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = configuration(tmp_path, "kombu+memory://localhost/")
    said = "agent host-1:1, configuration /etc/ä.conf"
    with only_one(str(tmp_path), replace(CLAIM, who=said)):
        assert agent.main(["--config-file", path]) == 2
    assert f"process {os.getpid()} ({said}) is an agent of this device group of Project" in (
        capsys.readouterr().err
    )


def test_agents_of_different_devices_run_side_by_side_and_so_do_environments(
    tmp_path: Path,
) -> None:
    first = replace(CLAIM, addresses=("bigip-1", "[fd00::1]:443"))
    second = Claim(CLAIM.environment, GroupNumber(2), ("bigip-2",))
    third = Claim(EnvironmentName("other"), GroupNumber(1), ("bigip-1",))
    with (
        only_one(str(tmp_path), first),
        only_one(str(tmp_path), second),
        only_one(str(tmp_path), third),
    ):
        pass


@pytest.mark.usefixtures("_as_before")
def test_an_agent_that_could_not_start_leaves_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert agent.main(["--config-file", configuration(tmp_path, "nonsense")]) == 2
    assert "transport_url" in capsys.readouterr().err
    with only_one(str(tmp_path), CLAIM):
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
            only_one(str(tmp_path), CLAIM),
        ):
            pass
        holder.kill()
        holder.wait()
    with only_one(str(tmp_path), CLAIM):
        pass


@pytest.mark.parametrize(("environment", "group"), [("Project", 2), ("other", 1), ("Project-1", 1)])
def test_other_groups_and_environments_have_places_of_their_own(
    environment: str, group: int, tmp_path: Path
) -> None:
    others = Claim(EnvironmentName(environment), GroupNumber(group))
    with only_one(str(tmp_path), CLAIM), only_one(str(tmp_path), others):
        pass


def test_without_a_directory_one_for_this_account_alone_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with only_one("", CLAIM):
        made = tmp_path / DEFAULT_NAME
        assert stat.S_IMODE(made.stat().st_mode) == 0o700
        assert [stat.S_IMODE(file.stat().st_mode) for file in made.iterdir()] == [0o600]


def test_a_link_that_lies_where_the_lock_file_belongs_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("kept")
    (tmp_path / "agent-Project-1.lock").symlink_to(other)
    with (
        pytest.raises(ConfigurationRefused, match="lock_directory"),
        only_one(str(tmp_path), CLAIM),
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
        only_one(str(tmp_path), CLAIM),
    ):
        pass
