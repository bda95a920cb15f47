"""Stamps say themselves in a name and are known by it again; leases end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigip_lbaas.domain.home import Fence, Lease, Stamp

fences = st.builds(Fence, st.integers(0, 2**63), st.text("0123456789abcdef", min_size=1))
stamps = st.builds(Stamp, fences, st.integers(0, 2**63))


@given(stamps)
def test_a_stamp_is_known_by_its_name(stamp: Stamp) -> None:
    assert Stamp.parse(stamp.name) == stamp


@given(stamps, stamps)
def test_two_stamps_never_share_a_name(one: Stamp, other: Stamp) -> None:
    assert (one.name == other.name) == (one == other)


@pytest.mark.parametrize(
    "name",
    ["", "stamp", "stamp_1.a", "stamp_1.a.1.2", "stamp_1.A.1", "stamp_-1.a.1", "xstamp_1.a.1",
     "stamp_1.a.1\n", "guard", "stamp_1..1", "dev_stamp_1.a.1"],
)  # fmt: skip
def test_another_name_is_no_stamp(name: str) -> None:
    assert Stamp.parse(name) is None


@given(fences, fences)
def test_fences_are_ordered_by_their_number(one: Fence, other: Fence) -> None:
    if one.number != other.number:
        assert (one < other) == (one.number < other.number)


def test_a_lease_counts_from_its_sending_and_is_over_at_its_end() -> None:
    lease = Lease(sent_at_s=100.0, length_s=3.0)
    assert lease.remaining_s(100.0) == 3.0
    assert lease.remaining_s(102.5) == 0.5
    assert lease.remaining_s(103.0) == 0.0
    assert lease.remaining_s(1000.0) == 0.0
