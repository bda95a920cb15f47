"""Transactions (iControl REST reference, section 2)."""

import threading

from programs import wait_until

from bigip_sim.transactions import IDLE_LIMIT_S

POOL = {"name": "p", "partition": "T1"}


def test_a_transaction_begins_as_recorded(rest):
    body = rest.post("transaction")
    assert body == {
        "transId": body["transId"],
        "state": "STARTED",
        "timeoutSeconds": 120,
        "asyncExecution": False,
        "validateOnly": False,
        "executionTimeout": 300,
        "executionTime": 0,
        "failureReason": "",
        "kind": "tm:transactionstate",
        "selfLink": f"https://localhost/mgmt/tm/transaction/{body['transId']}?ver=15.1.8",
    }


def test_a_queued_write_answers_with_a_command_and_is_not_checked(rest):
    number = rest.begin()
    answer = rest.queue(number, "POST", "ltm/pool", name="p", partition="nowhere", nonsense=1)
    assert answer.status == 200
    assert answer.body == {
        "method": "POST",
        "uri": "https://localhost/mgmt/tm/ltm/pool",
        "body": {"name": "p", "partition": "nowhere", "nonsense": 1},
        "evalOrder": 1,
        "commandId": 1,
        "kind": "tm:transaction:commandsstate",
        "selfLink": f"https://localhost/mgmt/tm/transaction/{number}/commands/1?ver=15.1.8",
    }
    assert rest.queue(number, "DELETE", "ltm/pool/~T1~never").status == 200
    assert rest.commit(number).body["apiError"] == 2


def test_nothing_is_seen_before_the_commit_and_everything_after(rest):
    number = rest.begin()
    rest.queue(number, "POST", "ltm/pool", **POOL)
    assert rest.queue(number, "GET", "ltm/pool/~T1~p").status == 404
    rest.queue(
        number, "POST", "ltm/virtual", name="v", partition="T1",
        destination="/T1/10.1.0.1:80", pool="/T1/p",
    )  # fmt: skip
    answer = rest.commit(number)
    assert (answer.status, answer.body["state"]) == (200, "COMPLETED")
    assert rest.get("ltm/virtual/~T1~v")["pool"] == "/T1/p"
    assert rest.commit(number).status == 404


def test_a_commit_that_names_a_missing_object_fails_as_a_whole(rest):
    before = rest.dump()
    number = rest.begin()
    rest.queue(number, "POST", "ltm/pool", **POOL)
    rest.queue(number, "DELETE", "ltm/data-group/internal/~T1~stamp")
    rest.queue(number, "POST", "ltm/data-group/internal", name="next", partition="T1")
    answer = rest.commit(number)
    assert answer.status == 400
    assert answer.body == {
        "code": 400,
        "message": "transaction failed:01020036:3: The requested value list (/T1/stamp) "
        "was not found.",
        "errorStack": [],
        "apiError": 2,
    }
    assert rest.dump() == before
    assert rest.commit(number).status == 404  # it is gone


def test_commands_run_in_order_and_only_the_first_error_is_told(rest):
    number = rest.begin()
    rest.queue(number, "DELETE", "ltm/pool/~T1~a")
    rest.queue(number, "DELETE", "ltm/pool/~T1~b")
    assert "(/T1/a)" in rest.commit(number).message


def test_a_command_can_be_moved_and_dropped(rest):
    number = rest.begin()
    rest.queue(number, "PATCH", "ltm/pool/~T1~p", description="late")
    rest.queue(number, "POST", "ltm/pool", **POOL)
    rest.queue(number, "DELETE", "ltm/pool/~T1~never")
    rest.patch(f"transaction/{number}/commands/2", evalOrder=1)
    rest.delete(f"transaction/{number}/commands/3")
    commands = rest.get(f"transaction/{number}/commands")["items"]
    assert [(c["commandId"], c["evalOrder"]) for c in commands] == [(2, 1), (1, 2)]
    assert rest.commit(number).status == 200
    assert rest.get("ltm/pool/~T1~p")["description"] == "late"


def test_an_empty_commit_is_not_found(rest):
    answer = rest.commit(rest.begin())
    assert (answer.status, answer.body["apiError"]) == (404, 1)
    assert answer.message == "there is no command to commit in the transaction."


def test_an_idle_transaction_is_silently_gone(rest):
    number = rest.begin()
    for name in ("a", "b"):  # each request makes it wait anew
        rest.clock.now += IDLE_LIMIT_S - 1
        assert rest.queue(number, "POST", "ltm/pool", name=name, partition="T1").status == 200
    rest.clock.now += IDLE_LIMIT_S + 1
    assert rest.commit(number).status == 404
    assert rest.ask("GET", "ltm/pool/~T1~a").status == 404


def test_an_abandoned_transaction_is_gone(rest):
    number = rest.begin()
    rest.delete(f"transaction/{number}")
    assert rest.queue(number, "POST", "ltm/pool", **POOL).status == 404


def test_validate_only_checks_and_discards(rest):
    number = rest.begin()
    rest.queue(number, "POST", "ltm/pool", **POOL)
    assert rest.commit(number, validateOnly=True).status == 200
    assert rest.ask("GET", "ltm/pool/~T1~p").status == 404


def test_two_virtual_servers_swap_addresses_in_one_transaction(rest):
    for name, host in (("a", 1), ("b", 2)):
        rest.post("ltm/virtual", name=name, partition="T1", destination=f"/T1/10.1.0.{host}:80")
    number = rest.begin()
    for name, host in (("a", 2), ("b", 1)):
        body = {"destination": f"/T1/10.1.0.{host}:80"}
        rest.queue(number, "PATCH", f"ltm/virtual/~T1~{name}", **body)
    answer = rest.commit(number)
    assert answer.status == 200, answer.text
    assert rest.get("ltm/virtual/~T1~a")["destination"] == "/T1/10.1.0.2:80"
    assert len(rest.get("ltm/virtual-address")["items"]) == 2


def test_two_that_end_on_one_address_are_refused_whatever_the_order(rest):
    for name, host in (("a", 1), ("b", 2)):
        rest.post("ltm/virtual", name=name, partition="T1", destination=f"/T1/10.1.0.{host}:80")
    number = rest.begin()
    for name in ("a", "b"):
        body = {"destination": "/T1/10.1.0.3:80"}
        rest.queue(number, "PATCH", f"ltm/virtual/~T1~{name}", **body)
    assert "01070333" in rest.commit(number).message


def test_a_whole_service_leaves_in_one_transaction(web):
    number = web.begin()
    for path in (
        "ltm/virtual/~T1~v",
        "ltm/pool/~T1~p",
        "ltm/monitor/http/~T1~m",
        "ltm/node/~T1~10.0.0.1",
        "ltm/node/~T1~10.0.0.2",
    ):
        web.queue(number, "DELETE", path)
    answer = web.commit(number)
    assert answer.status == 200, answer.text
    web.delete("auth/partition/T1")


def test_a_monitor_cannot_go_in_the_transaction_that_detaches_it(web):
    number = web.begin()
    web.queue(number, "PATCH", "ltm/pool/~T1~p", monitor="")
    web.queue(number, "DELETE", "ltm/monitor/http/~T1~m")
    message = web.commit(number).message
    assert message == "transaction failed:01070083:3: Monitor /T1/m is in use."


def test_a_snat_pool_cannot_go_in_the_transaction_that_detaches_it(web):
    web.post("ltm/snatpool", name="s", partition="T1", members=["10.9.0.1"])
    web.patch("ltm/virtual/~T1~v", sourceAddressTranslation={"type": "snat", "pool": "/T1/s"})
    number = web.begin()
    body = {"sourceAddressTranslation": {"type": "automap"}}
    web.queue(number, "PATCH", "ltm/virtual/~T1~v", **body)
    web.queue(number, "DELETE", "ltm/snatpool/~T1~s")
    assert "01070320:3: Snatpool /T1/s is still referenced" in web.commit(number).message


def test_a_partition_made_in_the_transaction_cannot_be_filled_there(rest):
    number = rest.begin()
    rest.queue(number, "POST", "auth/partition", name="T2")
    rest.queue(number, "POST", "ltm/pool", name="p", partition="T2")
    message = rest.commit(number).message
    assert message == "transaction failed:The requested folder (/T2) was not found."


def test_saving_and_committing_do_not_go_into_a_transaction(rest):
    number = rest.begin()
    assert rest.queue(number, "POST", "sys/config", command="save").status == 400
    assert rest.queue(number, "PATCH", f"transaction/{number}", state="VALIDATING").status == 400
    assert rest.post("sys/config", command="save") == {
        "kind": "tm:sys:config:savestate",
        "command": "save",
    }


def test_of_two_overlapping_commits_the_second_fails_as_busy_and_changes_nothing(rest):
    first, second = rest.begin(), rest.begin()
    rest.queue(first, "POST", "ltm/pool", name="a", partition="T1")
    rest.queue(second, "POST", "ltm/pool", name="b", partition="T1")
    faults = rest.device.faults
    faults.set({"kind": "commit-delay", "ms": 60_000})
    answers = []
    committing = threading.Thread(target=lambda: answers.append(rest.commit(first)))
    committing.start()
    wait_until(lambda: faults.told()["faults"][0]["acted"], "the first commit has begun")
    answer = rest.commit(second)
    assert (answer.status, answer.body["apiError"]) == (503, 32964609)
    assert rest.ask("GET", "ltm/pool/~T1~a").status == 404  # reads go on meanwhile
    faults.clear()  # nobody waits for it any more
    committing.join()
    assert answers[0].status == 200
    assert [p["name"] for p in rest.get("ltm/pool")["items"]] == ["a"]


def test_a_commit_made_to_fail_fails_once_with_the_words_given(rest):
    rest.device.faults.set({"fail_commit": "01070734:3: Configuration error: told to"})
    for expected in (400, 200):
        number = rest.begin()
        rest.queue(number, "POST", "ltm/pool", **POOL)
        answer = rest.commit(number)
        assert answer.status == expected
        if expected == 400:
            assert answer.message == "transaction failed:01070734:3: Configuration error: told to"


def test_a_commit_costs_what_it_changes_and_not_what_the_device_holds(rest):
    """With a thousand virtual servers a commit touches no more objects than with none."""
    for number in range(1000):
        place = f"/T1/10.1.{number // 250}.{number % 250}:80"
        rest.post("ltm/virtual", name=f"v{number}", partition="T1", destination=place)
    read: list[str] = []
    tree = rest.device.configuration.tree
    originally = tree.references

    def counted(item):
        read.append(item.key.name)
        return originally(item)

    tree.references = counted
    number = rest.begin()
    rest.queue(number, "POST", "ltm/pool", **POOL)
    rest.queue(number, "PATCH", "ltm/virtual/~T1~v7", pool="/T1/p")
    assert rest.commit(number).status == 200
    assert set(read) <= {"/T1/p", "/T1/v7"}
    assert len(read) < 20
