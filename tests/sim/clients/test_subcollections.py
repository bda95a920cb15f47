"""Subcollections as the clients use them: members, profiles, policies, interfaces, records."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bigrest.bigip import BIGIP
from f5.bigip import ManagementRoot
from icontrol.exceptions import iControlUnexpectedHTTPError

Made = Callable[..., Any]


@pytest.fixture
def pool(root: ManagementRoot) -> Iterator[Any]:
    made = root.tm.ltm.pools.pool.create(name="subs", partition="T1")
    yield made
    made.delete()
    for node in root.tm.ltm.nodes.get_collection():
        node.delete()


@pytest.fixture
def virtual(root: ManagementRoot) -> Iterator[Any]:
    made = root.tm.ltm.virtuals.virtual.create(
        name="subs",
        partition="T1",
        destination="/T1/10.40.0.1:80",
        ipProtocol="tcp",
        profiles=[{"name": "/Common/tcp"}],
    )
    yield made
    made.delete()


def test_sdk_members_come_and_go(pool: Any) -> None:
    for host in ("10.40.1.1", "10.40.1.2"):
        made = pool.members_s.members.create(name=f"{host}:80", partition="T1")
        assert made.address == host
    assert pool.members_s.members.exists(name="10.40.1.1:80", partition="T1")
    assert not pool.members_s.members.exists(name="10.40.1.3:80", partition="T1")
    first, second = pool.members_s.get_collection()
    assert first.selfLink.partition("?")[0] == (
        "https://localhost/mgmt/tm/ltm/pool/~T1~subs/members/~T1~10.40.1.1:80"
    )
    first.delete()
    assert [member.name for member in pool.members_s.get_collection()] == [second.name]


def test_sdk_members_are_disabled_and_forced_down(pool: Any) -> None:
    member = pool.members_s.members.create(name="10.40.1.1:80", partition="T1")
    assert (member.session, member.state) == ("user-enabled", "unchecked")
    member.update(description="the whole is sent back", state=None)
    assert member.description == "the whole is sent back"
    member.modify(session="user-disabled", state="user-down")
    again = pool.members_s.members.load(name="10.40.1.1:80", partition="T1")
    assert (again.session, again.state) == ("user-disabled", "user-down")
    again.modify(session="user-enabled", state="user-up")
    member.refresh()
    assert (member.session, member.state) == ("user-enabled", "unchecked")


def test_sdk_strips_the_braces_of_a_monitor_expression(pool: Any) -> None:
    pool.monitor = "min 1 of { /Common/http /Common/tcp }"
    pool.update()
    pool.refresh()
    assert pool.monitor == "min 1 of { /Common/http /Common/tcp }"


def test_sdk_expands_members_in_one_request(root: ManagementRoot, pool: Any) -> None:
    pool.members_s.members.create(name="10.40.1.1:80", partition="T1")
    parameters = {"params": {"expandSubcollections": "true", "$filter": "partition eq T1"}}
    (read,) = root.tm.ltm.pools.get_collection(requests_params=parameters)
    assert [member["name"] for member in read.membersReference["items"]] == ["10.40.1.1:80"]


def test_sdk_a_member_with_a_node_of_another_name(root: ManagementRoot, pool: Any) -> None:
    pool.members_s.members.create(name="web1:80", partition="T1", address="10.40.1.7")
    assert root.tm.ltm.nodes.node.load(name="web1", partition="T1").address == "10.40.1.7"


def test_sdk_nodes_keep_their_state_when_it_cannot_be_written(root: ManagementRoot) -> None:
    node = root.tm.ltm.nodes.node.create(name="n1", partition="T1", address="10.40.1.9")
    node.state = "down"  # f5-sdk leaves out what is none of user-up and user-down
    node.update()
    assert node.state == "unchecked"
    node.update(state="user-down", session="user-disabled")
    again = root.tm.ltm.nodes.node.load(name="n1", partition="T1")
    assert (again.state, again.session) == ("user-down", "user-disabled")
    assert again.generation == node.generation
    node.delete()


def test_sdk_profiles_of_a_virtual_server(virtual: Any) -> None:
    made = virtual.profiles_s.profiles.create(name="http", partition="Common")
    assert made.context == "all"
    assert virtual.profiles_s.profiles.exists(name="http", partition="Common")
    names = {profile.name for profile in virtual.profiles_s.get_collection()}
    assert names == {"http", "tcp"}
    virtual.profiles_s.profiles.create(name="clientssl", partition="Common")
    loaded = virtual.profiles_s.profiles.load(name="clientssl", partition="Common")
    assert loaded.context == "clientside"
    with pytest.raises(iControlUnexpectedHTTPError, match=r"profile \(/Common/none_such\) was not"):
        virtual.profiles_s.profiles.create(name="none_such", partition="Common")
    loaded.delete()
    assert not virtual.profiles_s.profiles.exists(name="clientssl", partition="Common")


def test_sdk_an_http_profile_on_a_virtual_server_of_defaults(root: ManagementRoot) -> None:
    """A virtual server of a name alone takes one, as f5-sdk's own tests have it of devices."""
    made = root.tm.ltm.virtuals.virtual.create(name="bare", partition="T1")
    assert made.destination.endswith("/0.0.0.0:0")
    profile = made.profiles_s.profiles.create(name="http", partition="Common")
    assert "~T1~bare/profiles/~Common~http?ver=" in profile.selfLink
    made.delete()


def test_sdk_policies_of_a_virtual_server(root: ManagementRoot, virtual: Any) -> None:
    virtual.profiles_s.profiles.create(name="http", partition="Common")
    policy = root.tm.ltm.policys.policy.create(
        name="attached", partition="T1", strategy="first-match", legacy=True
    )
    policy.rules_s.rules.create(name="r1")
    made = virtual.policies_s.policies.create(name="attached", partition="T1")
    assert [found.name for found in virtual.policies_s.get_collection()] == [policy.name]
    assert virtual.policies_s.policies.load(name="attached", partition="T1").name == made.name
    made.delete()
    assert not virtual.policies_s.policies.exists(name="attached", partition="T1")
    policy.delete()


def test_sdk_interfaces_of_a_vlan(root: ManagementRoot) -> None:
    vlan = root.tm.net.vlans.vlan.create(name="v40", partition="T1", tag=1240)
    made = vlan.interfaces_s.interfaces.create(name="1.1")
    loaded = vlan.interfaces_s.interfaces.load(name="1.1")
    assert loaded.generation == made.generation
    loaded.update(untagged=True)
    assert loaded.untagged is True
    assert not hasattr(loaded, "tagged")
    loaded.tagged = True
    loaded.tagMode = "service"
    loaded.update()
    assert loaded.tagged is True
    assert not hasattr(loaded, "untagged")
    with pytest.raises(iControlUnexpectedHTTPError, match="may not be specified with"):
        loaded.update(tagged=True, untagged=True, tagMode="service")
    (only,) = vlan.interfaces_s.get_collection()
    only.delete()
    assert vlan.interfaces_s.get_collection() == []
    vlan.delete()


def test_sdk_records_of_a_tunnel(root: ManagementRoot) -> None:
    tunnel = root.tm.net.tunnels.tunnels.tunnel.create(
        name="t40", partition="T1", profile="/Common/vxlan", key=1240, localAddress="10.40.2.1"
    )
    fdb = root.tm.net.fdb.tunnels.tunnel
    assert fdb.exists(name="t40", partition="T1")
    records = [{"name": f"fa:16:3e:00:00:0{n}", "endpoint": f"10.40.2.{n}"} for n in (2, 3)]
    loaded = fdb.load(name="t40", partition="T1")
    loaded.modify(records=records)
    loaded.records_s.records.create(name="fa:16:3e:00:00:04", endpoint="10.40.2.4")
    assert loaded.records_s.records.exists(name="fa:16:3e:00:00:02")
    names = [record.name for record in loaded.records_s.get_collection()]
    assert names == [f"fa:16:3e:00:00:0{n}" for n in (2, 3, 4)]
    loaded.modify(records=records[:1])  # how the list gets shorter
    assert len(loaded.records_s.get_collection()) == 1
    tunnel.delete()
    assert not fdb.exists(name="t40", partition="T1")


def test_bigrest_walks_subcollections_by_their_paths(bigip: BIGIP) -> None:
    pools, one = "/mgmt/tm/ltm/pool", "/mgmt/tm/ltm/pool/~T1~walked"
    bigip.create(pools, {"name": "/T1/walked"})
    made = bigip.create(f"{one}/members", {"name": "/T1/10.41.0.1:80"})
    assert made.properties["fullPath"] == "/T1/10.41.0.1:80"
    member = f"{one}/members/~T1~10.41.0.1:80"
    disabled = bigip.modify(member, {"session": "user-disabled"})
    assert disabled.properties["session"] == "user-disabled"
    assert bigip.exist(member)
    assert [found.properties["name"] for found in bigip.load(f"{one}/members")] == ["10.41.0.1:80"]
    bigip.delete(member)
    assert not bigip.exist(member)
    bigip.delete(one)
    bigip.delete("/mgmt/tm/ltm/node/~T1~10.41.0.1")


def test_bigrest_turns_a_virtual_server_off_and_on(bigip: BIGIP) -> None:
    path = "/mgmt/tm/ltm/virtual/~T1~walked"
    bigip.create("/mgmt/tm/ltm/virtual", {"name": "/T1/walked", "destination": "10.41.0.2%0:80"})
    read = bigip.load(path)
    assert read.properties["destination"] in {"/T1/10.41.0.2:80", "/T1/10.41.0.2%0:80"}
    read.properties["disabled"] = True
    read.properties.pop("enabled")
    assert bigip.modify(path, {"disabled": True}).properties["disabled"] is True
    assert bigip.modify(path, {"enabled": True}).properties["enabled"] is True
    bigip.delete(path)
