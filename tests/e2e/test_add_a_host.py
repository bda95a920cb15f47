"""The page on adding a host by copying: each of its commands runs as it stands, host by host.

Directories stand for hosts: /etc and /opt in a command mean those of its host. Programs that reach
another host, or the system's services, are replaced by small ones that do the same there.
"""

import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL

from bigip_lbaas.cmd.embedded.simulators import USERNAME, Simulators
from bigip_lbaas.cmd.lab.servers import Belongings
from bigip_lbaas.domain.errors import ProviderError
from bigip_lbaas.store import records, schema
from bigip_lbaas.store.sql import SqlStore

REPOSITORY = Path(__file__).parents[2]
SOURCES = REPOSITORY / "src"
NEW = "host-2"
PAGE = REPOSITORY / "docs" / "how-to" / "add-a-host.md"
BROKER = "rabbit://guest:guest@127.0.0.1:5672/"
DATABASES = URL.create("mysql", username="root", host="127.0.0.1", port=3306).render_as_string()
WITHIN_S = 240.0  # making an environment for Python takes long on a busy machine

AGENT_CONF = """\
[DEFAULT]
host = host-1
environment_prefix = {environment}
environment_group_number = 1
icontrol_hostname = {device}
icontrol_username = {username}
icontrol_password_file = {root}/etc/bigip-lbaas/device-password
icontrol_ca_file = {root}/etc/bigip-lbaas/devices-ca.pem

[f5]
transport_url = {broker}
control_exchange = {environment}
"""
CONTROLLER_CONF = """\
[DEFAULT]
environment_prefix = {environment}

[f5]
transport_url = {broker}
control_exchange = {environment}
database_connection = {database}
"""
SCP = """\
#!/bin/sh
# host-1:/path means that host's directory
for last; do :; done
flags=$1
from=$2
exec cp $flags "$HOSTS/${from%%:*}${from#*:}" "$last"
"""
SYSTEMCTL = """\
#!/bin/sh
# start the service's program, as its unit says
[ "$1" = enable ] || exit 0
command=$(sed -n 's/^ExecStart=//p' "$HOST_ROOT/etc/systemd/system/$3.service")
setsid $command >"$HOST_ROOT/journal" 2>&1 &
echo $! >>"$HOSTS/started"
"""


CONTROLLER_STARTS = """\
setsid /opt/bigip-lbaas/bin/bigip-lbaas-controller \\
  --config-file /etc/bigip-lbaas/controller.conf >"$HOST_ROOT/journal" 2>&1 &
echo $! >>"$HOSTS/started"
"""


class Hosts:
    """Directories that stand for hosts, and the processes that were started on them."""

    def __init__(self, directory: Path, wheels: Path) -> None:
        self.directory = directory
        self.wheels = wheels
        self.bin = directory / "bin"
        self.bin.mkdir()
        self.script("scp", SCP)
        self.script("systemctl", SYSTEMCTL)

    def script(self, name: str, text: str) -> None:
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)

    def make(self, name: str) -> Path:
        root = self.directory / name
        (root / "etc/systemd/system").mkdir(parents=True)
        (root / "opt").mkdir()
        (root / "tmp").mkdir()
        return root

    def make_with_programs(self, name: str) -> Path:
        """Make a host that has the programs already: those of this repository."""
        root = self.make(name)
        (root / "opt" / "bigip-lbaas").symlink_to(sys.prefix)
        return root

    def run(self, name: str, commands: str) -> str:
        """Run commands on a host, each as it stands but for the directories; stop at a failure."""
        root = self.directory / name
        self.script("hostname", f"#!/bin/sh\necho {name}\n")
        environment = {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "HOSTS": str(self.directory),
            "HOST_ROOT": str(root),
            # what the package needs, and where nobody installs it, the package
            "PYTHONPATH": f"{'' if name == NEW else f'{SOURCES}:'}{sysconfig.get_path('purelib')}",
            "PIP_NO_INDEX": "1",
            "PIP_NO_DEPS": "1",
            "PIP_IGNORE_INSTALLED": "1",
            "PIP_FIND_LINKS": str(self.wheels),
            "HOME": str(root),
            "TMPDIR": str(root / "tmp"),  # where its agents' locks are: no two hosts share one
        }
        here = re.sub(r"(?<![\w:/.])/(etc|opt)/", rf"{root}/\1/", commands)
        done = subprocess.run(
            ("bash", "-eu", "-c", here),
            env=environment, capture_output=True, text=True, timeout=WITHIN_S, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{here}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def end(self) -> None:
        started = self.directory / "started"
        for number in started.read_text().split() if started.exists() else ():
            try:
                os.kill(int(number), signal.SIGKILL)
            except ProcessLookupError:
                continue


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the package from a copy, so that nothing is left in the repository."""
    directory = tmp_path_factory.mktemp("package")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, directory)
    shutil.copytree(
        REPOSITORY / "src", directory / "src", ignore=shutil.ignore_patterns("*.egg-info")
    )
    made = directory / "wheels"
    done = subprocess.run(  # what builds it comes from the package index, as at every installation
        (
            sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps",
            "--wheel-dir", str(made), str(directory),
        ),
        capture_output=True, text=True, timeout=WITHIN_S, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"the package cannot be built here: {done.stderr[-500:]}")
    return made


@pytest.fixture
def belongings() -> Iterator[Belongings]:
    name = f"host{secrets.token_hex(5)}"
    found = Belongings(
        DATABASES, BROKER, f"{name}_ours", f"{name}_unused", name, name,
        ("host-1:1", "host-2:1"), ("controller",),
    )  # fmt: skip
    try:
        found.make()
    except ProviderError as error:
        pytest.skip(f"no MariaDB for tests: {error}")
    schema.upgrade(found.our_url)
    yield found
    found.remove()


@pytest.fixture
def simulators(tmp_path: Path) -> Iterator[Simulators]:
    devices = Simulators(tmp_path / "devices", tmp_path / "devices.log")
    devices.start(("bigip-1",), data_plane=False)
    devices.wait_until_ready()
    yield devices
    devices.stop()


def wait_until(condition: Callable[[], bool]) -> None:
    until_s = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < until_s, "it never came to be; the hosts' journals say why"
        time.sleep(0.1)


def first_host(hosts: Hosts, belongings: Belongings, simulators: Simulators, unit: str) -> None:
    """Make host-1 as the page finds it: with files, service and a running agent."""
    root = hosts.make_with_programs("host-1")
    files = root / "etc" / "bigip-lbaas"
    files.mkdir()
    shutil.copy(simulators.password_file, files / "device-password")
    shutil.copy(simulators.ca_file, files / "devices-ca.pem")
    (files / "agent.conf").write_text(
        AGENT_CONF.format(
            environment=belongings.environment,
            device=simulators.devices["bigip-1"].management,
            username=USERNAME,
            root=root,
            broker=BROKER,
        )
    )
    here = unit.replace("/opt/", f"{root}/opt/").replace("/etc/", f"{root}/etc/")
    (root / "etc/systemd/system/bigip-lbaas-agent.service").write_text(here)


def controller_host(hosts: Hosts, belongings: Belongings) -> None:
    root = hosts.make_with_programs("controller")
    (root / "etc" / "bigip-lbaas").mkdir()
    text = CONTROLLER_CONF.format(
        environment=belongings.environment, broker=BROKER, database=belongings.our_url
    )
    (root / "etc/bigip-lbaas/controller.conf").write_text(f"{text}\n[DEFAULT]\nhost = controller\n")


def call_them_by_their_new_directory(hosts: Path) -> None:
    """Mend the paths in the copied files: they name the directory that stands for host-1."""
    for copied in (hosts / NEW / "etc").rglob("*"):
        if copied.is_file() and copied.suffix in (".conf", ".service"):
            copied.write_text(copied.read_text().replace("/hosts/host-1/", f"/hosts/{NEW}/"))


@pytest.mark.full
@pytest.mark.services
@pytest.mark.timeout(600)
def test_the_page_makes_an_empty_host_the_second_one_of_a_group(
    tmp_path: Path, wheels: Path, belongings: Belongings, simulators: Simulators
) -> None:
    page = PAGE.read_text(encoding="utf-8")
    install, copy, name, start, see = re.findall(r"```bash\n(.*?)```", page, re.DOTALL)
    (unit,) = re.findall(r"```ini\n(.*?)```", page, re.DOTALL)
    (tmp_path / "hosts").mkdir()
    hosts = Hosts(tmp_path / "hosts", wheels)
    store = SqlStore(belongings.our_url)

    def alive() -> set[str]:
        rows = store.read(lambda tx: tx.select(records.Agent))
        return {row.id for row in rows if row.alive and row.beat > 1}

    try:
        first_host(hosts, belongings, simulators, unit)
        controller_host(hosts, belongings)
        hosts.run("controller", CONTROLLER_STARTS)
        hosts.run("host-1", start)
        wait_until(lambda: alive() == {"host-1:1"})

        hosts.make(NEW)
        for step in (install, copy):
            hosts.run(NEW, step)
        call_them_by_their_new_directory(tmp_path / "hosts")
        for step in (name, start):
            hosts.run(NEW, step)
        wait_until(lambda: alive() == {"host-1:1", "host-2:1"})
        told = hosts.run("controller", see)
        rows = [line.split("|") for line in told.splitlines() if "host-" in line]
        found = [(row[1].strip(), row[4].strip(), row[8].strip()) for row in rows]
        serial = found[0][2]
        assert found == [("host-1:1", "yes", serial), ("host-2:1", "yes", serial)]
        assert not serial.startswith("?")

        # what it is for: the first one dies
        first = int((tmp_path / "hosts/started").read_text().split()[1])
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: alive() == {"host-2:1"})
    finally:
        hosts.end()
        store.close()
