"""The device's own settings: what there is once, and the small objects beside it."""

import pytest

from bigip_sim.catalogue import KINDS

ONCE = sorted(path for path, kind in KINDS.items() if kind.single)


@pytest.mark.parametrize("path", ONCE)
def test_what_there_is_once_has_no_name_and_is_neither_made_nor_deleted(rest, path):
    body = rest.get(path)
    leaf = path.rpartition("/")[2]
    assert body["kind"] == f"tm:{path.replace('/', ':')}:{leaf}state"
    assert body["selfLink"].startswith(f"https://localhost/mgmt/tm/{path}?ver=")
    assert not {"name", "fullPath", "generation"} & body.keys()
    assert rest.ask("POST", path, {"name": "x"}).status in {404, 405}
    assert rest.ask("DELETE", path).status == 400
    assert rest.ask("PATCH", path, {"nonsense": 1}).status == 400


def test_a_fresh_device_says_what_was_recorded(rest):
    assert rest.get("auth/source")["type"] == "local"
    assert rest.get("sys/sshd")["allow"] == ["ALL"]
    assert rest.get("sys/httpd")["authPamIdleTimeout"] == 1200
    assert rest.get("sys/syslog")["messagesTo"] == "warning"
    ntp = rest.get("sys/ntp")
    assert "servers" not in ntp
    restrict = "https://localhost/mgmt/tm/sys/ntp/restrict?ver=15.1.8"
    assert ntp["restrictReference"] == {"link": restrict, "isSubcollection": True}
    assert rest.get("auth/remote-user")["defaultPartitionReference"]["link"].endswith(
        "all?ver=15.1.8"
    )


def test_settings_change_fall_back_survive_a_transaction_and_are_saved(rest):
    assert rest.patch("sys/ntp", servers=["a", "b"], timezone="UTC")["servers"] == ["a", "b"]
    assert rest.ask("PUT", "sys/ntp", {"servers": ["c"]}).body["timezone"] == "America/Los_Angeles"
    transaction = rest.begin()
    rest.queue(transaction, "PATCH", "sys/dns", nameServers=["10.0.0.1"])
    assert "nameServers" not in rest.get("sys/dns")
    assert rest.commit(transaction).status == 200
    assert rest.get("sys/dns")["nameServers"] == ["10.0.0.1"]
    rest.post("sys/config", command="save")
    rest.patch("sys/dns", nameServers=[])
    rest.post("sys/config", command="load")
    assert rest.get("sys/dns")["nameServers"] == ["10.0.0.1"]
    rest.post("sys/config", command="load", name="default")
    assert "nameServers" not in rest.get("sys/dns")


def test_a_device_keeps_a_host_name(rest):
    path = "sys/global-settings"
    assert rest.get(path)["hostname"] == "bigip-1"
    assert rest.patch(path, hostname="other.example")["hostname"] == "other.example"
    assert rest.ask("PUT", path, {"guiSetup": "enabled"}).body["hostname"] == "other.example"


def test_snmp_has_communities_traps_and_users_whose_passwords_are_not_told(rest):
    (public,) = rest.get("sys/snmp/communities")["items"]
    assert (public["fullPath"], public["communityName"]) == ("/Common/comm-public", "public")
    expanded = rest.get("sys/snmp?expandSubcollections=true")
    assert expanded["communitiesReference"]["items"] == [public]
    trap = rest.post("sys/snmp/traps", name="t", community="c", host="10.0.0.9")
    assert (trap["fullPath"], trap["version"], trap["port"]) == ("/Common/t", "2c", 162)
    made = rest.post("sys/snmp/users", name="u", username="u", authPassword="secret")
    assert "secret" not in str(
        [made, rest.get("sys/snmp/users/~Common~u"), rest.device.journal.last(100)]
    )
    rest.delete("sys/snmp/communities/~Common~comm-public")
    assert rest.get("sys/snmp/communities")["items"] == []


def test_remote_servers_of_the_log_are_a_list_of_their_own(rest):
    server = {"name": "/Common/remote1", "host": "10.0.0.1"}
    told = rest.patch("sys/syslog", remoteServers=[server])["remoteServers"]
    assert told == [{**server, "localIp": "none", "remotePort": 514}]
    assert rest.ask("PATCH", "sys/syslog", {"remoteServers": ["x"]}).status == 400


def test_log_publishers_name_destinations_of_every_type_and_hold_them(rest):
    (first, *_) = rest.get("sys/log-config/publisher")["items"]
    assert first["destinations"][0]["nameReference"]["link"].endswith(
        "sys/log-config/destination/local-syslog/~Common~local-syslog?ver=15.1.8"
    )
    base = "sys/log-config/destination"
    rest.post("ltm/pool", name="logs")
    rest.post(f"{base}/remote-high-speed-log", name="fast", poolName="/Common/logs")
    rest.post(f"{base}/remote-syslog", name="far", remoteHighSpeedLog="/Common/fast")
    rest.post("sys/log-config/publisher", name="p", destinations=["/Common/far"])
    assert rest.ask("DELETE", f"{base}/remote-syslog/~Common~far").status == 400
    assert rest.ask("POST", f"{base}/splunk", {"name": "far"}).status in {400, 409}
    missing = {"name": "q", "destinations": ["/Common/none-such"]}
    assert rest.ask("POST", "sys/log-config/publisher", missing).status == 404


def test_management_addresses_are_named_by_address_and_prefix(rest):
    (first,) = rest.get("sys/management-ip")["items"]
    assert first["name"] == first["fullPath"] == "127.0.0.1/24"
    assert first["selfLink"].endswith("/sys/management-ip/127.0.0.1~24?ver=15.1.8")
    assert rest.get("sys/management-ip/127.0.0.1~24")["name"] == first["name"]
    rest.post("sys/management-ip", name="10.0.0.1/16")
    rest.delete("sys/management-ip/127.0.0.1~24")
    assert [i["name"] for i in rest.get("sys/management-ip")["items"]] == ["10.0.0.1/16"]
    assert rest.ask("POST", "sys/management-ip", {"name": "x"}).status == 400
    route = rest.post("sys/management-route", name="default", gateway="10.0.0.254")
    assert (route["fullPath"], route["network"], route["mtu"]) == ("/Common/default", "default", 0)


def test_remote_roles_and_servers_of_remote_accounts(rest):
    role = rest.post("auth/remote-role/role-info", name="ops", attribute="a=b", lineOrder=10)
    assert (role["fullPath"], role["role"]) == ("/Common/ops", "no-access")
    link = rest.get("auth/remote-role")["roleInfoReference"]["link"]
    assert link == "https://localhost/mgmt/tm/auth/remote-role/role-info?ver=15.1.8"
    rest.post("auth/radius-server", name="system_auth_name1", secret="x", server="10.0.0.1")
    told = rest.get("auth/radius-server/~Common~system_auth_name1")
    assert (told["port"], "secret" in told) == (1812, False)


def test_software_is_that_of_the_release(new_rest):
    rest = new_rest("14.1.2.1")
    (volume,) = rest.get("sys/software/volume")["items"]
    assert (volume["name"], volume["version"], volume["active"]) == ("HD1.1", "14.1.2.1", True)
    assert volume["media"][0]["nameReference"]["link"].endswith(
        "sys/software/volume/HD1.1?ver=14.1.2.1"
    )
    assert rest.get("sys/software/image")["items"] == []


def test_hardware_and_licence_have_the_recorded_keys(rest):
    hardware = rest.get("sys/hardware")["entries"]
    base = "https://localhost/mgmt/tm/sys"
    assert sorted(hardware) == [
        f"{base}/hardware/{part}"
        for part in ("chassis-info", "hardware-version", "platform", "system-info")
    ]
    licence = rest.get("sys/license")["entries"][f"{base}/license/0"]["nestedStats"]["entries"]
    assert licence["platformId"] == {"description": "Z100"}
    (module,) = licence[f"{base}/license/0/active-modules"]["nestedStats"]["entries"].values()
    assert module["nestedStats"]["entries"]["featureModules"]["description"].startswith("{ ")
