"""Statistics beyond counters: keys, pages, refusals, limits, and what a reset leaves alone."""

import pytest
from test_statistics import only, value

from bigip_sim.traffic import Counters

VERSIONS = ("11.6.0", "12.1.2", "13.1.1", "14.1.2.1", "15.1.8", "16.1.2")
BASE = "https://localhost/mgmt/tm"


def texts(fields):
    return {name: value(field) for name, field in fields.items()}


@pytest.mark.parametrize("version", VERSIONS)
def test_traffic_groups_tell_of_each_device_and_of_that_which_does_not_move(new_rest, version):
    rest = new_rest(version)
    base = f"{BASE}/cm/traffic-group/~Common~traffic-group"
    body = rest.get("cm/traffic-group/~Common~traffic-group-1/stats")
    assert body["kind"] == "tm:cm:traffic-group:traffic-groupstats"
    key = f"{base}-1/~Common~traffic-group-1:~Common~bigip-1/stats"
    assert list(body["entries"]) == [key]
    assert body["entries"][key]["nestedStats"]["selfLink"] == f"{key}?ver={version}"
    assert texts(only(body)) == {
        "deviceName": "/Common/bigip-1",
        "failoverState": "active",
        "nextActive": "false",
        "trafficGroup": "/Common/traffic-group-1",
    }
    local = only(rest.get("cm/traffic-group/~Common~traffic-group-local-only/stats"))
    assert texts(local)["failoverState"] == "-"  # f5-ansible fails where there is no entry
    every = rest.get("cm/traffic-group/stats")["entries"]
    assert list(every) == [
        f"{base}-1:~Common~bigip-1/stats",
        f"{base}-local-only:-/stats",
    ]
    missing = rest.ask("GET", "cm/traffic-group/~Common~none/stats")
    assert (missing.status, missing.body["apiError"]) == (404, 3)


def test_rules_tell_each_of_their_events(rest):
    text = "when HTTP_REQUEST {\n}\nwhen CLIENT_ACCEPTED priority 400 {\n}"
    rest.post("ltm/rule", name="r", partition="T1", apiAnonymous=text)
    entries = rest.get("ltm/rule/~T1~r/stats")["entries"]
    base = "https://localhost/mgmt/tm/ltm/rule/~T1~r"
    alone = [f"{base}/~T1~r:{event}/stats" for event in ("HTTP_REQUEST", "CLIENT_ACCEPTED")]
    assert list(entries) == alone
    among = rest.get("ltm/rule/stats")["entries"]
    assert {f"{base}:HTTP_REQUEST/stats", f"{base}:CLIENT_ACCEPTED/stats"} <= among.keys()
    told = [entry["nestedStats"]["entries"] for entry in entries.values()]
    assert [value(fields["priority"]) for fields in told] == [500, 400]
    assert value(told[0]["eventType"]) == "HTTP_REQUEST"


@pytest.mark.parametrize("version", VERSIONS)
def test_several_entries_of_one_object_are_all_told(new_rest, version):
    rest = new_rest(version)
    text = "when HTTP_REQUEST {\n}\nwhen CLIENT_ACCEPTED {\n}"
    rest.post("ltm/rule", name="r", apiAnonymous=text)
    entries = rest.get("ltm/rule/r/stats")["entries"].values()
    events = [value(entry["nestedStats"]["entries"]["eventType"]) for entry in entries]
    assert events == ["HTTP_REQUEST", "CLIENT_ACCEPTED"]


@pytest.mark.parametrize("version", VERSIONS)
def test_names_in_keys_are_encoded_and_in_values_they_are_not(new_rest, version):
    rest = new_rest(version)
    rest.post("auth/partition", name="T1")
    rest.post("net/route-domain", name="rd10", id=10)
    members = [{"name": "10.10.0.2%10:80"}, {"name": "2001:db8::1.443"}]
    rest.post("ltm/pool", name="p", partition="T1", members=members)
    entries = rest.get("ltm/pool/~T1~p/members/stats")["entries"]
    base = f"{BASE}/ltm/pool/~T1~p/members/~T1"
    assert list(entries) == [f"{base}~10.10.0.2%2510:80/stats", f"{base}~2001:db8::1.443/stats"]
    first, second = (texts(entry["nestedStats"]["entries"]) for entry in entries.values())
    assert (first["addr"], first["port"]) == ("10.10.0.2%10", 80)
    assert (first["nodeName"], first["poolName"]) == ("/T1/10.10.0.2%10", "/T1/p")
    assert (second["addr"], second["port"]) == ("2001:db8::1", 443)
    rest.post("ltm/virtual", name="v", partition="T1", destination="/T1/2001:db8::5.443")
    told = rest.get("ltm/virtual/stats")["entries"][f"{BASE}/ltm/virtual/~T1~v/stats"]
    assert value(told["nestedStats"]["entries"]["destination"]) == "2001:db8::5.443"


def test_a_monitor_says_whether_it_is_the_pools(web):
    web.patch("ltm/pool/~T1~p/members/~T1~10.0.0.2:80", monitor="/Common/tcp")
    rules = [
        value(entry["nestedStats"]["entries"]["monitorRule"])
        for entry in web.get("ltm/pool/~T1~p/members/stats")["entries"].values()
    ]
    assert rules == ["/T1/m (pool monitor)", "/Common/tcp"]
    web.patch("ltm/pool/~T1~p/members/~T1~10.0.0.2:80", monitor="/Common/none")
    second = only(web.get("ltm/pool/~T1~p/members/~T1~10.0.0.2:80/stats"))
    assert value(second["monitorRule"]) == "none"


def test_a_disabled_member_has_another_word_on_old_releases(new_rest):
    words = {}
    for version in VERSIONS:
        rest = new_rest(version)
        member = {"name": "10.0.0.1:80", "session": "user-disabled"}
        rest.post("ltm/pool", name="p", members=[member])
        (entry,) = rest.get("ltm/pool/p/members/stats")["entries"].values()
        words[version] = value(entry["nestedStats"]["entries"]["sessionStatus"])
    assert words.pop("11.6.0") == "disabled"
    assert set(words.values()) == {"user-disabled"}


def test_what_has_as_many_connections_as_it_may_is_unavailable(web, plane):
    plane.counters["/T1/p", "/T1/10.0.0.1:80"] = Counters(current=2)
    plane.counters["/T1/p", "/T1/10.0.0.2:80"] = Counters(current=2)
    plane.counters["/T1/v"] = Counters(current=4)

    def state(path):
        return value(only(web.get(f"{path}/stats"))["status.availabilityState"])

    member = "ltm/pool/~T1~p/members/~T1~10.0.0."
    web.patch(f"{member}1:80", connectionLimit=2)
    assert [state(f"{member}{n}:80") for n in (1, 2)] == ["unavailable", "available"]
    assert web.get(f"{member}1:80")["state"] == "up"  # its monitor is content all the same
    assert state("ltm/pool/~T1~p") == state("ltm/virtual/~T1~v") == "available"
    web.patch(f"{member}2:80", connectionLimit=2)
    assert state("ltm/pool/~T1~p") == "unavailable"
    web.patch(f"{member}2:80", connectionLimit=3)
    web.patch("ltm/virtual/~T1~v", connectionLimit=4)
    assert state("ltm/virtual/~T1~v") == "unavailable"
    web.patch("ltm/virtual/~T1~v", connectionLimit=5)
    assert state("ltm/virtual/~T1~v") == "available"


def test_what_is_not_there_is_refused_as_where_it_is_read(web):
    for path in (
        "ltm/virtual/~T1~none",
        "ltm/pool/~T1~none/members",
        "ltm/pool/~T1~none/members/~T1~10.0.0.1:80",
        "ltm/pool/~T1~p/members/~T1~10.0.0.9:80",
        "cm/device-group/~Common~none",
    ):
        read, told = web.ask("GET", path), web.ask("GET", f"{path}/stats")
        assert (told.status, told.message) == (read.status, read.message)
        assert told.status == 404
    query = "?$filter=partition eq Nowhere"
    answers = [web.ask("GET", f"ltm/virtual{below}{query}") for below in ("", "/stats")]
    assert len({(answer.status, answer.message) for answer in answers}) == 1
    assert web.ask("GET", "ltm/nonsense/stats").status == 404


def test_a_collections_statistics_come_in_pages_and_by_partition(web):
    web.post("auth/partition", name="T2")
    for number in range(5):
        web.post("ltm/pool", name=f"q{number}", partition="T2")
    found, path = [], "ltm/pool/stats?$top=2&$filter=partition eq T2"
    while path:
        body = web.get(path)
        found += [key.rpartition("/stats")[0].rpartition("/")[2] for key in body["entries"]]
        path = body.get("nextLink", "").partition("/mgmt/tm/")[2].replace("%24", "$")
        path = path.replace("%20", " ")
    assert found == [f"~T2~q{number}" for number in range(5)]
    body = web.get("ltm/pool/stats?$top=2&$skip=4")
    assert (body["totalItems"], body["currentItemCount"]) == (6, 2)
    assert "nextLink" not in body
    assert "entries" not in web.get("ltm/pool/stats?$filter=partition eq Common")


def test_a_reset_concerns_what_was_named_alone(web, plane):
    plane.counters["/T1/v"] = Counters(1000, total=10, maximum=9, current=2)
    plane.counters["/T1/p", "/T1/10.0.0.1:80"] = Counters(800, total=8, maximum=7, current=1)

    def read(path, side="serverside"):
        fields = only(web.get(f"{path}/stats"))
        return tuple(value(fields[f"{side}.{n}"]) for n in ("bitsIn", "totConns", "maxConns"))

    member, pool, node = "ltm/pool/~T1~p/members", "ltm/pool", "ltm/node/~T1~10.0.0.1"
    web.post(pool, command="reset-stats", name="/T1/p")
    assert read("ltm/pool/~T1~p") == (0, 0, 1)  # the highest since then
    assert read(f"{member}/~T1~10.0.0.1:80") == read(node) == (6400, 8, 7)
    web.post(member, command="reset-stats")
    plane.counters["/T1/p", "/T1/10.0.0.1:80"] = Counters(900, total=9, maximum=7, current=1)
    assert read("ltm/pool/~T1~p") == read(f"{member}/~T1~10.0.0.1:80") == (800, 1, 1)
    assert read(node) == (7200, 9, 7)
    web.post("ltm/virtual-address", command="reset-stats")
    assert read("ltm/virtual-address/~T1~10.1.0.1", "clientside")[:2] == (0, 0)
    web.post("ltm/virtual", command="reset-stats")
    http = only(web.get("ltm/profile/tcp/tcp/stats"))
    assert value(http["accepts"]) == 10


def test_a_virtual_servers_reset_takes_nothing_from_what_the_device_has_carried(web, plane):
    web.device.hand.set({"virtuals": {"/T1/v": {"throughput_in": 8000, "new_connections": 1}}})
    plane.now += 10
    web.post("ltm/virtual", command="reset-stats", name="/T1/v")
    told = only(web.get("ltm/virtual/~T1~v/stats"))
    assert [value(told[f"clientside.{n}"]) for n in ("bitsIn", "totConns")] == [0, 0]
    traffic = only(web.get("sys/traffic"))
    assert value(traffic["clientSideTraffic.bitsIn"]) == 80_000
    plane.now += 1
    assert value(only(web.get("ltm/virtual/~T1~v/stats"))["clientside.bitsIn"]) == 8000
    assert value(only(web.get("sys/traffic"))["clientSideTraffic.bitsIn"]) == 88_000


def test_policies_tell_of_their_actions(rest):
    rest.post("ltm/pool", name="p", partition="T1")
    forward = {"name": "0", "forward": True, "select": True, "request": True, "pool": "/T1/p"}
    reply = {"name": "1", "httpReply": True, "redirect": True, "location": "/x", "request": True}
    rules = [{"name": "one", "ordinal": 0, "actions": [forward, reply]}]
    rest.post("ltm/policy", name="pol", partition="T1", subPath="Drafts", rules=rules)
    rest.post("ltm/policy", command="publish", name="/T1/Drafts/pol")
    told = only(rest.get("ltm/policy/~T1~pol/stats"))
    assert value(told["policyName"]) == "/T1/pol"
    actions = told[f"{BASE}/ltm/policy/~T1~pol/actions/stats"]["nestedStats"]["entries"]
    base = f"{BASE}/ltm/policy/~T1~pol/actions/one"
    assert list(actions) == [f"{base}:0/stats", f"{base}:1/stats"]
    fields = [texts(entry["nestedStats"]["entries"]) for entry in actions.values()]
    assert fields[0] == {
        "action": "select",
        "actionId": 0,
        "invoked": 0,
        "ruleName": "one",
        "succeeded": 0,
        "tmTarget": "forward",
    }
    assert (fields[1]["action"], fields[1]["tmTarget"]) == ("redirect", "http-reply")


def test_interfaces_tell_what_those_read_who_watch_them(rest):
    told = only(rest.get("net/interface/1.1/stats"))
    parts = ("bitsIn", "bitsOut", "dropsAll", "errorsAll", "pktsIn", "pktsOut")
    assert {f"counters.{part}" for part in parts} | {"mediaActive", "status", "tmName"} == set(told)
    assert value(told["status"]) == "up"
    rest.patch("net/interface/1.1", disabled=True)
    assert value(only(rest.get("net/interface/1.1/stats"))["status"]) == "disabled"


def test_what_is_made_anew_begins_at_0_whatever_was_reset_before(web, plane):
    web.post("ltm/profile/http", name="h", partition="T1")
    web.patch("ltm/virtual/~T1~v", profiles=["/Common/tcp", "/T1/h"])
    plane.counters["/T1/v"] = Counters(total=50, requests=50)
    for path in ("ltm/virtual", "ltm/profile/http"):
        web.post(path, command="reset-stats")
    web.device.begin_to_count()
    made = web.get("ltm/virtual/~T1~v")
    web.delete("ltm/virtual/~T1~v")
    web.delete("ltm/profile/http/~T1~h")
    plane.counters["/T1/v"] = Counters(total=3, requests=3)
    web.post("ltm/profile/http", name="h", partition="T1")
    names = ("name", "partition", "destination", "ipProtocol", "pool")
    profiles = ["/Common/tcp", "/T1/h"]
    web.post("ltm/virtual", **{name: made[name] for name in names}, profiles=profiles)
    assert value(only(web.get("ltm/virtual/~T1~v/stats"))["clientside.totConns"]) == 3
    assert value(only(web.get("ltm/profile/http/~T1~h/stats"))["numberReqs"]) == 3


@pytest.mark.parametrize("version", VERSIONS)
def test_whether_a_device_is_ready_can_be_asked_from_14_on(new_rest, version):
    rest = new_rest(version)
    exists = version >= "14"
    assert rest.ask("GET", "sys/ready").status == (200 if exists else 404)
    links = [item["reference"]["link"] for item in rest.get("sys")["items"]]
    assert any("/sys/ready?" in link for link in links) is exists
    for link in links:  # what is listed is there
        assert rest.ask("GET", link.partition("/mgmt/tm/")[2].partition("?")[0]).status == 200


@pytest.mark.parametrize("path", ["ltm/virtual", "ltm/virtual/~T1~v"])
def test_the_kind_of_a_resets_answer_is_the_types(web, path):
    assert web.post(path, command="reset-stats")["kind"] == "tm:ltm:virtual:reset-statsstate"
