"""The programs of the device's shell that clients run, answered from what the device knows.

Which ones: those that f5-sdk, f5-ansible and F5's Go client run on real devices to read versions
and uptime, to look whether it is ready, and to handle files. What `ps`, `tmsh save` and `tmsh show
sys mcp-state` print is unverified; clients look for single words in it.
"""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bigip_sim import archives, tmsh
from bigip_sim.pinging import ping
from bigip_sim.tree import Key

if TYPE_CHECKING:
    from bigip_sim.actions import Call

_SAVED = (
    "Saving running configuration...\n  /config/bigip.conf\n  /config/bigip_base.conf\n"
    "  /config/bigip_user.conf\n"
)
_LOADED = "Loading system configuration...\nLoading configuration...\n  /config/bigip.conf\n"
_RUNNING = (
    "Sys::mcpd State:\nRunning Phase                         running\n"
    "Last Configuration Load Status        full-config-load-succeed\n"
)
_PROCESSES = "".join(
    f"root {number:9} 0.0 0.1 10000 1000 ? S 00:00 0:00 {name}\n"
    for number, name in ((1, "/sbin/init"), (4000, "/usr/bin/mcpd"), (4100, "/usr/bin/tmm.0"))
)


_FOLDERS = frozenset(  # that are there before any file is in them
    {"/config", "/shared/images", "/shared/tmp", "/var/config/rest/downloads"}
    | {"/tmp", "/var/local/ucs", "/var/log", "/var/tmp"}  # noqa: S108  (the device's, not ours)
)


class FailedError(Exception):
    """A program ended without success; `output` is what it said."""

    def __init__(self, output: str = "") -> None:
        super().__init__(output)
        self.output = output


@dataclass(frozen=True, slots=True)
class Run:
    """One program as it was started."""

    call: "Call"
    words: tuple[str, ...]  # after its name
    said_as: str  # its name, as messages repeat it
    given: str = ""  # on its standard input

    @property
    def places(self) -> list[str]:
        """Return the words that are no options."""
        return [word for word in self.words if not word.startswith("-")]

    def is_folder(self, path: str) -> bool:
        """Whether there is a directory of this name."""
        folder = path.rstrip("/") or "/"
        return folder in _FOLDERS or any(
            known.startswith(f"{folder}/") for known in self.call.device.uploads.paths()
        )

    def missing(self, path: str, doing: str = "") -> str:
        """Return the complaint of a program that finds no file."""
        return f"{self.said_as}: {doing}{path}: No such file or directory\n"


def _cat(run: Run) -> str:
    if not run.places:
        return run.given
    found = {path: _file(run, path) for path in run.places}
    told = "".join(run.missing(p) if content is None else content for p, content in found.items())
    if None in found.values():
        raise FailedError(told)
    return told


def _file(run: Run, path: str) -> str | None:
    device = run.call.device
    me, up_s = device.identity, device.uptime_s()
    if path == "/VERSION":  # the fields are those that f5-ansible reads; their order is unverified
        return (
            f"Product: BIG-IP\nVersion: {me.version}\nBuild: {me.build}\nBaseBuild: {me.build}\n"
            f"Edition: {me.edition}\n"
        )
    if path == "/proc/uptime":
        return f"{up_s:.2f} {up_s:.2f}\n"
    content = device.uploads.read(path)
    if content is None and path in _LOGS:
        return ""  # what happened is in the log of requests; these files say nothing of it
    return None if content is None else content.decode(errors="replace")


_LOGS = frozenset({"/var/log/ltm", "/var/log/audit", "/var/log/messages", "/var/log/secure"})


def _ls(run: Run) -> str:
    told, good = [], True
    known = run.call.device.uploads.paths()
    for path in run.places:
        if path.endswith("*"):  # as the shell would have expanded it
            named = [f"{name}\n" for name in known if name.startswith(path[:-1])]
            good = good and bool(named)
            told += named or [run.missing(path, "cannot access ")]
            continue
        folder = f"{path.rstrip('/')}/"
        inside = {p.removeprefix(folder).partition("/")[0] for p in known if p.startswith(folder)}
        if inside:
            told += [f"{name}\n" for name in sorted(inside)]
        elif path in known:
            told.append(f"{path}\n")
        elif not run.is_folder(path):
            good = False
            told.append(run.missing(path, "cannot access "))
    if not good:
        raise FailedError("".join(told))
    return "".join(told)


def _rm(run: Run) -> str:
    forced = any(word.startswith("-") and "f" in word for word in run.words)
    uploads = run.call.device.uploads
    known = uploads.paths()
    named: list[str] = []
    for path in run.places:
        stem = path[:-1]
        found = [p for p in known if p.startswith(stem)] if path.endswith("*") else []
        named += found or [path]
    missing = [path for path in named if not uploads.remove(path)]
    if missing and not forced:
        raise FailedError("".join(run.missing(path, "cannot remove ") for path in missing))
    return ""


def _mv(run: Run) -> str:
    if len(run.places) != 2:
        raise FailedError(f"{run.said_as}: missing file operand\n")
    source, target = run.places
    if run.is_folder(target):
        target = f"{target.rstrip('/')}/{source.rpartition('/')[2]}"
    uploads = run.call.device.uploads
    content = uploads.read(source)
    if content is None:
        raise FailedError(run.missing(source, "cannot stat "))
    uploads.write(target, content)
    if run.said_as.rpartition("/")[2] != "cp":
        uploads.remove(source)
    return ""


def _grep(run: Run) -> str:
    options = "".join(word[1:] for word in run.words if word.startswith("-"))
    pattern, *paths = run.places or [""]
    text = "".join(filter(None, (_file(run, path) for path in paths))) if paths else run.given
    try:
        wanted = re.compile(pattern, re.IGNORECASE if "i" in options else 0)
    except re.error:
        return f"{run.said_as}: Invalid regular expression\n"
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if bool(wanted.search(line)) != ("v" in options))


def _head(run: Run) -> str:
    return "".join(_lines(run)[: _count(run)])


def _tail(run: Run) -> str:
    count = _count(run)
    return "".join(_lines(run)[-count:]) if count else ""


def _count(run: Run) -> int:
    counts = [word.removeprefix("-n").lstrip("-") for word in run.words]
    return next((int(count) for count in counts if count.isdigit()), 10)


def _lines(run: Run) -> list[str]:
    """Return the lines of the files that are named, or of what was given."""
    paths = [path for path in run.places if not path.isdigit()]
    if not paths:
        return run.given.splitlines(keepends=True)
    found = {path: _file(run, path) for path in paths}
    for path, content in found.items():
        if content is None:
            raise FailedError(run.missing(path, "cannot open "))
    return "".join(filter(None, found.values())).splitlines(keepends=True)


def _wc(run: Run) -> str:
    return f"{len(_lines(run))}\n"  # of its counts clients ask for that of lines


def _test(run: Run) -> str:
    """Run `[ -f PATH ]` and `test -d PATH`, which only end with success or without it."""
    words = [word for word in run.words if word != "]"]
    wanted = words[:1] != ["!"]
    match words if wanted else words[1:]:
        case ["-d", path]:
            holds = run.is_folder(path)
        case ["-f" | "-r" | "-s", path]:
            holds = _file(run, path) is not None
        case ["-e", path]:
            holds = run.is_folder(path) or _file(run, path) is not None
        case ["-z", *text]:
            holds = not "".join(text)
        case ["-n", *text]:
            holds = bool("".join(text))
        case [one, "=" | "==", other]:
            holds = one == other
        case [one, "!=", other]:
            holds = one != other
        case _:
            raise FailedError(f"bash: [: bigip-sim does not know {' '.join(words)}\n")
    if holds != wanted:
        raise FailedError
    return ""


def _uptime(run: Run) -> str:
    device = run.call.device
    now, up_s = datetime.fromtimestamp(device.clock(), UTC), int(device.uptime_s())
    days, hours, minutes = up_s // 86400, up_s // 3600 % 24, up_s // 60 % 60
    since = f"{days} days, {hours:2}:{minutes:02}" if days else f"{hours:2}:{minutes:02}"
    return f" {now:%H:%M:%S} up {since},  0 users,  load average: 0.00, 0.00, 0.00\n"


def _false(_run: Run) -> str:
    raise FailedError


def _date(run: Run) -> str:
    now = datetime.fromtimestamp(run.call.device.clock(), UTC)
    return f"{now:%a %b %e %H:%M:%S UTC %Y}\n"


def _last(run: Run) -> str:
    """Tell since when the device is up, as `last reboot` does."""
    device = run.call.device
    since = datetime.fromtimestamp(device.clock() - device.uptime_s(), UTC)
    return f"reboot   system boot  {device.identity.version:16} {since:%a %b %e %H:%M}\n"


def _tmsh(run: Run) -> str:
    """Run what REST offers as a command too, such as `tmsh save sys config`."""
    said = [word for word in run.words if word not in {"-q", "-a"}]
    if said[:1] == ["-c"] and len(said) == 2:
        return _tmsh_lines(run, said[1])
    return _tmsh_line(run, said, "/Common")


def _tmsh_lines(run: Run, text: str) -> str:
    """Run lines that semicolons part; `cd` says where names of the following ones are."""
    folder, told = "/Common", ""
    for line in text.split(";"):
        said = shlex.split(line)
        if said[:1] == ["cd"] and len(said) == 2:
            folder = said[1] if said[1].startswith("/") else f"{folder}/{said[1]}"
        elif said:
            told += _tmsh_line(run, said, folder)
    return told


def _tmsh_line(run: Run, said: list[str], folder: str) -> str:
    said = [*said[:1], *(word.removeprefix("/") for word in said[1:2]), *said[2:]]  # save /sys ucs
    line = " ".join(said)
    if line == "reboot":
        return _reboot(run)
    if line == "show sys mcp-state":
        return _RUNNING
    if line in {"show sys version", "show sys version detail"}:
        return _version(run)
    if tmsh.knows(said):
        try:
            return tmsh.run(run.call, said, folder)
        except tmsh.TmshError as error:
            raise FailedError(str(error)) from error
    if said[:3] == ["list", "sys", "ucs"]:
        return "".join(f"{name}\n" for name in archives.names(run.call.device))
    if said[:3] == ["delete", "sys", "ucs"] and len(said) == 4:
        archives.delete(run.call.device, said[3])
        return f"{said[3]} is deleted\n"
    for length in (2, 1):
        path = "/".join(said[1 : 1 + length])
        told = run.call.also(path, _body(said[0] if said else "", said[1 + length :]))
        if told is not None:
            return str(told.get("commandResult", _DONE.get((path, said[0]), "")))
    return f'Syntax Error: bigip-sim does not run "{line}"\n'


def _version(run: Run) -> str:
    """Tell the release as `tmsh show sys version` does; its date is not told over REST either."""
    me = run.call.device.identity
    rows = (("Product", "BIG-IP"), ("Version", me.version), ("Build", me.build))
    told = "".join(f"  {name:<8}  {value}\n" for name, value in (*rows, ("Edition", me.edition)))
    return f"\nSys::Version\nMain Package\n{told}\n"


_DONE = {("sys/config", "save"): _SAVED, ("sys/config", "load"): _LOADED}


def _body(command: str, rest: list[str]) -> dict[str, object]:
    body: dict[str, object] = {"command": command}
    if command in {"load", "save"} and rest[:1] in (["file"], ["partitions"]):
        body["options"] = [{rest[0]: " ".join(rest[1:])}]
    elif command in {"load", "save"} and rest:
        body["name"] = rest[0]
    elif rest:
        body["utilCmdArgs"] = " ".join(rest)
    return body


def _hostname(run: Run) -> str:
    settings = run.call.device.configuration.tree.get(Key("sys/global-settings", "", ""))
    return f"{settings.own['hostname'] if settings is not None else ''}\n"


def _ping(run: Run) -> str:
    device = run.call.device
    with device.configuration.reading() as tree:
        told, good = ping(tree, device.plane, run.words)
    if not good:
        raise FailedError(told)
    return told


def _reboot(run: Run) -> str:
    run.call.device.reboots()
    return ""


def _nothing(_run: Run) -> str:
    return ""


PROGRAMS: Mapping[str, Callable[[Run], str]] = {
    "[": _test,
    "cat": _cat,
    "chmod": _nothing,
    "chown": _nothing,
    "cp": _mv,
    "date": _date,
    "echo": lambda run: " ".join(run.words) + "\n",
    "egrep": _grep,
    "false": _false,
    "grep": _grep,
    "head": _head,
    "hostname": _hostname,
    "last": _last,
    "ls": _ls,
    "mv": _mv,
    "ping": _ping,
    "ping6": _ping,
    "ps": lambda _run: _PROCESSES,
    "reboot": _reboot,
    "rm": _rm,
    "runlevel": lambda _run: "N 3\n",
    "sleep": _nothing,
    "tail": _tail,
    "test": _test,
    "tmsh": _tmsh,
    "touch": _nothing,
    "true": _nothing,
    "uptime": _uptime,
    "wc": _wc,
}
