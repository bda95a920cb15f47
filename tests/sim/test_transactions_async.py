"""Commits in the background, limits, and the terms of a transaction (section 2)."""

import pytest

from bigip_sim.faults.kinds import Place
from bigip_sim.transactions import IDLE_LIMIT_S

POOL = {"name": "p", "partition": "T1"}


def in_background(rest, **more):
    return str(rest.post("transaction", asyncExecution=True, **more)["transId"])


def test_a_commit_in_the_background_answers_at_once_and_is_polled(rest):
    number = in_background(rest)
    rest.queue(number, "POST", "ltm/pool", **POOL)
    faults = rest.device.faults
    faults.set({"commit_delay_ms": 60_000})
    begun = rest.commit(number).body
    assert (begun["state"], begun["asyncExecution"]) == ("VALIDATING", True)
    assert rest.get(f"transaction/{number}")["state"] == "VALIDATING"
    assert rest.ask("GET", "ltm/pool/~T1~p").status == 404
    assert rest.queue(number, "POST", "ltm/pool", name="late").status == 404
    assert rest.commit(number).status == 404
    rest.clock.now += IDLE_LIMIT_S + 1
    assert rest.get(f"transaction/{number}")["state"] == "VALIDATING"
    faults.release()  # what waits is lost, as with the power
    rest.device.later.settle()
    assert rest.get(f"transaction/{number}")["state"] == "FAILED"


def test_a_commit_in_the_background_completes_and_is_logged_when_that_is_seen(rest):
    number = in_background(rest)
    rest.queue(number, "POST", "ltm/pool", **POOL)
    rest.commit(number)
    rest.device.later.settle()
    told = rest.get(f"transaction/{number}")
    assert (told["state"], told["failureReason"]) == ("COMPLETED", "")
    assert rest.get("ltm/pool/~T1~p")["name"] == "p"
    rest.get(f"transaction/{number}")
    entries = [entry for entry in rest.device.journal.last(10) if "commands" in entry]
    assert [entry["commands"][0]["name"] for entry in entries] == ["p"]
    rest.clock.now += IDLE_LIMIT_S + 1
    assert rest.ask("GET", f"transaction/{number}").status == 404


def test_a_commit_in_the_background_that_fails_says_why_and_changes_nothing(rest):
    before = rest.dump()
    number = in_background(rest)
    rest.queue(number, "POST", "ltm/pool", **POOL)
    rest.queue(number, "DELETE", "ltm/pool/~T1~never")
    assert rest.commit(number).status == 200
    rest.device.later.settle()
    told = rest.get(f"transaction/{number}")
    assert told["state"] == "FAILED"
    assert told["failureReason"] == "01020036:3: The requested Pool (/T1/never) was not found."
    assert rest.dump() == before


def test_what_was_only_validated_can_still_be_committed(rest):
    number = rest.begin()
    rest.queue(number, "POST", "ltm/pool", **POOL)
    assert rest.commit(number, validateOnly=True).body["validateOnly"] is True
    assert rest.ask("GET", "ltm/pool/~T1~p").status == 404
    assert rest.commit(number).body["state"] == "COMPLETED"
    assert rest.get("ltm/pool/~T1~p")["name"] == "p"


def test_what_does_not_even_validate_is_gone(rest):
    number = rest.begin()
    rest.queue(number, "DELETE", "ltm/pool/~T1~never")
    answer = rest.commit(number, validateOnly=True)
    assert (answer.status, answer.body["apiError"]) == (400, 2)
    assert rest.commit(number).status == 404


def test_the_idle_limit_can_be_chosen(rest):
    body = rest.post("transaction", timeoutSeconds=10)
    assert body["timeoutSeconds"] == 10
    rest.clock.now += 11
    assert rest.ask("GET", f"transaction/{body['transId']}").status == 404
    number = rest.begin()
    assert rest.patch(f"transaction/{number}", timeoutSeconds=1000)["state"] == "STARTED"
    rest.clock.now += 1000
    rest.get(f"transaction/{number}")


@pytest.mark.parametrize(("version", "limit_s"), [("11.5.4", 30), ("11.6.1", 120)])
def test_eleven_five_waits_thirty_seconds(new_rest, version, limit_s):
    assert new_rest(version).post("transaction")["timeoutSeconds"] == limit_s


@pytest.mark.parametrize(
    "body",
    [{"timeoutSeconds": "soon"}, {"asyncExecution": "perhaps"}, {"state": "DONE"}],
)
def test_terms_that_are_none_are_refused(rest, body):
    answer = rest.ask("PATCH", f"transaction/{rest.begin()}", body)
    assert (answer.status, answer.body["apiError"]) == (400, 26214401)


def test_a_commit_that_takes_too_long_fails_and_changes_nothing(rest):
    number = str(rest.post("transaction", executionTimeout=10)["transId"])
    rest.queue(number, "POST", "ltm/pool", **POOL)
    begins = rest.device.faults.due

    def slow(place, method, path):
        if place is Place.COMMIT:
            rest.clock.now += 11
        return begins(place, method, path)

    rest.device.faults.due = slow
    answer = rest.commit(number)
    assert (answer.status, answer.body["apiError"]) == (400, 2)
    assert answer.message.startswith("transaction failed:")
    assert rest.ask("GET", "ltm/pool/~T1~p").status == 404


def test_the_transactions_that_are_open_can_be_listed(rest):
    numbers = [rest.begin(), rest.begin()]
    body = rest.get("transaction")
    assert body["kind"] == "tm:transactioncollectionstate"
    assert [str(item["transId"]) for item in body["items"]] == numbers
    assert rest.ask("GET", "transactions").status == 404


def test_a_command_that_is_not_there_is_not_found(rest):
    number = rest.begin()
    assert rest.ask("GET", f"transaction/{number}/commands/1").status == 404


def test_reads_with_the_header_see_what_is_and_uploads_ignore_it(rest):
    number = rest.begin()
    header = {"X-F5-REST-Coordination-Id": number}
    assert rest.ask("GET", "ltm/pool", headers=header).body["items"] == []
    assert rest.ask("GET", f"transaction/{number}", headers=header).status == 200
    path = "/mgmt/shared/file-transfer/uploads/x"
    uploaded = rest.ask("POST", path, b"abc", {**header, "Content-Range": "0-2/3"})
    assert uploaded.body["remainingByteCount"] == 0
    assert rest.get(f"transaction/{number}/commands")["items"] == []
