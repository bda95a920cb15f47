"""What a record class looks like as a table, and how a row of it becomes plain values and back.

The in-memory twin keeps the same plain values as the databases, so both accept and refuse the same.
"""

import enum
import math
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from functools import cache, partial
from operator import attrgetter
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
    records.Stranger: (("environment",),),
    records.Reservation: (("environment", "group"), ("environment", "expires_at")),
    records.PlacementDecision: (("environment", "orphaned_at"), ("snapshot",)),
    records.FleetSnapshot: (("environment", "is_suspect"),),
    records.History: (("environment", "span_s", "begin"),),
    records.SeenCosts: (("environment", "learned_at"),),
    records.StatusMessage: (("environment", "next_at"),),
    records.Drift: (("environment", "device"), ("environment", "load_balancer_id")),
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


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One field of a record. hint: its type without None. short: at most SHORT characters.

    to_plain, from_plain: make a value that can be stored of one, and the other way round. They
    raise TypeError, ValueError or msgspec's own errors for what is none.
    """

    name: str
    kind: Kind
    hint: Any
    optional: bool
    short: bool
    to_plain: Callable[[Any], Any] = field(init=False)
    from_plain: Callable[[Any], Any] = field(init=False)

    def __post_init__(self) -> None:
        """Choose once what is done for each value."""
        there: Callable[[Any], Any] = partial(_PLAIN[self.kind], self)
        back = _back(self)
        object.__setattr__(self, "to_plain", _or_none(there) if self.optional else there)
        object.__setattr__(self, "from_plain", _or_none(back) if self.optional else back)


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A record class as a table: its fields in order, its key, its indexes. One each.

    values_of: returns all fields of a record, in order.
    """

    record: type
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...]
    values_of: Callable[[Any], Any] = field(init=False)
    _places: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        """Look up once where the fields are."""
        names = [each.name for each in self.fields]
        one = attrgetter(*names)
        object.__setattr__(self, "values_of", one if len(names) > 1 else lambda row: (one(row),))
        object.__setattr__(self, "_places", {name: place for place, name in enumerate(names)})

    def field(self, name: str) -> Field:
        """Return the field of that name. Raises LookupError when there is none."""
        try:
            return self.fields[self._places[name]]
        except KeyError:
            raise LookupError(f"{self.record.__name__} has no field {name!r}") from None

    def position(self, name: str) -> int:
        """Return the place of a field that can be compared.

        Raises LookupError for unknown fields and those that are stored as JSON.
        """
        asked = self.field(name)
        if asked.kind in (Kind.JSON, Kind.PACKED):
            raise LookupError(
                f"{self.record.__name__}.{name} is {asked.kind.value} and cannot be compared"
            )
        return self._places[name]

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
    values = shape.values_of(row)
    try:
        return tuple([one.to_plain(value) for one, value in zip(shape.fields, values, strict=True)])
    except (TypeError, ValueError, msgspec.MsgspecError):  # once more, to say which field it is
        return tuple(
            plain_value(shape, one, value) for one, value in zip(shape.fields, values, strict=True)
        )


def row_from(record: type[R], plain: Sequence[Any]) -> R:
    """Return the record with those plain values.

    Raises Unreadable, naming record, key and field.
    """
    shape = shape_of(record)
    values = []
    try:
        for one, value in zip(shape.fields, plain, strict=True):
            values.append(one.from_plain(value))
    except (ValueError, msgspec.MsgspecError) as error:
        key = ", ".join(str(plain[shape.position(name)]) for name in shape.key)
        name = shape.fields[len(values)].name
        raise Unreadable(f"{record.__name__} ({key}) in the database: {name}: {error}") from error
    return record(*values)


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
    try:
        return field.to_plain(value)
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        raise ValueError(
            f"{shape.record.__name__}.{field.name} cannot be stored: {error}"
        ) from error


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
    if not text.isascii():
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
    if "null" in text and _json_reader(field.hint)(text) != value:
        raise ValueError("it holds a number that is not finite")
    return text


def _back(field: Field) -> Callable[[Any], Any]:
    """Return what makes a field's value of the plain one."""
    match field.kind:
        case Kind.JSON:
            return _json_reader(field.hint)
        case Kind.PACKED:
            from_json = _json_reader(field.hint)
            return lambda stored: from_json(unpacked(stored))
        case Kind.TEXT if field.hint is str:
            return _itself
    hint: Callable[[Any], Any] = field.hint
    return hint


def _itself(text: Any) -> Any:
    return text


def _or_none(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else convert(value)


@cache
def _json_reader(hint: Any) -> Callable[[Any], Any]:
    """Return what makes a value of that type of JSON."""
    arms = _arms(hint)
    if not arms:
        return msgspec.json.Decoder(hint).decode
    decoders: dict[str, msgspec.json.Decoder[Any]] = {
        name: msgspec.json.Decoder(arm) for name, arm in arms.items()
    }

    def from_json(text: Any) -> Any:
        name, value = _NAMED.decode(text)
        if name not in decoders:
            raise ValueError(f"{name!r} is none of {', '.join(decoders)}")
        return decoders[name].decode(value)

    return from_json


@cache
def _arms(hint: Any) -> dict[str, type]:
    """Return class name -> class for a union of classes, which JSON alone cannot tell apart."""
    return (
        {arm.__name__: arm for arm in get_args(hint)} if isinstance(hint, types.UnionType) else {}
    )


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
