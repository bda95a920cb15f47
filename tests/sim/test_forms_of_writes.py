"""Forms in which clients of real devices write, beside those of f5-sdk and bigrest."""

import pytest

REDIRECT = {
    "name": "r1",
    "ordinal": 0,
    "conditionsReference": {
        "items": [{"name": "0", "httpHost": True, "host": True, "values": ["a.example"]}]
    },
    "actionsReference": {
        "items": [
            {"name": "0", "forward": True, "select": True, "pool": "/T1/p", "connection": True}
        ]
    },
}
DRAFT = {
    "name": "Drafts/pol",
    "publishedCopy": "",
    "partition": "T1",
    "description": "",
    "strategy": "/Common/first-match",
}


@pytest.fixture
def published(web):
    """A policy as F5's Go client makes one, which Terraform stands on."""
    web.post("ltm/policy", **DRAFT, rulesReference={"items": [REDIRECT]})
    web.post("ltm/policy", command="publish", name="/T1/Drafts/pol")
    return web


def test_rules_come_as_items_of_their_reference(published):
    (rule,) = published.get("ltm/policy/~T1~pol/rules")["items"]
    (condition,) = published.get("ltm/policy/~T1~pol/rules/r1/conditions")["items"]
    (action,) = published.get("ltm/policy/~T1~pol/rules/r1/actions")["items"]
    assert (rule["name"], condition["values"], action["pool"]) == ("r1", ["a.example"], "/T1/p")
    assert "publishedCopy" not in published.get("ltm/policy/~T1~pol")


def test_a_draft_is_asked_for_in_the_query_and_its_rules_are_replaced(published):
    answer = published.ask("PATCH", "ltm/policy/~T1~pol?options=create-draft", {})
    assert answer.status == 200
    other = {**REDIRECT, "name": "r2"}
    published.patch("ltm/policy/~T1~Drafts~pol", rulesReference={"items": [other]})
    published.post("ltm/policy", command="publish", name="/T1/Drafts/pol")
    assert [r["name"] for r in published.get("ltm/policy/~T1~pol/rules")["items"]] == ["r2"]


def test_an_expanded_object_can_be_sent_back_changed(web):
    pool = web.get("ltm/pool/~T1~p?expandSubcollections=true")
    pool["membersReference"]["items"][0]["ratio"] = 7
    assert web.ask("PUT", "ltm/pool/~T1~p", pool).status == 200
    assert web.get("ltm/pool/~T1~p/members")["items"][0]["ratio"] == 7


def test_a_reference_without_items_leaves_a_subcollection_alone(web):
    pool = web.get("ltm/pool/~T1~p")
    before = web.get("ltm/pool/~T1~p/members")["items"]
    assert web.ask("PUT", "ltm/pool/~T1~p", pool).status == 200
    assert [m["name"] for m in web.get("ltm/pool/~T1~p/members")["items"]] == [
        m["name"] for m in before
    ]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("ltm/persistence/cookie", "cookieEncryptionPassphrase"),
        ("ltm/profile/http", "encryptCookieSecret"),
        ("ltm/profile/server-ssl", "c3dCaPassphrase"),
    ],
)
def test_secrets_are_taken_and_not_told(rest, path, field):
    rest.post(path, name="x", **{field: "hush"})
    assert field not in rest.get(f"{path}/x")


@pytest.mark.parametrize(
    ("path", "field", "given", "read"),
    [
        ("ltm/pool", "allowSnat", True, "yes"),
        ("ltm/pool", "allowNat", "false", "no"),
        ("ltm/pool", "minUpMembersChecking", True, "enabled"),
        ("ltm/snat-translation", "inheritedTrafficGroup", "no", "false"),
    ],
)
def test_truth_values_read_in_the_words_of_their_attribute(rest, path, field, given, read):
    assert rest.post(path, name="10.3.0.1", **{field: given})[field] == read


def test_what_is_neither_yes_nor_no_is_refused(rest):
    answer = rest.ask("POST", "ltm/pool", {"name": "p", "allowSnat": "maybe"})
    assert (answer.status, answer.message) == (400, 'invalid property value "allow-snat":"maybe"')


def test_none_empties_a_subcollection(web):
    web.patch("ltm/pool/~T1~p", members="none")
    assert web.get("ltm/pool/~T1~p/members")["items"] == []


def test_a_snat_makes_its_translation(rest):
    rest.post("ltm/snat", name="s", translation="/Common/10.3.0.1", origins=[{"name": "10.4.0.1"}])
    assert rest.get("ltm/snat-translation/10.3.0.1")["address"] == "10.3.0.1"


def test_a_device_that_is_replaced_stays_the_machine_that_it_is(rest):
    before = rest.get("cm/device/bigip-1")
    assert rest.ask("PUT", "cm/device/bigip-1", {"configsyncIp": "10.5.0.1"}).status == 200
    after = {**rest.get("cm/device/bigip-1"), "generation": before["generation"]}
    assert after == {**before, "configsyncIp": "10.5.0.1"}


def test_a_variable_of_set_up_tools_keeps_to_its_range(rest):
    path = "sys/db/statemirror.clustermirroring"
    assert rest.patch(path, value="between")["value"] == "between"
    assert rest.ask("PATCH", path, {"value": "beside"}).status == 400
