"""What the log says of each request, above all what a write has changed."""

import json

from test_transactions import POOL


def last(rest):
    return rest.device.journal.last(1)[0]


def test_a_request_is_told_with_what_it_changed(rest):
    rest.post("ltm/pool", **POOL, members=[{"name": "10.0.0.1:80"}])
    entry = last(rest)
    assert (entry["method"], entry["path"]) == ("POST", "/mgmt/tm/ltm/pool")
    assert (entry["status"], entry["client"]) == (200, "127.0.0.1")
    assert entry["duration_ms"] >= 0
    assert {(c["action"], c["kind"], c["path"], c.get("owner")) for c in entry["changes"]} == {
        ("created", "ltm/pool", "/T1/p", None),
        ("created", "ltm/pool/members", "/T1/10.0.0.1:80", "/T1/p"),
        ("created", "ltm/node", "/T1/10.0.0.1", None),
    }
    rest.patch("ltm/pool/~T1~p", description="x")
    assert last(rest)["changes"] == [
        {
            "action": "modified",
            "kind": "ltm/pool",
            "path": "/T1/p",
            "fields": {"description": {"before": None, "after": "x"}},
        }
    ]
    rest.patch("ltm/pool/~T1~p", description="x")
    assert "changes" not in last(rest)  # written, and nothing is different
    rest.delete("ltm/pool/~T1~p")
    assert [(c["action"], c["path"]) for c in last(rest)["changes"]] == [
        ("deleted", "/T1/10.0.0.1:80"),
        ("deleted", "/T1/p"),
    ]


def test_a_member_that_is_disabled_is_told_as_it_was_written(web):
    web.patch("ltm/pool/~T1~p/members/~T1~10.0.0.1:80", session="user-disabled")
    (change,) = last(web)["changes"]
    assert change["fields"]["session"]["after"] == "user-disabled"


def test_a_commit_is_told_with_all_its_changes_and_a_refused_one_with_none(rest):
    for expected, name in ((200, "p"), (400, "p")):
        number = rest.begin()
        rest.queue(number, "POST", "ltm/node", name="n", partition="T1", address="10.0.0.9")
        rest.queue(number, "POST", "ltm/pool", name=name, partition="T1")
        assert "changes" not in last(rest)
        assert rest.commit(number).status == expected
        entry = last(rest)
        assert entry["transaction"] == number
        if expected == 200:
            assert [c["path"] for c in entry["changes"]] == ["/T1/n", "/T1/p"]
            assert [c["name"] for c in entry["commands"]] == ["n", "p"]
        else:
            assert "changes" not in entry
    number = rest.begin()
    rest.queue(number, "DELETE", "ltm/node/~T1~n")
    assert rest.commit(number, validateOnly=True).status == 200
    assert "changes" not in last(rest)


def test_a_commit_in_the_background_is_told_when_it_is_done(rest):
    number = rest.post("transaction", asyncExecution=True)["transId"]
    rest.queue(number, "POST", "ltm/pool", **POOL)
    assert rest.commit(number).status == 200
    rest.device.later.settle()
    (entry,) = [e for e in rest.device.journal.last(9) if e["method"] == "BACKGROUND"]
    assert [c["path"] for c in entry["changes"]] == ["/T1/p"]


def test_secrets_are_not_told_and_long_texts_by_their_beginning(rest):
    rest.post("ltm/monitor/http", name="m", partition="T1", username="u", password="hidden")
    assert "hidden" not in json.dumps(last(rest))
    long = "x" * 50_000
    rest.post(
        "ltm/rule", name="r", partition="T1", apiAnonymous=f"when HTTP_REQUEST {{ set x {long} }}"
    )
    assert len(json.dumps(last(rest))) < 5000


def test_every_request_is_a_line_of_the_file(rest, tmp_path):
    path = tmp_path / "log"
    rest.device.journal.write_to(path)
    rest.post("ltm/pool", **POOL)
    rest.ask("GET", "ltm/pool/~T1~none")
    rest.device.close()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines == rest.device.journal.last(2)
    assert [line["status"] for line in lines] == [200, 404]
