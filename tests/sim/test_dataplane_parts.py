"""The parts of the data plane that need no HAProxy."""

from pathlib import Path

import pytest

from bigip_sim.dataplane.checks import CONNECT, PING, TALK, Check, read_check, unescape
from bigip_sim.dataplane.config import Begin, render, render_states
from bigip_sim.dataplane.cookies import cookie_value
from bigip_sim.dataplane.counts import Ledger, Row, by_id, parse
from bigip_sim.dataplane.layout import Layout, Planner, Server
from bigip_sim.dataplane.verdicts import CHECKING, DOWN, UP, Verdicts
from bigip_sim.traffic import Counters

HTTP = ["/Common/tcp", "/Common/http"]


@pytest.mark.parametrize(
    ("address", "port", "value"),
    [
        ("127.2.0.1", 8001, "16777855.16671.0000"),
        ("10.1.1.100", 8080, "1677787402.36895.0000"),
    ],
)
def test_a_persistence_cookie_is_encoded_as_on_a_device(address, port, value):
    assert cookie_value(address, port) == value


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


def plan(rest, *, active: bool = True) -> Layout:
    return Planner("15.1.8").plan(rest.device.configuration.tree, active=active)


def listening(rest, name="v", place="127.1.0.1:8080", **more):
    rest.post("ltm/virtual", name=name, partition="T1", destination=f"/T1/{place}", **more)


@pytest.fixture
def pooled(rest):
    members = [{"name": "127.0.0.1:81", "ratio": 3}, {"name": "127.0.0.2:81"}]
    rest.post("ltm/pool", name="p", partition="T1", members=members)
    return rest


def test_a_virtual_server_on_a_loopback_address_is_carried(pooled):
    listening(pooled, ipProtocol="tcp", pool="/T1/p", profiles=HTTP, connectionLimit=7)
    layout = plan(pooled)
    (frontend,) = layout.frontends
    assert (frontend.address, frontend.port, frontend.mode) == ("127.1.0.1", 8080, "http")
    assert frontend.limit == 7
    assert [b.id for b in layout.backends] == [frontend.backend]
    assert layout.problems == ()


def test_a_standby_unit_only_monitors(pooled):
    listening(pooled, pool="/T1/p")
    layout = plan(pooled, active=False)
    assert layout.frontends == ()
    assert len(layout.backends) == 1


@pytest.mark.parametrize(
    ("place", "more", "why"),
    [
        ("10.0.0.1:80", {}, "no loopback address"),
        ("127.1.0.1:0", {}, "every port"),
        ("127.1.0.1:80", {"ipProtocol": "udp", "profiles": ["udp"]}, "TCP only"),
        ("127.1.0.1:80", {"profiles": ["tcp", "clientssl"]}, "TLS"),
    ],
)
def test_what_is_not_carried_is_named(rest, place, more, why):
    listening(rest, place=place, **more)
    layout = plan(rest)
    assert layout.frontends == ()
    assert why in layout.problems[0]
    assert "/T1/v" in layout.problems[0]


def test_one_address_in_two_route_domains_is_carried_once_and_said(rest):
    for number in (1, 2):
        rest.post("net/route-domain", name=f"rd{number}", id=number)
    listening(rest, "a", "127.1.0.1%1:80")
    listening(rest, "b", "127.1.0.1%2:80")
    layout = plan(rest)
    assert [f.virtual for f in layout.frontends] == ["/T1/a"]
    assert "carried for /T1/a" in layout.problems[0]


def test_disabled_virtual_servers_and_addresses_do_not_listen(rest):
    listening(rest, "a", disabled=True)
    listening(rest, "b", "127.1.0.2:80")
    rest.patch("ltm/virtual-address/~T1~127.1.0.2", enabled="no")
    assert plan(rest).frontends == ()


@pytest.mark.parametrize(
    ("mode", "balance", "weights"),
    [
        ("round-robin", "roundrobin", [1, 1]),
        ("ratio-member", "roundrobin", [3, 1]),
        ("least-connections-member", "leastconn", [1, 1]),
        ("observed-member", "leastconn", [1, 1]),
    ],
)
def test_balancing_modes_and_ratios_map(pooled, mode, balance, weights):
    pooled.patch("ltm/pool/~T1~p", loadBalancingMode=mode)
    (backend,) = plan(pooled).backends
    assert backend.balance == balance
    assert [s.weight for s in backend.servers] == weights


def test_disabled_and_forced_offline_members_and_nodes(pooled):
    pooled.patch("ltm/pool/~T1~p/members/~T1~127.0.0.1:81", session="user-disabled")
    pooled.patch("ltm/node/~T1~127.0.0.2", session="user-disabled", state="user-down")
    (backend,) = plan(pooled).backends
    assert [(s.weight, s.offline) for s in backend.servers] == [(0, False), (0, True)]


def test_one_pool_in_two_modes_is_checked_once(pooled):
    pooled.patch("ltm/pool/~T1~p", monitor="/Common/tcp")
    listening(pooled, "a", "127.1.0.1:80", ipProtocol="tcp", pool="/T1/p", profiles=HTTP)
    listening(pooled, "b", "127.1.0.1:81", ipProtocol="tcp", pool="/T1/p", persist="source_addr")
    layout = plan(pooled)
    first, second = layout.backends
    assert (first.checker, second.checker) == ("", first.id)
    text = written(layout)
    assert text.count(" check inter ") == 2
    assert text.count(f" track {first.id}/") == 2


def test_names_stay_while_the_object_lives(pooled):
    planner = Planner("15.1.8")
    tree = pooled.device.configuration.tree
    first = planner.plan(tree, active=True).backends[0].id
    pooled.patch("ltm/pool/~T1~p", description="d")
    assert planner.plan(tree, active=True).backends[0].id == first
    pooled.delete("ltm/pool/~T1~p")
    pooled.post("ltm/pool", name="p", partition="T1")
    assert planner.plan(tree, active=True).backends[0].id != first


def written(layout: Layout) -> str:
    return render(layout, Path("/run/s"), Path("/run/states"), 1024)


def test_nothing_from_a_client_can_end_a_line_of_configuration(rest):
    evil = "x'\n  bind 127.0.0.1:1\r\n\0 'y"
    rest.post("ltm/monitor/tcp", name="m", partition="T1", recv=evil, send=evil)
    members = [{"name": "127.0.0.1:81"}]
    rest.post("ltm/pool", name="p'\n q", partition="T1", monitor="/T1/m", members=members)
    listening(rest, ipProtocol="tcp", pool="/T1/p'\n q", profiles=HTTP, persist="cookie")
    text = written(plan(rest))
    words = {line.split()[0] for line in text.splitlines()}
    assert words <= {
        *("global", "defaults", "frontend", "backend", "nbthread", "noreuseport", "maxconn"),
        *("hard-stop-after", "max-spread-checks", "stats", "server-state-file", "timeout", "mode"),
        *("ssl-server-verify", "load-server-state-from-file", "option", "bind", "server"),
        *("default_backend", "balance", "http-reuse", "http-request", "tcp-check", "cookie"),
    }
    assert text.count("bind 127") == 2  # the real one, and the one that is quoted
    assert "bind 127.1.0.1:8080\n" in text


CSV = """# pxname,svname,scur,smax,stot,bin,bout,status,check_status,req_tot,rest,
v1,FRONTEND,1,3,9,100,200,OPEN,,8,,
p1.http,s1,1,2,5,60,120,UP,* L4OK,5,,
p1.tcp,s1,0,1,2,40,80,UP,,0,,
<HTTPCLIENT>,FRONTEND,0,0,0,0,0,OPEN,,0,,
"""


def test_statistics_are_read_and_added_up_by_member():
    rows = parse(CSV)
    assert [row.check_status for row in rows] == ["", "L4OK", ""]
    sums = by_id(rows)
    assert sums["v1"] == Counters(100, 200, 1, 3, 9, 8)
    assert sums["s1"] == Counters(100, 200, 1, 2, 7, 5)


def test_counters_go_on_over_workers_and_departed_objects_stay_in_the_total():
    ledger = Ledger()
    ledger.tell(1, {"v1": Counters(10, 20, 1, 2, 5, 5)})
    ledger.tell(2, {"v1": Counters(1, 2, 1, 1, 1, 1)})  # both live during a reload
    assert ledger.of("v1") == Counters(11, 22, 2, 2, 6, 6)
    ledger.end(1)
    assert ledger.of("v1") == Counters(11, 22, 1, 2, 6, 6)
    ledger.tell(2, {})
    ledger.keep([])
    assert ledger.of("v1") == Counters()
    assert ledger.totals() == Counters(10, 20, 0, 2, 5, 5)


def monitored(check: Check) -> dict[str, Server]:
    return {"s1": Server("s1", "/T1/p", "/T1/a:80", "127.0.0.1", 80, check=check)}


def told(status: str, check_status: str) -> list[Row]:
    return [Row("p1", "s1", status, check_status, Counters())]


def test_a_new_member_is_checking_until_its_first_answer_or_its_timeout():
    verdicts = Verdicts()
    verdicts.expect(monitored(Check(CONNECT, 5, 16)), now=0)
    verdicts.observe(told("DOWN", "INI"), now=1)
    assert verdicts.of("/T1/p", "/T1/a:80") == CHECKING
    verdicts.observe(told("DOWN", "L4CON"), now=15)
    assert verdicts.of("/T1/p", "/T1/a:80") == CHECKING
    verdicts.observe(told("DOWN", "L4CON"), now=16)
    assert verdicts.of("/T1/p", "/T1/a:80") == DOWN
    verdicts.observe(told("UP", "L4OK"), now=17)
    assert verdicts.of("/T1/p", "/T1/a:80") == UP


def test_what_was_found_survives_a_reload_and_a_new_monitor_begins_anew():
    verdicts = Verdicts()
    check = Check(CONNECT, 5, 16)
    verdicts.expect(monitored(check), now=0)
    verdicts.observe(told("UP", "L4OK"), now=1)
    verdicts.expect(monitored(check), now=2)
    assert verdicts.begins(2)["s1"] == Begin(up=True)
    verdicts.observe(told("UP 3/4", "L4CON"), now=3)
    assert verdicts.begins(13.5)["s1"] == Begin(up=True, failures=2)
    verdicts.expect(monitored(Check(CONNECT, 1, 3)), now=14)
    assert verdicts.of("/T1/p", "/T1/a:80") == CHECKING
    assert verdicts.begins(14)["s1"] == Begin(up=False)


def test_pings_make_a_member_down_only_after_its_timeout():
    verdicts = Verdicts()
    verdicts.expect(monitored(Check(PING, 5, 16)), now=0)
    verdicts.answer("s1", 0, good=True)
    for now in (5, 10, 15, 20):
        verdicts.answer("s1", now, good=False)
        assert verdicts.of("/T1/p", "/T1/a:80") == UP
    verdicts.answer("s1", 21, good=False)
    assert verdicts.of("/T1/p", "/T1/a:80") == DOWN
    assert verdicts.begins(21)["s1"].held


def test_servers_begin_as_their_monitors_left_them(pooled):
    pooled.patch("ltm/pool/~T1~p", monitor="/Common/tcp")
    layout = plan(pooled)
    up, down = (server.id for server in layout.backends[0].servers)
    text = render_states(layout, {up: Begin(up=True, failures=1), down: Begin(up=False)})
    lines = {line.split()[3]: line.split() for line in text.splitlines()[2:]}
    assert (lines[up][5], lines[up][12]) == ("2", "3")
    assert (lines[down][5], lines[down][12]) == ("0", "0")
