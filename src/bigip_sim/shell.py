"""How a line that a client gives the device's shell is taken apart and run.

Source: iControl REST reference, section 3.11; what f5-sdk's tests and f5-ansible expect of real
devices: no result where there is no output, pipes, unbalanced quotes are refused. The programs are
in `programs`; variables, loops and the like are not known here.
"""

import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from bigip_sim import refusals
from bigip_sim.programs import PROGRAMS, Run
from bigip_sim.refusals import RefusedError

if TYPE_CHECKING:
    from bigip_sim.actions import Call

Answer = Mapping[str, object]


def bash(call: "Call") -> Answer:
    """POST util/bash: `-c 'cat /VERSION'`. There is a commandResult only if there is output."""
    words = _split(call.arguments)
    if words[:1] != ["-c"] or len(words) < 2:
        return _result(f"/bin/bash: bigip-sim runs -c LINE only, not {call.arguments}\n")
    return _result("".join(_pipeline(call, parts) for parts in _pipelines(words[1])))


def unix(program: str) -> Callable[["Call"], Answer]:
    """POST util/unix-ls and its kin: the same programs, under their paths."""

    def run(call: "Call") -> Answer:
        words = tuple(_split(call.arguments))
        return _result(PROGRAMS[program](Run(call, words, f"/bin/{program}")))

    return run


def _result(output: str) -> Answer:
    return {"commandResult": output} if output else {}


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:  # the words around the recorded ones are unverified
        text = f"quotes are not balanced: {text}"
        raise RefusedError(400, text, refusals.MALFORMED) from error


def _pipeline(call: "Call", parts: list[list[str]]) -> str:
    """Run programs of which each reads what the one before has written."""
    output = ""
    for words in parts:
        target, appends = "", False
        if len(words) > 2 and words[-2] in {">", ">>"}:
            target, appends, words = words[-1], words[-2] == ">>", words[:-2]
        program = PROGRAMS.get(words[0].rpartition("/")[2])
        if program is None:
            return f"bash: {words[0]}: command not found\n"
        output = program(Run(call, tuple(words[1:]), words[0], output))
        if target:
            before = call.device.uploads.read(target) if appends else None
            call.device.uploads.write(target, (before or b"") + output.encode())
            output = ""
    return output


def _pipelines(line: str) -> Iterator[list[list[str]]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        words = list(lexer)
    except ValueError:
        words = [line]  # bash itself would complain; the quotes around the line were balanced
    parts: list[list[str]] = [[]]
    for word in words:
        if word in {";", "&&"}:
            yield from _some(parts)
            parts = [[]]
        elif word == "|":
            parts.append([])
        else:
            parts[-1].append(word)
    yield from _some(parts)


def _some(parts: list[list[str]]) -> Iterator[list[list[str]]]:
    found = [words for words in parts if words]
    if found:
        yield found
