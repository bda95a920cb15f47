"""How a line that a client gives the device's shell is taken apart and run.

Source: iControl REST reference, section 3.11; what f5-sdk's tests and f5-ansible expect of real
devices: no result where there is no output, pipes, unbalanced quotes are refused. The programs are
in `programs`; variables, loops and the like are not known here.
"""

import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bigip_sim import refusals
from bigip_sim.programs import PROGRAMS, FailedError, Run
from bigip_sim.refusals import RefusedError

if TYPE_CHECKING:
    from bigip_sim.actions import Call

Answer = Mapping[str, object]


def bash(call: "Call") -> Answer:
    """POST util/bash: `-c 'cat /VERSION'`. There is a commandResult only if there is output."""
    words = _split(call.arguments)
    if words[:1] != ["-c"] or len(words) < 2:
        return _result(f"/bin/bash: bigip-sim runs -c LINE only, not {call.arguments}\n")
    return _result(_line(call, words[1]))


def unix(program: str) -> Callable[["Call"], Answer]:
    """POST util/unix-ls and its kin: the same programs, under their paths."""

    def run(call: "Call") -> Answer:
        words = tuple(_split(call.arguments))
        try:
            return _result(PROGRAMS[program](Run(call, words, f"/bin/{program}")))
        except FailedError as error:
            return _result(error.output)

    return run


def _result(output: str) -> Answer:
    return {"commandResult": output} if output else {}


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:  # the words around the recorded ones are unverified
        text = f"quotes are not balanced: {text}"
        raise RefusedError(400, text, refusals.MALFORMED) from error


@dataclass(slots=True)
class _Step:
    """One program of a line, and where what it reads and writes is."""

    words: list[str]
    reads: str = ""
    writes: str = ""
    appends: bool = False
    hushes: bool = False  # its complaints go to /dev/null


def _line(call: "Call", line: str) -> str:
    """Run the pipelines of a line, each if what is before it ended as `&&` or `||` wants."""
    told, good = "", True
    for joint, steps in _pipelines(line):
        if (joint == "&&" and not good) or (joint == "||" and good):
            continue
        output, good = _pipeline(call, steps)
        told += output
    return told


def _pipeline(call: "Call", steps: list[_Step]) -> tuple[str, bool]:
    """Run programs of which each reads what the one before has written; -> output, success."""
    output, good = "", True
    uploads = call.device.uploads
    for step in steps:
        name = step.words[0]
        program = PROGRAMS.get(name.rpartition("/")[2])
        if program is None:
            return f"bash: {name}: command not found\n", False
        given = (uploads.read(step.reads) or b"").decode(errors="replace") if step.reads else output
        try:
            output, good = program(Run(call, tuple(step.words[1:]), name, given)), True
        except FailedError as error:
            output, good = "" if step.hushes else error.output, False
        if step.writes:
            before = uploads.read(step.writes) if step.appends else None
            if step.writes != _NOWHERE:
                uploads.write(step.writes, (before or b"") + output.encode())
            output = ""
    return output, good


def _pipelines(line: str) -> Iterator[tuple[str, list[_Step]]]:
    """Yield pipelines, each with what joins it to the one before."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        words = list(lexer)
    except ValueError:
        words = [line]  # bash itself would complain; the quotes around the line were balanced
    joint = ";"
    parts: list[list[str]] = [[]]
    for word in words:
        if word in {";", "&&", "||", "&"}:
            if any(parts):
                yield joint, [_step(part) for part in parts if part]
            joint, parts = word, [[]]
        elif word == "|":
            parts.append([])
        else:
            parts[-1].append(word)
    if any(parts):
        yield joint, [_step(part) for part in parts if part]


def _step(words: list[str]) -> _Step:
    """Take redirections out of a program's words: `> F`, `>> F`, `< F`, `2> F`, `2>&1`."""
    step, rest = _Step([]), iter(words)
    for word in rest:
        if word not in {">", ">>", "<", ">&", "&>"}:
            step.words.append(word)
            continue
        place = next(rest, "")
        errors = step.words[-1:] == ["2"]
        if errors or word == ">&":
            step.words[-1:] = [] if step.words[-1:] in (["1"], ["2"]) else step.words[-1:]
            step.hushes = step.hushes or (word != ">&" and place == _NOWHERE)
        elif word == "<":
            step.reads = place
        else:
            step.writes, step.appends = place, word == ">>"
    return step


_NOWHERE = "/dev/null"
