"""Builds the statements with conditions, once for each form of question: only the values differ."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
    Integer,
    Select,
    Update,
    any_,
    bindparam,
    false,
    func,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from bigip_lbaas.store.port import AtLeast, AtMost, Condition, OneOf, OneOfPairs, Plus
from bigip_lbaas.store.shape import Shape, plain_value
from bigip_lbaas.store.tables import table_of

PAIRS = (4, 16, 64, 256)  # how many are asked for at once, or as many as there are
MOST = "most"  # the parameter of LIMIT
Claim = tuple[str, str]  # a field, and how it is compared
Form = tuple[Claim, ...]
Question = tuple[Select[Any], dict[str, Any]]  # a statement with its parameters


@dataclass(frozen=True, slots=True)
class Which:
    """Which rows a question is about: those that meet every condition.

    arrays: whether the database takes a list as one value, as PostgreSQL does. Then a question has
    the same text however many values it names, which is prepared once.
    """

    conditions: tuple[Condition, ...]
    equals: Mapping[str, Any]
    arrays: bool = False


def rows_question(
    shape: Shape, which: Which, order_by: str | None, limit: int | None, lock: bool
) -> Question:
    """Return what selects rows. Raises LookupError for fields that cannot be compared."""
    form, values = _asked(shape, which)
    if limit is not None:
        values[MOST] = limit
    return _rows(shape, form, order_by, limit is not None, lock), values


def count_question(shape: Shape, by: str, which: Which) -> Question:
    """Return what counts rows by a field. Raises LookupError as above."""
    form, values = _asked(shape, which)
    return _count(shape, form, by), values


def highest_question(shape: Shape, field: str, by: str, which: Which) -> Question:
    """Return what finds a field's highest value by another one. Raises LookupError as above."""
    form, values = _asked(shape, which)
    return _highest(shape, form, field, by), values


def alteration(
    shape: Shape, which: Which, change: Mapping[str, Any]
) -> tuple[Update, dict[str, Any]]:
    """Return what changes rows, with its parameters. Raises LookupError as above."""
    form, values = _asked(shape, which)
    changes = []
    for name, value in change.items():
        shape.changeable(name)
        adds = isinstance(value, Plus)
        plain = value.value if isinstance(value, Plus) else value
        values[f"new_{name}"] = plain_value(shape, shape.field(name), plain)
        changes.append((name, adds))
    return _update(shape, form, tuple(changes)), values


@cache
def _rows(
    shape: Shape, form: Form, order_by: str | None, has_limit: bool, lock: bool
) -> Select[Any]:
    statement = select(table_of(shape.record)).where(*_where(shape, form))
    statement = statement.order_by(*_order(shape, order_by))
    if has_limit:
        statement = statement.limit(bindparam(MOST, type_=Integer))
    return statement.with_for_update() if lock else statement


@cache
def _update(shape: Shape, form: Form, changes: tuple[tuple[str, bool], ...]) -> Update:
    new: dict[str, Any] = {}
    for name, adds in changes:
        column: ColumnElement[Any] = table_of(shape.record).c[name]
        value: ColumnElement[Any] = bindparam(f"new_{name}", type_=column.type)
        new[name] = column + value if adds else value
    return update(table_of(shape.record)).where(*_where(shape, form)).values(new)


@cache
def _count(shape: Shape, form: Form, by: str) -> Select[Any]:
    column = _column(shape, by)
    return select(column, func.count()).where(*_where(shape, form)).group_by(column)


@cache
def _highest(shape: Shape, form: Form, field: str, by: str) -> Select[Any]:
    column, most = _column(shape, by), func.max(_column(shape, field))
    return select(column, most).where(*_where(shape, form)).group_by(column)


def _asked(shape: Shape, which: Which) -> tuple[Form, dict[str, Any]]:
    """Return the form of a question, and its values by the names of their parameters."""
    form: list[Claim] = []
    values: dict[str, Any] = {}
    for name, value in which.equals.items():
        shape.position(name)  # refuses what cannot be compared
        if value is not None:
            values[_name(form)] = plain_value(shape, shape.field(name), value)
        form.append((name, "is none" if value is None else "is"))
    for condition in which.conditions:
        if isinstance(condition, OneOfPairs):
            add = _add_arrays if which.arrays else _add_pairs
            form.append(add(shape, condition, _name(form), values))
            continue
        name = condition.field
        shape.position(name)
        match condition:
            case AtMost(value=value):
                values[_name(form)] = float(value)
                form.append((name, "at most"))
            case AtLeast(value=value):
                values[_name(form)] = float(value)
                form.append((name, "at least"))
            case OneOf(values=some):
                field = shape.field(name)
                plain = [plain_value(shape, field, value) for value in some if value is not None]
                if len(some) == len(plain) == 1:  # the same question, asked in a cheaper way
                    values[_name(form)] = plain[0]
                    form.append((name, "is"))
                    continue
                values[_name(form)] = plain
                how = "in array" if which.arrays else "one of"
                form.append((name, f"{how} or none" if None in some else how))
    return tuple(form), values


def plain_pairs(shape: Shape, condition: OneOfPairs) -> list[tuple[Any, Any]]:
    """Return the pairs as plain values. Raises LookupError for fields that cannot be compared."""
    for name in condition.fields:
        shape.position(name)
    first, second = (shape.field(name) for name in condition.fields)
    return [
        (plain_value(shape, first, a), plain_value(shape, second, b)) for a, b in condition.pairs
    ]


def _add_pairs(shape: Shape, condition: OneOfPairs, value: str, values: dict[str, Any]) -> Claim:
    """Add the values of the pairs, the first one again and again up to the next size.

    So there are few forms, each of which is compiled once. (MySQL, MariaDB and PostgreSQL would
    look up a list of pairs by an index, SQLite reads the whole table for one.)
    """
    pairs = plain_pairs(shape, condition)
    size = next((size for size in PAIRS if size >= len(pairs)), len(pairs)) if pairs else 0
    for number in range(size):
        pair = pairs[number] if number < len(pairs) else pairs[0]
        values[f"{value}_{number}_0"], values[f"{value}_{number}_1"] = pair
    return ",".join(condition.fields), f"pairs {size}"


def _add_arrays(shape: Shape, condition: OneOfPairs, value: str, values: dict[str, Any]) -> Claim:
    """Add the values of the pairs as two lists."""
    pairs = plain_pairs(shape, condition)
    values[f"{value}_0"], values[f"{value}_1"] = ([pair[n] for pair in pairs] for n in (0, 1))
    return ",".join(condition.fields), "pairs in arrays"


def _name(form: list[Claim]) -> str:
    return f"value_{len(form)}"


def _where(shape: Shape, form: Form) -> list[ColumnElement[bool]]:
    return [
        _one_of_pairs(shape, name, how, f"value_{place}")
        if how.startswith("pairs ")
        else _claim(_column(shape, name), how, f"value_{place}")
        for place, (name, how) in enumerate(form)
    ]


def _one_of_pairs(shape: Shape, names: str, how: str, value: str) -> ColumnElement[bool]:
    first, second = (_column(shape, name) for name in names.split(","))
    if how == "pairs in arrays":
        lists = func.unnest(_array(first, f"{value}_0"), _array(second, f"{value}_1"))
        pairs = lists.table_valued("first", "second").render_derived()
        return tuple_(first, second).in_(select(pairs.c.first, pairs.c.second))
    size = int(how.removeprefix("pairs "))
    return or_(
        false(),
        *(
            (first == bindparam(f"{value}_{number}_0"))
            & (second == bindparam(f"{value}_{number}_1"))
            for number in range(size)
        ),
    )


def _claim(column: ColumnElement[Any], how: str, value: str) -> ColumnElement[bool]:
    match how:
        case "is":
            return column == bindparam(value)
        case "is none":
            return column.is_(None)
        # As a number with a fraction, also against a column of integers: 3.5 is not 4.
        case "at most":
            return column <= bindparam(value, type_=Double)
        case "at least":
            return column >= bindparam(value, type_=Double)
    if how.startswith("in array"):
        is_one = column == any_(_array(column, value))
    else:
        is_one = column.in_(bindparam(value, expanding=True))
    return or_(is_one, column.is_(None)) if how.endswith("or none") else is_one


def _array(column: ColumnElement[Any], value: str) -> ColumnElement[Any]:
    return bindparam(value, type_=ARRAY(column.type))


def _column(shape: Shape, name: str) -> ColumnElement[Any]:
    shape.position(name)  # refuses what cannot be compared
    column: ColumnElement[Any] = table_of(shape.record).c[name]
    return column


def _order(shape: Shape, order_by: str | None) -> list[ColumnElement[Any]]:
    """Return what to sort by: the field, None first as the lowest, then the key."""
    keys: list[ColumnElement[Any]] = [_column(shape, name) for name in shape.key]
    if order_by is None:
        return keys
    column = _column(shape, order_by.removeprefix("-"))
    order = [column.is_not(None), column] if column.nullable else [column]
    if order_by.startswith("-"):
        order = [each.desc() for each in order]
    return order + keys
