"""The few shell commands that clients run through REST, answered from what the device knows.

Source: iControl REST reference, section 3.11 (`cat /VERSION`, `/proc/uptime`); what f5-sdk's tests
expect of real devices: no result where there is no output, unbalanced quotes are refused.
"""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bigip_sim import refusals
from bigip_sim.refusals import RefusedError

if TYPE_CHECKING:
    from bigip_sim.actions import Call
    from bigip_sim.device import Device

Answer = Mapping[str, object]
Words = Sequence[str]


def bash(call: "Call") -> Answer:
    """POST util/bash: `-c 'cat /VERSION'`. There is a commandResult only if there is output."""
    words = _split(call.arguments)
    if words[:1] != ["-c"] or len(words) < 2:
        return _result(f"/bin/bash: bigip-sim runs -c LINE only, not {call.arguments}\n")
    return _result("".join(_run(call, words[1])))


def unix(program: str) -> Callable[["Call"], Answer]:
    """POST util/unix-ls and its kin: the same programs, under their paths."""

    def run(call: "Call") -> Answer:
        return _result(_PROGRAMS[program](call, _split(call.arguments), f"/bin/{program}"))

    return run


def _result(output: str) -> Answer:
    return {"commandResult": output} if output else {}


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:  # the words around the recorded ones are unverified
        text = f"quotes are not balanced: {text}"
        raise RefusedError(400, text, refusals.MALFORMED) from error


def _run(call: "Call", line: str) -> Iterator[str]:
    """Run commands one after the other; pipes, variables and the like are not known here."""
    for words in _commands(line):
        target, appends = "", False
        if len(words) > 2 and words[-2] in {">", ">>"}:
            target, appends, words = words[-1], words[-2] == ">>", words[:-2]
        program = _PROGRAMS.get(words[0].rpartition("/")[2])
        if program is None:
            yield f"bash: {words[0]}: command not found\n"
            continue
        output = program(call, words[1:], words[0])
        if not target:
            yield output
            continue
        before = call.device.uploads.read(target) if appends else None
        call.device.uploads.write(target, (before or b"") + output.encode())


def _commands(line: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    try:
        for word in lexer:
            if word in {";", "&&"}:
                if words:
                    yield words
                words = []
            else:
                words.append(word)
    except ValueError:
        words = [line]  # bash itself would complain; the quotes around the line were balanced
    if words:
        yield words


def _cat(call: "Call", paths: Words, said_as: str) -> str:
    parts = []
    for path in paths:
        content = _file(call.device, path)
        parts.append(_missing(said_as, path) if content is None else content)
    return "".join(parts)


def _missing(said_as: str, path: str, doing: str = "") -> str:
    return f"{said_as}: {doing}{path}: No such file or directory\n"


def _file(device: "Device", path: str) -> str | None:
    me, up_s = device.identity, device.uptime_s()
    if path == "/VERSION":  # the fields are those that f5-ansible reads; their order is unverified
        return (
            f"Product: BIG-IP\nVersion: {me.version}\nBuild: {me.build}\nBaseBuild: {me.build}\n"
            f"Edition: {me.edition}\n"
        )
    if path == "/proc/uptime":
        return f"{up_s:.2f} {up_s:.2f}\n"
    content = device.uploads.read(path)
    return None if content is None else content.decode(errors="replace")


def _ls(call: "Call", words: Words, said_as: str) -> str:
    told = []
    for path in [word for word in words if not word.startswith("-")]:
        folder = f"{path.rstrip('/')}/"
        known = call.device.uploads.paths()
        inside = {p.removeprefix(folder).partition("/")[0] for p in known if p.startswith(folder)}
        if inside:
            told += [f"{name}\n" for name in sorted(inside)]
        elif path in known:
            told.append(f"{path}\n")
        else:
            told.append(_missing(said_as, path, "cannot access "))
    return "".join(told)


def _rm(call: "Call", words: Words, said_as: str) -> str:
    forced = any(word.startswith("-") and "f" in word for word in words)
    missing = [
        path for path in words if not path.startswith("-") and not call.device.uploads.remove(path)
    ]
    if forced:
        return ""
    return "".join(_missing(said_as, path, "cannot remove ") for path in missing)


def _mv(call: "Call", words: Words, said_as: str) -> str:
    places = [word for word in words if not word.startswith("-")]
    if len(places) != 2:
        return f"{said_as}: missing file operand\n"
    uploads = call.device.uploads
    content = uploads.read(places[0])
    if content is None:
        return _missing(said_as, places[0], "cannot stat ")
    uploads.write(places[1], content)
    uploads.remove(places[0])
    return ""


def _date(call: "Call", _words: Words, _said_as: str) -> str:
    return f"{datetime.fromtimestamp(call.device.clock(), UTC):%a %b %e %H:%M:%S UTC %Y}\n"


def _tmsh(call: "Call", words: Words, _said_as: str) -> str:
    """Run what REST offers as a command too, such as `tmsh save sys config`."""
    said = [word for word in words if word not in {"-q", "-a"}]
    if said[:1] == ["-c"] and len(said) == 2:
        said = _split(said[1])
    for length in (2, 1):
        path = "/".join(said[1 : 1 + length])
        rest = " ".join(said[1 + length :])
        body: dict[str, object] = {"command": said[0] if said else ""}
        if rest:
            body["name" if said[0] == "load" else "utilCmdArgs"] = rest
        told = call.also(path, body)
        if told is not None:
            return str(told.get("commandResult", ""))
    return f'Syntax Error: bigip-sim does not run "{" ".join(said)}"\n'


_PROGRAMS: Mapping[str, Callable[["Call", Words, str], str]] = {
    "cat": _cat,
    "date": _date,
    "echo": lambda _call, words, _as: " ".join(words) + "\n",
    "hostname": lambda call, _words, _as: f"{call.device.identity.name}\n",
    "ls": _ls,
    "mv": _mv,
    "rm": _rm,
    "tmsh": _tmsh,
    "true": lambda _call, _words, _as: "",
}
