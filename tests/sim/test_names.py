"""Nodes and pool members by name: what the device makes of the addresses that a name leads to."""

import shutil

import pytest
from programs import ask, free_port, member, running, wait_until

ALL = {"tmName": "www.example.com", "autopopulate": "enabled"}
FIRST = {"tmName": "www.example.com", "autopopulate": "disabled"}


@pytest.fixture
def named(rest):
    """A device whose resolver knows one name, which leads to two addresses."""
    know(rest, "10.0.0.1", "10.0.0.2")
    return rest


def know(rest, *addresses, name="www.example.com"):
    rest.device.hosts.tell({name: addresses})
    rest.device.look_names_up()


def names(rest, path):
    return [item["name"] for item in rest.get(path).get("items", [])]


def pool(rest, node=ALL, of_member=ALL):
    rest.post("ltm/node", name="w", partition="T1", fqdn=node, monitor="/Common/icmp")
    members = [{"name": "w:80", "fqdn": of_member, "ratio": 3}]
    rest.post("ltm/pool", name="p", partition="T1", members=members)


def test_each_address_is_a_node_and_a_member_that_is_like_the_one_by_name(named):
    pool(named)
    assert names(named, "ltm/node") == ["_auto_10.0.0.1", "_auto_10.0.0.2", "w"]
    member = named.get("ltm/pool/~T1~p/members/~T1~_auto_10.0.0.2:80")
    assert (member["ephemeral"], member["address"]) == ("true", "10.0.0.2")
    assert (member["ratio"], member["fqdn"]["tmName"]) == (3, "www.example.com")
    node = named.get("ltm/node/~T1~_auto_10.0.0.1")
    assert (node["ephemeral"], node["monitor"]) == ("true", "/Common/icmp")
    assert named.get("ltm/node/~T1~w")["state"] == "fqdn-up"
    assert named.get("ltm/pool/~T1~p/members/~T1~w:80")["state"] == "fqdn-up"
    named.patch("ltm/pool/~T1~p/members/~T1~w:80", ratio=5)
    assert named.get("ltm/pool/~T1~p/members/~T1~_auto_10.0.0.1:80")["ratio"] == 5


@pytest.mark.parametrize(
    ("node", "of_member", "nodes", "members"), [(ALL, FIRST, 2, 1), (FIRST, ALL, 1, 1)]
)
def test_only_what_populates_by_itself_takes_more_than_one_address(
    named, node, of_member, nodes, members
):
    pool(named, node, of_member)
    assert len(names(named, "ltm/node")) == nodes + 1
    assert len(names(named, "ltm/pool/~T1~p/members")) == members + 1


def test_they_come_and_go_with_the_addresses(named):
    pool(named)
    off = {"session": "user-disabled", "state": "user-up"}
    named.patch("ltm/pool/~T1~p/members/~T1~_auto_10.0.0.2:80", **off)
    know(named, "10.0.0.2", "10.0.0.3", "2001:db8::1")
    assert names(named, "ltm/pool/~T1~p/members") == [
        "_auto_10.0.0.2:80",
        "_auto_10.0.0.3:80",
        "w:80",
    ]
    kept = named.get("ltm/pool/~T1~p/members/~T1~_auto_10.0.0.2:80")
    assert kept["session"] == "user-disabled"
    know(named)
    assert names(named, "ltm/node") == ["w"]
    assert named.get("ltm/node/~T1~w")["state"] == "fqdn-down"
    assert named.get("ltm/pool/~T1~p/members/~T1~w:80")["state"] == "fqdn-down"


def test_an_address_of_the_other_family_is_taken_where_it_is_asked_for(named):
    know(named, "10.0.0.1", "2001:db8::1")
    pool(named, {**ALL, "addressFamily": "ipv6"})
    assert names(named, "ltm/pool/~T1~p/members") == ["_auto_2001:db8::1.80", "w:80"]


def test_they_go_with_what_they_come_of(named):
    pool(named)
    named.delete("ltm/pool/~T1~p/members/~T1~w:80")
    assert names(named, "ltm/pool/~T1~p/members") == []
    named.delete("ltm/pool/~T1~p")
    named.delete("ltm/node/~T1~w")
    assert names(named, "ltm/node") == []
    named.delete("auth/partition/T1")


def test_an_address_that_a_node_has_already_makes_no_other(named):
    named.post("ltm/node", name="n", partition="T1", address="10.0.0.1")
    pool(named)
    assert names(named, "ltm/node") == ["_auto_10.0.0.2", "n", "w"]


def test_without_names_the_resolver_is_waited_for(rest):
    pool(rest)
    assert rest.get("ltm/node/~T1~w")["state"] == "fqdn-checking"


@pytest.mark.dataplane
@pytest.mark.skipif(shutil.which("haproxy") is None, reason="there is no HAProxy")
def test_traffic_goes_where_the_name_leads(tmp_path):
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost www.example.com\n")
    port = free_port()
    with member("A") as number, running(tmp_path, "--hosts", str(hosts)) as device:
        device.post("auth/partition", name="T1")
        members = [{"name": f"w:{number}", "fqdn": ALL}]
        device.post("ltm/pool", name="p", partition="T1", members=members)
        device.post(
            "ltm/virtual", name="v", partition="T1", destination=f"/T1/127.3.9.1:{port}",
            ipProtocol="tcp", pool="/T1/p", profiles=["/Common/tcp"],
        )  # fmt: skip
        wait_until(lambda: ask("127.3.9.1", port) == "A", "the name's address is asked")
        assert device.health()["data_plane"]["problems"] == []
        hosts.write_text("127.0.0.9 www.example.com\n")
        device.tell("/names")
        wait_until(lambda: ask("127.3.9.1", port) == "", "nobody is there any more")
        answer = device.control.post("/names", json={"www.example.com": ["here"]})
        assert (answer.status_code, answer.json()) == (400, {"error": "'here' is no address"})
