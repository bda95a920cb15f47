"""Types that load balancing itself does without, and automation of whole devices does not."""

import pytest

from bigip_sim.catalogue import KINDS

MONITORS = (  # all types of TMOS up to 16.1; f5-sdk, f5-ansible and F5's Go client write them
    *("diameter", "dns", "external", "firepass", "ftp", "gateway-icmp", "http", "http2", "https"),
    *("icmp", "imap", "inband", "ldap", "module-score", "mqtt", "mssql", "mysql", "nntp", "none"),
    *("oracle", "pop3", "postgresql", "radius", "radius-accounting", "real-server", "rpc", "sasp"),
    *("scripted", "sip", "smb", "smtp", "snmp-dca", "snmp-dca-base", "soap", "tcp", "tcp-echo"),
    *("tcp-half-open", "udp", "virtual-location", "wap", "wmi"),
)


@pytest.mark.parametrize("leaf", MONITORS)
def test_a_monitor_of_every_type_watches_a_pool(rest, leaf):
    rest.post(f"ltm/monitor/{leaf}", name="m", partition="T1", description="d")
    pool = rest.post("ltm/pool", name="p", partition="T1", monitor="/T1/m")
    assert pool["monitor"] == "/T1/m"
    assert rest.ask("DELETE", f"ltm/monitor/{leaf}/~T1~m").status == 400


def test_no_type_is_both_simulated_and_empty():
    unsimulated = [path for path, kind in KINDS.items() if not kind.simulated]
    assert all(not KINDS[path].root for path in unsimulated)
    assert {f"ltm/profile/{leaf}" for leaf in ("diameter", "sip", "dhcpv4", "dhcpv6")}.isdisjoint(
        unsimulated
    )


def test_a_cipher_group_names_rules_that_stay(rest):
    rest.post("ltm/cipher/rule", name="r", partition="T1", cipher="ECDHE")
    group = rest.post("ltm/cipher/group", name="g", partition="T1", allow=["r", "/Common/f5-aes"])
    link = "https://localhost/mgmt/tm/ltm/cipher/rule/~T1~r?ver="
    assert group["allow"][0]["nameReference"]["link"].startswith(link)
    assert [entry["name"] for entry in group["allow"]] == ["r", "f5-aes"]
    assert rest.ask("DELETE", "ltm/cipher/rule/~T1~r").status == 400
    made = rest.post("ltm/profile/client-ssl", name="c", partition="T1", cipherGroup="g")
    assert made["cipherGroup"] == "/T1/g"
    assert made["cipherGroupReference"]["link"].partition("?")[0].endswith("cipher/group/~T1~g")
    assert rest.ask("DELETE", "ltm/cipher/group/~T1~g").status == 400
    assert rest.ask("POST", "ltm/cipher/rule", {"name": "s", "partition": "T1"}).status == 400


def test_a_group_of_things_to_score_names_pools(rest):
    rest.post("ltm/pool", name="p", partition="T1")
    pools = [{"name": "/T1/p", "weight": 20, "attribute": "percent-up-members"}]
    made = rest.post("sys/ha-group", name="ha", activeBonus=12, enabled=True, pools=pools)
    assert (made["pools"], made["activeBonus"]) == (pools, 12)
    assert rest.patch("sys/ha-group/ha", disabled=True)["disabled"] is True
    assert rest.ask("DELETE", "ltm/pool/~T1~p").status == 400
    wrong = [{"name": "/T1/none", "weight": 20}]
    assert rest.ask("PATCH", "sys/ha-group/ha", {"pools": wrong}).status >= 400


def test_a_management_port_destination_is_kept_as_it_is_written(rest):
    path = "sys/log-config/destination/management-port"
    made = rest.post(path, name="d", ipAddress="10.0.0.1", port=514, protocolVersion="ipfix")
    assert made["protocolVersion"] == "ipfix"
