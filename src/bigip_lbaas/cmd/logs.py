"""Where the processes' own words go: one line per event, with the request's id, without secrets."""

import json
import logging
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from bigip_lbaas.bus.request_ids import current

LINE, JSON = "line", "json"
# these say more than an operator wants to read, on every request or at every start
TALKATIVE = ("alembic", "amqp", "httpcore", "httpx", "kombu", "oslo", "oslo_messaging", "stevedore")
HIDDEN = "***"
SHORTEST_SECRET = 4  # a shorter one would take words to pieces, and can be guessed anyway

_IN_URL = re.compile(r"(://[^\s:/@]*):[^\s@]+@")


class EventFormatter(logging.Formatter):
    """Makes one line of each event: in words, or as a JSON object."""

    def __init__(self) -> None:
        """Write in words until told otherwise, and know of no secret."""
        super().__init__()
        self.style = LINE
        self._secrets: tuple[str, ...] = ()

    def hide(self, secrets: Iterable[str]) -> None:
        """Never write these, in whatever event they stand."""
        known = {*self._secrets}
        for secret in secrets:
            known |= {secret, quote(secret, safe=""), json.dumps(secret)[1:-1]}
        long = (each for each in known if len(each) >= SHORTEST_SECRET)
        self._secrets = tuple(sorted(long, key=len, reverse=True))  # none leaves a piece of another

    def format(self, record: logging.LogRecord) -> str:
        """Return the event's line."""
        asked_by = current()
        # hosts of several time zones are read side by side
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        when = f"{moment}.{int(record.msecs):03d}Z"
        message = self._cleaned(record.getMessage())
        trace = self._cleaned(self._trace(record))
        if self.style == JSON:
            event: dict[str, Any] = {
                "time": when,
                "level": record.levelname,
                "logger": record.name,
                "message": message,
            }
            if asked_by:
                event["request_id"] = asked_by
            if trace:
                event["trace"] = trace
            return json.dumps(event)
        said = f"{message}\n{trace}" if trace else message
        return f"{when} {record.levelname} {record.name} [{asked_by or '-'}] {_on_one_line(said)}"

    def _trace(self, record: logging.LogRecord) -> str:
        parts = [self.formatException(record.exc_info)] if record.exc_info else []
        parts += [self.formatStack(record.stack_info)] if record.stack_info else []
        return "\n".join(parts)

    def _cleaned(self, text: str) -> str:
        text = _IN_URL.sub(rf"\1:{HIDDEN}@", text)
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text


def _on_one_line(text: str) -> str:
    """Return the text with whatever begins a line, or speaks to a terminal, written out."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def log_to_file(path: Path) -> None:
    """Write everything to a file that only its owner can read."""
    path.touch(mode=0o600)
    _log_to(logging.FileHandler(path, encoding="utf-8"))


def log_to_stderr() -> None:
    """Write everything to standard error, where a supervisor collects it."""
    _log_to(logging.StreamHandler())


def _log_to(handler: logging.Handler) -> None:
    handler.setFormatter(EventFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)  # those of libraries are no words for who runs the program
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def log_as_said(conf: Any) -> None:
    """Follow the options debug and log_format."""
    if conf.debug:
        logging.getLogger().setLevel(logging.DEBUG)
    for formatter in _formatters():
        formatter.style = conf.log_format


def hide(*secrets: str) -> None:
    """Never write these passwords, nor those within these URLs."""
    found = {each for each in secrets if "://" not in each}
    found |= {unquote(word) for url in secrets for word in _passwords_in(url)}
    for formatter in _formatters():
        formatter.hide(found)


def _passwords_in(url: str) -> list[str]:
    """Return the passwords in a URL, which may name several hosts."""
    return [word[1:-1] for word in re.findall(r":[^\s:/@,]+@", url)]


def _formatters() -> list[EventFormatter]:
    """Return ours among those of the root logger's handlers."""
    found = (handler.formatter for handler in logging.getLogger().handlers)
    return [each for each in found if isinstance(each, EventFormatter)]
