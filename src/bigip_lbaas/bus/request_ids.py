"""Knows which request is being worked on, so that every log line written meanwhile can say it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import Any, TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")

_current: ContextVar[str] = ContextVar("request_ids", default="")


@contextmanager
def working_on(*request_ids: str) -> Iterator[None]:
    """Work on these requests; without any, on what was worked on before."""
    said = ",".join(dict.fromkeys(each for each in request_ids if each))
    token = _current.set(said or _current.get())
    try:
        yield
    finally:
        _current.reset(token)


def current() -> str:
    """Return the ids of the requests that this thread works on, separated by commas."""
    return _current.get()


def request_id_of(payload: Mapping[str, Any]) -> str:
    """Return the request id that a message carries; empty when it carries none."""
    found = payload.get("request_id")
    return found if isinstance(found, str) else ""


def carried(work: Callable[[Given], Made]) -> Callable[[Given], Made]:
    """Return the same work, which other threads do for the requests that this one works on."""
    context = copy_context()
    return lambda given: context.copy().run(work, given)
