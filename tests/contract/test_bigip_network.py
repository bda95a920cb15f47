"""Networks of a BIG-IP: VLANs, route domains, self IPs, tunnels (reference, section 3.2)."""

import pytest
from bigip import Bigip

TAG, DOMAIN = 3987, 398  # used by nobody else, one hopes: a device has each once


@pytest.fixture
def vlan(bigip: Bigip) -> str:
    made = bigip.make("net/vlan", "v", tag=TAG)
    return str(made["fullPath"])


def test_a_vlan_shows_its_tag_and_its_interfaces_apart(bigip: Bigip, vlan: str) -> None:
    shown = bigip.get(f"net/vlan/{bigip.segment('v')}")
    assert (shown["kind"], shown["tag"]) == ("tm:net:vlan:vlanstate", TAG)
    assert shown["interfacesReference"]["isSubcollection"] is True
    assert bigip.get(f"net/vlan/{bigip.segment('v')}/interfaces").get("items", []) == []


def test_a_route_domain_takes_a_vlan_and_keeps_its_id(bigip: Bigip, vlan: str) -> None:
    made = bigip.make("net/route-domain", "rd", id=DOMAIN, vlans=[vlan])
    assert (made["id"], made["strict"], made["vlans"]) == (DOMAIN, "enabled", [vlan])
    bigip.patch(f"net/route-domain/{bigip.segment('rd')}", vlans=[])


def test_a_vlan_goes_only_after_the_self_ip_on_it(bigip: Bigip, vlan: str) -> None:
    bigip.make("net/route-domain", "rd", id=DOMAIN, vlans=[vlan])
    made = bigip.make("net/self", "s", address=f"10.34.7.1%{DOMAIN}/24", vlan=vlan)
    assert made["address"] == f"10.34.7.1%{DOMAIN}/24"
    assert "allowService" not in made
    refused = bigip.ask("DELETE", f"net/vlan/{bigip.segment('v')}")
    assert refused.status_code == 400
    assert vlan in refused.json()["message"]
    bigip.delete(f"net/self/{bigip.segment('s')}")
    bigip.patch(f"net/route-domain/{bigip.segment('rd')}", vlans=[])


def test_what_a_self_ip_allows_reads_as_it_was_written(bigip: Bigip, vlan: str) -> None:
    bigip.make("net/self", "s", address="10.34.8.1/24", vlan=vlan, allowService=["tcp:443"])
    path = f"net/self/{bigip.segment('s')}"
    assert bigip.get(path)["allowService"] == ["tcp:443"]
    assert bigip.patch(path, allowService="all")["allowService"] == "all"


def test_a_tunnel_has_a_forwarding_table_of_its_own(bigip: Bigip) -> None:
    profile = bigip.make(
        "net/tunnels/vxlan", "vx", floodingType="multipoint", defaultsFrom="/Common/vxlan"
    )
    assert profile["port"] == 4789
    tunnel = bigip.make(
        "net/tunnels/tunnel", "t", profile=bigip.full("vx"), key=1001, localAddress="10.34.9.1"
    )
    assert "/net/tunnels/vxlan/" in tunnel["profileReference"]["link"]
    table = f"net/fdb/tunnel/{bigip.segment('t')}"
    bigip.patch(table, records=[{"name": "fa:16:3e:00:00:01", "endpoint": "10.34.9.9"}])
    (record,) = bigip.get(f"{table}/records")["items"]
    assert record["name"] == record["fullPath"] == "fa:16:3e:00:00:01"
    bigip.patch(table, records=[])
    assert bigip.get(f"{table}/records").get("items", []) == []


def test_a_tunnel_profile_in_use_stays(bigip: Bigip) -> None:
    bigip.make("net/tunnels/gre", "g")
    bigip.make("net/tunnels/tunnel", "t", profile=bigip.full("g"), localAddress="10.34.9.1")
    assert bigip.ask("DELETE", f"net/tunnels/gre/{bigip.segment('g')}").status_code == 400


def test_snat_pools_bring_their_translations(bigip: Bigip) -> None:
    bigip.will_make("ltm/snat-translation", "10.34.10.1")
    made = bigip.make("ltm/snatpool", "sp", members=[bigip.full("10.34.10.1")])
    assert made["members"] == [bigip.full("10.34.10.1")]
    shown = bigip.get(f"ltm/snat-translation/{bigip.segment('10.34.10.1')}")
    assert shown["address"] == "10.34.10.1"
