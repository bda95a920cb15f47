"""Which device is written, where the others follow: the same for all who ask, and for a reason."""

from itertools import permutations
from typing import Any

import pytest

from bigip_lbaas.domain.cluster import Sight
from bigip_lbaas.scheduling.sources import choose_source, is_level, why_lost


def sights(text: str) -> tuple[Sight, ...]:
    """Return what "A+ B B2- C40" says: in sync, not, not for 2 s and so on."""
    found = []
    for word in text.split():
        device, rest = word[0], word[1:]
        if word.startswith("?"):
            device, rest = word[:2], word[2:]
        found.append(Sight(device, float(rest.strip("+") or 0), rest.endswith("+")))
    return tuple(found)


def views(*texts: str) -> Any:
    return {f"h{number}:1": sights(text) for number, text in enumerate(texts)}


@pytest.mark.parametrize(
    ("texts", "chosen"),
    [
        (("A B C",), "A"),
        (("A B+ C",), "B"),  # in sync before first by name
        (("A40 B C",), "B"),
        (("A B C", "A40 B C"), "B"),  # reached by more agents
        (("A+ B C", "A40+ B C"), "B"),
        (("A B", "B C"), "B"),  # named by all
        (("A", "B"), None),
        (("A40 B40",), None),
        ((), None),
        (("",), None),
    ],
)
def test_the_best_device_is_written(texts: tuple[str, ...], chosen: str | None) -> None:
    assert choose_source(views(*texts)) == chosen
    for order in permutations(views(*texts).items()):
        assert choose_source(dict(order)) == chosen


def test_the_lost_source_is_no_candidate() -> None:
    assert choose_source(views("A B"), ("A",)) == "B"
    assert choose_source(views("A"), ("A",)) is None


@pytest.mark.parametrize(
    ("texts", "is_lost"),
    [
        (("A B",), False),
        (("A29 B",), False),
        (("A30 B",), True),
        (("A30 B", "A B"), False),  # one of them reaches it
        (("A30 B", "A40 B"), True),
        (("A30 B", "A1 B"), False),
        (("B", "B C"), True),  # nobody names it
        (("?x5 B",), False),  # one that has not said who it is may be it
        (("?x31 B",), True),
        ((), False),  # nobody says anything
    ],
)
def test_a_source_is_lost_when_all_have_missed_it_for_long(
    texts: tuple[str, ...], is_lost: bool
) -> None:
    assert (why_lost("A", views(*texts), 30.0) is not None) == is_lost


def test_a_sync_has_ended_when_each_device_has_said_so_to_somebody() -> None:
    assert is_level(("A", "B"), views("A+ B", "A B+"))
    assert not is_level(("A", "B"), views("A+ B"))
    assert not is_level(("A",), views("B+"))
