"""One lab: starts simulators, API, driver agent, controllers and agents, and ends them all."""

import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

from bigip_lbaas.cmd.embedded.simulators import Simulators
from bigip_lbaas.cmd.lab import files
from bigip_lbaas.cmd.lab.processes import Program
from bigip_lbaas.cmd.lab.servers import Belongings
from bigip_lbaas.cmd.lab.settings import API, DRIVER_AGENT, HOST, Command, LabSettings
from bigip_lbaas.cmd.state_dir import LONGEST_SOCKET_PATH, locked
from bigip_lbaas.domain.errors import ConfigurationRefused, ProviderError
from bigip_lbaas.store import records
from bigip_lbaas.store.sql import SqlStore

READY_WITHIN_S = 60.0
LOOK_EVERY_S = 0.1
BELONGINGS = "belongings.json"


class Lab:
    """One lab. `start` may be called once."""

    def __init__(self, settings: LabSettings) -> None:
        """Keep the settings; nothing runs yet."""
        self.settings = settings
        self.owned = files.belongings_of(settings)
        self.simulators = Simulators(
            settings.state_dir / "devices", settings.state_dir / "devices.log", tells_events=True
        )
        self.programs: dict[str, Program] = {}
        self.store: SqlStore
        self._port_file = settings.state_dir / "api.port"
        self._clean_up = ExitStack()

    @property
    def endpoint(self) -> str:
        """The URL to give to clients, once started."""
        return f"http://{HOST}:{self._port_file.read_text(encoding='ascii')}"

    def start(self) -> None:
        """Start everything. Raises ProviderError; then nothing is left."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End every process, then take away databases, exchange and queues. Raises ProviderError.

        Configuration, logs and the devices' state stay in the directory.
        """
        self._clean_up.close()

    def _start(self) -> None:
        state_dir = self.settings.state_dir
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._clean_up.enter_context(locked(state_dir))
        if (state_dir / BELONGINGS).exists():
            raise ConfigurationRefused(
                f"state directory {state_dir} belongs to a lab that was killed: run 'bigip-lbaas"
                f" --state-dir {state_dir} down' first, which takes away what it left"
            )
        shutil.rmtree(state_dir / "devices", ignore_errors=True)  # of databases that are gone
        self._port_file.unlink(missing_ok=True)
        self.owned.write(state_dir / BELONGINGS)
        self._clean_up.callback(remove_belongings, state_dir)
        self.owned.make()
        self.settings.make_tables(self.owned.our_url)
        self.store = SqlStore(self.owned.our_url)
        self._clean_up.callback(self.store.close)
        self._clean_up.callback(self.simulators.stop)
        self._clean_up.callback(self._end_programs)
        self._start_api()
        self._start_devices()
        self._start_controllers()
        self._start_agents()
        self._wait(self._api_listens, self.programs[API])
        self._wait(self._agents_report, *self.programs.values())

    def _start_devices(self) -> None:
        names = [name for names in self.settings.devices.values() for name in names]
        self.simulators.start(names, self.settings.data_plane)
        self.simulators.wait_until_ready()
        for names_of_group in self.settings.devices.values():
            if len(names_of_group) > 1:
                self.simulators.pair(*names_of_group)

    def _start_api(self) -> None:
        config = str(files.write_octavia(self.settings, self.owned, self._sockets()))
        port = self.settings.port or _free_port()
        module = (sys.executable, "-m", "bigip_lbaas.cmd.lab.api")
        self._run(API, (*module, config, str(port), str(self._port_file)))
        self._run(DRIVER_AGENT, (_program("octavia-driver-agent"), "--config-file", config))

    def _start_controllers(self) -> None:
        for name in self.settings.controller_names():
            config = files.write_controller(self.settings, self.owned, name)
            self._run(name, (_program("bigip-lbaas-controller"), "--config-file", str(config)))

    def _start_agents(self) -> None:
        for agent in self.settings.agents():
            config = files.write_agent(self.settings, self.owned, self.simulators, agent)
            self._run(agent[0], (_program("bigip-lbaas-agent"), "--config-file", str(config)))

    def _run(self, name: str, command: Command) -> None:
        log = self.settings.state_dir / f"{name}.log"
        log.touch(mode=0o600)
        program = Program(name, self.settings.wrapped(name, command), log)
        self.programs[name] = program
        program.start()

    def _end_programs(self) -> None:
        """End them in the order of the line, so that none complains of the next one."""
        for program in self.programs.values():
            program.terminate()
        for program in self.programs.values():
            program.wait()

    def _sockets(self) -> Path:
        """Return a directory for the driver agent's sockets, whose paths must be short."""
        directory = self.settings.state_dir / "sockets"
        if len(bytes(directory / "status.sock")) > LONGEST_SOCKET_PATH:
            temporary = tempfile.TemporaryDirectory(prefix="bigip-lbaas-")
            self._clean_up.callback(temporary.cleanup)
            return Path(temporary.name)
        directory.mkdir(mode=0o700, exist_ok=True)
        return directory

    def _api_listens(self) -> bool:
        if not self._port_file.exists():
            return False
        with socket.socket() as probe:
            address = (HOST, int(self._port_file.read_text(encoding="ascii")))
            return probe.connect_ex(address) == 0

    def _agents_report(self) -> bool:
        reports = self.store.read(lambda tx: tx.select(records.Report))
        return {row.agent_id for row in reports} >= set(self.owned.agents)

    def _wait(self, claim: Callable[[], bool], *programs: Program) -> None:
        """Wait until the claim holds. Raises ProviderError when a program ends, or it is late."""
        deadline_s = time.monotonic() + READY_WITHIN_S
        while not claim():
            _complain_of_ended(programs)
            if time.monotonic() > deadline_s:
                names = ", ".join(program.name for program in programs)
                raise ProviderError(
                    f"not ready within {READY_WITHIN_S:g} s: {names}; their words are in"
                    f" {self.settings.state_dir}/*.log"
                )
            time.sleep(LOOK_EVERY_S)


def remove_belongings(state_dir: Path) -> bool:
    """Take away what a lab has on servers; return whether there was any. Raises ProviderError."""
    found = Belongings.read(state_dir / BELONGINGS)
    if found is not None:
        found.remove()
        (state_dir / BELONGINGS).unlink()
    return found is not None


def holder_of(state_dir: Path) -> int:
    """Return the process id of the lab that runs in that directory, 0 when none does."""
    try:
        with locked(state_dir):
            return 0
    except ConfigurationRefused:
        return int((state_dir / "lock").read_text(encoding="ascii") or 0)


def end(state_dir: Path) -> bool:
    """End the lab of that directory, or take away what a killed one left; return whether any was.

    Raises ProviderError when it does not end, or a server does not answer.
    """
    pid = holder_of(state_dir)
    if not pid:
        return remove_belongings(state_dir)
    os.kill(pid, signal.SIGTERM)  # it holds the lock, so this is still its number
    deadline_s = time.monotonic() + READY_WITHIN_S
    while holder_of(state_dir) == pid:
        if time.monotonic() > deadline_s:
            raise ProviderError(f"process {pid} has not ended within {READY_WITHIN_S:g} s")
        time.sleep(LOOK_EVERY_S)
    return True


def _complain_of_ended(programs: Iterable[Program]) -> None:
    for program in programs:
        if not program.runs:
            raise ProviderError(f"{program.name} has ended; its last words: {program.last_words()}")


def _program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def _free_port() -> int:
    """Return a port that is free now: the API is to have the same one when it starts again."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
