"""VLANs, route domains, self IPs, routes, tunnels, FDB (iControl REST reference, section 3.2)."""

import pytest


@pytest.fixture
def net(rest):
    """A VLAN in a route domain of its own, and a self IP on it."""
    rest.post("net/vlan", name="v", partition="T1", tag=100, interfaces=[{"name": "1.1"}])
    rest.post("net/route-domain", name="rd10", partition="T1", id=10, vlans=["/T1/v"])
    rest.post("net/self", name="s", partition="T1", address="10.1.0.2%10/24", vlan="/T1/v")
    return rest


def vlans_of(rest, domain):
    return rest.get(f"net/route-domain/{domain}").get("vlans", [])


def test_a_vlan_without_tag_takes_the_highest_free_one(rest):
    assert rest.post("net/vlan", name="a", tag=4094)["tag"] == 4094
    assert rest.post("net/vlan", name="b")["tag"] == 4093
    assert rest.post("net/vlan", name="c", tag=4092)["tag"] == 4092
    assert rest.post("net/vlan", name="d")["tag"] == 4091
    assert rest.ask("POST", "net/vlan", {"name": "e", "tag": 4091}).status == 400
    assert rest.ask("POST", "net/vlan", {"name": "e", "tag": 4095}).status == 400
    assert rest.patch("net/vlan/~Common~b", mtu=9000)["tag"] == 4093


def test_interfaces_of_a_vlan_are_tagged_or_untagged(rest):
    interfaces = [{"name": "1.1", "tagged": True}, {"name": "1.2"}]
    rest.post("net/vlan", name="v", interfaces=interfaces)
    first, second = rest.get("net/vlan/~Common~v/interfaces")["items"]
    assert first["kind"] == "tm:net:vlan:interfaces:interfacesstate"
    assert (first["fullPath"], first["tagMode"], first["tagged"]) == ("1.1", "none", True)
    assert second["untagged"] is True
    assert "untagged" not in first
    assert "tagged" not in second
    path = "net/vlan/~Common~v/interfaces"
    both = {"name": "1.3", "tagged": True, "untagged": True}
    assert rest.ask("POST", path, both).status == 400
    assert rest.ask("POST", path, {"name": "9.9"}).status == 404
    assert rest.get("net/vlan/~Common~v/interfaces/1.1")["name"] == "1.1"
    rest.delete("net/vlan/~Common~v/interfaces/1.1")


def test_a_vlan_joins_its_partitions_domain_and_leaves_with_itself(rest):
    rest.post("net/vlan", name="v")
    assert "/Common/v" in vlans_of(rest, "0")
    rest.delete("net/vlan/v")
    assert vlans_of(rest, "0") == ["/Common/http-tunnel", "/Common/socks-tunnel"]
    rest.post("net/route-domain", name="rd10", id=10)
    rest.patch("auth/partition/T1", defaultRouteDomain=10)
    rest.post("net/vlan", name="v", partition="T1")
    rest.post("net/tunnels/tunnel", name="t", partition="T1", profile="/Common/gre")
    assert vlans_of(rest, "~Common~rd10") == ["/T1/v", "/T1/t"]


def test_a_vlan_is_in_one_domain_only(net):
    assert vlans_of(net, "~T1~rd10") == ["/T1/v"]
    assert "/T1/v" not in vlans_of(net, "0")
    links = net.get("net/route-domain/~T1~rd10")["vlansReference"]
    assert links == [{"link": "https://localhost/mgmt/tm/net/vlan/~T1~v?ver=15.1.8"}]
    net.delete("net/self/~T1~s")
    net.patch("net/route-domain/~T1~rd10", vlans=[])
    assert "/T1/v" in vlans_of(net, "0")


def test_route_domains_have_one_number_each(net):
    answer = net.ask("POST", "net/route-domain", {"name": "other", "id": 10})
    assert answer.status == 400
    assert net.ask("PATCH", "net/route-domain/~T1~rd10", {"id": 11}).status == 400
    assert net.post("net/route-domain", name="12")["id"] == 12
    assert net.ask("DELETE", "net/route-domain/0").status == 400


@pytest.mark.parametrize(("version", "read"), [("13.1.3", 0), ("14.1.2", "infinite")])
def test_throughput_of_a_domain_reads_by_version(new_rest, version, read):
    assert new_rest(version).get("net/route-domain/0")["throughputCapacity"] == read


def test_a_domain_in_use_stays(net):
    assert net.ask("DELETE", "net/route-domain/~T1~rd10").status == 400
    net.delete("net/self/~T1~s")
    answer = net.ask("DELETE", "net/route-domain/~T1~rd10")
    assert "VLAN (/T1/v)" in answer.message
    net.delete("net/vlan/~T1~v")
    net.post("ltm/node", name="n", partition="T1", address="10.9.0.1%10")
    assert "Node (/T1/n)" in net.ask("DELETE", "net/route-domain/~T1~rd10").message
    net.delete("ltm/node/~T1~n")
    net.patch("auth/partition/T1", defaultRouteDomain=10)
    assert "partition (T1)" in net.ask("DELETE", "net/route-domain/~T1~rd10").message
    net.patch("auth/partition/T1", defaultRouteDomain=0)
    net.delete("net/route-domain/~T1~rd10")
    assert net.ask("POST", "ltm/node", {"name": "m", "address": "10.9.0.1%10"}).status == 404


def test_addresses_are_the_same_or_not_by_their_domain(net):
    net.post("ltm/node", name="a", partition="T1", address="10.9.0.1")
    net.post("ltm/node", name="b", partition="T1", address="10.9.0.1%10")
    body = {"name": "c", "partition": "T1", "address": "10.9.0.1%0"}
    answer = net.ask("POST", "ltm/node", body)
    assert answer.message == "0107176c:3: Invalid Node, the IP address 10.9.0.1 already exists."
    for name, where in (("v", ""), ("w", "%10")):
        net.post("ltm/virtual", name=name, partition="T1", destination=f"10.8.0.1{where}:80")
    names = [item["name"] for item in net.get("ltm/virtual-address")["items"]]
    assert names == ["10.8.0.1", "10.8.0.1%10"]


def test_addresses_of_a_partition_are_in_its_default_domain(net):
    net.patch("auth/partition/T1", defaultRouteDomain=10)
    assert (
        net.post("ltm/node", name="a", partition="T1", address="10.9.0.1")["address"] == "10.9.0.1"
    )
    body = {"name": "b", "partition": "T1", "address": "10.9.0.1%10"}
    assert net.ask("POST", "ltm/node", body).status == 400
    net.post("net/self", name="s2", partition="T1", address="10.1.0.3/24", vlan="/T1/v")


def test_a_self_ip_reads_with_its_group_and_services(net):
    read = net.get("net/self/~T1~s")
    assert (read["address"], read["vlan"], read["floating"], read["unit"]) == (
        *("10.1.0.2%10/24", "/T1/v"),
        *("disabled", 0),
    )
    assert "allowService" not in read
    assert read["trafficGroupReference"]["link"].endswith("~traffic-group-local-only?ver=15.1.8")
    read = net.patch("net/self/~T1~s", trafficGroup="/Common/traffic-group-1")
    assert (read["floating"], read["unit"]) == ("enabled", 1)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("all", "all"),
        ("default", ["default"]),
        (["tcp:443", "udp:53", "gre:0"], ["tcp:443", "udp:53", "gre:0"]),
        ("none", None),
        ([], None),
    ],
)
def test_services_of_a_self_ip(net, written, read):
    net.patch("net/self/~T1~s", allowService=["default"])
    assert net.patch("net/self/~T1~s", allowService=written).get("allowService") == read


def test_a_self_ip_is_in_the_domain_of_its_vlan(net):
    body = {"name": "x", "partition": "T1", "vlan": "/T1/v"}
    answer = net.ask("POST", "net/self", {**body, "address": "10.2.0.2/24"})
    assert answer.status == 400
    assert "must be one of the vlans in the associated route domain (/Common/0)" in answer.message
    answer = net.ask("PATCH", "net/route-domain/~T1~rd10", {"vlans": []})
    assert "must be one of the vlans" in answer.message
    answer = net.ask("POST", "net/self", {**body, "address": "10.1.0.2%10/24"})
    assert answer.status == 400  # the address is taken
    assert net.ask("POST", "net/self", {**body, "address": "10.1.0.9%10"}).status == 400
    assert "self IP (/T1/s)" in net.ask("DELETE", "net/vlan/~T1~v").message


def test_a_route_leads_one_way_and_its_gateway_is_connected(net):
    route = {"name": "r", "partition": "T1", "network": "10.7.0.0%10/16"}
    read = net.post("net/route", **route, gw="10.1.0.1%10")
    assert (read["network"], read["gw"], read["mtu"]) == ("10.7.0.0%10/16", "10.1.0.1%10", 0)
    other = {"name": "d", "partition": "T1", "network": "default%10"}
    answer = net.ask("POST", "net/route", {**other, "gw": "10.99.0.1%10"})
    assert answer.message == (
        "01070330:3: Static route gateway 10.99.0.1%10 is not directly connected via an interface."
    )
    two = {**other, "gw": "10.1.0.1%10", "blackhole": True}
    assert net.ask("POST", "net/route", two).status == 400
    assert net.ask("POST", "net/route", other).status == 400
    assert net.post("net/route", **other, blackhole=True)["blackhole"] is True
    assert net.ask("PATCH", "net/route/~T1~r", {"network": "10.8.0.0%10/16"}).status == 400
    assert net.ask("DELETE", "net/self/~T1~s").message.startswith("01070330:3: ")
    moved = {"address": "10.77.0.2%10/24"}
    assert net.ask("PATCH", "net/self/~T1~s", moved).message.startswith("01070330:3: ")
    net.delete("net/route/~T1~r")
    net.patch("net/self/~T1~s", **moved)
    net.delete("net/self/~T1~s")


def test_a_route_to_everything_reads_as_default(rest):
    route = {"tmInterface": "/Common/http-tunnel"}
    assert rest.post("net/route", name="r", network="0.0.0.0/0", **route)["network"] == "default"
    read = rest.post("net/route", name="r6", network="::/0", **route)
    assert read["network"] == "default-inet6"
    link = "https://localhost/mgmt/tm/net/tunnels/tunnel/~Common~http-tunnel?ver=15.1.8"
    assert read["tmInterfaceReference"] == {"link": link}


def test_tunnels_bring_their_fdb_and_take_it_along(rest):
    rest.post("net/tunnels/vxlan", name="vx", partition="T1", port=4790, floodingType="none")
    read = rest.post(
        "net/tunnels/tunnel", name="t", partition="T1", profile="/T1/vx", key=1001,
        localAddress="10.0.0.5",
    )  # fmt: skip
    assert (read["key"], read["remoteAddress"], read["idleTimeout"]) == (1001, "any6", 300)
    link = "https://localhost/mgmt/tm/net/tunnels/vxlan/~T1~vx?ver=15.1.8"
    assert read["profileReference"] == {"link": link}
    records = [
        {"name": "fa:16:3e:00:00:01", "endpoint": "10.0.0.9%0"},
        {"name": "fa:16:3e:00:00:02", "endpoint": "10.0.0.8"},
    ]
    rest.patch("net/fdb/tunnel/~T1~t", records=records)
    first, _ = rest.get("net/fdb/tunnel/~T1~t/records")["items"]
    assert (first["fullPath"], first["endpoint"]) == ("fa:16:3e:00:00:01", "10.0.0.9%0")
    rest.patch("net/fdb/tunnel/~T1~t", records=records[1:])
    assert len(rest.get("net/fdb/tunnel/~T1~t/records")["items"]) == 1
    assert rest.ask("POST", "net/fdb/tunnel", {"name": "x"}).status == 400
    assert rest.ask("DELETE", "net/fdb/tunnel/~T1~t").status == 400
    answer = rest.ask("DELETE", "net/tunnels/vxlan/~T1~vx")
    assert "in use by a tunnel (/T1/t)" in answer.message
    rest.delete("net/tunnels/tunnel/~T1~t")
    assert rest.ask("GET", "net/fdb/tunnel/~T1~t").status == 404
    rest.delete("net/tunnels/vxlan/~T1~vx")
    rest.delete("auth/partition/T1")


def test_a_vlans_fdb_has_records_with_interfaces(rest):
    rest.post("net/vlan", name="v", interfaces=["1.1"])
    rest.patch("net/fdb/vlan/v", records=[{"name": "fa:16:3e:00:00:01", "interface": "1.1"}])
    (record,) = rest.get("net/fdb/vlan/v/records")["items"]
    assert record["interface"] == "1.1"


def test_a_tunnel_needs_a_profile_that_is_there(rest):
    assert rest.ask("POST", "net/tunnels/tunnel", {"name": "t"}).status == 400
    answer = rest.ask("POST", "net/tunnels/tunnel", {"name": "t", "profile": "/Common/no"})
    assert answer.status == 404
    names = [item["name"] for item in rest.get("net/tunnels/vxlan")["items"]]
    assert names == [
        *("vxlan", "vxlan-gpe", "vxlan-multipoint", "vxlan-ovsdb"),
        *("vxlan-ovsdb-multipoint", "vxlan-ovsdb-no-flooding"),
    ]


@pytest.mark.parametrize(("kind", "address"), [("arp", "10.0.0.9"), ("ndp", "2001:db8::9")])
def test_neighbours_keep_their_address(rest, kind, address):
    body = {"name": "n", "ipAddress": address, "macAddress": "fa:16:3e:00:00:01"}
    assert rest.post(f"net/{kind}", **body)["ipAddress"] == address
    answer = rest.ask("PATCH", f"net/{kind}/n", {"ipAddress": f"{address}9"})
    assert answer.status == 400
    assert rest.patch(f"net/{kind}/n", macAddress="fa:16:3e:00:00:02")["macAddress"][-2:] == "02"
    assert rest.ask("POST", f"net/{kind}", {**body, "name": "m"}).status == 400
    assert rest.ask("POST", f"net/{kind}", {"name": "10.0.0.7"}).status == 400


def test_interfaces_are_there_and_trunks_are_made_of_them(rest):
    names = [item["name"] for item in rest.get("net/interface")["items"]]
    assert names == ["1.1", "1.2", "1.3", "mgmt"]
    assert rest.patch("net/interface/1.1", disabled=True)["disabled"] is True
    assert rest.ask("POST", "net/interface", {"name": "1.4"}).status == 400
    trunk = rest.post("net/trunk", name="lag", interfaces=["1.2", "1.3"], lacp="enabled")
    assert (trunk["fullPath"], trunk["interfaces"]) == ("lag", ["1.2", "1.3"])
    rest.post("net/vlan", name="v", interfaces=[{"name": "lag", "tagged": True}])
    assert "VLAN" in rest.ask("DELETE", "net/trunk/lag").message
