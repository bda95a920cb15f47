"""How one value that a client writes is kept: in the type and the words of its attribute.

That a device takes true for `enabled` or `yes`, and the one pair of words for the other, is
unverified; clients write so, and a device would read them back in its own words.
"""

from collections.abc import Mapping

from bigip_sim import refusals
from bigip_sim.kinds import Kind

LONGEST = 65520  # characters in a string: section 1.6
TRUE = (True, "true", "yes")
_WORDS = {True: ("true", "enabled", "yes"), False: ("false", "disabled", "no")}
_TRUE_OR_FALSE, _YES_OR_NO = ("true", "false"), ("yes", "no")
_PAIRS = (_TRUE_OR_FALSE, _YES_OR_NO, ("enabled", "disabled"))
_PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp", "132": "sctp"}  # f5-ansible writes numbers


def checked(kind: Kind, field: str, value: object) -> object:
    """Return a value as it is kept, in the type of the attribute's default; or refuse it."""
    if field == "ipProtocol":
        value = _PROTOCOLS.get(str(value), value)
    if isinstance(value, str) and len(value) > LONGEST:
        raise refusals.too_long(field)
    choices = kind.choices.get(field)
    if choices is None:
        value = _in_words(kind.defaults.get(field), value)
        choices = frozenset(_YES_OR_NO) if kind.defaults.get(field) in _YES_OR_NO else None
    elif isinstance(value, bool):  # OpenStack's agent writes autoDelete so
        value = next((word for word in _WORDS[value] if word in choices), value)
    if choices is not None and not (isinstance(value, str | bool) and value in choices):
        raise refusals.invalid_value(field, value)
    default = kind.defaults.get(field)
    if isinstance(default, bool):
        return value in TRUE
    if isinstance(value, bool) and isinstance(default, str | int):
        return str(value).lower() if isinstance(default, str) else value
    if isinstance(default, int):
        if isinstance(value, str) and value.lstrip("-").isdigit():
            return int(value)
        if not isinstance(value, int):
            raise refusals.invalid_value(field, value)
    if isinstance(default, str) and isinstance(value, int | float):
        return str(value)
    nests = isinstance(value, list | tuple | Mapping)
    if isinstance(default, str) and nests and field != "tmOptions":  # a list up to 13.x
        raise refusals.invalid_value(field, value)
    if isinstance(default, Mapping) and not isinstance(value, Mapping):
        raise refusals.invalid_value(field, value)
    return value


def flag(kind: Kind, field: str, value: object) -> Mapping[str, object]:
    """Return which of two presence flags a value sets."""
    pair = next(pair for pair in kind.flags if field in pair)
    other = pair[1] if field == pair[0] else pair[0]
    return {field: True} if value in TRUE else {other: True}


def _in_words(default: object, value: object) -> object:
    """Return a truth value in the words that an attribute has for it, other values as they are."""
    pair = next((pair for pair in _PAIRS if default in pair), None)
    if pair is None:
        return value
    if isinstance(value, bool):
        return pair[0] if value else pair[1]
    others = {_TRUE_OR_FALSE: _YES_OR_NO, _YES_OR_NO: _TRUE_OR_FALSE}.get(pair, ())
    return pair[others.index(str(value))] if value in others else value
