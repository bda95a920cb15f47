"""Faults as a whole: a seed repeats them on a whole device; the log and refusals tell of them."""

import http.client
import json

import pytest
from programs import wait_until

from bigip_sim.control import Control
from bigip_sim.embedded import running_device
from bigip_sim.faults.acting import Faults
from bigip_sim.faults.kinds import Place

SLOW = [
    {"kind": "latency", "ms": 20, "distribution": "uniform", "spread_ms": 15},
    {"kind": "latency", "ms": 20, "distribution": "normal", "spread_ms": 15, "probability": 0.5},
    {"kind": "latency", "ms": 20, "distribution": "exponential", "path": "*/ltm/*"},
]
WILD = [
    {"kind": "unauthorized", "probability": 0.1},
    {"kind": "not-found", "probability": 0.3, "path": "*/ltm/pool/*", "method": "GET"},
    {"kind": "mcpd", "probability": 0.2, "path": "*/ltm/node*", "not_found_share": 0.5},
    {"kind": "timeout", "seconds": 0, "probability": 0.2, "method": "POST"},
    {"kind": "unavailable", "probability": 0.1, "count": 3},
    {"kind": "latency", "ms": 0.1, "distribution": "exponential", "probability": 0.5},
    {"kind": "commit", "command": 2, "probability": 0.5, "text": "told to"},
    {"kind": "commit-delay", "ms": 0, "probability": 0.5},
]


def times(seed, count=50):
    """How long each of so many requests would take, by fault."""
    faults = Faults(lambda: 0.0, seed=seed)
    for one in SLOW:
        faults.set(one)
    return [
        [active.duration_ms() for active in faults.due(Place.GATEWAY, "GET", path)]
        for _ in range(count)
        for path in ("/mgmt/tm/ltm/pool", "/mgmt/tm/net/self")
    ]


def test_random_latencies_repeat_with_their_seed_and_vary():
    assert times(7) == times(7)
    assert times(7) != times(8)
    drawn = [taken for request in times(7) for taken in request]
    assert len(set(drawn)) > 100
    assert min(drawn) >= 0
    uniform = [request[0] for request in times(7)]
    assert 5 <= min(uniform) < 10 < 30 < max(uniform) <= 35


def played(rest, seed):
    """What a device answers to one and the same requests, and which faults acted."""
    rest.device.faults.set({"seed": seed})
    for one in WILD:
        rest.device.faults.set(one)
    met = []

    def ask(method, path, body=None, headers=None):
        answer = rest.ask(method, path, body, headers)
        entry = rest.device.journal.last(1)[0]
        said = answer.body["message"] if answer.text[:1] == "{" and answer.status >= 400 else ""
        met.append((method, path, answer.status, said, tuple(entry.get("faults", ()))))
        return answer

    for number in range(25):
        ask("POST", "ltm/pool", {"name": f"p{number}", "partition": "T1"})
        ask("GET", f"ltm/pool/~T1~p{number}")
        ask("GET", "ltm/node")
        answer = ask("POST", "transaction", {})
        transaction = str(answer.body["transId"]) if answer.status == 200 else ""
        if transaction:
            headers = {"X-F5-REST-Coordination-Id": transaction}
            for name in ("a", "b"):
                body = {"name": f"{name}{number}", "partition": "T1"}
                ask("POST", "ltm/pool", body, headers)
            met.append(rest.commit(transaction).status)
            met.append(tuple(rest.device.journal.last(1)[0].get("faults", ())))
    return [_without_numbers(one) for one in met]


def _without_numbers(one):
    """Transactions have numbers of their own, which no seed decides."""
    if isinstance(one, tuple) and len(one) == 5:
        method, path, status, said, faults = one
        return method, path, status, "" if "ransaction" in said else said, faults
    return one


def test_a_seed_repeats_every_fault_on_a_whole_device(new_rest):
    plays = []
    for seed in (11, 11, 12):
        rest = new_rest()
        rest.post("auth/partition", name="T1")
        plays.append(played(rest, seed))
    assert plays[0] == plays[1]
    assert plays[0] != plays[2]
    acted = {
        name.partition("#")[0]
        for one in plays[0]
        if isinstance(one, tuple)
        for name in (one[4] if len(one) == 5 else one)
    }
    assert acted == {one["kind"] for one in WILD}


def test_a_commit_is_told_with_the_faults_that_acted_on_it(rest):
    rest.device.faults.set({"kind": "commit-delay", "ms": 0})
    rest.device.faults.set({"kind": "commit", "command": 1, "count": 1})
    for acted in (["commit-delay#1", "commit#2"], ["commit-delay#1"]):
        number = rest.begin()
        rest.queue(number, "POST", "ltm/pool", name="p", partition="T1")
        assert (rest.commit(number).status == 200) is (len(acted) == 1)
        assert rest.device.journal.last(1)[0]["faults"] == acted


def test_work_that_is_done_late_is_told_with_what_it_was(rest):
    faults, journal = rest.device.faults, rest.device.journal
    number = rest.begin()
    rest.queue(number, "POST", "ltm/pool", name="p", partition="T1")
    faults.set({"kind": "timeout", "seconds": 0, "late_s": 0.01})
    assert rest.commit(number).status == 400
    assert rest.ask("DELETE", "ltm/pool/~T1~none").status == 400
    rest.device.later.settle()
    late = {entry["path"]: entry for entry in journal.last(9) if entry["method"] == "BACKGROUND"}
    commit, refused = late[f"/mgmt/tm/transaction/{number}"], late["/mgmt/tm/ltm/pool/~T1~none"]
    assert (commit["status"], commit["transaction"], commit["client"]) == (200, number, "127.0.0.1")
    assert commit["commands"][0]["name"] == commit["changes"][0]["path"].rpartition("/")[2] == "p"
    assert refused["status"] == 404
    assert "changes" not in refused
    assert journal.counters()["commits"] == 1


def test_faults_are_combined_listed_and_cleared_one_by_one(rest):
    faults = rest.device.faults
    faults.set({"kind": "latency", "ms": 0})
    faults.set({"kind": "busy", "path": "*/ltm/node"})
    faults.set({"kind": "timeout", "seconds": 0, "method": "POST"})
    assert rest.ask("GET", "ltm/node").status == 503
    assert rest.ask("POST", "ltm/pool", {"name": "p", "partition": "T1"}).status == 400
    entries = rest.device.journal.last(2)
    assert entries[0]["faults"] == ["latency#1", "busy#2"]
    assert entries[1]["faults"] == ["latency#1", "timeout#3"]
    told = {
        one["number"]: (one["kind"], one["acted"], one["on"]) for one in faults.told()["faults"]
    }
    assert told == {1: ("latency", 2, True), 2: ("busy", 1, True), 3: ("timeout", 1, True)}
    faults.clear(2)
    rest.get("ltm/node")
    rest.get("ltm/pool/~T1~p")  # it was done


@pytest.fixture(scope="module")
def unit():
    with running_device() as device:
        control = Control(device.unit, "127.0.0.1", 0)
        control.start()
        device.control_port = control.port
        yield device
        control.stop()


def told(unit, path, text):
    """What the control API answers to a body as it stands."""
    connection = http.client.HTTPConnection("127.0.0.1", unit.control_port, timeout=10)
    try:
        connection.request("POST", path, text)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("path", "text", "says"),
    [
        ("/faults", '{"kind": "latency", "ms": NaN}', "ms must be a number, got nan"),
        ("/faults", '{"kind": "latency", "ms": Infinity}', "ms must be a number, got inf"),
        ("/faults", '{"kind": "latency", "ms": 1e12}', "ms must be from 0 to 86400000"),
        ("/faults", '{"kind": "busy", "for_s": 1e400}', "for_s must be a number, got inf"),
        ("/faults", '{"kind": "busy", "path": "ltm/pool"}', "path must begin with / or *"),
        ("/faults", '{"seed": 5, "kind": "nonsense"}', "kind must be one of"),
        ("/faults", '{"seed": 5, "times": 1}', "times goes with fail_commit"),
        ("/faults", '{"seed": true}', "seed must be a whole number, got True"),
        ("/faults", "[]", "the body must be a JSON object"),
        ("/faults", "{", "the body is not JSON"),
        ("/faults/clear", '{"nmber": 1}', "unknown: nmber; there is number"),
        ("/faults/clear", '{"number": true}', "there is no fault True"),
        ("/rates", '{"cpu": NaN}', "cpu must be a number from 0 to 1e+15, or null; got nan"),
        ("/rates", '{"throughput_in": 1e300}', "throughput_in must be a number from 0 to"),
        ("/rates/clear", '{"virtual": "/T1/v"}', "unknown: virtual; nothing is taken here"),
        ("/counters/reset", '{"x": 1}', "unknown: x; nothing is taken here"),
        ("/clock", '{"skew_s": NaN}', "skew_s must be a number of seconds within 100 years"),
        ("/clock", '{"skew_s": 1e300}', "skew_s must be a number of seconds within 100 years"),
        ("/reboot", '{"for_s": Infinity}', 'expected {"for_s": seconds'),
        ("/monitors", '{"defualt": "down"}', "unknown: defualt; there is default, members"),
        ("/monitors", '{"members": {"/P/p /P/a:80": []}}', 'expected {"default": "up"'),
        ("/peer", '{"name": "b", "url": "http://127.0.0.1:1", "x": 1}', "unknown: x"),
        ("/cluster", "{}", "missing: devices"),
    ],
)
def test_what_the_control_api_cannot_use_is_refused_and_changes_nothing(unit, path, text, says):
    before = unit.device.faults.told(), unit.device.hand.told(), unit.device.clock.skew_s
    entries = len(unit.log())
    status, answer = told(unit, path, text)
    assert status == 400
    assert says in answer["error"]
    assert (unit.device.faults.told(), unit.device.hand.told(), unit.device.clock.skew_s) == before
    assert unit.unit.powered
    assert len(unit.log()) == entries


def test_the_log_tells_what_the_control_api_was_told_and_counts_it_not(unit):
    counted = unit.device.journal.counters()
    last = max((entry["number"] for entry in unit.log()), default=0)
    for path, body in (
        ("/faults", {"kind": "busy", "count": 1}),
        ("/faults/clear", {}),
        ("/clock", {"skew_s": 0}),
        ("/power", {"on": False}),
        ("/power", {"on": True}),
        ("/rates", {"cpu": 5}),
        ("/rates/clear", {}),
    ):
        assert told(unit, path, json.dumps(body))[0] == 200
        entry = unit.log()[-1]
        assert (entry["method"], entry["path"], entry["told"]) == ("CONTROL", path, body)
        assert entry["number"] > last
    assert unit.device.journal.counters() == counted


def test_a_unit_that_is_switched_off_while_it_reboots_stays_off(unit):
    assert told(unit, "/reboot", '{"for_s": 0.2}')[0] == 200
    reboot = unit.unit._rebooting
    assert told(unit, "/power", '{"on": false}')[0] == 200
    reboot.join()
    assert not unit.unit.powered
    assert told(unit, "/power", '{"on": true}')[0] == 200
    assert told(unit, "/reboot", '{"for_s": 0.1}')[0] == 200
    wait_until(lambda: unit.unit.powered, "it comes back by itself")
