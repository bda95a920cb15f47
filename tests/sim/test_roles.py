"""Accounts of `auth/user`: they log in, and may do what their roles say where they have them."""

import base64

import pytest

LOGIN = "/mgmt/shared/authn/login"
NODE = {"name": "10.0.0.9", "partition": "T1"}


def account(rest, role, partition="all-partitions", name="carol"):
    access = [{"name": partition, "role": role}]
    rest.post("auth/user", name=name, password="pw-of-carol", partitionAccess=access)
    return acting(name, "pw-of-carol")


def acting(name, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


@pytest.fixture
def home(web):
    web.post("auth/partition", name="T2")
    return web


def status(rest, who, method, path, **body):
    answer = rest.ask(method, path, body or None, who)
    return answer.status, answer.message if answer.status >= 400 else ""


def test_an_account_logs_in_with_its_password_or_a_token_until_it_is_gone(home):
    carol = account(home, "admin")
    assert home.ask("GET", "ltm/pool", headers=carol).status == 200
    wrong = acting("carol", "wrong")
    assert home.ask("GET", "ltm/pool", headers=wrong).reason == "F5 Authorization Required"
    login = {"username": "carol", "password": "pw-of-carol", "loginProviderName": "tmos"}
    token = home.ask("POST", LOGIN, login, {"Authorization": ""}).body["token"]
    assert token["userName"] == "carol"
    by_token = {"Authorization": "", "X-F5-Auth-Token": token["token"]}
    assert home.ask("POST", "ltm/node", NODE, by_token).status == 200
    home.delete("auth/user/carol")
    assert home.ask("GET", "ltm/pool", headers=carol).status == 401
    assert home.ask("GET", "ltm/pool", headers=by_token).status == 401


def test_a_guest_reads_and_changes_nothing(home):
    guest = account(home, "guest")
    assert home.ask("GET", "ltm/virtual/~T1~v", headers=guest).status == 200
    said = "01070822:3: Access Denied: user (carol) does not have {} access to object ({})"
    assert status(home, guest, "POST", "ltm/node", **NODE) == (
        400,
        said.format("create", "node_address"),
    )
    assert status(home, guest, "PATCH", "ltm/virtual/~T1~v", disabled=True) == (
        400,
        said.format("modify", "virtual_server"),
    )
    assert status(home, guest, "DELETE", "ltm/pool/~T1~p")[1] == said.format("delete", "pool")
    run = {"command": "run", "utilCmdArgs": "-c 'reboot'"}
    where = "resource=/mgmt/tm/util/bash verb=POST uri:http://localhost:8100/mgmt/tm/util/bash"
    failed = "Authorization failed: user=https://localhost/mgmt/shared/authz/users"
    assert status(home, guest, "POST", "util/bash", **run) == (
        401,
        f"{failed}/carol {where} referrer:127.0.0.1 sender:127.0.0.1",
    )
    assert status(home, guest, "POST", "sys/config", command="save")[0] == 401
    assert status(home, guest, "PATCH", "auth/user/carol", password="another") == (200, "")
    assert home.ask("GET", "ltm/pool", headers=acting("carol", "another")).status == 200


def test_a_guest_cannot_commit_what_it_queued_and_nothing_of_it_is_done(home):
    guest = account(home, "guest")
    before = home.dump()
    number = home.ask("POST", "transaction", {}, guest).body["transId"]
    header = {"X-F5-REST-Coordination-Id": str(number), **guest}
    assert home.ask("POST", "ltm/node", NODE, header).status == 200
    answer = home.ask("PATCH", f"transaction/{number}", {"state": "VALIDATING"}, guest)
    assert answer.status == 400
    assert "does not have create access" in answer.message
    assert home.dump() == before


def test_a_manager_writes_load_balancing_in_its_own_partition_only(home):
    manager = account(home, "manager", "T1")
    assert status(home, manager, "POST", "ltm/node", **NODE)[0] == 200
    assert status(home, manager, "POST", "ltm/node", **{**NODE, "partition": "T2"})[0] == 400
    assert status(home, manager, "POST", "ltm/node", name="10.0.0.9")[0] == 400
    assert status(home, manager, "POST", "net/vlan", name="v", partition="T1")[0] == 400
    assert status(home, manager, "POST", "auth/partition", name="T3")[0] == 400
    assert status(home, manager, "POST", "sys/config", command="save") == (200, "")
    assert status(home, manager, "POST", "ltm/pool/~T1~p/members", name="10.0.0.9:80")[0] == 200


def test_an_operator_switches_members_and_changes_nothing_else_of_them(home):
    operator = account(home, "operator")
    member = "ltm/pool/~T1~p/members/~T1~10.0.0.1:80"
    off = {"session": "user-disabled", "state": "user-down"}
    assert status(home, operator, "PATCH", member, **off)[0] == 200
    assert status(home, operator, "PATCH", member, ratio=2)[0] == 400


def test_before_13_1_only_administrators_may_use_rest(new_rest):
    rest = new_rest("12.1.3")
    guest = account(rest, "guest")
    number, said = status(rest, guest, "GET", "net/self")
    assert number == 401
    assert "users/carol resource=/mgmt/tm/net/self verb=GET uri:" in said
    assert rest.ask("GET", "net/self", headers=account(rest, "admin", name="dave")).status == 200


def test_who_has_no_role_anywhere_is_turned_away(home):
    assert status(home, account(home, "no-access"), "GET", "ltm/pool")[0] == 401


def test_the_password_of_the_devices_own_account_can_be_changed(home):
    home.patch("auth/user/admin", password="new-secret")
    assert home.ask("GET", "ltm/pool").status == 401
    assert home.ask("GET", "ltm/pool", headers=acting("admin", "new-secret")).status == 200
