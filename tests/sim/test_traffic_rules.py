"""Policies and iRules acting on requests."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from programs import free_port, member, running, wait_until

pytestmark = [
    pytest.mark.dataplane,
    pytest.mark.skipif(shutil.which("haproxy") is None, reason="there is no HAProxy"),
]
VIP = "127.3.3.1"
RULES = [
    {
        "name": "old",
        "conditions": [{"httpHost": True, "host": True, "values": ["old.example"]}],
        "actions": [
            {"httpReply": True, "redirect": True, "location": "tcl:https://new.example[HTTP::uri]"}
        ],
    },
    {
        "name": "b",
        "conditions": [
            {"httpUri": True, "path": True, "startsWith": True, "values": ["/b/", "/bb"]}
        ],
        "actions": [
            {"forward": True, "select": True, "pool": "/T1/b"},
            {"httpHeader": True, "insert": True, "tmName": "X-Forwarded-For", "value": "50% x"},
        ],
    },
    {
        "name": "never",
        "conditions": [{"httpMethod": True, "values": ["DELETE"]}],
        "actions": [{"forward": True, "reset": True}],
    },
    {
        "name": "shut",
        "conditions": [{"httpUri": True, "path": True, "equals": True, "values": ["/shut"]}],
        "actions": [{"shutdown": True, "connection": True, "request": True}],
    },
    {
        "name": "late",
        "conditions": [
            {"httpUri": True, "path": True, "values": ["/late"]},
            {"httpStatus": True, "code": True, "values": ["200"], "response": True},
        ],
        "actions": [{"shutdown": True, "connection": True, "response": True}],
    },
    {
        "name": "moved",
        "conditions": [{"httpUri": True, "path": True, "values": ["/moved"]}],
        "actions": [
            {"httpReply": True, "redirect": True, "location": "https://there/", "code": 301}
        ],
    },
    {
        "name": "rewritten",
        "conditions": [{"httpUri": True, "path": True, "values": ["/from"]}],
        "actions": [
            {"httpUri": True, "replace": True, "path": "/to"},
            {"httpHost": True, "replace": True, "value": "inner.example"},
            {
                "httpHeader": True, "replace": True, "tmName": "X-Forwarded-For",
                "value": "tcl:[HTTP::host][HTTP::uri] [HTTP::header X-Gone]-",
            },
            {"httpHeader": True, "remove": True, "tmName": "Server", "response": True},
            {"httpHeader": True, "insert": True, "tmName": "X-New", "value": "a", "response": True},
            {"httpSetCookie": True, "insert": True, "tmName": "c", "value": "1", "response": True},
        ],
    },
    {
        "name": "removed",
        "conditions": [{"httpHeader": True, "tmName": "X-Forwarded-For", "exists": True}],
        "actions": [{"httpHeader": True, "remove": True, "tmName": "X-Forwarded-For"}],
    },
]  # fmt: skip
SCRIPT = """
when HTTP_REQUEST {
    if { [HTTP::path] equals "/health" } {
        HTTP::respond 200 content "alive by [HTTP::method]"
        return
    }
}
when HTTP_RESPONSE { HTTP::header insert X-Was [HTTP::status] }
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home: Path = tmp_path_factory.mktemp("device")
    with member("A") as a, member("B") as b, running(home) as device:
        device.post("auth/partition", name="T1")
        for name, number in (("a", a), ("b", b)):
            device.post("ltm/pool", name=name, partition="T1", members=[f"127.0.0.1:{number}"])
        device.post("ltm/policy", name="pol", partition="T1", subPath="Drafts", rules=RULES)
        device.post("ltm/policy", command="publish", name="/T1/Drafts/pol")
        device.post("ltm/rule", name="r", partition="T1", apiAnonymous=SCRIPT)
        port = free_port()
        device.post(
            "ltm/virtual", name="v", partition="T1", destination=f"/T1/{VIP}:{port}",
            ipProtocol="tcp", pool="/T1/a", profiles=["/Common/tcp", "/Common/http"],
            policies=["/T1/pol"], rules=["/T1/r"],
        )  # fmt: skip
        there = f"http://{VIP}:{port}"

        def answers() -> bool:
            try:
                return httpx.get(there).text == "A"
            except httpx.HTTPError:
                return False

        wait_until(answers, "the virtual server answers")
        yield there


def test_a_policy_chooses_the_pool_and_inserts_a_header(url):
    assert httpx.get(f"{url}/b/").text == httpx.get(f"{url}/BB").text == "B50% x"
    assert httpx.get(f"{url}/c").text == "A"


def test_a_policy_redirects(url):
    answer = httpx.get(f"{url}/x?y=1", headers={"Host": "old.example:80"})
    assert answer.status_code == 302
    assert answer.headers["Location"] == "https://new.example/x?y=1"


def test_a_policy_resets(url):
    with pytest.raises(httpx.HTTPError):
        httpx.delete(url)


@pytest.mark.parametrize("path", ["/shut", "/late"])
def test_a_policy_shuts_the_connection_down_before_or_after_a_member_has_answered(url, path):
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{url}{path}")
    assert httpx.get(url).text == "A"


def test_a_policy_redirects_with_the_status_that_it_says(url):
    answer = httpx.get(f"{url}/moved")
    assert (answer.status_code, answer.headers["Location"]) == (301, "https://there/")


def test_a_policy_changes_uri_host_and_headers_of_requests_and_answers(url):
    answer = httpx.get(f"{url}/from?a=1", headers={"X-Forwarded-For": "client"})
    assert answer.text == "Ainner.example/to?a=1 -"
    assert "Server" not in answer.headers
    assert answer.headers["X-New"] == "a"
    assert answer.headers["Set-Cookie"] == "c=1"
    assert httpx.get(url, headers={"X-Forwarded-For": "client"}).text == "A"


def test_an_irule_answers_by_itself_and_marks_answers(url):
    assert httpx.get(f"{url}/health").text == "alive by GET"
    assert httpx.get(url).headers["X-Was"] == "200"
