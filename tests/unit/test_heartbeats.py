"""How often agents beat, and for how long their silence is borne."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigip_lbaas.scheduling.heartbeats import Pace, pace_for, silence_for, wait_for_answer_s

WANTED = Pace(1.0, 3.0)
RATE = 200.0


@pytest.mark.parametrize(
    ("agents", "interval_s"),
    [(0, 1.0), (1, 1.0), (100, 1.0), (200, 1.0), (201, 1.1), (1000, 5.0), (5001, 25.1)],
)
def test_a_fleet_beats_as_wanted_until_it_is_too_large(agents: int, interval_s: float) -> None:
    pace = pace_for(agents, WANTED, RATE)
    assert pace == Pace(pytest.approx(interval_s), pytest.approx(interval_s + 2.0))  # type: ignore[arg-type]


@given(
    st.integers(0, 100_000),
    st.floats(0.1, 60.0),
    st.floats(0.1, 60.0),
    st.floats(1.0, 10_000.0),
)
def test_a_fleet_never_calls_more_often_than_allowed_and_a_lease_always_holds_the_next_beat(
    agents: int, interval_s: float, rest_s: float, most: float
) -> None:
    pace = pace_for(agents, Pace(interval_s, interval_s + rest_s), most)
    assert agents / pace.interval_s <= most * 1.000001
    assert pace.interval_s >= interval_s
    assert pace.lease_s - pace.interval_s == pytest.approx(rest_s, abs=1e-6)
    # the beat after next and one more arrive before the lease ends, if two are lost
    waits_s = wait_for_answer_s(pace, 2.0)
    assert pace.interval_s + 2 * waits_s <= pace.lease_s + 1e-6


@given(st.floats(0.1, 600.0), st.floats(0.0, 600.0), st.floats(0.1, 10.0))
def test_silence_is_longer_than_any_lease_that_may_be_held(
    granted_s: float, held_s: float, margin_s: float
) -> None:
    silence_s = silence_for(granted_s, held_s, margin_s)
    assert silence_s >= max(granted_s, held_s) + margin_s
