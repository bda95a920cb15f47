"""What deploy/ holds: units that systemd accepts, samples that the code wrote and accepts."""

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from oslo_config import cfg

from bigip_lbaas.cmd import options
from bigip_lbaas.cmd.agent_options import read_agent
from bigip_lbaas.cmd.option_lists import (
    AGENT_OPTIONS,
    CONTROLLER_MEETING_OPTIONS,
    CONTROLLER_OPTIONS,
)
from bigip_lbaas.provider.octavia.settings import read_settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = {
    "bigip-lbaas-controller.service": ("bigip-lbaas-controller", "controller.conf"),
    "bigip-lbaas-agent@.service": ("bigip-lbaas-agent", "agent-%i.conf"),
}
WORST_EXPOSURE = 1.5  # of 10, as systemd-analyze security counts
REACHED = {
    "transport_url": "rabbit://u:p@broker/v",
    "database_connection": "sqlite:///d",
    "environment_group_number": "7",
    "icontrol_hostname": "192.0.2.1",
    "icontrol_username": "lbaas",
    "icontrol_password": "p",
}


def _unit(name: str) -> configparser.RawConfigParser:
    unit = configparser.RawConfigParser(strict=False, delimiters="=")
    unit.optionxform = str  # type: ignore[method-assign, assignment]
    unit.read(DEPLOY / "systemd" / name)
    return unit


@pytest.fixture
def runnable(tmp_path: Path) -> list[Path]:
    """Return the units with programs that are there, the template as one of its instances."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed, so systemd's own opinion is not asked")
    paths = []
    for name in UNITS:
        text = (DEPLOY / "systemd" / name).read_text()
        path = tmp_path / name.replace("@", "@1")
        path.write_text(text.replace("/opt/bigip-lbaas/bin/", "/bin/true "))
        paths.append(path)
    return paths


def _said(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


def test_systemd_accepts_the_units(runnable: list[Path]) -> None:
    told = _said("systemd-analyze", "verify", "--man=no", *runnable)
    ours = [line for line in told.stderr.splitlines() if "bigip-lbaas" in line]
    assert (told.returncode, ours) == (0, [])


def test_systemd_would_not_accept_a_misspelt_one(runnable: list[Path]) -> None:
    text = runnable[0].read_text()
    runnable[0].write_text(text.replace("NoNewPrivileges", "NoNewPrivilege"))
    assert "NoNewPrivilege" in _said("systemd-analyze", "verify", "--man=no", runnable[0]).stderr


def test_the_units_leave_little_open(runnable: list[Path]) -> None:
    for path in runnable:
        told = _said("systemd-analyze", "security", "--offline=true", "--no-pager", path).stdout
        found = re.search(r"exposure level for \S+: ([0-9.]+)", told)
        assert found, told
        assert float(found.group(1)) <= WORST_EXPOSURE


@pytest.mark.parametrize(("name", "runs"), UNITS.items())
def test_a_unit_starts_its_program_with_its_file(name: str, runs: tuple[str, str]) -> None:
    program, file = runs
    assert _unit(name)["Service"]["ExecStart"] == (
        f"/opt/bigip-lbaas/bin/{program} --config-file /etc/bigip-lbaas/{file}"
    )


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("bigip-lbaas-controller.service", "bigip_lbaas.cmd.controller"),
        ("bigip-lbaas-agent@.service", "bigip_lbaas.cmd.agent"),
    ],
)
def test_a_refused_configuration_is_not_tried_again(name: str, module: str) -> None:
    told = _said(sys.executable, "-m", module, "--config-file", "absent")
    service = _unit(name)["Service"]
    assert service["Restart"] == "on-failure"
    assert service["RestartPreventExitStatus"] == str(told.returncode) == "2"


def test_no_sample_is_stale() -> None:
    # in a process of its own, as make docs runs it
    told = _said(sys.executable, ROOT / "tools" / "write_samples.py", "--check")
    assert told.returncode == 0, told.stdout + told.stderr


def _filled_in(name: str, target: Path) -> str:
    """Return a copy of a sample in which every option stands, some with a value of their own."""

    def written(found: re.Match[str]) -> str:
        option, default = found.groups()
        value = REACHED.get(option, default)
        return "" if value.startswith(("<None>", "this host's")) else f"{option} = {value}"

    text = (DEPLOY / "samples" / f"{name}.conf.sample").read_text()
    path = target / f"{name}.conf"
    path.write_text(re.sub(r"^#(\w+) =[ ]?(.*)$", written, text, flags=re.MULTILINE))
    assert "\ntransport_url = rabbit://u:p@broker/v" in path.read_text()
    return str(path)


def test_a_controller_accepts_its_sample(tmp_path: Path) -> None:
    file = _filled_in("controller", tmp_path)
    conf = options.load([file], CONTROLLER_OPTIONS, CONTROLLER_MEETING_OPTIONS)
    assert options.read_meeting(conf, needs_database=True).database_connection == "sqlite:///d"
    assert options.read_controller(conf, "c").environment == "Project"


def test_an_agent_accepts_its_sample(tmp_path: Path) -> None:
    conf = options.load([_filled_in("agent", tmp_path)], AGENT_OPTIONS, ())
    assert read_agent(conf).group == 7


def test_the_driver_accepts_its_sample(tmp_path: Path) -> None:
    conf = cfg.ConfigOpts()
    conf([], default_config_files=[_filled_in("octavia", tmp_path)])
    assert read_settings("f5", conf).database_connection == "sqlite:///d"


def _steps() -> list[tuple[str, str]]:
    """Return the Containerfile's instructions: word, what follows it."""
    lines = (DEPLOY / "Containerfile").read_text().splitlines()
    split = (line.partition(" ") for line in lines if line and not line.startswith("#"))
    return [(word, rest) for word, _, rest in split]


def test_the_containers_program_exists_and_runs_unprivileged() -> None:
    said = dict(_steps())
    assert said["ENTRYPOINT"] == '["/opt/bigip-lbaas/bin/bigip-lbaas-agent"]'
    assert said["USER"] == "bigip-lbaas"
    assert said["STOPSIGNAL"] == "SIGTERM"
    assert said.keys() <= {"FROM", "COPY", "RUN", "USER", "STOPSIGNAL", "ENTRYPOINT", "CMD"}


def test_what_the_container_copies_is_there() -> None:
    for word, rest in _steps():
        if word == "COPY" and not rest.startswith("--from"):
            *sources, _target = rest.split()
            assert [name for name in sources if not (ROOT / name).exists()] == []
