"""Who may ask (iControl REST reference, section 1.2)."""

import base64

import pytest

from bigip_sim.auth import TOKEN_LIFE_S

LOGIN = "/mgmt/shared/authn/login"
TOKENS = "/mgmt/shared/authz/tokens"
GOOD = {"username": "admin", "password": "secret", "loginProviderName": "tmos"}


@pytest.fixture
def anonymous(rest):
    rest.headers.clear()
    return rest


def with_token(rest, body=GOOD):
    token = rest.post(LOGIN, **body)["token"]
    rest.headers["X-F5-Auth-Token"] = token["token"]
    return token


def test_a_login_gives_a_token_that_works_for_its_life(anonymous):
    token = with_token(anonymous)
    assert len(token["token"]) == 26
    assert token["timeout"] == TOKEN_LIFE_S
    assert token["expirationMicros"] - token["lastUpdateMicros"] == TOKEN_LIFE_S * 1_000_000
    anonymous.get("ltm/pool")
    anonymous.clock.now += TOKEN_LIFE_S
    answer = anonymous.ask("GET", "ltm/pool")
    assert (answer.status, answer.message) == (401, "X-F5-Auth-Token does not exist.")


def test_a_tokens_life_can_be_raised_up_to_ten_hours(anonymous):
    token = with_token(anonymous)
    path = f"{TOKENS}/{token['token']}"
    anonymous.clock.now += 1000
    raised = anonymous.patch(path, timeout="36000")
    assert raised["expirationMicros"] - raised["lastUpdateMicros"] == 36000 * 1_000_000
    answer = anonymous.ask("PATCH", path, {"timeout": "36001"})
    assert answer.message == "Auth-token absolute timeout (36000 seconds) exceeded"
    anonymous.clock.now += 35999
    anonymous.get("ltm/pool")


def test_a_deleted_token_is_gone(anonymous):
    token = with_token(anonymous)
    anonymous.delete(f"{TOKENS}/{token['token']}")
    assert anonymous.ask("GET", "ltm/pool").status == 401


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({**GOOD, "password": "wrong"}, "Authentication failed."),
        ({**GOOD, "username": "nobody"}, "Authentication failed."),
        ({"username": "admin"}, "Authentication required!"),
    ],
)
def test_wrong_credentials_are_refused_in_json(anonymous, body, message):
    answer = anonymous.ask("POST", LOGIN, body)
    assert (answer.status, answer.message) == (401, message)
    assert answer.body["kind"] == ":resterrorresponse"


def test_wrong_basic_credentials_get_the_web_servers_page(anonymous):
    wrong = base64.b64encode(b"admin:wrong").decode()
    answer = anonymous.ask("GET", "ltm/pool", headers={"Authorization": f"Basic {wrong}"})
    assert (answer.status, answer.reason) == (401, "F5 Authorization Required")
    assert answer.text.startswith("<!DOCTYPE HTML")


def test_no_credentials_are_named_as_such(anonymous):
    answer = anonymous.ask("GET", "ltm/pool")
    assert answer.status == 401
    assert answer.message.startswith(
        "Authorization failed: no user authentication header or token detected. Uri:"
    )


def test_twelve_zero_wants_basic_credentials_with_the_login_too(new_rest):
    for version, status in (("12.0.0", 401), ("12.1.0", 200)):
        rest = new_rest(version)
        basic = dict(rest.headers)
        rest.headers.clear()
        assert rest.ask("POST", LOGIN, GOOD).status == status
        assert rest.ask("POST", LOGIN, GOOD, basic).status == 200


def test_the_tokens_can_be_listed_and_ended_all_at_once(rest):
    first = rest.post(LOGIN, **GOOD)["token"]
    second = rest.post(LOGIN, **GOOD)["token"]
    listed = rest.get(TOKENS)
    assert listed["kind"] == "shared:authz:tokens:authtokencollectionstate"
    assert [token["name"] for token in listed["items"]] == [first["name"], second["name"]]
    assert rest.get(f"{TOKENS}/{first['name']}") == first
    assert rest.ask("GET", f"{TOKENS}x").status == 404
    rest.delete(TOKENS)
    assert rest.get(TOKENS)["items"] == []
    answer = rest.ask("GET", f"{TOKENS}/{first['name']}")
    assert (answer.status, answer.body["kind"]) == (404, ":resterrorresponse")


def test_a_token_ends_when_its_life_is_over_whatever_was_asked_meanwhile(anonymous):
    with_token(anonymous)
    for _ in range(3):
        anonymous.clock.now += TOKEN_LIFE_S / 3 - 1
        anonymous.get("ltm/pool")
    anonymous.clock.now += 3
    assert anonymous.ask("GET", "ltm/pool").status == 401


def test_a_user_may_have_a_hundred_tokens_and_the_built_in_admin_more(new_rest):
    for user, expected in (("lbaas", 400), ("admin", 200)):
        rest = new_rest(username=user)
        body = {"username": user, "password": "secret"}
        for _ in range(100):
            rest.post(LOGIN, **body)
        answer = rest.ask("POST", LOGIN, body)
        assert answer.status == expected
        if expected == 400:
            assert answer.message == "user lbaas has reached maximum active login tokens"


def test_the_password_is_in_no_representation_and_no_log(anonymous):
    with_token(anonymous)
    device = anonymous.device
    said = repr(device.account) + repr(device.sessions) + str(device.journal.last(100))
    assert "secret" not in said
