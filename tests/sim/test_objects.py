"""How objects are made, changed and read (iControl REST reference, sections 1.3 to 1.5 and 3)."""

import pytest


def test_a_new_pool_reads_with_the_devices_defaults_and_links(rest):
    pool = rest.post("ltm/pool", name="p", partition="T1")
    assert pool["kind"] == "tm:ltm:pool:poolstate"
    assert pool["fullPath"] == "/T1/p"
    assert pool["selfLink"] == "https://localhost/mgmt/tm/ltm/pool/~T1~p?ver=15.1.8"
    assert (pool["loadBalancingMode"], pool["slowRampTime"]) == ("round-robin", 10)
    assert "monitor" not in pool
    link = "https://localhost/mgmt/tm/ltm/pool/~T1~p/members?ver=15.1.8"
    assert pool["membersReference"] == {"link": link, "isSubcollection": True}


def test_members_make_their_nodes_and_nodes_stay(rest):
    rest.post("net/route-domain", name="rd10", id=10)
    rest.post("ltm/pool", name="p", partition="T1", members=[{"name": "10.2.0.1%10:80"}])
    member = rest.get("ltm/pool/~T1~p/members/~T1~10.2.0.1%10:80")
    assert (member["address"], member["fullPath"]) == ("10.2.0.1%10", "/T1/10.2.0.1%10:80")
    assert "~T1~10.2.0.1%2510:80?ver" in member["selfLink"]
    rest.delete("ltm/pool/~T1~p")
    assert [n["name"] for n in rest.get("ltm/node")["items"]] == ["10.2.0.1%10"]


def test_an_ipv6_member_has_a_dot_before_its_port(rest):
    rest.post("ltm/pool", name="p", partition="T1", members=[{"name": "2001:db8::1.80"}])
    (member,) = rest.get("ltm/pool/~T1~p/members")["items"]
    assert member["address"] == "2001:db8::1"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("10.2.0.1:http", "10.2.0.1:80"),
        ("10.2.0.1:any", "10.2.0.1:0"),
        ("2001:db8::1.https", "2001:db8::1.443"),
    ],
)
def test_a_members_name_has_the_number_of_its_port(rest, written, read):
    rest.post("ltm/pool", name="p", partition="T1", members=[{"name": written}])
    assert rest.get(f"ltm/pool/~T1~p/members/~T1~{read}")["name"] == read


def test_inline_members_replace_all(web):
    web.patch("ltm/pool/~T1~p", members=[{"name": "10.0.0.2:80", "ratio": 3}, "10.0.0.3:80"])
    members = web.get("ltm/pool/~T1~p/members")["items"]
    assert [(m["name"], m["ratio"]) for m in members] == [("10.0.0.2:80", 3), ("10.0.0.3:80", 1)]


def test_put_lets_unnamed_attributes_fall_back_and_keeps_members(web):
    web.patch("ltm/pool/~T1~p", description="d", loadBalancingMode="ratio-member")
    body = {"loadBalancingMode": "least-connections-member"}
    pool = web.ask("PUT", "ltm/pool/~T1~p", body).body
    assert pool["loadBalancingMode"] == "least-connections-member"
    assert "description" not in pool
    assert "monitor" not in pool
    assert len(web.get("ltm/pool/~T1~p/members")["items"]) == 2


def test_patch_changes_only_what_it_names_and_unsets_with_nothing(web):
    pool = web.patch("ltm/pool/~T1~p", description="d")
    assert (pool["description"], pool["monitor"]) == ("d", "/T1/m")
    pool = web.patch("ltm/pool/~T1~p", monitor="")
    assert "monitor" not in pool
    assert pool["description"] == "d"


def test_presence_flags_replace_each_other(web):
    virtual = web.patch("ltm/virtual/~T1~v", disabled=True)
    assert virtual["disabled"] is True
    assert "enabled" not in virtual
    virtual = web.patch("ltm/virtual/~T1~v", enabled=True)
    assert virtual["enabled"] is True
    assert "disabled" not in virtual


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("10.3.0.1:80", "/T1/10.3.0.1:80"),
        ("/T1/10.3.0.1%3:443", "/T1/10.3.0.1%3:443"),
        ("/T1/2001:db8::1.80", "/T1/2001:db8::1.80"),
        ("/T1/10.3.0.1:any", "/T1/10.3.0.1:0"),
        ("/T1/10.3.0.1:http", "/T1/10.3.0.1:80"),
    ],
)
def test_a_destination_reads_in_one_form_however_it_is_written(rest, written, read):
    rest.post("net/route-domain", name="rd3", id=3)
    virtual = rest.post("ltm/virtual", name="v", partition="T1", destination=written)
    assert virtual["destination"] == read


def test_a_virtual_server_with_only_a_name_is_a_fast_l4_for_everything(rest):
    virtual = rest.post("ltm/virtual", name="v", partition="T1")
    assert virtual["destination"] == "/T1/0.0.0.0:0"
    assert (virtual["mask"], virtual["ipProtocol"]) == ("any", "any")
    assert (virtual["enabled"], virtual["vlansDisabled"]) == (True, True)
    (profile,) = rest.get("ltm/virtual/~T1~v/profiles")["items"]
    assert profile["fullPath"] == "/Common/fastL4"
    assert profile["nameReference"]["link"].startswith(
        "https://localhost/mgmt/tm/ltm/profile/fastl4/~Common~fastL4"
    )


def test_a_virtual_address_comes_with_the_first_virtual_server_and_goes_with_the_last(rest):
    for name, port in (("a", 80), ("b", 81)):
        rest.post("ltm/virtual", name=name, partition="T1", destination=f"/T1/10.1.0.1:{port}")
    address = rest.get("ltm/virtual-address/~T1~10.1.0.1")
    assert (address["autoDelete"], address["enabled"]) == ("true", "yes")
    rest.delete("ltm/virtual/~T1~a")
    assert rest.get("ltm/virtual-address/~T1~10.1.0.1")
    rest.delete("ltm/virtual/~T1~b")
    assert rest.ask("GET", "ltm/virtual-address/~T1~10.1.0.1").status == 404


def test_a_pinned_virtual_address_stays(rest):
    rest.post(
        "ltm/virtual-address", name="vip", partition="T1", address="10.1.0.1", autoDelete="false"
    )
    answer = rest.ask(
        "POST", "ltm/virtual", {"name": "v", "partition": "T1", "destination": "/T1/10.1.0.1:80"}
    )
    assert answer.status == 200, answer.text
    assert rest.ask("DELETE", "ltm/virtual-address/~T1~vip").status == 400
    rest.delete("ltm/virtual/~T1~v")
    assert rest.get("ltm/virtual-address/~T1~vip")["address"] == "10.1.0.1"


def test_profiles_and_monitors_inherit_from_their_parents(rest):
    rest.post("ltm/profile/http", name="a", partition="T1", insertXforwardedFor="enabled")
    rest.post("ltm/profile/http", name="b", partition="T1", defaultsFrom="/T1/a")
    child = rest.get("ltm/profile/http/~T1~b")
    assert (child["insertXforwardedFor"], child["defaultsFrom"]) == ("enabled", "/T1/a")
    rest.patch("ltm/profile/http/~T1~a", insertXforwardedFor="disabled")
    assert rest.get("ltm/profile/http/~T1~b")["insertXforwardedFor"] == "disabled"
    monitor = rest.post("ltm/monitor/gateway-icmp", name="m", partition="T1", interval=2)
    assert (monitor["defaultsFrom"], monitor["timeout"], monitor["interval"]) == (
        "/Common/gateway_icmp",
        16,
        2,
    )
    assert monitor["generation"] == 0
    assert "defaultsFrom" not in rest.get("ltm/monitor/http/http")


def test_what_is_built_in_exists_and_counts(rest):
    def names(path):
        return [item["name"] for item in rest.get(path)["items"]]

    assert len(names("ltm/profile/client-ssl")) == 6
    assert {"http", "http-explicit", "http-transparent"} == set(names("ltm/profile/http"))
    assert "fastL4" in names("ltm/profile/fastl4")
    assert names("ltm/persistence/cookie") == ["cookie"]
    assert names("ltm/persistence/source-addr") == ["source_addr"]
    assert names("ltm/monitor/tcp-half-open") == ["tcp_half_open"]
    assert names("net/tunnels/tunnel") == ["http-tunnel", "socks-tunnel"]
    assert names("net/route-domain") == ["0"]
    assert names("net/vlan") == []
    assert rest.get("ltm/profile/http/http")["defaultsFrom"] == "none"


def test_a_partition_makes_its_folder_and_a_folder_its_partition(rest):
    folder = rest.get("sys/folder/~T1")
    assert (folder["name"], folder["subPath"], folder["fullPath"]) == ("T1", "/", "/T1")
    assert "partition" not in folder
    rest.post("sys/folder", name="T2", subPath="/")
    assert rest.get("auth/partition/T2")["fullPath"] == "T2"
    rest.delete("sys/folder/~T2")
    assert rest.ask("GET", "auth/partition/T2").status == 404


def test_records_are_sorted_have_data_and_are_replaced_as_a_whole(rest):
    records = [{"name": "b", "data": "2"}, {"name": "a"}]
    group = rest.post("ltm/data-group/internal", name="g", partition="T1", records=records)
    assert group["records"] == [{"name": "a", "data": ""}, {"name": "b", "data": "2"}]
    group = rest.patch("ltm/data-group/internal/~T1~g", records=[{"name": "c"}])
    assert group["records"] == [{"name": "c", "data": ""}]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("http", "/Common/http"),
        ("/Common/http and tcp", "/Common/http and /Common/tcp"),
        ("min 1 of { /Common/http /Common/tcp }", "min 1 of { /Common/http /Common/tcp }"),
        ("min 1 of /Common/http /Common/tcp", "min 1 of { /Common/http /Common/tcp }"),
    ],
)
def test_monitors_of_a_pool_read_as_full_paths(rest, written, read):
    assert rest.post("ltm/pool", name="p", partition="T1", monitor=written)["monitor"] == read
    answer = rest.ask("DELETE", "ltm/monitor/http/http")
    assert answer.status == 400


@pytest.mark.parametrize(
    ("write", "unmonitored", "monitored"),
    [
        ({}, ("user-enabled", "unchecked"), ("monitor-enabled", "up")),
        (
            {"session": "user-disabled", "state": "user-up"},
            ("user-disabled", "unchecked"),
            ("user-disabled", "up"),
        ),
        (
            {"session": "user-disabled", "state": "user-down"},
            ("user-disabled", "user-down"),
            ("user-disabled", "user-down"),
        ),
    ],
)
def test_what_an_administrator_asks_and_what_is_found_read_apart(
    web, write, unmonitored, monitored
):
    member = "ltm/pool/~T1~p/members/~T1~10.0.0.1:80"
    if write:
        web.patch(member, **write)
    read = web.get(member)
    assert (read["session"], read["state"]) == monitored
    web.patch("ltm/pool/~T1~p", monitor="none")
    read = web.get(member)
    assert (read["session"], read["state"]) == unmonitored


def test_generations_rise_with_the_object_and_what_is_inside_it(web):
    pool = web.get("ltm/pool/~T1~p")["generation"]
    other = web.get("ltm/virtual/~T1~v")["generation"]
    web.patch("ltm/pool/~T1~p/members/~T1~10.0.0.1:80", ratio=2)
    assert web.get("ltm/pool/~T1~p")["generation"] > pool
    assert web.get("ltm/virtual/~T1~v")["generation"] == other


def test_persistence_reads_as_a_list_of_names(web):
    virtual = web.patch("ltm/virtual/~T1~v", persist="cookie", fallbackPersistence="source_addr")
    (entry,) = virtual["persist"]
    link = "https://localhost/mgmt/tm/ltm/persistence/cookie/~Common~cookie?ver=15.1.8"
    assert entry.pop("nameReference") == {"link": link}
    assert entry == {"name": "cookie", "partition": "Common", "tmDefault": "yes"}
    assert virtual["fallbackPersistence"] == "/Common/source_addr"
    assert "fallbackPersistenceReference" in virtual
    assert "persist" not in web.patch("ltm/virtual/~T1~v", persist=[])


def test_a_collection_filters_selects_expands_and_pages(web):
    web.post("ltm/pool", name="q", partition="Common")
    only = web.get("ltm/pool?$filter=partition+eq+T1&$select=name,monitor")["items"]
    assert only == [{"name": "p", "monitor": "/T1/m"}]
    expanded = web.get("ltm/pool?expandSubcollections=true")["items"]
    assert [len(p["membersReference"].get("items", [])) for p in expanded] == [0, 2]
    assert "items" not in expanded[0]["membersReference"]
    first = web.get("ltm/pool?$top=1&$skip=0")
    assert (first["totalItems"], first["totalPages"], first["pageIndex"]) == (2, 2, 1)
    assert "%24top=1&%24skip=1" in first["nextLink"]
    last = web.get("ltm/pool?$top=1&$skip=1")
    assert "nextLink" not in last
    assert [i["name"] for i in first["items"] + last["items"]] == ["q", "p"]


@pytest.mark.parametrize(("version", "lists"), [("13.1.0.2", False), ("14.1.2.1", True)])
def test_an_empty_collection_has_items_from_14_on(new_rest, version, lists):
    collection = new_rest(version).get("ltm/virtual")
    assert ("items" in collection) is lists
    assert collection["selfLink"].endswith(f"?ver={version}")


def test_a_bare_name_in_a_uri_means_common(rest):
    assert rest.get("ltm/monitor/http/http")["fullPath"] == "/Common/http"
    assert rest.ask("GET", "ltm/monitor/tcp/http").status == 404
