"""Transactions as both clients do them."""

from typing import Any

import pytest
from bigrest.bigip import BIGIP
from bigrest.common.exceptions import RESTAPIError
from f5.bigip import ManagementRoot
from f5.bigip.contexts import TransactionContextManager
from f5.sdk_exception import TransactionSubmitException

POOLS = "/mgmt/tm/ltm/pool"


def pool(name: str) -> dict[str, object]:
    return {"name": name, "partition": "T1"}


def names(bigip: BIGIP) -> set[str]:
    found = bigip.load(f"{POOLS}?$filter=partition eq T1&$select=name")
    return {one.properties["name"] for one in found}


def remove(bigip: BIGIP, *pools: str) -> None:
    for name in pools:
        bigip.delete(f"{POOLS}/~T1~{name}")


def test_bigrest_commits_at_the_end_of_its_block(bigip: BIGIP) -> None:
    with bigip as transaction:
        queued = bigip.create(POOLS, pool("in-block"))
        assert queued.properties["method"] == "POST"
        bigip.modify(f"{POOLS}/~T1~in-block", {"description": "made and changed at once"})
    assert transaction.properties["state"] == "STARTED"
    read = bigip.load(f"{POOLS}/~T1~in-block")
    assert read.properties["description"] == "made and changed at once"
    remove(bigip, "in-block")


def test_bigrest_validates_first_and_commits_the_same_transaction(bigip: BIGIP) -> None:
    bigip.transaction_create()
    bigip.create(POOLS, pool("tried"))
    validated = bigip.transaction_validate()
    assert validated.properties["validateOnly"] is True
    assert not bigip.exist(f"{POOLS}/~T1~tried")
    assert bigip.transaction_commit().properties["state"] == "COMPLETED"
    assert bigip.exist(f"{POOLS}/~T1~tried")
    remove(bigip, "tried")


def test_bigrest_hears_why_a_transaction_fails(bigip: BIGIP) -> None:
    before = names(bigip)
    bigip.transaction_create()
    bigip.create(POOLS, pool("good"))
    bigip.delete(f"{POOLS}/~T1~missing")
    with pytest.raises(RESTAPIError, match=r"transaction failed:01020036:3: The requested Pool"):
        bigip.transaction_commit()
    assert names(bigip) == before


def test_sdk_commits_at_the_end_of_its_context(root: ManagementRoot) -> None:
    transaction = root.tm.transactions.transaction
    with TransactionContextManager(transaction) as api:
        api.tm.ltm.pools.pool.create(name="sdk-1", partition="T1")
        members = [{"name": "10.43.0.1:80"}]
        api.tm.ltm.pools.pool.create(name="sdk-2", partition="T1", members=members)
    pools = root.tm.ltm.pools.pool
    found = [pools.load(name=name, partition="T1") for name in ("sdk-1", "sdk-2")]
    with TransactionContextManager(root.tm.transactions.transaction):
        for one in found:
            one.delete()
    assert not pools.exists(name="sdk-1", partition="T1")
    root.tm.ltm.nodes.node.load(name="10.43.0.1", partition="T1").delete()


def test_sdk_hears_why_a_transaction_fails(root: ManagementRoot) -> None:
    def twice(api: Any) -> None:
        for _ in range(2):
            api.tm.ltm.pools.pool.create(name="twice", partition="T1")

    with (
        pytest.raises(TransactionSubmitException, match="already exists"),
        TransactionContextManager(root.tm.transactions.transaction) as api,
    ):
        twice(api)
    assert not root.tm.ltm.pools.pool.exists(name="twice", partition="T1")


def test_sdk_only_validates_when_asked(root: ManagementRoot) -> None:
    transaction = root.tm.transactions.transaction
    with TransactionContextManager(transaction, validate_only=True) as api:
        api.tm.ltm.pools.pool.create(name="unreal", partition="T1")
    assert not root.tm.ltm.pools.pool.exists(name="unreal", partition="T1")


def test_sdk_drops_what_an_exception_interrupts(root: ManagementRoot) -> None:
    def interrupted(api: Any) -> None:
        api.tm.ltm.pools.pool.create(name="unreal", partition="T1")
        raise ZeroDivisionError

    with (
        pytest.raises(ZeroDivisionError),
        TransactionContextManager(root.tm.transactions.transaction) as api,
    ):
        interrupted(api)
    assert not root.tm.ltm.pools.pool.exists(name="unreal", partition="T1")
