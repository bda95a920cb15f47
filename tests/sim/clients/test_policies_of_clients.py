"""Local traffic policies: drafts, publishing, rules with their actions and conditions."""

from collections.abc import Iterator
from typing import Any

import pytest
from bigrest.bigip import BIGIP
from bigrest.common.exceptions import RESTAPIError
from f5.bigip import ManagementRoot
from f5.bigip.tm.ltm.policy import OperationNotSupportedOnPublishedPolicy
from icontrol.exceptions import iControlUnexpectedHTTPError

CONDITION = {"name": "0", "httpUri": True, "path": True, "startsWith": True, "values": ["/api"]}
DRAFT = {"name": "shop", "partition": "T1", "subPath": "Drafts", "strategy": "/Common/first-match"}


@pytest.fixture
def pool(bigip: BIGIP) -> Iterator[str]:
    bigip.create("/mgmt/tm/ltm/pool", {"name": "/T1/policed"})
    yield "/T1/policed"
    bigip.delete("/mgmt/tm/ltm/pool/~T1~policed")


def rule(pool: str) -> dict[str, Any]:
    action = {"name": "0", "forward": True, "select": True, "pool": pool}
    return {"name": "r1", "ordinal": 0, "conditions": [CONDITION], "actions": [action]}


def test_sdk_a_draft_is_published_and_drafted_again(root: ManagementRoot, pool: str) -> None:
    policies = root.tm.ltm.policys
    policy = policies.policy.create(**DRAFT, rules=[rule(pool)])
    assert (policy.fullPath, policy.status) == ("/T1/Drafts/shop", "draft")
    policy.strategy = "/Common/all-match"
    policy.update()
    policy.publish()
    assert (policy.fullPath, policy.status) == ("/T1/shop", "published")
    assert policy.strategy == "/Common/all-match"
    assert not policies.policy.exists(**{k: v for k, v in DRAFT.items() if k != "strategy"})
    with pytest.raises(OperationNotSupportedOnPublishedPolicy):
        policy.modify(strategy="/Common/best-match")
    policy.draft()
    assert (policy.fullPath, policy.status) == ("/T1/Drafts/shop", "draft")
    policy.modify(strategy="/Common/best-match")
    policy.publish()
    assert policy.strategy == "/Common/best-match"
    policy.delete()
    assert not policies.policy.exists(name="shop", partition="T1")


def test_sdk_a_draft_may_be_published_as_it_is_made(root: ManagementRoot) -> None:
    policy = root.tm.ltm.policys.policy.create(**DRAFT, publish=True)
    assert (policy.fullPath, policy.status) == ("/T1/shop", "published")
    policy.delete()


def test_sdk_rules_have_actions_and_conditions(root: ManagementRoot, pool: str) -> None:
    policy = root.tm.ltm.policys.policy.create(**DRAFT)
    rules = policy.rules_s
    made = rules.rules.create(name="r1", ordinal=0)
    made.conditions_s.conditions.create(**CONDITION)
    made.actions_s.actions.create(name="0", forward=True, select=True, pool=pool)
    assert rules.rules.exists(name="r1")
    loaded = rules.rules.load(name="r1")
    condition = loaded.conditions_s.conditions.load(name="0")
    assert (condition.httpUri, condition.startsWith, condition.values) == (True, True, ["/api"])
    assert condition.caseInsensitive is True
    action = loaded.actions_s.actions.load(name="0")
    assert (action.forward, action.pool) == (True, pool)
    assert action.poolReference["link"].startswith("https://localhost/mgmt/tm/ltm/pool/~T1~")
    action.delete()
    assert loaded.actions_s.get_collection() == []
    rules.rules.create(name="r2", ordinal=1)
    assert [one.name for one in rules.get_collection()] == ["r1", "r2"]
    loaded.delete()
    assert not rules.rules.exists(name="r1")
    policy.delete()


def test_sdk_legacy_policies_are_edited_in_place(root: ManagementRoot) -> None:
    policy = root.tm.ltm.policys.policy.create(
        name="old", partition="T1", strategy="first-match", legacy=True
    )
    assert policy.status == "legacy"
    policy.modify(strategy="/Common/all-match", legacy=True)
    policy.rules_s.rules.create(name="r1")
    assert [one.name for one in policy.rules_s.get_collection()] == ["r1"]
    policy.delete()


def test_a_policy_is_not_made_outside_drafts(bigip: BIGIP) -> None:
    with pytest.raises(RESTAPIError, match=r"Cannot create/modify published policy"):
        bigip.create(
            "/mgmt/tm/ltm/policy",
            {"name": "shop", "partition": "T1", "strategy": "/Common/first-match"},
        )


def test_bigrest_publishes_and_attaches(bigip: BIGIP, pool: str) -> None:
    policies = "/mgmt/tm/ltm/policy"
    bigip.create(policies, {**DRAFT, "rules": [rule(pool)]})
    bigip.command(policies, {"command": "publish", "name": "/T1/Drafts/shop"})
    (read,) = bigip.load(f"{policies}?$filter=partition eq T1&expandSubcollections=true")
    (found,) = read.properties["rulesReference"]["items"]
    assert found["name"] == "r1"
    virtual = {
        "name": "/T1/policed",
        "destination": "10.42.0.1:80",
        "ipProtocol": "tcp",
        "profiles": ["/Common/tcp", "/Common/http"],
        "policies": [{"name": "/T1/shop"}],
    }
    bigip.create("/mgmt/tm/ltm/virtual", virtual)
    for path, text in (
        ("ltm/policy/~T1~shop", "in use"),
        ("ltm/pool/~T1~policed", "in use by a policy action"),
    ):
        with pytest.raises(RESTAPIError, match=text):
            bigip.delete(f"/mgmt/tm/{path}")
    bigip.modify("/mgmt/tm/ltm/virtual/~T1~policed", {"policies": []})
    bigip.delete("/mgmt/tm/ltm/policy/~T1~shop")
    bigip.delete("/mgmt/tm/ltm/virtual/~T1~policed")


def test_a_draft_is_not_attached(root: ManagementRoot) -> None:
    policy = root.tm.ltm.policys.policy.create(**DRAFT)
    with pytest.raises(iControlUnexpectedHTTPError):
        root.tm.ltm.virtuals.virtual.create(
            name="drafted",
            partition="T1",
            destination="/T1/10.42.0.2:80",
            ipProtocol="tcp",
            profiles=["/Common/tcp", "/Common/http"],
            policies=[{"name": "/T1/Drafts/shop"}],
        )
    policy.delete()
