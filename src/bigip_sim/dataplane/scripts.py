"""What iRules become: a fixed catalogue of commands and conditions is carried out.

An iRule that holds anything else does nothing at all, and that is said. Sources: iControl REST
reference, sections 3.8 and 5.1; that the commands mean this is unverified.
"""

import re
from collections.abc import Callable, Iterable

from bigip_sim.dataplane.expressions import written
from bigip_sim.dataplane.logic import Condition, NotUnderstood, read_condition, switch_tests
from bigip_sim.dataplane.rulebook import Rulebook
from bigip_sim.names import join_path, split_path
from bigip_sim.tcl import Statement, TclError, Word, statements

LONGEST = 8000  # HAProxy's answers fit into one of its buffers
_EVENTS = frozenset({"HTTP_REQUEST", "HTTP_RESPONSE", "CLIENT_ACCEPTED"})
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_SETTERS = {"HTTP::uri": "set-uri", "HTTP::path": "set-path", "HTTP::query": "set-query"}

Groups = Callable[[str], Iterable[str]]  # a data group's records


def apply_rule(
    name: str, text: str, book: Rulebook, pool: Callable[[str], str], groups: Groups
) -> str:
    """Write what an iRule does; returns why it does nothing, or an empty string."""
    trial = Rulebook(book.is_http)
    try:
        _Compiler(name, trial, pool, groups).events(text)
    except (NotUnderstood, TclError) as error:
        return str(error)
    _Compiler(name, book, pool, groups).events(text)
    return ""


class _Compiler:
    def __init__(
        self, name: str, book: Rulebook, pool: Callable[[str], str], groups: Groups
    ) -> None:
        self._partition = split_path(name).partition
        self._book = book
        self._pool = pool
        self._groups = groups
        self._response = False
        self._returned = ""  # conditions under which nothing more is done

    def events(self, text: str) -> None:
        for statement in statements(text):
            words = statement.words
            if statement.name in {"timing", "priority"}:
                continue
            if statement.name != "when" or words[1].text not in _EVENTS:
                raise NotUnderstood(statement.source.splitlines()[0])
            if words[1].text.startswith("HTTP") and not self._book.is_http:
                raise NotUnderstood("HTTP without an http profile")
            self._response = words[1].text == "HTTP_RESPONSE"
            self._returned = ""
            self._body(words[-1], "")

    def _body(self, word: Word, when: str) -> None:
        if not word.braced:
            raise NotUnderstood(word.text)
        for statement in statements(word.text, word.line):
            self._statement(statement, when)

    def _statement(self, statement: Statement, when: str) -> None:
        words = [word.text for word in statement.words]
        now = f"{when}{self._returned}".strip()
        match words:
            case ["if", *_]:
                self._if(statement, when)
            case ["switch", *_]:
                self._switch(statement, when)
            case ["log", *_] | ["event", "disable", *_]:
                return
            case ["return"]:
                self._returned += f" !{self._book.mark(now, response=self._response)}"
            case ["reject"] | ["drop"] | ["discard"] | ["TCP::close"]:
                self._book.act("reject" if not self._response else "deny", now)
            case ["pool", name] if not self._response:
                self._book.pool(self._pool(self._path(name)), now)
            case [("HTTP::redirect" | "HTTP::respond"), *_] if self._book.is_http:
                self._answer(words, now)
            case ["HTTP::header", verb, *rest] if self._book.is_http:
                self._header(verb, rest, now)
            case [("HTTP::uri" | "HTTP::path" | "HTTP::query") as part, value]:
                self._book.act(f"{_SETTERS[part]} {self._value(value)}", now)
            case _:
                raise NotUnderstood(statement.source.splitlines()[0])

    def _path(self, name: str) -> str:
        if not re.fullmatch(r"[\w/.:%-]+", name):
            raise NotUnderstood(f"pool {name}")
        own = join_path(name, self._partition)
        return own if self._pool(own) else join_path(name)

    def _value(self, text: str) -> str:
        found = written(text, response=self._response)
        if found is None:
            raise NotUnderstood(text)
        return found

    def _answer(self, words: list[str], when: str) -> None:
        if self._response:
            raise NotUnderstood(" ".join(words[:2]))
        if words[0] == "HTTP::redirect" and len(words) == 2:
            self._book.act(f"redirect location {self._value(words[1])} code 302", when)
            return
        code, rest = words[1], [w for w in words[2:] if w not in {"noserver", "-version", "auto"}]
        if words[0] != "HTTP::respond" or not (code.isdigit() and 200 <= int(code) < 600):
            raise NotUnderstood(" ".join(words[:2]))
        pairs = dict(zip(rest[::2], rest[1::2], strict=False))
        location = pairs.get("Location") or pairs.get("location")
        if location is not None and code in {"301", "302", "303", "307", "308"}:
            self._book.act(f"redirect location {self._value(location)} code {code}", when)
            return
        said = [f"return status {code}"]
        if "content" in pairs:
            if len(pairs["content"]) > LONGEST:
                raise NotUnderstood(f"content of {len(pairs['content'])} characters")
            kind = pairs.get("Content-Type", "text/html")
            said.append(f"content-type {self._value(kind)}")
            said.append(f"lf-string {self._value(pairs.pop('content'))}")
        for name, value in pairs.items():
            if not _NAME.fullmatch(name):
                raise NotUnderstood(name)
            if name.lower() not in {"connection", "content-length", "content-type"}:
                said.append(f"hdr {name} {self._value(value)}")
        self._book.act(" ".join(said), when)

    def _header(self, verb: str, rest: list[str], when: str) -> None:
        if not rest or not _NAME.fullmatch(rest[0]):
            raise NotUnderstood(f"HTTP::header {verb}")
        response = self._response
        if verb == "remove" and len(rest) == 1:
            self._book.act(f"del-header {rest[0]}", when, response=response)
        elif verb in {"insert", "replace"} and len(rest) == 2:
            how = "add-header" if verb == "insert" else "set-header"
            self._book.act(f"{how} {rest[0]} {self._value(rest[1])}", when, response=response)
        else:
            raise NotUnderstood(f"HTTP::header {verb} {' '.join(rest)}")

    def _if(self, statement: Statement, when: str) -> None:
        words = [w for w in statement.words[1:] if w.text != "then"]
        before = when
        while words:
            if words[0].text == "else":
                self._body(words[1], before)
                return
            condition, body, *words = words
            mark = self._mark(read_condition(condition.text, self._look), before)
            self._body(body, f"{before} {mark}".strip())
            before = f"{before} !{mark}".strip()
            if words and words[0].text == "elseif":
                words = words[1:]

    def _mark(self, condition: Condition, when: str) -> str:
        """Note the outcome of a condition: any of several sets of tests."""
        whens = [
            f"{when}{self._returned} {self._book.condition(tests)}".strip() for tests in condition
        ]
        return self._book.mark(*whens, response=self._response)

    def _switch(self, statement: Statement, when: str) -> None:
        words = list(statement.words[1:])
        flags = set()
        while words and words[0].text.startswith("-"):
            flags.add(words.pop(0).text)
        if len(words) != 2 or not words[1].braced or flags - {"-glob", "-exact", "--"}:
            raise NotUnderstood(statement.source.splitlines()[0])
        before, waiting = when, []
        for pair in _pairs(words[1]):
            pattern, body = pair
            waiting.append(pattern.text)
            if body.text == "-" and not body.braced:
                continue
            if "default" in waiting:
                self._body(body, before)
                return
            tests = switch_tests(words[0].text, waiting, "-glob" in flags)
            mark = self._mark(tests, before)
            self._body(body, f"{before} {mark}".strip())
            before, waiting = f"{before} !{mark}".strip(), []

    def _look(self, group: str) -> Iterable[str]:
        own = join_path(group, self._partition)
        return list(self._groups(own)) or list(self._groups(join_path(group)))


def _pairs(word: Word) -> list[tuple[Word, Word]]:
    """Return patterns and bodies, however they are spread over lines."""
    words = [w for statement in statements(word.text, word.line) for w in statement.words]
    if len(words) % 2:
        raise NotUnderstood(word.text)
    return list(zip(words[::2], words[1::2], strict=True))
