"""Names and values in the short forms that clients of real devices write.

Each was found by running the OpenStack agent's driver, which was written against devices of 11.6
to 13.1: bare names of what is in its tenant's partition or in /Common, booleans for words, options
spelled as in tmsh, null for an empty list.
"""

import pytest


def test_a_bare_name_means_the_own_partition_first(rest):
    for partition in ("Common", "T1"):
        rest.post("ltm/monitor/http", name="m", partition=partition)
        rest.post("ltm/pool", name="p", partition=partition)
    pool = rest.post("ltm/pool", name="q", partition="T1", monitor="m")
    assert pool["monitor"].strip() == "/T1/m"
    assert rest.post("ltm/virtual", name="v", partition="T1", pool="p")["pool"] == "/T1/p"
    assert rest.patch("ltm/virtual/~T1~v", pool="/Common/p")["pool"] == "/Common/p"
    assert rest.post("ltm/virtual", name="v", destination="1.1.1.1:1", pool="p")["pool"] == (
        "/Common/p"
    )


def test_a_bare_name_means_common_when_the_own_partition_has_none(rest):
    pool = rest.post("ltm/pool", name="p", partition="T1", monitor="min 1 of { http tcp }")
    assert pool["monitor"].strip() == "min 1 of { /Common/http /Common/tcp }"
    tunnel = rest.post("net/tunnels/tunnel", name="t", partition="T1", profile="vxlan")
    assert tunnel["profile"] == "/Common/vxlan"
    missing = rest.ask("POST", "ltm/virtual", {"name": "v", "partition": "T1", "pool": "none-such"})
    assert missing.status == 404
    assert "/Common/none-such" in missing.body["message"]


def test_bare_names_in_lists_and_inside_attributes(rest):
    rest.post("net/vlan", name="v", partition="T1")
    domain = rest.post("net/route-domain", name="rd", partition="T1", id=7, vlans=["v"])
    assert domain["vlans"] == ["/T1/v"]
    rest.post("ltm/rule", name="r", partition="T1", apiAnonymous="when CLIENT_ACCEPTED { }")
    rest.post("ltm/persistence/universal", name="u", partition="T1", rule="r")
    rest.post("ltm/snatpool", name="s", partition="T1", members=["/T1/10.0.0.9"])
    rest.post("ltm/profile/http", name="h", partition="T1")
    virtual = rest.post(
        "ltm/virtual",
        name="x",
        partition="T1",
        profiles=["h", "oneconnect"],
        persist=[{"name": "u"}],
        sourceAddressTranslation={"type": "snat", "pool": "s"},
    )
    assert virtual["sourceAddressTranslation"]["pool"] == "/T1/s"
    assert [(p["name"], p["partition"]) for p in virtual["persist"]] == [("u", "T1")]
    profiles = rest.get("ltm/virtual/~T1~x/profiles")["items"]
    assert [p["fullPath"] for p in profiles] == ["/Common/oneconnect", "/Common/tcp", "/T1/h"]


def test_booleans_stand_for_words(rest):
    address = rest.post("ltm/virtual-address", name="10.0.0.1", partition="T1", autoDelete=False)
    assert address["autoDelete"] == "false"
    rest.post("net/vlan", name="v")
    body = {"floating": True, "traffic-group": "/Common/traffic-group-1"}
    kept = rest.post("net/self", name="s", address="10.1.0.2/24", vlan="/Common/v", **body)
    assert (kept["floating"], kept["trafficGroup"]) == ("enabled", "/Common/traffic-group-1")
    assert rest.ask("PATCH", "net/self/s", {"no-such-option": 1}).status == 400


def test_tcp_comes_back_with_http_when_fastl4_was_taken_away(rest):
    rest.post("ltm/virtual", name="v", ipProtocol="tcp", profiles=["/Common/fastL4"])
    rest.delete("ltm/virtual/v/profiles/~Common~fastL4")
    rest.post("ltm/virtual/v/profiles", name="http", partition="Common", context="all")
    rest.post("ltm/virtual/v/profiles", name="oneconnect", partition="Common", context="all")
    names = [p["name"] for p in rest.get("ltm/virtual/v/profiles")["items"]]
    assert names == ["http", "oneconnect", "tcp"]


@pytest.mark.parametrize(("version", "inline"), [("11.6.1", True), ("12.1.2", False)])
def test_records_of_a_tunnel_are_an_attribute_up_to_12_0(new_rest, version, inline):
    rest = new_rest(version)
    rest.post("net/tunnels/tunnel", name="t", profile="vxlan", localAddress="10.0.0.1")
    records = [{"name": "fa:16:3e:00:00:01", "endpoint": "10.0.0.9"}]
    made = rest.patch("net/fdb/tunnel/t", records=records)
    assert made.get("records") == (records if inline else None)
    left = rest.patch("net/fdb/tunnel/t", records=None)
    assert "records" not in left
    assert rest.get("net/fdb/tunnel/t/records").get("items", []) == []
    empty = rest.ask("PATCH", "net/fdb/tunnel/t", {"records": ["02:00:00:00:00:01"]})
    assert empty.status == (200 if inline else 400)


def test_tunnels_of_the_agent(rest):
    assert rest.get("sys/db/iptunnel.configsync")["value"] == "enable"
    assert rest.patch("sys/db/iptunnel.configsync", value="disable")["value"] == "disable"
    kind = "transparent-ethernet-bridging"
    profile = rest.post("net/tunnels/gre", name="g", defaultsFrom="gre", encapsulation=kind)
    assert (profile["encapsulation"], profile["defaultsFrom"]) == (kind, "/Common/gre")


def test_a_client_may_ask_for_the_answers_of_an_older_release(new_rest):
    records = [{"name": "fa:16:3e:00:00:01", "endpoint": "10.0.0.9"}]
    for version, older in (("13.1.1", True), ("16.1.2", False)):
        rest = new_rest(version)
        rest.post("net/tunnels/tunnel", name="t", profile="vxlan", localAddress="10.0.0.1")
        rest.patch("net/fdb/tunnel/t", records=records)
        read = rest.get("net/fdb/tunnel/~Common~t?ver=11.5.0")
        assert read["selfLink"].endswith(f"?ver={'11.5.0' if older else version}")
        assert read.get("records") == (records if older else None)
        assert rest.get("ltm/pool?ver=99.x")["selfLink"].endswith(f"?ver={version}")
