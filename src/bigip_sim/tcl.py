"""The grammar of iRules, as far as one reads them without running them: commands and words."""

from collections.abc import Iterator
from dataclasses import dataclass


class TclError(ValueError):
    """Text that is no Tcl: a brace, bracket or quote is not closed."""

    def __init__(self, what: str, line: int) -> None:
        super().__init__(what)
        self.line = line


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a command, without the braces or quotes around it."""

    text: str
    line: int
    braced: bool = False

    @property
    def literal(self) -> bool:
        """Whether it means itself: no variable, no command inside."""
        return self.braced or not any(mark in self.text for mark in "$[")


@dataclass(frozen=True, slots=True)
class Statement:
    """One command with its words."""

    words: tuple[Word, ...]
    source: str

    @property
    def name(self) -> str:
        """Return the command."""
        return self.words[0].text

    @property
    def line(self) -> int:
        """Return the line it begins on, from 1."""
        return self.words[0].line


def statements(text: str, first_line: int = 1) -> Iterator[Statement]:
    """Yield the commands of a script in order; comments are none."""
    at, line = 0, first_line
    while at < len(text):
        char = text[at]
        if char in " \t\r\n;":
            line += char == "\n"
            at += 1
        elif char == "#":
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        else:
            begun = at
            words, at, line = _words(text, at, line)
            yield Statement(tuple(words), text[begun:at].strip())


def _words(text: str, at: int, line: int) -> tuple[list[Word], int, int]:
    words: list[Word] = []
    while at < len(text) and text[at] not in "\n;":
        if text.startswith("\\\n", at):
            at, line = at + 2, line + 1
        elif text[at] in " \t\r":
            at += 1
        else:
            end = _end_of_word(text, at, line)
            inner = text[at:end]
            closed = inner[:1] in '{"' and len(inner) > 1
            braced = inner.startswith("{")
            words.append(Word(inner[1:-1] if closed else inner, line, braced))
            line += inner.count("\n")
            at = end
    return words, at, line


def _end_of_word(text: str, at: int, line: int) -> int:
    if text[at] == "{":
        return _closing(text, at, line, "{", "}")
    if text[at] == '"':
        return _end_of_quotes(text, at, line)
    while at < len(text) and text[at] not in " \t\r\n;":
        if text[at] == "[":
            at = _closing(text, at, line, "[", "]")
        elif text[at] == "\\":
            at += 2
        elif text.startswith("${", at):
            at = _closing(text, at + 1, line, "{", "}")
        else:
            at += 1
    return min(at, len(text))


def _closing(text: str, at: int, line: int, opening: str, closing: str) -> int:
    depth, here = 0, at
    while here < len(text):
        char = text[here]
        if char == "\\":
            here += 1
        elif char == opening:
            depth += 1
        elif char == closing:
            depth -= 1
            if not depth:
                return here + 1
        here += 1
    raise TclError("missing close-brace" if opening == "{" else "missing close-bracket", line)


def _end_of_quotes(text: str, at: int, line: int) -> int:
    here = at + 1
    while here < len(text):
        if text[here] == "\\":
            here += 1
        elif text[here] == "[":
            here = _closing(text, here, line, "[", "]")
            continue
        elif text[here] == '"':
            return here + 1
        here += 1
    raise TclError('missing "', line)


def nested(statement: Statement) -> Iterator[Statement]:
    """Yield the commands in the bodies of a control command: if, foreach, switch and their like."""
    words = statement.words
    for place in _bodies(statement):
        if place < len(words) and words[place].braced:
            yield from statements(words[place].text, words[place].line)
    if statement.name == "switch" and len(words) > 2 and words[-1].braced:
        for pair in statements(words[-1].text, words[-1].line):
            if len(pair.words) > 1 and pair.words[-1].braced:
                yield from statements(pair.words[-1].text, pair.words[-1].line)


def _bodies(statement: Statement) -> list[int]:
    words = statement.words
    match statement.name:
        case "if":
            return _branches(words)
        case "while":
            return [2]
        case "foreach":
            return [len(words) - 1]
        case "for":
            return [1, 3, 4]
        case "catch":
            return [1]
    return []


def _branches(words: tuple[Word, ...]) -> list[int]:
    places, at = [], 1  # at a condition
    while at < len(words):
        at += 1
        if at < len(words) and words[at].text == "then":
            at += 1
        places.append(at)
        at += 1
        if at < len(words) and words[at].text == "elseif":
            at += 1
        elif at < len(words) and words[at].text == "else":
            places.append(at + 1)
            break
        else:
            break
    return places


def inner_commands(text: str, line: int = 1) -> Iterator[Statement]:
    """Yield the commands in brackets, such as [class match …], wherever in a text."""
    at = 0
    while (at := text.find("[", at)) >= 0:
        try:
            end = _closing(text, at, line, "[", "]")
            found = list(statements(text[at + 1 : end - 1], line + text.count("\n", 0, at)))
        except TclError:
            return
        yield from found
        at += 1
