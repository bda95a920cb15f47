"""Monitors of the data plane: how they are read, and what their answers make of a member."""

import pytest

from bigip_sim.dataplane.checks import Check, Watch, read_check, unescape
from bigip_sim.dataplane.config import Begin
from bigip_sim.dataplane.counts import Row
from bigip_sim.dataplane.parts import Layout, Pool, Server, Tuning
from bigip_sim.dataplane.probes import judge
from bigip_sim.dataplane.protocols import CONNECT, PING, TALK
from bigip_sim.dataplane.verdicts import BAD, CHECKING, DISABLED, DOWN, GOOD, UP, Target, Verdicts
from bigip_sim.traffic import Counters


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        (r"GET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n"),
        (r"a\\b\"c\d", b'a\\b"c\\d'),
        ("plain", b"plain"),
        ("end\\", b"end\\"),
    ],
)
def test_what_a_monitor_sends_is_escaped_text(text, wire):
    assert unescape(text) == wire


@pytest.mark.parametrize(
    ("kind", "attributes", "expected"),
    [
        ("ltm/monitor/tcp", {"interval": 5, "timeout": 16}, Check(CONNECT, 5, 16)),
        ("ltm/monitor/gateway-icmp", {"interval": 2, "timeout": 7}, Check(PING, 2, 7)),
        ("ltm/monitor/tcp", {"destination": "*:99"}, Check(CONNECT, 5, 16, port=99)),
        ("ltm/monitor/external", {}, None),
        (
            "ltm/monitor/http",
            {"interval": 5, "timeout": 16, "send": r"GET /\r\n", "recv": "OK"},
            Check(TALK, 5, 16, b"GET /\r\n", "OK"),
        ),
        (
            "ltm/monitor/https",
            {"send": "x", "reverse": "enabled"},
            Check(TALK, 5, 16, b"x", "", reverse=True, tls=True),
        ),
    ],
)
def test_a_monitor_becomes_a_check(kind, attributes, expected):
    assert read_check(kind, attributes) == expected


@pytest.mark.parametrize(
    ("interval", "timeout", "fall"), [(5, 16, 4), (5, 15, 3), (1, 3, 3), (9, 3, 1)]
)
def test_so_many_failures_make_the_timeout(interval, timeout, fall):
    assert Check(CONNECT, interval, timeout).fall == fall


def watching(*checks: Check, need: int = 1, native: bool = True) -> Layout:
    watch = Watch(checks, need)
    server = Server("s1", "/T1/p", "/T1/a:80", "127.0.0.1", 80, watch=watch, native=native)
    return Layout(pools={"/T1/p": Pool("p1", "/T1/p", (server,), {"s1": Tuning()})})


def told(status: str, check_status: str) -> list[Row]:
    return [Row("p1", "s1", status, check_status, Counters())]


MEMBER = ("/T1/p", "/T1/a:80")


def test_a_new_member_is_checking_until_its_first_answer_or_its_timeout():
    verdicts = Verdicts()
    verdicts.expect(watching(Check(CONNECT, 5, 16)), now=0)
    for now, status, check_status, state in (
        (1, "DOWN", "INI", CHECKING),
        (15, "DOWN", "L4CON", CHECKING),
        (16, "DOWN", "L4CON", DOWN),
        (17, "UP", "L4OK", UP),
    ):
        verdicts.observe(told(status, check_status), now=now)
        assert verdicts.of(*MEMBER) == state


def test_what_was_found_survives_a_reload_and_a_new_monitor_begins_anew():
    verdicts = Verdicts()
    check = Check(CONNECT, 5, 16)
    verdicts.expect(watching(check), now=0)
    verdicts.observe(told("UP", "L4OK"), now=1)
    verdicts.expect(watching(check), now=2)
    assert verdicts.begins(2)["s1"] == Begin(up=True)
    verdicts.observe(told("UP 3/4", "L4CON"), now=3)
    assert verdicts.begins(13.5)["s1"] == Begin(up=True, failures=2)
    verdicts.expect(watching(Check(CONNECT, 1, 3)), now=14)
    assert verdicts.of(*MEMBER) == CHECKING
    assert verdicts.begins(14)["s1"] == Begin(up=False)


def test_a_probe_of_our_own_makes_a_member_down_when_its_timeout_has_passed():
    verdicts, check = Verdicts(), Check(PING, 5, 16)
    verdicts.expect(watching(check, native=False), now=0)
    (target,) = verdicts.targets()
    assert target == Target(check, "127.0.0.1", 80)
    assert verdicts.answer(target, 0, GOOD)
    for now in (5, 10, 15):
        assert not verdicts.answer(target, now, BAD)
    assert verdicts.answer(target, 16, BAD)
    assert verdicts.of(*MEMBER) == DOWN


def test_a_member_that_must_be_good_for_a_while_is_up_after_it():
    verdicts, check = Verdicts(), Check(PING, 5, 16, until_up_s=10)
    verdicts.expect(watching(check, native=False), now=0)
    (target,) = verdicts.targets()
    for now, outcome, state in (
        *((0, GOOD, CHECKING), (5, BAD, CHECKING), (10, GOOD, CHECKING)),
        *((19, GOOD, CHECKING), (20, GOOD, UP), (25, BAD, UP)),
    ):
        verdicts.answer(target, now, outcome)
        assert verdicts.of(*MEMBER) == state


@pytest.mark.parametrize(
    ("need", "outcomes", "state"),
    [
        (2, [GOOD, GOOD], UP),
        (2, [GOOD, BAD], DOWN),
        (1, [GOOD, BAD], UP),
        (1, [BAD, BAD], DOWN),
        (2, [GOOD], CHECKING),
        (2, [GOOD, "disables"], DISABLED),
    ],
)
def test_several_monitors_make_one_state(need, outcomes, state):
    verdicts = Verdicts()
    checks = Check(PING, 5, 16), Check(CONNECT, 5, 16)
    verdicts.expect(watching(*checks, need=need, native=False), now=0)
    for check, outcome in zip(checks, outcomes, strict=False):
        verdicts.answer(Target(check, "127.0.0.1", 80), 17, outcome)
    assert verdicts.of(*MEMBER) == state


@pytest.mark.parametrize(
    ("check", "seen", "whole", "outcome"),
    [
        (Check(TALK, 5, 16, expect="2.. OK"), b"HTTP/1.0 20", False, ""),
        (Check(TALK, 5, 16, expect="2.. OK"), b"HTTP/1.0 200 OK", False, GOOD),
        (Check(TALK, 5, 16), b"x", False, GOOD),
        (Check(TALK, 5, 16, expect="up", disables="drain"), b"drain", False, "disables"),
        (Check(TALK, 5, 16, expect="bad", reverse=True), b"bad", False, BAD),
        (Check(TALK, 5, 16, expect="bad", reverse=True), b"fine", False, ""),
        (Check(TALK, 5, 16, expect="bad", reverse=True), b"fine", True, GOOD),
        (Check(TALK, 5, 16, expect="(["), b"a ([ b", False, GOOD),
    ],
)
def test_an_answer_to_a_monitor_is_judged(check, seen, whole, outcome):
    assert judge(check, seen, whole=whole) == outcome
