"""The program `bigip-sim`: runs one simulated device, makes certificates, talks to running ones."""

import argparse
import json
import logging
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from bigip_sim import remote
from bigip_sim.certificates import CertificateFiles, make_certificates
from bigip_sim.cluster_file import read_cluster
from bigip_sim.cluster_run import run_cluster
from bigip_sim.control import Control
from bigip_sim.dataplane.plane import Haproxy
from bigip_sim.device import Account, Device
from bigip_sim.hosts import HostsError
from bigip_sim.lifetime import Lifetime, OrphanError
from bigip_sim.settings import (
    Settings,
    SettingsError,
    given_options,
    read_parent,
    read_settings,
)
from bigip_sim.state import StateError
from bigip_sim.system import Identity
from bigip_sim.unit import Unit

USAGE_ERROR = 2
SWITCH_S = 0.001  # an answer hardly waits for the data plane's thread to plan or to count
_ABOUT = """\
Simulates a BIG-IP, or a cluster of them: iControl REST over HTTPS, and traffic through HAProxy on
loopback addresses.

When it listens it writes one line of JSON to standard output (and to --ready-file), with the real
ports, and it ends cleanly on SIGTERM or SIGINT. Every option of `run` may stand in a TOML file
(--config), with _ for -; the command line wins.
"""
_CLUSTER = """\
A cluster (--cluster FILE) runs a process for each device and ends them with itself; its line of
JSON has the lines of all devices. In the file stand options that all have in common, and:
  [group]                    the sync-failover device group, made at the start
  name = "sync-failover"
  auto_sync = true           also full_load_on_sync, save_on_auto_sync (false)
  in_sync = true             false: Awaiting Initial Sync
  trust = true               false: no group; trust is given by POST cm/add-to-trust
  [[device]]                 once for each; also listen, control, serial, version, event_log
  name = "bigip-1"
  [[traffic_group]]          beside traffic-group-1, which may be named here too
  name = "traffic-group-2"
  ha_order = ["bigip-2"]
  auto_failback = 60         in seconds; left out, nothing is given back
"""
_CONTROL = """\
The control API (plain HTTP, loopback only):
  GET  /health               power, activity, data plane and its problems
  GET  /counters             requests: total, authentication, writes, commits, errors, by_method
  GET  /log?last=N&after=N   the last requests, with what each changed
  GET  /standing             what the device is active for
  GET  /cluster              the same, whom it hears, and the status of its device groups
  POST /counters/reset
  POST /power                {"on": false}; {"on": false, "loses_unsaved": true}
  POST /reboot               {"for_s": 5}: off and on; what was not saved is lost
  GET  /saved                how many objects a reboot would lose or bring back
  GET  /clock, POST /clock   {"skew_s": -300}: how far the device's clock is ahead
  GET  /faults, POST /faults {"kind": "latency", "ms": 50, "path": "/mgmt/tm/ltm/*"}; the kinds
                              and their fields: bigip-sim fault --help; {"seed": 7}; in short
                              {"unavailable_s": 5, "latency_ms": 50, "commit_delay_ms": 500,
                              "fail_commit": "01070734:3: ...", "times": 1}
  POST /faults/clear         {}, or {"number": 3}
  GET  /rates, POST /rates   {"active_connections": 100, "throughput_in": 1e6, "cpu": 50,
                              "virtuals": {"/T1/v": {"new_connections": 5}}}; null: measured
  POST /rates/clear
  POST /monitors             {"default": "up", "members": {"/P/pool /P/10.0.0.1:80": "down"}}
                             what monitors find while the data plane is off
  GET  /names, POST /names   {"www.example.com": ["127.0.0.1"]}: where names lead; {}: --hosts is
                             read again
  POST /peer                 {"name": "bigip-2", "url": "http://127.0.0.1:PORT"}
  POST /cluster              {"devices": {"bigip-1": URL, "bigip-2": URL}, "group": "dg",
                              "settings": {"autoSync": "enabled"}, "in_sync": true}, to each
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit status."""
    options = build_parser().parse_args(arguments)
    try:
        if options.command == "certificates":
            return _certificates(options)
        if "remote" in options:
            remote.run(options)
            return 0
        if options.cluster is not None:
            return _run_cluster(options)
        return _run(read_settings(options))
    except (SettingsError, StateError, OrphanError, remote.RemoteError) as error:
        sys.stderr.write(f"bigip-sim: {error}\n")
        return USAGE_ERROR


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        "bigip-sim", description=_ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser(
        "run",
        help="run one device, or a cluster",
        description=_ABOUT,
        epilog=f"{_CLUSTER}\n{_CONTROL}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_run_options(run)
    make = commands.add_parser("certificates", help="make an authority and a certificate")
    make.add_argument("directory", type=Path, help="where ca.pem, server.pem, server.key go")
    make.add_argument(
        "--host", action="append", default=[], help="address or name; may be repeated (127.0.0.1)"
    )
    remote.add_commands(commands)
    return parser


def _add_run_options(run: argparse.ArgumentParser) -> None:
    add = run.add_argument
    add("--config", type=Path, metavar="FILE", help="TOML file with these options")
    add("--cluster", type=Path, metavar="FILE", help="TOML file of a cluster; see below")
    add("--name", help="host name of the device (bigip-1)")
    add("--listen", metavar="ADDRESS:PORT", help="HTTPS, loopback; port 0 is any (127.0.0.1:0)")
    add("--control", metavar="ADDRESS:PORT", help="control API, plain HTTP (127.0.0.1:0)")
    add("--username", help="the account (admin)")
    add("--password-file", metavar="FILE", help="its password; required, there is no default")
    add("--tls-dir", metavar="DIR", help="ca.pem, server.pem, server.key; made there if missing")
    add("--state", metavar="DIR", help="where the configuration is kept; read at start")
    add("--event-log", metavar="FILE", help="every request, appended as a line of JSON")
    add("--hosts", metavar="FILE", help="names that the device resolves, as in /etc/hosts")
    add("--peer", metavar="NAME=URL", help="the other unit of a pair and its control URL")
    add("--ready-file", metavar="FILE", help="where the line of JSON goes as well")
    add("--version", help="TMOS version (15.1.8)")
    add("--serial", help="serial number (kept with --state, else made up)")
    add("--haproxy", metavar="PROGRAM", help="which HAProxy (haproxy)")
    add("--reload-gap", metavar="SECONDS", help="reloads of HAProxy are so far apart (1)")
    add(
        "--data-plane",
        action=argparse.BooleanOptionalAction,
        help="carry traffic (default: if there is HAProxy)",
    )
    add(
        "--exit-with-parent",
        nargs="?",
        const="0",
        metavar="PID",
        help="end when the process that started this one ends, even when it is killed",
    )


def _certificates(options: argparse.Namespace) -> int:
    try:
        files = make_certificates(options.directory, options.host or ["127.0.0.1"])
    except OSError as error:
        raise SettingsError(f"certificates cannot be written: {error}") from error
    sys.stdout.write(f"{files.ca}\n{files.certificate}\n{files.key}\n")
    return 0


def _run_cluster(options: argparse.Namespace) -> int:
    given = given_options(options)
    if options.config is not None:
        raise SettingsError("--config is for one device, not for a cluster (--cluster)")
    ready_file = given.pop("ready_file", None)
    lifetime = Lifetime(read_parent(given.pop("exit_with_parent", None)))
    file = read_cluster(options.cluster, given)
    lifetime.heed_signals()
    ready = None if ready_file is None else Path(str(ready_file))
    return run_cluster(file, lifetime, lambda told: _write_ready(told, ready))


def _run(settings: Settings) -> int:
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    sys.setswitchinterval(SWITCH_S)
    lifetime = Lifetime(settings.parent)
    with ExitStack() as stack:
        files = _tls_files(settings, stack)
        unit = _build(settings, files)
        stack.callback(unit.stop)
        control = _open_control(settings, unit)
        stack.callback(control.stop)
        control.start()
        if settings.peer is not None:
            unit.join(settings.peer.name, settings.peer.url)
        try:
            unit.start()
        except OSError as error:
            where = f"{settings.listen.host}:{settings.listen.port}"
            raise SettingsError(f"cannot listen on {where} (--listen): {error.strerror}") from error
        _announce(settings, unit, control, files)
        lifetime.wait()
    return 0


def _tls_files(settings: Settings, stack: ExitStack) -> CertificateFiles:
    directory = settings.tls_dir
    if directory is None:
        temporary = tempfile.TemporaryDirectory(prefix="bigip-sim-tls-")
        directory = Path(stack.enter_context(temporary))
    files = CertificateFiles.within(directory)
    missing = files.missing()
    if len(missing) == 3:
        try:
            return make_certificates(directory, [settings.listen.host])
        except OSError as error:
            raise SettingsError(f"--tls-dir {directory} cannot be written: {error}") from error
    if missing:
        names = ", ".join(path.name for path in missing)
        raise SettingsError(f"--tls-dir {directory} lacks {names}")
    return files


def _build(settings: Settings, files: CertificateFiles) -> Unit:
    serial = settings.serial or secrets.token_hex(10)
    identity = Identity(settings.name, serial, settings.version, settings.listen.host)
    account = Account(settings.username, settings.password)
    device = Device(identity, account, settings.state)
    if settings.hosts is not None:
        try:
            device.hosts.use(settings.hosts)
        except HostsError as error:
            raise SettingsError(f"--hosts {error}") from error
        device.look_names_up()
    if settings.event_log is not None:
        try:
            device.journal.write_to(settings.event_log)
        except OSError as error:
            text = f"--event-log {settings.event_log} cannot be written: {error.strerror}"
            raise SettingsError(text) from error
    listen = (settings.listen.host, settings.listen.port)
    if not settings.data_plane:
        return Unit(device, listen, files, None, "switched off by an option")
    program = shutil.which(settings.haproxy)
    haproxy = Haproxy(program, settings.reload_gap_s) if program is not None else None
    return Unit(device, listen, files, haproxy, f"there is no program {settings.haproxy}")


def _open_control(settings: Settings, unit: Unit) -> Control:
    try:
        return Control(unit, settings.control.host, settings.control.port)
    except OSError as error:
        where = f"{settings.control.host}:{settings.control.port}"
        raise SettingsError(f"cannot listen on {where} (--control): {error.strerror}") from error


def _announce(settings: Settings, unit: Unit, control: Control, files: CertificateFiles) -> None:
    health = unit.health()
    plane = health["data_plane"]
    told = {
        "ready": True,
        "name": settings.name,
        "pid": os.getpid(),
        "url": f"https://{settings.listen.host}:{unit.server.port}",
        "https_port": unit.server.port,
        "control_url": f"http://{settings.control.host}:{control.port}",
        "control_port": control.port,
        "ca_file": str(files.ca),
        "serial": health["serial"],
        "data_plane": plane.get("state") if isinstance(plane, dict) else "off",
    }
    _write_ready(told, settings.ready_file)


def _write_ready(told: Mapping[str, object], ready_file: Path | None) -> None:
    line = json.dumps(told)
    if ready_file is not None:
        beside = ready_file.with_name(f"{ready_file.name}.new")
        try:
            beside.write_text(f"{line}\n", encoding="utf-8")
            beside.replace(ready_file)
        except OSError as error:
            raise SettingsError(f"--ready-file cannot be written: {error}") from error
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
