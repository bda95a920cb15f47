"""Statistics: which fields there are, in which form, and that they count and are reset."""

import json
import re

import pytest
from carried import Carried

from bigip_sim.meter import Meter
from bigip_sim.recorded import counted
from bigip_sim.traffic import NOTHING, Counters, HandRates

SIDE = {"bitsIn", "bitsOut", "curConns", "maxConns", "pktsIn", "pktsOut", "totConns"}
STATUS = {"status.availabilityState", "status.enabledState", "status.statusReason"}
QUEUE = {"ageEdm", "ageEma", "ageHead", "ageMax", "depth", "serviced"}


def within(prefix, names):
    return {f"{prefix}.{name}" for name in names}


def only(body):
    """The fields of the one object in an answer."""
    ((_, entry),) = body["entries"].items()
    return entry["nestedStats"]["entries"]


def value(field):
    return field.get("value", field.get("description"))


def test_a_virtual_server_tells_what_telemetry_reads_of_one(web):
    body = web.get("ltm/virtual/~T1~v/stats")
    assert body["kind"] == "tm:ltm:virtual:virtualstats"
    assert body["selfLink"] == "https://localhost/mgmt/tm/ltm/virtual/~T1~v/stats?ver=15.1.8"
    ((key, entry),) = body["entries"].items()
    assert key == "https://localhost/mgmt/tm/ltm/virtual/~T1~v/stats"
    assert entry["nestedStats"]["kind"] == "tm:ltm:virtual:virtualstats"
    assert entry["nestedStats"]["selfLink"] == f"{key}?ver=15.1.8"
    side = SIDE | {"evictedConns", "slowKilled"}
    fields = within("clientside", side) | within("ephemeral", side) | STATUS
    fields |= {"cmpEnableMode", "cmpEnabled", "destination", "syncookieStatus", "tmName"}
    fields |= {"totRequests", *counted("ltm/virtual")}
    assert entry["nestedStats"]["entries"].keys() == fields
    assert only(body)["destination"] == {"description": "10.1.0.1:80"}
    assert list(only(body)) == sorted(only(body))


def test_members_pools_and_nodes_tell_their_fields(web):
    serverside = within("serverside", SIDE) | STATUS | {"curSessions", "monitorRule", "totRequests"}
    checked = serverside | {"addr", "monitorStatus", "sessionStatus"}
    pool = only(web.get("ltm/pool/~T1~p/stats"))
    assert pool.keys() == (
        serverside
        | within("connq", QUEUE)
        | within("connqAll", QUEUE)
        | {"activeMemberCnt", "availableMemberCnt", "memberCnt", "minActiveMembers"}
        | {"curPriogrp", "highestPriogrp", "lowestPriogrp", "tmName"}
    )
    members = web.get("ltm/pool/~T1~p/members/stats")
    assert members["kind"] == "tm:ltm:pool:members:memberscollectionstats"
    base = "https://localhost/mgmt/tm/ltm/pool/~T1~p/members"
    assert list(members["entries"]) == [
        f"{base}/~T1~10.0.0.1:80/stats",
        f"{base}/~T1~10.0.0.2:80/stats",
    ]
    first = next(iter(members["entries"].values()))["nestedStats"]["entries"]
    more = {"nodeName", "poolName", "port"} | within("connq", QUEUE)
    assert first.keys() == checked | more
    assert first["port"] == {"value": 80}
    assert only(web.get("ltm/node/~T1~10.0.0.1/stats")).keys() == checked | {"tmName"}


@pytest.mark.parametrize(
    ("path", "count"),
    [("client-ssl/clientssl", 117), ("server-ssl/serverssl", 89), ("http/http", 39)],
)
def test_profiles_tell_as_many_fields_as_were_recorded(rest, path, count):
    fields = only(rest.get(f"ltm/profile/{path}/stats"))
    assert len(fields) == count
    assert value(fields["vsName"]) == "N/A"
    assert value(fields["typeId"]) == f"ltm profile {path.partition('/')[0]}"


def test_the_form_of_one_object_follows_the_version(new_rest):
    keys = {}
    for version in ("11.6.0", "12.1.2", "13.1.1", "16.1.2"):
        rest = new_rest(version)
        rest.post("ltm/pool", name="p")
        keys[version] = list(rest.get("ltm/pool/p/stats")["entries"])
        collection = rest.get("ltm/pool/stats")["entries"]
        assert list(collection) == ["https://localhost/mgmt/tm/ltm/pool/~Common~p/stats"]
    assert "tmName" in keys["11.6.0"]
    base = "https://localhost/mgmt/tm/ltm/pool/~Common~p"
    assert keys["12.1.2"] == [f"{base}/~Common~p/stats"]
    assert keys["13.1.1"] == keys["16.1.2"] == [f"{base}/stats"]


def test_an_empty_collection_has_no_entries_and_fields_can_be_selected(web):
    assert "entries" not in web.get("ltm/snatpool/stats")
    body = web.get("ltm/virtual/stats?$select=clientside.totConns,tmName")
    assert only(body).keys() == {"clientside.totConns", "tmName"}
    assert body["selfLink"].endswith("/stats?$select=clientside.totConns,tmName&ver=15.1.8")
    assert web.ask("GET", "ltm/virtual/~T1~none/stats").status == 404


def test_what_is_carried_is_told_everywhere_it_belongs(web, plane):
    plane.counters["/T1/v"] = Counters(1000, 2000, 3, 4, 5, 6, 0, (3, 1, 1, 1))
    plane.counters["/T1/p", "/T1/10.0.0.1:80"] = Counters(100, 200, 1, 2, 3, 4)
    plane.counters["/T1/p", "/T1/10.0.0.2:80"] = Counters(10, 20, 1, 1, 2, 2)
    virtual = only(web.get("ltm/virtual/~T1~v/stats"))
    assert [value(virtual[f"clientside.{n}"]) for n in ("bitsIn", "bitsOut")] == [8000, 16000]
    assert [value(virtual[f"clientside.{n}"]) for n in ("curConns", "totConns")] == [3, 5]
    pool = only(web.get("ltm/pool/~T1~p/stats"))
    assert value(pool["serverside.bitsIn"]) == 880
    assert value(pool["totRequests"]) == 6
    node = only(web.get("ltm/node/~T1~10.0.0.1/stats"))
    assert value(node["serverside.bitsOut"]) == 1600
    http = only(web.get("ltm/profile/http/http/stats"))
    assert [value(http[f"resp_{n}xxCnt"]) for n in (2, 3, 4, 5)] == [3, 1, 1, 1]
    assert value(only(web.get("ltm/profile/tcp/tcp/stats"))["accepts"]) == 5
    traffic = only(web.get("sys/traffic"))
    assert value(traffic["clientSideTraffic.bitsIn"]) == 8000
    assert value(traffic["serverSideTraffic.bitsIn"]) == 880
    halves = web.get("sys/tmm-traffic")["entries"].values()
    shared = [e["nestedStats"]["entries"]["clientSideTraffic.totConns"] for e in halves]
    assert sum(map(value, shared)) == 5


def test_counters_fall_to_0_at_reset_boot_and_failover_and_levels_stay(web, plane):
    plane.counters["/T1/v"] = Counters(1000, 2000, 3, 40, 50, 60)
    plane.counters["/T1/p", "/T1/10.0.0.1:80"] = Counters(100, 200, 1, 2, 3, 4)

    def read(path="ltm/virtual/~T1~v", side="clientside"):
        fields = only(web.get(f"{path}/stats"))
        return [
            value(fields[f"{side}.{n}"]) for n in ("bitsIn", "totConns", "curConns", "maxConns")
        ]

    assert web.post("ltm/virtual", command="reset-stats", name="/T1/v") == {
        "kind": "tm:ltm:virtual:reset-statsstate",
        "command": "reset-stats",
        "name": "/T1/v",
    }
    assert read() == [0, 0, 3, 3]
    assert value(only(web.get("sys/traffic"))["clientSideTraffic.totConns"]) == 50
    plane.counters["/T1/v"] = Counters(1010, 2000, 2, 40, 51, 60)
    assert read() == [80, 1, 2, 3]  # the highest since then
    web.post("ltm/pool", command="reset-stats")
    assert read("ltm/pool/~T1~p", "serverside")[:2] == [0, 0]
    assert read("ltm/pool/~T1~p/members/~T1~10.0.0.1:80", "serverside")[:2] == [800, 3]
    web.post("ltm/pool/~T1~p/members", command="reset-stats")
    assert read("ltm/pool/~T1~p/members/~T1~10.0.0.1:80", "serverside")[:2] == [0, 0]
    web.post("sys/service/tmm", command="restart")
    assert read()[:2] == [0, 0]
    assert value(only(web.get("sys/traffic"))["clientSideTraffic.totConns"]) == 0
    missing = {"command": "reset-stats", "name": "/T1/none"}
    assert web.ask("POST", "ltm/virtual", missing).status == 404


def test_rates_are_measured_over_seconds_and_minutes(web, plane):
    for _ in range(70):
        before = plane.counters.get("/T1/v", NOTHING)
        plane.passes(1, **{"/T1/v": before + Counters(1000, 0, 0, 0, 2)})
    for _ in range(5):
        plane.passes(1)
    traffic = only(web.get("sys/traffic"))
    bits = {w: value(traffic[f"{w}AvgClientSideTraffic.bitsIn"]) for w in ("fiveSec", "oneMin")}
    assert bits == {"fiveSec": 0, "oneMin": pytest.approx(8000 * 55 / 60, abs=1)}
    web.device.begin_to_count()
    assert value(only(web.get("sys/traffic"))["oneMinAvgClientSideTraffic.bitsIn"]) == 0


def test_what_is_set_by_hand_holds_everywhere_and_counts_on(web, plane):
    web.device.hand.set({"throughput_in": 8e6, "active_connections": 7, "ssl_tps": 10, "cpu": 80})
    web.device.hand.set({"memory": 50, "virtuals": {"/T1/v": {"new_connections": 2}}})
    plane.now += 10
    traffic = only(web.get("sys/traffic"))
    assert value(traffic["clientSideTraffic.bitsIn"]) == 8e7
    assert value(traffic["fiveMinAvgClientSideTraffic.bitsIn"]) == 8e6
    assert value(traffic["clientSideTraffic.curConns"]) == 7
    assert value(traffic["clientSideTraffic.totConns"]) == 20
    assert value(only(web.get("ltm/virtual/~T1~v/stats"))["clientside.totConns"]) == 20
    ssl = only(web.get("ltm/profile/client-ssl/clientssl/stats"))
    assert value(ssl["common.totNativeConns"]) == 100
    info = web.get("sys/tmm-info")["entries"]["https://localhost/mgmt/tm/sys/tmm-info/0.0"]
    assert value(info["nestedStats"]["entries"]["oneMinAvgUsageRatio"]) == 80
    assert value(info["nestedStats"]["entries"]["memoryUsed"]) == 2155872256 // 2
    told = web.device.hand.told()
    assert told["virtuals"] == {"/T1/v": {"new_connections": 2.0}}
    web.device.hand.clear()
    assert value(only(web.get("sys/traffic"))["clientSideTraffic.bitsIn"]) == 8e7  # it was carried
    assert web.device.hand.told() == {}
    web.device.begin_to_count()
    assert value(only(web.get("sys/traffic"))["clientSideTraffic.bitsIn"]) == 0


@pytest.mark.parametrize(
    ("rates", "cpu", "memory"),
    [
        ({}, 5, 30),
        ({"throughput_in": 5e8, "throughput_out": 5e8}, 52, 30),
        ({"ssl_tps": 1000, "new_connections": 10_000}, 71, 30),
        ({"http_requests": 25_000, "active_connections": 100_000}, 52, 44),
        ({"throughput_in": 8e9, "active_connections": 9e6}, 100, 100),
        ({"throughput_in": 8e9, "cpu": 20}, 20, 30),
        ({"virtuals": {"/T1/v": {"ssl_tps": 1000}}}, 52, 30),
    ],
)
def test_cpu_and_memory_follow_the_load_unless_they_are_set(web, plane, rates, cpu, memory):
    web.device.hand.set(rates)
    info = web.get("sys/tmm-info")["entries"]["https://localhost/mgmt/tm/sys/tmm-info/0.0"]
    told = info["nestedStats"]["entries"]
    assert value(told["fiveSecAvgUsageRatio"]) == cpu
    assert 100 * value(told["memoryUsed"]) // value(told["memoryTotal"]) in {memory - 1, memory}


def test_cpu_follows_measured_traffic_and_falls_when_it_ends(web, plane):
    second = Counters(bytes_in=125_000_000, handshakes=400)

    def busy():
        cpus = only(web.get("sys/cpu"))["https://localhost/mgmt/tm/sys/cpu/0/cpuInfo"]
        first = next(iter(cpus["nestedStats"]["entries"].values()))["nestedStats"]["entries"]
        return [value(first[f"{window}AvgIdle"]) for window in ("fiveSec", "oneMin")]

    for _ in range(70):
        plane.passes(1, **{"/T1/v": plane.counters.get("/T1/v", NOTHING) + second})
    assert busy() == [100 - 71, 100 - 71]  # half of the bits, a fifth of the handshakes
    for _ in range(10):
        plane.passes(1)
    fallen = busy()
    assert fallen[0] == 95
    assert 29 < fallen[1] < 95


def test_cpu_and_memory_are_told_as_recorded(web):
    web.device.hand.set({"cpu": 40, "other_memory": 25, "swap": 10})
    cpus = only(web.get("sys/cpu"))["https://localhost/mgmt/tm/sys/cpu/0/cpuInfo"]["nestedStats"]
    host = only(web.get("sys/host-info"))
    inside = host["https://localhost/mgmt/tm/sys/hostInfo/0/cpuInfo"]["nestedStats"]
    assert len(cpus["entries"]) == len(inside["entries"]) == 2
    fields = next(iter(cpus["entries"].values()))["nestedStats"]["entries"]
    assert len(fields) == 34
    assert [value(fields[f"oneMinAvg{n}"]) for n in ("Idle", "User", "System")] == [60, 30, 10]
    assert value(fields["fiveSecAvgRatio"]) == 40
    memory = only(web.get("sys/memory"))
    fields = memory["https://localhost/mgmt/tm/sys/memory/memory-host/0"]["nestedStats"]["entries"]
    assert len(fields) == 13
    for name, share in (("tmmMemory", 0.3), ("otherMemory", 0.25), ("swap", 0.1)):
        total = value(fields[f"{name}Total"])
        assert value(fields[f"{name}Used"]) == int(total * share)
        assert value(fields[f"{name}Free"]) == total - int(total * share)


def pairs(text):
    """An answer's entries as (row, fields), duplicates and all."""
    (entries,) = [v for k, v in json.loads(text, object_pairs_hook=list) if k == "entries"]
    rows = []
    for key, entry in entries:
        fields = dict(dict(dict(entry)["nestedStats"])["entries"])
        rows.append((key, {name: dict(field)["description"] for name, field in fields.items()}))
    return rows


def test_sys_performance_of_14_has_texts_a_moving_key_and_the_same_key_twice(new_rest):
    rest = new_rest("14.1.2.1")
    rest.device.hand.set({"throughput_in": 16_000, "ssl_tps": 3})
    rows = pairs(rest.ask("GET", "sys/performance/all-stats").text)
    base = "https://localhost/mgmt/tm/sys/performance/all-stats"
    assert len(rows) == 28
    into = [fields for key, fields in rows if key == f"{base}/In"]
    assert [("Throughput(bits)" in fields, fields["Current"]) for fields in into] == [
        (True, "16000"),
        (False, "2"),
    ]
    (tls,) = [fields for key, fields in rows if key == f"{base}/SSL%20TPS"]
    since = next(name for name in tls if name.startswith("Max("))
    assert re.fullmatch(r"Max\(since \d{4}_\d\d_\d\dT\d\d:\d\d:\d\dZ\)", since)
    assert tls == {"Average": "3", "Current": "3", since: "3", "SSL Transactions": "SSL TPS"}
    parsed = rest.get("sys/performance/all-stats")["entries"][f"{base}/In"]
    assert "Throughput(packets)" in parsed["nestedStats"]["entries"]  # a parser keeps the last
    rest.clock.now += 60
    assert since not in rest.ask("GET", "sys/performance/all-stats").text


def test_sys_performance_in_detail_has_rows_of_one_meaning(rest):
    rest.device.hand.set({"throughput_in": 16_000, "active_connections": 4})
    path = "sys/performance/throughput/stats?options=detail"
    rows = pairs(rest.ask("GET", path).text)
    base = "https://localhost/mgmt/tm/sys/performance/throughput"
    assert len(rows) == 18
    client = dict(rows)[f"{base}/Client%20Bits%20In/stats"]
    assert client["TMM ClientSide Throughput"] == "Client Bits In"
    assert client["Current"] == "16000"
    link = rest.get(path)["selfLink"]
    assert link == f"{base}/stats?options=detail&ver=15.1.8"
    rows = pairs(rest.ask("GET", "sys/performance/connections/stats?options=detail").text)
    keys = [key.rpartition("connections/")[2] for key, _ in rows]
    assert keys.count("SSL%20Client/stats") == keys.count("Server%20Connects/stats") == 2
    assert len(pairs(rest.ask("GET", "sys/performance/connections").text)) == 4
    assert rest.ask("GET", "sys/performance/nonsense").status == 404


def test_sys_performance_of_11_is_the_shells_text(new_rest):
    rest = new_rest("11.6.0")
    rest.device.hand.set({"throughput_in": 16_995, "cpu": 2})
    body = rest.get("sys/performance/all-stats")
    assert "entries" not in body
    text = body["apiRawValues"]["apiAnonymous"]
    sections: dict[str, dict[str, list[str]]] = {}
    for line in text.splitlines():  # as the OpenStack agent reads it: by two blanks or more
        words = re.split(r"\s{2,}", line.strip())
        if line.startswith("Sys::Performance"):
            section = sections.setdefault(line, {})
        elif len(words) == 4 and "Current" not in line:
            section.setdefault(words[0], []).append(words[1])
    assert list(sections)[:2] == ["Sys::Performance System ()", "Sys::Performance Connections ()"]
    assert sections["Sys::Performance System ()"]["Utilization"] == ["2"]
    assert sections["Sys::Performance Throughput ()"]["In"] == ["16995", "2"]
    assert sections["Sys::Performance Ramcache ()"]["Hit Rate"] == ["nan"]
    assert re.search(r"Max\(since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\)", text)


def test_handshakes_belong_to_the_profile_that_is_the_default(web, plane):
    for name, default in (("a", "false"), ("b", "true")):
        more = {"serverName": f"{name}.example", "sniDefault": default}
        web.post("ltm/profile/client-ssl", name=name, partition="T1", **more)
    profiles = ["/Common/tcp", {"name": "/T1/a", "context": "clientside"}, "/T1/b"]
    web.patch("ltm/virtual/~T1~v", profiles=profiles)
    plane.counters["/T1/v"] = Counters(total=5, handshakes=4)
    told = {
        name: value(
            only(web.get(f"ltm/profile/client-ssl/~T1~{name}/stats"))["common.totNativeConns"]
        )
        for name in "ab"
    }
    assert told == {"a": 0, "b": 4}


def test_rates_of_a_meter_begin_anew_with_its_counters():
    now = [0.0]
    carried = Carried()
    meter = Meter(lambda: carried, HandRates(lambda: now[0]), lambda: now[0])
    carried.samples = [(-1.0, Counters(1000)), (5.0, Counters(9000))]
    assert meter.rates().throughput_in == 0
    carried.samples.append((6.0, Counters(10_000)))
    assert meter.rates().throughput_in == 8000
    assert meter.most().throughput_in == 8000
