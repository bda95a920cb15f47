"""What a transaction is on every BIG-IP (reference, section 2)."""

import httpx
import pytest
from bigip import Bigip


def queue(bigip: Bigip, transaction: int, name: str, **body: object) -> httpx.Response:
    bigip.will_make("ltm/pool", name)
    whole = {"name": name, "partition": bigip.partition, **body}
    return bigip.ask("POST", "ltm/pool", whole, transaction)


def test_a_transaction_says_how_long_it_waits(bigip: Bigip) -> None:
    begun = bigip.post("transaction")
    bigip.ask("DELETE", f"transaction/{begun['transId']}")
    assert begun["kind"] == "tm:transactionstate"
    assert begun["state"] == "STARTED"
    assert begun["timeoutSeconds"] in {30, 120}
    assert isinstance(begun["transId"], int)


def test_a_queued_write_answers_with_the_command(bigip: Bigip) -> None:
    transaction = bigip.begin()
    answer = queue(bigip, transaction, "q").json()
    assert answer["kind"] == "tm:transaction:commandsstate"
    assert (answer["method"], answer["commandId"], answer["evalOrder"]) == ("POST", 1, 1)
    assert answer["uri"] == "https://localhost/mgmt/tm/ltm/pool"
    assert answer["body"] == {"name": "q", "partition": bigip.partition}
    bigip.ask("DELETE", f"transaction/{transaction}")


def test_what_is_queued_is_not_there_until_the_commit(bigip: Bigip) -> None:
    transaction = bigip.begin()
    queue(bigip, transaction, "q")
    path = f"ltm/pool/{bigip.segment('q')}"
    assert bigip.ask("GET", path, transaction=transaction).status_code == 404
    answer = bigip.commit(transaction)
    assert (answer.status_code, answer.json()["state"]) == (200, "COMPLETED")
    assert bigip.ask("GET", path).status_code == 200


def test_nothing_is_checked_until_the_commit(bigip: Bigip) -> None:
    transaction = bigip.begin()
    answer = bigip.ask("DELETE", f"ltm/pool/{bigip.segment('missing')}", transaction=transaction)
    assert answer.status_code == 200
    answer = bigip.commit(transaction)
    assert answer.status_code == 400
    body = answer.json()
    assert body["apiError"] == 2
    missing = f"The requested Pool ({bigip.full('missing')}) was not found."
    assert body["message"] == f"transaction failed:01020036:3: {missing}"


def test_a_failing_commit_leaves_nothing_behind(bigip: Bigip) -> None:
    transaction = bigip.begin()
    queue(bigip, transaction, "good")
    bigip.ask("DELETE", f"ltm/pool/{bigip.segment('missing')}", transaction=transaction)
    assert bigip.commit(transaction).status_code == 400
    assert bigip.ask("GET", f"ltm/pool/{bigip.segment('good')}").status_code == 404
    assert bigip.commit(transaction).status_code == 404


def test_an_empty_transaction_is_not_committed(bigip: Bigip) -> None:
    transaction = bigip.begin()
    answer = bigip.commit(transaction)
    assert answer.status_code == 404
    assert answer.json()["message"] == "there is no command to commit in the transaction."
    bigip.ask("DELETE", f"transaction/{transaction}")


def test_commands_are_listed_moved_and_dropped(bigip: Bigip) -> None:
    transaction = bigip.begin()
    for name in ("a", "b", "c"):
        queue(bigip, transaction, name)
    commands = f"transaction/{transaction}/commands"
    bigip.patch(f"{commands}/3", evalOrder=1)
    assert bigip.ask("DELETE", f"{commands}/2").status_code == 200
    names = [command["body"]["name"] for command in bigip.get(commands)["items"]]
    assert names == ["c", "a"]
    assert bigip.commit(transaction).status_code == 200
    assert bigip.ask("GET", f"ltm/pool/{bigip.segment('b')}").status_code == 404


def test_references_count_in_the_end_state_only(bigip: Bigip) -> None:
    transaction = bigip.begin()
    bigip.will_make("ltm/node", "10.33.0.1")
    queue(bigip, transaction, "p", members=[{"name": "10.33.0.1:80"}])
    for address in ("10.33.0.9",):
        bigip.will_make("ltm/virtual-address", address)
    bigip.will_make("ltm/virtual", "v")
    body = {"name": "v", "destination": "10.33.0.9:80", "pool": bigip.full("p")}
    bigip.ask("POST", "ltm/virtual", {**body, "partition": bigip.partition}, transaction)
    assert bigip.commit(transaction).status_code == 200
    transaction = bigip.begin()
    for path in ("ltm/virtual/v", "ltm/pool/p", "ltm/node/10.33.0.1"):
        collection, _, name = path.rpartition("/")
        bigip.ask("DELETE", f"{collection}/{bigip.segment(name)}", transaction=transaction)
    assert bigip.commit(transaction).status_code == 200


@pytest.mark.unverified
def test_validation_alone_keeps_nothing(bigip: Bigip) -> None:
    transaction = bigip.begin()
    queue(bigip, transaction, "tried")
    answer = bigip.commit(transaction, validateOnly=True)
    assert answer.status_code == 200
    assert bigip.ask("GET", f"ltm/pool/{bigip.segment('tried')}").status_code == 404
    bigip.ask("DELETE", f"transaction/{transaction}")
