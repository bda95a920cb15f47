"""The parts of the data plane that need no HAProxy."""

from pathlib import Path

import pytest

from bigip_sim.dataplane.config import Begin, render, render_states
from bigip_sim.dataplane.cookies import cookie_value
from bigip_sim.dataplane.counts import Ledger, by_id, parse
from bigip_sim.dataplane.layout import Planner
from bigip_sim.dataplane.parts import Layout, Pool, Server, Tuning
from bigip_sim.dataplane.steering import Stand, steer
from bigip_sim.traffic import Counters

HTTP = ["/Common/tcp", "/Common/http"]


@pytest.mark.parametrize(
    ("address", "port", "domain", "value"),
    [
        ("127.2.0.1", 8001, "", "16777855.16671.0000"),
        ("10.1.1.100", 8080, "0", "1677787402.36895.0000"),
        ("192.0.2.1", 80, "5", "rd5o00000000000000000000ffffc0000201o80"),
        ("2001:112::30", 80, "", "vi20010112000000000000000000000030.20480"),
        ("2001:112::30", 80, "3", "rd3o20010112000000000000000000000030o80"),
    ],
)
def test_a_persistence_cookie_is_encoded_as_on_a_device(address, port, domain, value):
    """The examples of the manufacturer's article K6917."""
    assert cookie_value(address, port, domain) == value


def plan(rest, *, active=True) -> Layout:
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
        ("127.1.0.1:80", {"ipProtocol": "sctp"}, "not sctp"),
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
    ("mode", "balance", "weights", "said"),
    [
        ("round-robin", "roundrobin", [1, 1], ""),
        ("ratio-member", "roundrobin", [3, 1], ""),
        ("ratio-node", "roundrobin", [1, 5], ""),
        ("least-connections-member", "leastconn", [1, 1], ""),
        ("ratio-least-connections-member", "leastconn", [3, 1], ""),
        ("observed-member", "leastconn", [1, 1], "least connections"),
        ("weighted-least-connections-member", "leastconn", [256, 26], "least connections"),
        ("dynamic-ratio-member", "roundrobin", [7, 1], "round robin"),
    ],
)
def test_balancing_modes_and_ratios_map(pooled, mode, balance, weights, said):
    member = "ltm/pool/~T1~p/members/~T1~127.0.0"
    pooled.patch(f"{member}.1:81", dynamicRatio=7, connectionLimit=1000)
    pooled.patch(f"{member}.2:81", connectionLimit=100)
    pooled.patch("ltm/node/~T1~127.0.0.2", ratio=5)
    pooled.patch("ltm/pool/~T1~p", loadBalancingMode=mode)
    layout = plan(pooled)
    assert layout.backends[0].balance == balance
    assert [t.weight for t in layout.pools["/T1/p"].tunings.values()] == weights
    assert said in "".join(layout.problems)
    assert bool(said) == bool(layout.problems)


def test_disabled_and_forced_offline_members_and_nodes(pooled):
    pooled.patch("ltm/pool/~T1~p/members/~T1~127.0.0.1:81", session="user-disabled")
    pooled.patch("ltm/node/~T1~127.0.0.2", session="user-disabled", state="user-down")
    pool = plan(pooled).pools["/T1/p"]
    stands = steer(pool, lambda _server: "unchecked")
    assert [stands[s.id] for s in pool.servers] == [Stand(0, False), Stand(0, True)]


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


GROUPS = {"s1": 20, "s2": 20, "s3": 10, "s4": 10, "s5": 0}


@pytest.mark.parametrize(
    ("minimum", "down", "serving"),
    [
        (0, "", "s1 s2 s3 s4 s5"),  # priority groups are off
        (1, "", "s1 s2"),
        (1, "s1", "s2"),
        (1, "s1 s2", "s3 s4"),
        (2, "s1", "s2 s3 s4"),
        (2, "s1 s3", "s2 s4"),
        (3, "", "s1 s2 s3 s4"),
        (9, "", "s1 s2 s3 s4 s5"),
        (1, "s1 s2 s3 s4 s5", ""),
    ],
)
def test_lower_groups_serve_while_too_few_are_available_above(minimum, down, serving):
    servers = tuple(Server(name, "/T1/p", name, "127.0.0.1", 80) for name in GROUPS)
    tunings = {name: Tuning(group=group) for name, group in GROUPS.items()}
    pool = Pool("p1", "/T1/p", servers, tunings, minimum=minimum)
    gone = down.split()
    stands = steer(pool, lambda server: "down" if server.id in gone else "unchecked")
    assert [name for name, s in stands.items() if s.weight and not s.held] == serving.split()


def test_what_has_not_changed_is_not_made_again(pooled):
    listening(pooled, "a", "127.1.0.1:80", pool="/T1/p")
    listening(pooled, "b", "127.1.0.1:81")
    planner, tree = Planner("15.1.8"), pooled.device.configuration.tree
    changed: set = set()
    pooled.device.configuration.on_change(changed.update)
    before = planner.plan(tree, active=True)
    pooled.patch("ltm/virtual/~T1~b", connectionLimit=5)
    assert planner.concerned(changed)
    after = planner.plan(tree, active=True, changed=changed)
    assert after.frontends[0] is before.frontends[0]
    assert after.frontends[1].limit == 5
    changed.clear()
    pooled.post("ltm/data-group/internal", name="stamp", partition="T1")
    assert not planner.concerned(changed)
    pooled.patch("ltm/node/~T1~127.0.0.1", session="user-disabled")
    assert planner.concerned(changed)
    tuned = planner.plan(tree, active=True, changed=changed)
    assert tuned.same_shape(after)
    assert [t.disabled for t in tuned.pools["/T1/p"].tunings.values()] == [True, False]
    fresh = Planner("15.1.8").plan(tree, active=True)
    assert (fresh.frontends, fresh.backends) == (tuned.frontends, tuned.backends)


def test_traffic_groups_decide_what_listens(pooled):
    listening(pooled, "a", "127.1.0.1:80", pool="/T1/p")
    listening(pooled, "b", "127.1.0.2:80", pool="/T1/p")
    local = "/Common/traffic-group-local-only"
    pooled.patch("ltm/virtual-address/~T1~127.1.0.2", trafficGroup=local)
    for active, names in (
        (frozenset(), ["/T1/b"]),
        ({"/Common/traffic-group-1"}, ["/T1/a", "/T1/b"]),
        (False, []),
    ):
        layout = plan(pooled, active=active)
        assert [f.virtual for f in layout.frontends] == names
        assert [d.virtual for d in layout.datagrams] == names  # any protocol is UDP too


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
        *("errorfile", "crt-base", "ca-base"),
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
    ledger.tell(2, {})  # a frontend that was shut is not told of any more
    assert ledger.of("v1") == Counters(11, 22, 0, 2, 6, 6)
    ledger.end(2)
    ledger.keep([])
    assert ledger.of("v1") == Counters()
    assert ledger.totals() == Counters(11, 22, 0, 2, 6, 6)


def test_servers_begin_as_their_monitors_and_administrators_left_them(pooled):
    pooled.patch("ltm/pool/~T1~p", monitor="/Common/tcp")
    layout = plan(pooled)
    up, down = (server.id for server in layout.backends[0].servers)
    begins = {up: Begin(up=True, failures=1), down: Begin(up=False)}
    text = render_states(layout, begins, {up: Stand(3, False), down: Stand(0, True)})
    lines = {line.split()[3]: line.split() for line in text.splitlines()[2:]}
    assert (lines[up][5:8], lines[up][12]) == (["2", "0", "3"], "3")
    assert (lines[down][5:8], lines[down][12]) == (["0", "1", "0"], "0")
