"""LTM policies: drafts, publishing, and what rules read as (iControl REST reference, 3.7)."""

import pytest

REDIRECT = {
    "name": "r1",
    "conditions": [
        {"httpUri": True, "path": True, "startsWith": True, "values": ["/api"], "request": True}
    ],
    "actions": [{"forward": True, "select": True, "pool": "/T1/p", "request": True}],
}
DRAFT = {"name": "pol", "partition": "T1", "subPath": "Drafts", "strategy": "/Common/first-match"}


@pytest.fixture
def drafted(web):
    web.post("ltm/policy", **DRAFT, rules=[REDIRECT])
    return web


def publish(rest):
    return rest.post("ltm/policy", command="publish", name="/T1/Drafts/pol")


@pytest.fixture
def published(drafted):
    publish(drafted)
    return drafted


def test_a_draft_lives_in_a_folder_that_comes_with_it(drafted):
    policy = drafted.get("ltm/policy/~T1~Drafts~pol")
    assert (policy["fullPath"], policy["subPath"]) == ("/T1/Drafts/pol", "Drafts")
    assert (policy["status"], policy["references"]) == ("draft", {})
    assert (policy["controls"], policy["requires"]) == (["forwarding"], ["http"])
    assert policy["strategyReference"]["link"].endswith("/~Common~first-match?ver=15.1.8")
    assert drafted.get("sys/folder/~T1~Drafts")["fullPath"] == "/T1/Drafts"


def test_conditions_and_actions_read_with_what_the_device_adds(drafted):
    rules = "ltm/policy/~T1~Drafts~pol/rules"
    (rule,) = drafted.get(rules)["items"]
    assert (rule["kind"], rule["name"], rule["ordinal"]) == (
        "tm:ltm:policy:rules:rulesstate",
        "r1",
        0,
    )
    (condition,) = drafted.get(f"{rules}/r1/conditions")["items"]
    added = {"caseInsensitive": True, "external": True, "index": 0, "present": True, "remote": True}
    said = {"httpUri": True, "path": True, "startsWith": True, "request": True, "values": ["/api"]}
    meta = {"kind", "name", "fullPath", "generation", "selfLink"}
    assert {k: v for k, v in condition.items() if k not in meta} == {**said, **added}
    action = drafted.get(f"{rules}/r1/actions/0")
    link = "https://localhost/mgmt/tm/ltm/pool/~T1~p?ver=15.1.8"
    assert {k: v for k, v in action.items() if k not in meta} == {
        "forward": True,
        "select": True,
        "request": True,
        "pool": "/T1/p",
        **dict.fromkeys(("code", "expirySecs", "length", "offset"), 0),
        **dict.fromkeys(("port", "status", "timeout", "vlanId"), 0),
        "poolReference": {"link": link},
    }
    base = "https://localhost/mgmt/tm/ltm/policy/~T1~Drafts~pol/rules/r1"
    assert action["selfLink"] == f"{base}/actions/0?ver=15.1.8"
    whole = drafted.get("ltm/policy/~T1~Drafts~pol?expandSubcollections=true")
    assert whole["rulesReference"]["items"][0]["name"] == "r1"


def test_missing_and_case_sensitive_replace_their_opposites(drafted):
    conditions = "ltm/policy/~T1~Drafts~pol/rules/r1/conditions"
    read = drafted.post(
        conditions, name="1", httpHeader=True, tmName="X-A", missing=True, caseSensitive=True
    )
    assert (read["missing"], read["caseSensitive"]) == (True, True)
    assert not {"present", "caseInsensitive"} & read.keys()


def test_publishing_moves_the_draft_out_of_its_folder(published):
    policy = published.get("ltm/policy/~T1~pol")
    assert (policy["status"], policy["fullPath"]) == ("published", "/T1/pol")
    assert published.ask("GET", "ltm/policy/~T1~Drafts~pol").status == 404
    assert published.get("ltm/policy/~T1~pol/rules/r1/actions/0")["pool"] == "/T1/p"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "ltm/policy/~T1~pol", {"description": "d"}),
        ("PATCH", "ltm/policy/~T1~pol", {"rules": []}),
        ("PATCH", "ltm/policy/~T1~pol/rules/r1", {"ordinal": 3}),
        ("POST", "ltm/policy/~T1~pol/rules", {"name": "r2"}),
        ("POST", "ltm/policy/~T1~pol/rules/r1/actions", {"name": "1", "log": True}),
        ("DELETE", "ltm/policy/~T1~pol/rules/r1", None),
        ("DELETE", "ltm/policy/~T1~pol/rules/r1/conditions/0", None),
        ("POST", "ltm/policy", {"name": "q", "partition": "T1"}),
        ("POST", "ltm/policy", {"command": "publish", "name": "/T1/pol"}),
    ],
)
def test_a_published_policy_is_not_edited(published, method, path, body):
    before = published.dump()
    assert published.ask(method, path, body).status == 400
    assert published.dump() == before


def test_a_published_policy_changes_by_way_of_a_draft(published):
    published.patch("ltm/virtual/~T1~v", policies=["/T1/pol"])
    published.patch("ltm/policy/~T1~pol", createDraft=True)
    assert published.get("ltm/policy/~T1~pol")["draftCopy"] == "/T1/Drafts/pol"
    published.post("ltm/policy/~T1~Drafts~pol/rules", name="r2")
    assert len(published.get("ltm/policy/~T1~pol/rules")["items"]) == 1
    publish(published)
    rules = published.get("ltm/policy/~T1~pol/rules")["items"]
    assert [(r["name"], r["ordinal"]) for r in rules] == [("r1", 0), ("r2", 1)]
    assert published.get("ltm/virtual/~T1~v/policies")["items"][0]["fullPath"] == "/T1/pol"


def test_publishing_waits_in_a_transaction(drafted):
    transaction = drafted.begin()
    drafted.queue(transaction, "POST", "ltm/policy", command="publish", name="/T1/Drafts/pol")
    assert drafted.ask("GET", "ltm/policy/~T1~pol").status == 404
    assert drafted.commit(transaction).status == 200
    assert drafted.get("ltm/policy/~T1~pol")["status"] == "published"


def test_a_draft_is_not_attached_and_needs_the_profile_it_asks_for(published):
    published.patch("ltm/policy/~T1~pol", createDraft=True)
    answer = published.ask("PATCH", "ltm/virtual/~T1~v", {"policies": ["/T1/Drafts/pol"]})
    assert answer.status == 400
    body = {"name": "w", "partition": "T1", "destination": "/T1/10.1.0.2:80"}
    answer = published.ask("POST", "ltm/virtual", {**body, "policies": ["/T1/pol"]})
    assert (answer.status, "HTTP profile" in answer.message) == (400, True)


def test_what_a_policy_names_stays(published):
    published.patch("ltm/virtual/~T1~v", policies=["/T1/pol"])
    answer = published.ask("DELETE", "ltm/policy/~T1~pol")
    assert answer.message == (
        "01070265:3: The policy (/T1/pol) cannot be deleted because it is in use by a Virtual "
        "Server (/T1/v)."
    )
    published.patch("ltm/virtual/~T1~v", policies=[], pool="")
    answer = published.ask("DELETE", "ltm/pool/~T1~p")
    assert answer.message == (
        "01070265:3: The Pool (/T1/p) cannot be deleted because it is in use by a policy action "
        "(/T1/pol r1 0)."
    )
    published.delete("ltm/policy/~T1~pol")
    published.delete("ltm/pool/~T1~p")


def test_a_partition_goes_with_its_empty_drafts_folder(rest):
    rest.post("ltm/policy", **DRAFT)
    assert rest.ask("DELETE", "auth/partition/T1").status == 400
    rest.delete("ltm/policy/~T1~Drafts~pol")
    rest.delete("auth/partition/T1")
    assert rest.ask("GET", "sys/folder/~T1~Drafts").status == 404


def test_a_legacy_policy_is_edited_where_it_is(web):
    policy = web.post("ltm/policy", name="old", partition="T1", legacy=True, rules=[REDIRECT])
    assert (policy["status"], policy["fullPath"]) == ("legacy", "/T1/old")
    web.patch("ltm/policy/~T1~old/rules/r1", ordinal=5)
    web.patch("ltm/virtual/~T1~v", policies=["/T1/old"])


def test_before_12_1_there_are_no_drafts(new_rest):
    rest = new_rest("11.6.1")
    assert [folder["name"] for folder in rest.get("sys/folder")["items"]] == ["/", "Common"]
    body = {"controls": ["forwarding"], "requires": ["http"], "strategy": "/Common/best-match"}
    policy = rest.post("ltm/policy", name="pol", **body)
    assert not {"status", "lastModified", "references"} & policy.keys()
    assert (policy["controls"], policy["requires"]) == (["forwarding"], ["http"])
    rest.post("ltm/policy/~Common~pol/rules", name="r")
    assert rest.patch("ltm/policy/~Common~pol", description="d")["description"] == "d"


def test_an_unknown_strategy_or_draft_is_named(rest):
    answer = rest.ask("POST", "ltm/policy", {**DRAFT, "strategy": "/Common/worst-match"})
    assert answer.status == 404
    answer = rest.ask("POST", "ltm/policy", {"command": "publish", "name": "/T1/Drafts/no"})
    assert answer.message == "01020036:3: The requested policy (/T1/Drafts/no) was not found."
