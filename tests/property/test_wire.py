"""decode(encode(m)) == m, and readers understand older and newer writers."""

import json
from dataclasses import MISSING, fields
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bigip_lbaas.wire.codec import Unreadable, decode, encode
from bigip_lbaas.wire.messages import Message
from tests.strategies import values

KINDS = get_args(Message)
messages = st.one_of(*map(values, KINDS))


def through_text(plain: Any) -> Any:
    """Return what another process reads."""
    return json.loads(json.dumps(plain))


def defaulted(kind: type) -> set[str]:
    """Return the fields that a writer may leave out."""
    return {
        field.name
        for field in fields(kind)
        if field.default is not MISSING or field.default_factory is not MISSING
    }


@given(messages)
@settings(max_examples=300)
def test_what_is_read_is_what_was_written(message: Any) -> None:
    assert decode(type(message), through_text(encode(message))) == message


@given(messages, st.dictionaries(st.text(min_size=1).map("new_".__add__), st.integers()))
def test_fields_of_a_newer_writer_are_ignored(message: Any, more: dict[str, int]) -> None:
    assert decode(type(message), through_text({**encode(message), **more})) == message


@given(messages)
def test_a_newer_writers_fields_are_ignored_wherever_they_are(message: Any) -> None:
    def grown(plain: Any) -> Any:
        if isinstance(plain, dict):
            return {name: grown(value) for name, value in plain.items()} | {"new_field": 1}
        return [grown(one) for one in plain] if isinstance(plain, list) else plain

    assert decode(type(message), grown(through_text(encode(message)))) == message


@given(messages)
def test_an_older_writer_without_the_defaulted_fields_is_understood(message: Any) -> None:
    kind = type(message)
    old = {name: value for name, value in encode(message).items() if name not in defaulted(kind)}
    read = decode(kind, through_text(old))
    for field in fields(kind):
        if field.name in old:
            assert getattr(read, field.name) == getattr(message, field.name)
        elif field.default is not MISSING:
            assert getattr(read, field.name) == field.default


@given(st.data(), messages)
def test_a_message_without_a_needed_field_is_unreadable_and_names_it(
    data: st.DataObject, message: Any
) -> None:
    kind = type(message)
    needed = sorted({field.name for field in fields(kind)} - defaulted(kind))
    if not needed:
        return
    gone = data.draw(st.sampled_from(needed))
    plain = encode(message)
    del plain[gone]
    with pytest.raises(Unreadable, match=f"not a {kind.__name__}.*{gone}"):
        decode(kind, plain)


@given(st.data(), messages)
def test_a_field_of_another_type_is_unreadable_and_named(data: st.DataObject, message: Any) -> None:
    plain = encode(message)
    spoilt = data.draw(st.sampled_from(sorted(plain)))
    with pytest.raises(Unreadable, match=rf"\$\.{spoilt}"):
        decode(type(message), {**plain, spoilt: {"not": object}})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("plain", [None, [], "text", 7])
def test_what_is_no_message_at_all_is_unreadable(kind: type, plain: Any) -> None:
    with pytest.raises(Unreadable, match=f"not a {kind.__name__}"):
        decode(kind, plain)
