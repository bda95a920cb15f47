"""Misbehaviour on demand: what a request meets, when, and that a seed makes it repeatable."""

import base64
import json
import random
import socket
import ssl
import threading
import time

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import wait_until

from bigip_sim.faults.acting import Faults
from bigip_sim.faults.kinds import KINDS, UnknownFaultError
from bigip_sim.faults.meeting import Meeting
from bigip_sim.refusals import RefusedError

POOL = {"name": "p", "partition": "T1"}


def fault(rest, kind, **fields):
    return rest.device.faults.set({"kind": kind, **fields})


@pytest.mark.parametrize(
    ("answer", "status", "says"),
    [
        ("restarting", 503, "Configuration Utility restarting..."),
        ("loading", 502, "Proxy Error"),
        ("starting", 404, "not registered. Please verify URI is supported and wait for"),
    ],
)
def test_a_device_that_is_not_ready(rest, answer, status, says):
    fault(rest, "unavailable", answer=answer)
    met = rest.ask("GET", "ltm/pool")
    assert met.status == status
    assert says in met.text
    rest.device.faults.clear()
    rest.get("ltm/pool")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (
            "no-header",
            "Authorization failed: no user authentication header or token detected. Uri:",
        ),
        ("no-token", "X-F5-Auth-Token does not exist."),
        ("page", "F5 Authorization Required"),
    ],
)
def test_a_401_although_the_credentials_are_right(rest, answer, says):
    fault(rest, "unauthorized", answer=answer, count=1)
    met = rest.ask("GET", "ltm/pool")
    assert met.status == 401
    assert says in met.text
    rest.get("ltm/pool")  # once was asked for


def test_what_is_there_reads_as_missing_in_the_devices_words(web):
    fault(web, "not-found", method="GET")
    met = web.ask("GET", "ltm/virtual/~T1~v")
    assert met.status == 404
    assert met.message == "01020036:3: The requested Virtual Server (/T1/v) was not found."
    assert web.ask("PATCH", "ltm/virtual/~T1~v", {"description": "x"}).status == 200
    assert len(web.get("ltm/virtual")["items"]) == 1  # collections list it
    acted = web.device.faults.told()["faults"][0]["acted"]
    assert web.ask("GET", "ltm/virtual/~T1~none").status == 404
    assert web.device.faults.told()["faults"][0]["acted"] == acted  # that one was true


def test_mcpd_restarts_with_500_and_false_404(web):
    fault(web, "mcpd", not_found_share=0.5)
    answers = [web.ask("GET", "ltm/virtual/~T1~v") for _ in range(40)]
    assert {(a.status, a.body["apiError"]) for a in answers} == {(500, 32768001), (404, 3)}
    answer = web.ask("GET", "ltm/virtual")
    assert (answer.status, answer.message) == (
        500,
        "The connection to mcpd has been lost, try again.",
    )
    assert web.ask("POST", "/mgmt/shared/authn/login", {}).status == 401  # the framework is up


def test_a_task_makes_the_device_busy(rest):
    fault(rest, "busy", path="/mgmt/tm/ltm/*")
    answer = rest.ask("GET", "ltm/pool")
    assert (answer.status, answer.body["apiError"]) == (503, 32964609)
    rest.get("net/vlan")


@pytest.mark.parametrize(("answer", "status"), [("400", 400), ("500", 500), ("page", 500)])
def test_the_time_is_up_and_the_work_is_done_all_the_same(rest, answer, status):
    fault(rest, "timeout", seconds=0.05, answer=answer, count=1, method="POST,DELETE")
    began = time.monotonic()
    met = rest.ask("POST", "ltm/pool", POOL)
    assert time.monotonic() - began >= 0.05
    assert met.status == status
    if answer == "page":
        assert "HTTP ERROR 500 AsyncContext timeout" in met.text
    else:
        assert met.message.startswith("remoteSender:127.0.0.1, method:POST")
        assert "java.util.concurrent.TimeoutException" in met.body["errorStack"][0]
    assert rest.ask("POST", "ltm/pool", POOL).status == 409


def test_the_time_is_up_and_the_work_is_done_later(rest):
    fault(rest, "timeout", seconds=0, late_s=60, count=1)
    assert rest.ask("POST", "ltm/pool", POOL).status == 400
    assert rest.ask("GET", "ltm/pool/~T1~p").status == 404  # not yet
    rest.device.faults.clear()  # nobody waits for it any more
    rest.device.later.settle()
    rest.get("ltm/pool/~T1~p")
    (entry,) = [e for e in rest.device.journal.last(9) if e["method"] == "BACKGROUND"]
    assert entry["changes"][0]["path"] == "/T1/p"


def test_a_commit_that_is_done_is_told_by_the_log_whatever_was_answered(rest):
    number = rest.begin()
    rest.queue(number, "POST", "ltm/pool", **POOL)
    fault(rest, "timeout", seconds=0, method="PATCH")
    assert rest.commit(number).status == 400
    assert rest.device.journal.counters()["commits"] == 1
    entry = rest.device.journal.last(1)[0]
    assert (entry["status"], entry["faults"]) == (400, ["timeout#1"])
    assert entry["commands"][0]["name"] == "p"


def test_a_commit_fails_at_the_command_that_was_named_and_keeps_nothing(rest):
    before = rest.dump()
    fault(rest, "commit", command=2, path="*/ltm/pool*", text="01070734:3: told to", count=1)
    for expected in (400, 200):
        number = rest.begin()
        rest.queue(number, "POST", "ltm/pool", **POOL)
        rest.queue(number, "POST", "ltm/node", name="n", partition="T1", address="10.0.0.1")
        rest.queue(number, "PATCH", "ltm/pool/~T1~p", description="x")
        answer = rest.commit(number)
        assert answer.status == expected
        if expected == 400:
            assert answer.message == "transaction failed:01070734:3: told to"
            assert rest.dump() == before
    single = rest.begin()
    fault(rest, "commit", command=2)
    rest.queue(single, "PATCH", "ltm/pool/~T1~p", description="y")
    assert rest.commit(single).status == 200  # it has no second command


def test_an_earlier_refusal_comes_before_the_injected_one(rest):
    fault(rest, "commit", command=2, text="injected")
    number = rest.begin()
    rest.queue(number, "DELETE", "ltm/pool/~T1~none")
    rest.queue(number, "POST", "ltm/pool", **POOL)
    assert "01020036" in rest.commit(number).message


def raw_answer(running, text):
    """Ask over TLS, and read what comes back below it: Python's ssl takes a reset for an end."""
    trust = ssl.create_default_context(cafile=running.ca_file)
    with (
        socket.create_connection(("127.0.0.1", running.port)) as plain,
        trust.wrap_socket(plain, server_hostname="127.0.0.1") as tls,
    ):
        tls.sendall(text.encode())
        while socket.socket.recv(tls, 1 << 16):
            pass


def test_a_connection_is_reset_before_the_work_or_after_it(running):
    trust = ssl.create_default_context(cafile=running.ca_file)
    auth = ("admin", running.password)
    body = json.dumps(POOL)
    basic = base64.b64encode(":".join(auth).encode()).decode()
    head = ["POST /mgmt/tm/ltm/pool HTTP/1.1", "Host: x", f"Authorization: Basic {basic}"]
    head.append(f"Content-Length: {len(body)}")
    with httpx.Client(base_url=f"{running.url}/mgmt/tm/", verify=trust, auth=auth) as client:
        client.post("auth/partition", json={"name": "T1"})
        for when, then in (("before", 404), ("after", 200)):
            running.faults(kind="reset", when=when, count=1, path="*/ltm/pool")
            with pytest.raises(ConnectionResetError):
                raw_answer(running, "\r\n".join([*head, "", body]))
            assert client.get("ltm/pool/~T1~p").status_code == then
    entries = [e for e in running.log() if e["status"] == 0]
    assert [e["faults"] for e in entries] == [["reset#1"], ["reset#2"]]


def test_what_was_not_let_in_is_answered_and_nothing_is_done(rest):
    fault(rest, "unauthorized", count=1)
    fault(rest, "timeout", seconds=0)
    assert rest.ask("POST", "ltm/pool", POOL).status == 401  # and not as one that was done
    rest.device.faults.clear()
    assert rest.ask("GET", "ltm/pool/~T1~p").status == 404


def test_more_requests_than_the_limit_are_refused_or_wait(rest):
    faults = rest.device.faults
    for answer, status in (("503", 503), ("queue", 200)):
        fault(rest, "concurrency", limit=1, answer=answer)
        fault(rest, "latency", ms=60_000, path="*/ltm/node")
        held = threading.Thread(target=rest.ask, args=("GET", "ltm/node"))
        held.start()
        wait_until(lambda: faults.told()["faults"][1]["acted"], "one is let in, and stays")
        answers = []
        other = threading.Thread(
            target=lambda into: into.append(rest.ask("GET", "ltm/pool")), args=(answers,)
        )
        other.start()
        if answer == "queue":
            faults.clear(2)
        other.join()
        assert answers[0].status == status
        if answer == "503":
            faults.clear(2)
        held.join()
        rest.get("ltm/pool")
        faults.clear()


def test_latency_takes_its_time_and_losing_power_ends_it(rest):
    fault(rest, "latency", ms=30, path="/mgmt/tm/ltm/*", method="get")
    began = time.monotonic()
    rest.get("net/vlan")
    rest.post("ltm/pool", **POOL)
    assert time.monotonic() - began < 0.03
    rest.get("ltm/pool")
    assert time.monotonic() - began >= 0.03
    fault(rest, "latency", ms=60_000)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(rest.ask("GET", "net/vlan")))
    thread.start()
    wait_until(lambda: rest.device.faults.told()["faults"][1]["acted"], "it waits")
    rest.device.lose_power()
    thread.join()
    assert answers[0].body["apiError"] == 32768001


def test_a_window_begins_lasts_and_repeats():
    now = [0.0]
    faults = Faults(clock=lambda: now[0])
    faults.set({"kind": "busy", "after_s": 10, "for_s": 2, "every_s": 5})
    faults.set({"kind": "busy", "after_s": 1, "for_s": 2})
    acting = []
    for second in range(20):
        now[0] = second
        on = [f["on"] for f in faults.told()["faults"]]
        acting.append(on)
    assert [second for second, on in enumerate(acting) if on[0]] == [10, 11, 15, 16]
    assert [second for second, on in enumerate(acting) if on[1]] == [1, 2]


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"kind": "nonsense"}, "kind must be one of latency, "),
        ({"kind": "latency"}, "ms is missing"),
        ({"kind": "latency", "ms": -1}, "ms must be from 0 to 86400000, got -1"),
        ({"kind": "latency", "ms": "slow"}, "ms must be a number, got 'slow'"),
        ({"kind": "latency", "ms": 1, "probability": 2}, "probability must be from 0 to 1"),
        ({"kind": "latency", "ms": 1, "colour": "red"}, "colour: a fault of kind latency takes"),
        ({"kind": "latency", "ms": 1, "distribution": "odd"}, "distribution must be one of fixed"),
        ({"kind": "commit", "command": 1.5}, "command must be a whole number"),
        ({"kind": "busy", "method": "FETCH"}, "method must be among GET"),
        ({"kind": "busy", "path": 5}, "path must be text, got 5"),
        ({"kind": "busy", "every_s": 5}, "every_s takes for_s"),
        ({"seed": "x"}, "seed must be a whole number"),
        ({"nonsense": 1}, "unknown fault: nonsense"),
        ({"times": 1}, "times goes with fail_commit"),
        ({}, "kind is missing"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_field(wanted, says):
    with pytest.raises(UnknownFaultError, match=says):
        Faults().set(wanted)


def test_a_later_short_name_replaces_the_earlier(rest):
    faults = rest.device.faults
    faults.set({"latency_ms": 5, "unavailable_s": 60})
    faults.set({"latency_ms": 0, "unavailable_s": 0})
    assert faults.told()["faults"] == []
    rest.get("ltm/pool")


FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "path": st.sampled_from(["*", "/mgmt/tm/ltm/*", "*pool*"]),
        "method": st.sampled_from(["*", "GET", "POST,PATCH"]),
        "probability": st.floats(0, 1),
        "count": st.integers(0, 5),
    },
)
WANTED = st.one_of(
    st.fixed_dictionaries({"kind": st.just("unauthorized")}),
    st.fixed_dictionaries({"kind": st.just("not-found")}),
    st.fixed_dictionaries({"kind": st.just("mcpd"), "not_found_share": st.floats(0, 1)}),
    st.fixed_dictionaries({"kind": st.just("timeout"), "seconds": st.just(0)}),
    st.fixed_dictionaries({"kind": st.just("reset"), "when": st.sampled_from(["before", "after"])}),
    st.fixed_dictionaries({"kind": st.just("busy")}),
)
REQUESTS = st.lists(
    st.tuples(
        st.sampled_from(["GET", "POST", "PATCH"]),
        st.sampled_from(["/mgmt/tm/ltm/pool", "/mgmt/tm/ltm/pool/~T1~p", "/mgmt/tm/net/self/s"]),
    ),
    min_size=5,
    max_size=30,
)


def played(seed, wanted, requests):
    """What each of the requests meets, as the error's type and text."""
    there = RefusedError(404, "not there")
    faults = Faults(lambda: 0.0, lambda path: there if "~" in path else None, seed)
    for one in wanted:
        faults.set(one)
    met = []
    for method, path in requests:
        meeting = Meeting(faults, method, path)
        for step in (meeting.at_gateway, meeting.at_worker, meeting.at_return):
            try:
                step()
            except Exception as error:
                met.append((type(error).__name__, str(error)))
        met.append(tuple(meeting.acted))
    return met


@settings(max_examples=60, deadline=None)
@given(
    st.integers(),
    st.lists(st.builds(lambda a, b: {**a, **b}, WANTED, FILTERS), max_size=5),
    REQUESTS,
)
def test_the_same_seed_and_requests_give_the_same_faults(seed, wanted, requests):
    state = random.getstate()
    first = played(seed, wanted, requests)
    assert random.getstate() == state  # it draws from nowhere else
    assert played(seed, wanted, requests) == first


def test_another_seed_gives_other_faults():
    requests = [("GET", "/mgmt/tm/ltm/pool")] * 200
    wanted = [{"kind": "unauthorized", "probability": 0.3}]
    plays = {json.dumps(played(seed, wanted, requests)) for seed in range(5)}
    assert len(plays) == 5
    hits = sum(met == ("unauthorized#1",) for met in played(0, wanted, requests))
    assert 30 < hits < 90  # of 200, at 0.3


def test_every_kind_is_told_with_what_it_takes():
    for kind in KINDS.values():
        assert kind.says
        assert all(shape.says for shape in kind.fields.values())
