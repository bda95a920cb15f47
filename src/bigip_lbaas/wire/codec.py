"""Turns messages into plain JSON-like values and back; unknown fields are ignored."""

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


class Unreadable(ValueError):
    """The values are no such message; the text names the field."""


def encode(message: Any) -> dict[str, Any]:
    """Return the message as a dict of plain values."""
    plain: dict[str, Any] = msgspec.to_builtins(message)
    return plain


def decode(kind: type[T], plain: Any) -> T:
    """Return the message of that kind. Raises Unreadable, naming what does not fit."""
    try:
        return msgspec.convert(plain, type=kind)
    except msgspec.ValidationError as error:
        raise Unreadable(f"not a {kind.__name__}: {error}") from error
