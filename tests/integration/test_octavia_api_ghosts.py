"""Where the API's database and ours differ: what we accepted and it rolled back, what we lost."""

import uuid
from dataclasses import replace
from typing import Any

import httpx
import pytest
from octavia_lib.api.drivers import data_models as models
from octavia_stack import ENVIRONMENT, Stack, until

from bigip_lbaas.provider.octavia.driver import BigipProviderDriver
from bigip_lbaas.store.records import Child, LoadBalancer, Vip


def test_a_create_that_was_rolled_back_leaves_nothing(stack: Stack) -> None:
    ghost = str(uuid.uuid4())
    BigipProviderDriver().loadbalancer_create(
        models.LoadBalancer(loadbalancer_id=ghost, project_id="p", vip_address="127.0.9.1")
    )
    until(lambda: not stack.record(ghost).wanted)
    until(lambda: stack.store.read(lambda tx: tx.get(Vip, ENVIRONMENT, "127.0.9.1")) is None)
    until(lambda: not [m for m in stack.outbox() if m.load_balancer_id == ghost])


def test_a_childs_create_and_delete_that_were_rolled_back_are_taken_back(stack: Stack) -> None:
    pool = {"name": "p", "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}
    pool["members"] = [{"address": "127.0.0.1", "protocol_port": 80}]  # type: ignore[assignment]
    lb = stack.create(name="rolled back", pools=[pool])["id"]
    before = stack.record(lb).graph
    pool_id, member = before.pools[0].id, before.pools[0].members[0]
    driver = BigipProviderDriver()
    driver.member_create(
        models.Member(
            member_id=str(uuid.uuid4()), pool_id=pool_id, address="127.0.0.2", protocol_port=80
        )
    )
    until(lambda: stack.record(lb).graph == before)
    stack.settled(lb)
    stack.controller.ending = "failed"  # so that the API is not told that the member is gone
    driver.member_delete(models.Member(member_id=member.id, pool_id=pool_id))
    until(lambda: stack.record(lb).graph == before)


def test_a_request_that_octavia_itself_rolls_back_ends_as_octavia_has_it(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    lb = stack.create(name="before")["id"]
    accept = BigipProviderDriver.loadbalancer_update

    def accept_and_fail(*arguments: object) -> None:
        accept(*arguments)
        raise ConnectionError("the API's database went away")

    monkeypatch.setattr(BigipProviderDriver, "loadbalancer_update", accept_and_fail)
    body = {"loadbalancer": {"name": "after"}}
    with httpx.Client(base_url=stack.endpoint) as client:
        assert client.put(f"/v2/lbaas/loadbalancers/{lb}", json=body).status_code == 500
    until(lambda: stack.record(lb).graph.name == "before")
    assert stack.settled(lb)["name"] == "before"


def test_a_pool_that_our_database_lost_is_taken_from_the_api_with_the_change(
    stack: Stack, caplog: pytest.LogCaptureFixture
) -> None:
    pool = {"name": "p", "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}
    pool["members"] = [{"address": "127.0.0.1", "protocol_port": 80}]  # type: ignore[assignment]
    lb = stack.create(name="lost", pools=[pool])["id"]
    before = stack.record(lb).graph
    pool_id = before.pools[0].id

    def lose(tx: Any) -> None:
        tx.put(replace(tx.get(LoadBalancer, lb, lock=True), graph=replace(before, pools=())))
        for child in tx.select(Child, load_balancer_id=lb):
            tx.delete(Child, child.object_id)

    stack.store.write(lose)
    member = {"address": "127.0.0.2", "protocol_port": 80}
    new = stack.add(f"pools/{pool_id}/members", "member", lb, **member)["id"]
    after = stack.record(lb).graph
    kept = {member.id for member in before.pools[0].members}
    assert {member.id for member in after.pools[0].members} == {*kept, new}
    assert f"had no pool {pool_id}" in caplog.text
    stack.add("healthmonitors", "healthmonitor", lb, pool_id=pool_id, type="TCP", delay=5,
              timeout=3, max_retries=2)  # fmt: skip
    assert caplog.text.count("had no pool") == 1
