"""What a record class looks like as a table, and how a row of it becomes plain values and back.

The in-memory twin keeps the same plain values as the databases, so both accept and refuse the same.
"""

import enum
import math
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from bigip_lbaas.store import records
from bigip_lbaas.store.packing import packed, unpacked
from bigip_lbaas.wire.codec import Unreadable

R = TypeVar("R")
SHORT = 255  # characters of a text that is part of a key or an index
INTEGERS = range(-(2**63), 2**63)  # what all databases can hold

# The selects that run often; a key's leading fields need no index of their own.
INDEXES: dict[type, tuple[tuple[str, ...], ...]] = {
    records.LoadBalancer: (
        ("environment", "behind"),
        ("environment", "phase"),
        ("environment", "project_id"),
    ),
    records.Child: (("load_balancer_id",), ("project_id", "address")),
    records.Home: (("agent_id", "fence_number"), ("environment", "group")),
    records.PlacementRow: (("environment", "group"), ("environment", "project_id", "group")),
    records.Reservation: (("environment", "group"), ("environment", "expires_at")),
    records.PlacementDecision: (("environment", "orphaned_at"), ("snapshot",)),
    records.FleetSnapshot: (("environment", "is_suspect"),),
    records.History: (("environment", "span_s", "begin"),),
    records.SeenCosts: (("environment", "learned_at"),),
    records.StatusMessage: (("environment", "next_at"),),
}

# Kept long and read seldom.
PACKED: dict[type, frozenset[str]] = {
    records.PlacementDecision: frozenset({"changed", "outcome"}),
    records.FleetSnapshot: frozenset({"groups", "bookings"}),
}


class Kind(enum.Enum):
    """How a field is stored."""

    TEXT = "text"
    INTEGER = "integer"
    REAL = "number"
    BOOLEAN = "boolean"
    JSON = "JSON"
    PACKED = "packed JSON"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record. hint: its type without None. short: at most SHORT characters."""

    name: str
    kind: Kind
    hint: Any
    optional: bool
    short: bool


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A record class as a table: its fields in order, its key, its indexes. One each."""

    record: type
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...]

    def field(self, name: str) -> Field:
        """Return the field of that name. Raises LookupError when there is none."""
        for field in self.fields:
            if field.name == name:
                return field
        raise LookupError(f"{self.record.__name__} has no field {name!r}")

    def position(self, name: str) -> int:
        """Return the place of a field that can be compared.

        Raises LookupError for unknown fields and those that are stored as JSON.
        """
        field = self.field(name)
        if field.kind in (Kind.JSON, Kind.PACKED):
            raise LookupError(
                f"{self.record.__name__}.{name} is {field.kind.value} and cannot be compared"
            )
        return self.fields.index(field)

    def changeable(self, name: str) -> int:
        """Return the place of a field that can be changed in all rows of a kind at once.

        Raises LookupError for unknown fields, those of the key and those stored as JSON.
        """
        if name in self.key:
            raise LookupError(f"{self.record.__name__}.{name} is of the key and cannot be changed")
        return self.position(name)


def shape_of(record: type) -> Shape:
    """Return the shape of a record class. Raises LookupError for any other class."""
    try:
        return _SHAPES[record]
    except KeyError:
        raise LookupError(f"{record.__name__} is no record of the store") from None


def plain_row(row: Any) -> tuple[Any, ...]:
    """Return the row's fields as plain values, in order.

    Raises ValueError for what cannot be stored.
    """
    shape = shape_of(type(row))
    return tuple(plain_value(shape, field, getattr(row, field.name)) for field in shape.fields)


def row_from(record: type[R], plain: Sequence[Any]) -> R:
    """Return the record with those plain values.

    Raises Unreadable, naming record, key and field.
    """
    shape = shape_of(record)
    values = {}
    for field, value in zip(shape.fields, plain, strict=True):
        try:
            values[field.name] = value_from(field, value)
        except (ValueError, msgspec.MsgspecError) as error:
            key = ", ".join(str(plain[shape.position(name)]) for name in shape.key)
            raise Unreadable(
                f"{record.__name__} ({key}) in the database: {field.name}: {error}"
            ) from error
    return record(**values)


def plain_key(record: type, key: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the plain values of a key. Raises LookupError when it has the wrong length."""
    shape = shape_of(record)
    if len(key) != len(shape.key):
        raise LookupError(f"the key of {record.__name__} is ({', '.join(shape.key)}), not {key}")
    return tuple(
        plain_value(shape, shape.field(name), value)
        for name, value in zip(shape.key, key, strict=True)
    )


def plain_value(shape: Shape, field: Field, value: Any) -> Any:
    """Return one field's plain value. Raises ValueError for what no database could give back."""
    if value is None and field.optional:
        return None
    try:
        return _PLAIN[field.kind](field, value)
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        raise ValueError(
            f"{shape.record.__name__}.{field.name} cannot be stored: {error}"
        ) from error


def value_from(field: Field, plain: Any) -> Any:
    """Return the value that a plain one stands for. Raises ValueError when it stands for none."""
    if plain is None and field.optional:
        return None
    if field.kind is Kind.JSON:
        return _from_json(field, plain)
    if field.kind is Kind.PACKED:
        return _from_json(field, unpacked(plain))
    return field.hint(plain)


def _shape(record: Any) -> Shape:
    hints = get_type_hints(record)
    key: tuple[str, ...] = record.KEY
    indexes = INDEXES.get(record, ())
    short = {*key, *(name for index in indexes for name in index)}
    return Shape(
        record,
        tuple(
            _field(record, field.name, hints[field.name], field.name in short)
            for field in fields(record)
        ),
        key,
        indexes,
    )


def _field(record: type, name: str, hint: Any, in_key_or_index: bool) -> Field:
    optional = False
    if get_origin(hint) in (Union, types.UnionType):
        others = tuple(arm for arm in get_args(hint) if arm is not types.NoneType)
        optional = len(others) < len(get_args(hint))
        hint = others[0] if len(others) == 1 else hint
    hint = getattr(hint, "__supertype__", hint)  # of a NewType
    kind = Kind.PACKED if name in PACKED.get(record, ()) else _kind(hint)
    return Field(name, kind, hint, optional, kind is Kind.TEXT and in_key_or_index)


def _kind(hint: Any) -> Kind:
    if isinstance(hint, type) and issubclass(hint, str):
        return Kind.TEXT
    return {int: Kind.INTEGER, float: Kind.REAL, bool: Kind.BOOLEAN}.get(hint, Kind.JSON)


def _plain_text(field: Field, value: Any) -> str:
    if not isinstance(value, field.hint):
        raise TypeError(f"{value!r} is no {field.hint.__name__}")
    text = str.__str__(value)
    text.encode()  # a lone surrogate is no character
    if "\0" in text:
        raise ValueError("text with a NUL character")
    if field.short and len(text) > SHORT:
        raise ValueError(f"text of {len(text)} characters, {SHORT} is the most")
    if field.short and text.endswith(" "):
        raise ValueError(f"{text!r} ends in a space, which some databases do not compare")
    return text


def _plain_integer(_field: Field, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value not in INTEGERS:
        raise ValueError(f"{value!r} is no integer of 64 bits")
    return value


def _plain_real(_field: Field, value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no finite number")
    return float(value)


def _plain_boolean(_field: Field, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither True nor False")
    return value


def _plain_json(field: Field, value: Any) -> str:
    arms = _arms(field.hint)
    if arms:
        text = _ENCODER.encode((type(value).__name__, value)).decode()
    else:
        text = _ENCODER.encode(value).decode()
    # JSON has no NaN and no infinity: they become null, and the row could never be read again.
    if "null" in text and _from_json(field, text) != value:
        raise ValueError("it holds a number that is not finite")
    return text


def _from_json(field: Field, text: str) -> Any:
    arms = _arms(field.hint)
    if not arms:
        return _decoder(field.hint).decode(text)
    name, value = _NAMED.decode(text)
    if name not in arms:
        raise ValueError(f"{name!r} is none of {', '.join(arms)}")
    return _decoder(arms[name]).decode(value)


@cache
def _arms(hint: Any) -> dict[str, type]:
    """Return class name -> class for a union of classes, which JSON alone cannot tell apart."""
    return (
        {arm.__name__: arm for arm in get_args(hint)} if isinstance(hint, types.UnionType) else {}
    )


@cache
def _decoder(hint: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(hint)


def _plain_packed(field: Field, value: Any) -> str:
    return packed(_plain_json(field, value))


_ENCODER = msgspec.json.Encoder(order="deterministic")
_NAMED = msgspec.json.Decoder(tuple[str, msgspec.Raw])
_PLAIN: dict[Kind, Callable[[Field, Any], Any]] = {
    Kind.TEXT: _plain_text,
    Kind.INTEGER: _plain_integer,
    Kind.REAL: _plain_real,
    Kind.BOOLEAN: _plain_boolean,
    Kind.JSON: _plain_json,
    Kind.PACKED: _plain_packed,
}
_SHAPES: dict[type, Shape] = {record: _shape(record) for record in records.RECORDS}
