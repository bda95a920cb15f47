"""LTM policies, iRules, data groups and persistence of a BIG-IP (reference, 3.7 to 3.9)."""

from bigip import Bigip

FIRST_MATCH = "/Common/first-match"
RULE = {
    "name": "r1",
    "ordinal": 0,
    "conditions": [
        {"name": "0", "httpUri": True, "path": True, "startsWith": True, "values": ["/api"],
         "request": True}
    ],
    "actions": [
        {"name": "0", "httpReply": True, "redirect": True, "location": "http://example.com",
         "request": True}
    ],
}  # fmt: skip


def draft(bigip: Bigip) -> str:
    """Make a draft with one rule; return its segment."""
    bigip.will_make("ltm/policy", "pol")
    bigip.will_make("ltm/policy", "Drafts/pol")
    body = {"name": "pol", "partition": bigip.partition, "subPath": "Drafts",
            "strategy": FIRST_MATCH, "rules": [RULE]}  # fmt: skip
    made = bigip.post("ltm/policy", **body)
    assert (made["status"], made["fullPath"]) == ("draft", bigip.full("Drafts/pol"))
    return bigip.segment("Drafts/pol")


def publish(bigip: Bigip) -> None:
    bigip.post("ltm/policy", command="publish", name=bigip.full("Drafts/pol"))


def test_a_draft_is_published_under_its_name_and_is_gone(bigip: Bigip) -> None:
    path = draft(bigip)
    publish(bigip)
    shown = bigip.get(f"ltm/policy/{bigip.segment('pol')}")
    assert (shown["status"], shown["strategy"]) == ("published", FIRST_MATCH)
    assert bigip.ask("GET", f"ltm/policy/{path}").status_code == 404


def test_rules_have_conditions_and_actions_with_what_the_device_adds(bigip: Bigip) -> None:
    rules = f"ltm/policy/{draft(bigip)}/rules"
    (rule,) = bigip.get(rules)["items"]
    assert (rule["name"], rule["ordinal"]) == ("r1", 0)
    (condition,) = bigip.get(f"{rules}/r1/conditions")["items"]
    for flag in ("httpUri", "path", "startsWith", "caseInsensitive", "present"):
        assert condition[flag] is True
    assert condition["values"] == ["/api"]
    (action,) = bigip.get(f"{rules}/r1/actions")["items"]
    assert action["redirect"] is True
    assert action["location"] == "http://example.com"


def test_a_published_policy_is_changed_by_a_draft_only(bigip: Bigip) -> None:
    draft(bigip)
    publish(bigip)
    path = f"ltm/policy/{bigip.segment('pol')}"
    assert bigip.ask("PATCH", path, {"description": "new"}).status_code == 400
    bigip.patch(path, createDraft=True)
    bigip.patch(f"ltm/policy/{bigip.segment('Drafts/pol')}", description="new")
    publish(bigip)
    assert bigip.get(path)["description"] == "new"


def test_an_irule_is_kept_without_the_newlines_around_it(bigip: Bigip) -> None:
    text = "when HTTP_REQUEST {\n  HTTP::respond 200\n}"
    made = bigip.make("ltm/rule", "r", apiAnonymous=f"\n{text}\n")
    assert made["apiAnonymous"].strip() == text


def test_an_irule_that_does_not_compile_is_refused_with_its_line(bigip: Bigip) -> None:
    body = {"name": "bad", "partition": bigip.partition,
            "apiAnonymous": "when HTTP_REQUEST {\n  no_such_command\n}"}  # fmt: skip
    refused = bigip.ask("POST", "ltm/rule", body)
    assert refused.status_code == 400
    said = refused.json()["message"]
    assert said.startswith(f"01070151:3: Rule [{bigip.full('bad')}] error: {bigip.full('bad')}:2:")


def test_records_of_a_data_group_are_replaced_as_a_whole(bigip: Bigip) -> None:
    bigip.make("ltm/data-group/internal", "d", type="string", records=[{"name": "b"}])
    path = f"ltm/data-group/internal/{bigip.segment('d')}"
    shown = bigip.patch(path, records=[{"name": "c", "data": "1"}, {"name": "a"}])
    assert [record["name"] for record in shown["records"]] == ["a", "c"]


def test_persistence_times_are_texts(bigip: Bigip) -> None:
    made = bigip.make("ltm/persistence/source-addr", "s", defaultsFrom="/Common/source_addr")
    assert made["timeout"] == "180"
    shown = bigip.patch(f"ltm/persistence/source-addr/{bigip.segment('s')}", timeout="60")
    assert shown["timeout"] == "60"
