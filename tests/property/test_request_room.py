"""Laws of requests at once: shares keep the device's limit, trouble halves, quiet gives back."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigip_lbaas.icontrol import allowance
from bigip_lbaas.icontrol.allowance import GROWS_AFTER_S, Allowance
from bigip_lbaas.scheduling.request_shares import request_shares

limits = st.integers(1, 10)
agents = st.lists(st.text(min_size=1, max_size=4), unique=True, max_size=15)


@given(limits, agents)
def test_shares_are_the_limit_together_and_nobody_is_without(limit: int, known: list[str]) -> None:
    shares = request_shares(limit, known)
    assert set(shares) == set(known)
    if known:
        assert sum(shares.values()) == max(limit, len(known))
        assert min(shares.values()) >= 1
        assert max(shares.values()) - min(shares.values()) <= 1


@given(limits, agents, st.randoms())
def test_every_controller_shares_out_the_same(limit: int, known: list[str], dice: object) -> None:
    shuffled = list(known)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert request_shares(limit, shuffled) == request_shares(limit, known)


# what happens to a device's allowance: (what, how many seconds later; a share)
happenings = st.lists(
    st.tuples(
        st.sampled_from(["answer", "trouble", "share"]), st.floats(0.0, 30.0), st.integers(0, 12)
    ),
    max_size=40,
)


def play(events: Sequence[tuple[str, float, int]]) -> list[tuple[str, Allowance, Allowance]]:
    now_s, state, played = 100.0, allowance.whole(5), []
    for what, passed_s, share in events:
        begun_s, now_s, before = now_s, now_s + passed_s, state
        if what == "answer":
            state = allowance.after_answer(state, now_s)
        elif what == "trouble":
            state = allowance.after_trouble(state, begun_s, now_s)
        else:
            state = allowance.shared(state, share)
        played.append((what, before, state))
    return played


@given(happenings)
def test_one_request_may_always_go_and_never_more_than_the_share(
    events: list[tuple[str, float, int]],
) -> None:
    for what, before, after in play(events):
        assert 1 <= after.allowed <= after.share
        if what == "trouble":
            assert after.allowed <= before.allowed
        if what == "answer":
            assert before.allowed <= after.allowed <= before.allowed + 1


@given(happenings, limits)
def test_after_quiet_for_long_enough_the_whole_share_is_allowed(
    events: list[tuple[str, float, int]], share: int
) -> None:
    state = ([allowance.whole(5), *(after for _, _, after in play(events))])[-1]
    state = allowance.shared(state, share)
    now_s = 10_000.0
    for _ in range(share):
        state = allowance.after_answer(state, now_s)
        now_s += GROWS_AFTER_S
    assert state.allowed == share


def test_requests_that_were_under_way_together_halve_it_once() -> None:
    state = allowance.whole(8)
    for _ in range(5):
        state = allowance.after_trouble(state, begun_s=10.0, now_s=12.0)
    assert state.allowed == 4
    assert allowance.after_trouble(state, begun_s=12.5, now_s=13.0).allowed == 2


def test_it_recovers_slowly() -> None:
    state = allowance.after_trouble(allowance.whole(4), 0.0, 0.0)
    assert allowance.after_answer(state, GROWS_AFTER_S - 0.1).allowed == 2
    grown = allowance.after_answer(state, GROWS_AFTER_S)
    assert grown.allowed == 3
    assert allowance.after_answer(grown, GROWS_AFTER_S + 0.1).allowed == 3


@pytest.mark.parametrize(("share", "allowed"), [(5, 2), (1, 1), (2, 2)])
def test_another_share_does_not_undo_what_trouble_did(share: int, allowed: int) -> None:
    state = allowance.after_trouble(allowance.whole(4), 0.0, 0.0)
    assert allowance.shared(state, share).allowed == allowed
