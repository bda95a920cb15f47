"""How every BIG-IP lets clients in (reference, section 1.2)."""

from collections.abc import Iterator

import httpx
import pytest
from bigip import Bigip, Json

LOGIN = "/mgmt/shared/authn/login"


@pytest.fixture
def login(bigip: Bigip) -> Iterator[Json]:
    account = {"username": bigip.username, "password": bigip.password}
    made = bigip.post(LOGIN, **account, loginProviderName="tmos")
    yield made
    bigip.ask("DELETE", f"/mgmt/shared/authz/tokens/{made['token']['token']}")


def with_token(bigip: Bigip, token: str) -> httpx.Response:
    request = bigip.client.build_request(
        "GET", "/mgmt/tm/sys/version", headers={"X-F5-Auth-Token": token}
    )
    return bigip.client.send(request, auth=None)


def test_a_token_stands_for_the_account(bigip: Bigip, login: Json) -> None:
    token = login["token"]
    assert token["timeout"] == 1200
    assert token["expirationMicros"] - token["lastUpdateMicros"] == 1200 * 1_000_000
    assert len(token["token"]) == 26
    assert with_token(bigip, token["token"]).status_code == 200


def test_a_token_lives_longer_when_asked(bigip: Bigip, login: Json) -> None:
    path = f"/mgmt/shared/authz/tokens/{login['token']['token']}"
    assert bigip.patch(path, timeout="3600")["timeout"] == 3600
    answer = bigip.ask("PATCH", path, {"timeout": "36001"})
    assert answer.status_code == 400
    assert "Auth-token absolute timeout (36000 seconds) exceeded" in answer.json()["message"]


def test_a_token_ends_with_the_logout(bigip: Bigip, login: Json) -> None:
    token = login["token"]["token"]
    assert bigip.ask("DELETE", f"/mgmt/shared/authz/tokens/{token}").status_code == 200
    answer = with_token(bigip, token)
    assert answer.status_code == 401
    assert answer.json()["message"] == "X-F5-Auth-Token does not exist."


def test_a_wrong_password_meets_the_web_server_s_page(bigip: Bigip) -> None:
    request = bigip.client.build_request("GET", "/mgmt/tm/sys/version")
    answer = bigip.client.send(request, auth=(bigip.username, "not the password"))
    assert answer.status_code == 401
    assert answer.reason_phrase == "F5 Authorization Required"
    assert answer.headers["content-type"].startswith("text/html")


def test_a_login_with_a_wrong_password_is_refused(bigip: Bigip) -> None:
    account = {"username": bigip.username, "password": "not the password"}
    request = bigip.client.build_request("POST", LOGIN, json=account)
    answer = bigip.client.send(request, auth=None)
    assert answer.status_code == 401
    assert "message" in answer.json()


def test_without_credentials_nothing_is_told(bigip: Bigip) -> None:
    request = bigip.client.build_request("GET", "/mgmt/tm/sys/version")
    answer = bigip.client.send(request, auth=None)
    assert answer.status_code == 401
