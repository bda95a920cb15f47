"""Two units: exactly one is active, whoever starts, stops or falls silent when."""

import itertools

import pytest

from bigip_sim.pair import SILENCE_S, Address, Peer, decide


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("active", [True, False])
@pytest.mark.parametrize("peer", Peer)
@pytest.mark.parametrize("silent_s", [0.0, SILENCE_S])
def test_the_rule_said_again(first, active, peer, silent_s):
    now = decide(active=active, first=first, peer=peer, silent_s=silent_s)
    if peer is Peer.OFF:
        assert now
    elif peer is Peer.ACTIVE:
        assert now == (active and first)  # only the tie is broken; nobody takes what works
    elif peer is Peer.STANDBY:
        assert now == (active or first)
    else:
        assert now == (active or silent_s >= SILENCE_S)


def heard(powered: bool, active: bool) -> Peer:
    if not powered:
        return Peer.OFF
    return Peer.ACTIVE if active else Peer.STANDBY


def settle(powered: tuple[bool, bool], active: tuple[bool, bool], order) -> tuple[bool, bool]:
    """Let two units that hear each other decide in turn until nothing changes."""
    now = list(active)
    for who in order:
        other = 1 - who
        if powered[who]:
            peer = heard(powered[other], now[other])
            now[who] = decide(active=now[who], first=who == 0, peer=peer, silent_s=0.0)
        else:
            now[who] = False
    return now[0], now[1]


@pytest.mark.parametrize("order", [(0, 1, 0, 1), (1, 0, 1, 0), (0, 0, 1, 1), (1, 1, 0, 0)])
@pytest.mark.parametrize("start", list(itertools.product([True, False], repeat=2)))
@pytest.mark.parametrize("powered", [(True, True), (True, False), (False, True)])
def test_exactly_one_unit_with_power_is_active_in_the_end(powered, start, order):
    assert sum(settle(powered, start, order)) == 1


def test_a_unit_that_returns_does_not_take_back():
    assert settle((True, True), (False, True), (0, 1, 0, 1)) == (False, True)


@pytest.mark.parametrize("url", ["", "127.0.0.1:80", "https://127.0.0.1:80", "http://127.0.0.1"])
def test_a_peer_without_a_control_url_is_refused(url):
    with pytest.raises(ValueError, match="NAME=http://HOST:PORT"):
        Address.read("b", url)
