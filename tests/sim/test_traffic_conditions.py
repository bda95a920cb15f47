"""Each condition of policies that layer-7 rules become, against requests that meet it or do not."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import httpx
import pytest
from programs import free_port, member, running, wait_until

pytestmark = [
    pytest.mark.dataplane,
    pytest.mark.skipif(shutil.which("haproxy") is None, reason="there is no HAProxy"),
]
VIP = "127.3.6.1"


@dataclass(frozen=True)
class Ask:
    """A request, as far as conditions look at it."""

    path: str = "/"
    host: str = "x.example"
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"


PATH = {"httpUri": True, "path": True}
FILE = {"httpUri": True, "extension": True}
HOST = {"httpHost": True, "host": True}
TEAM = {"httpHeader": True, "tmName": "X-Team"}
COOKIE = {"httpCookie": True, "tmName": "kind"}
BLUE, RED = Ask(headers={"X-Team": "Blue team"}), Ask(headers={"X-Team": "red"})
SWEET = Ask(headers={"Cookie": "other=1; kind=sweet"})
CASES = {  # name -> condition, requests that meet it, and that do not
    "path-equals": (
        {**PATH, "equals": True, "values": ["/a", "/b"]},
        [Ask("/a"), Ask("/B"), Ask("/a?q=1")],
        [Ask("/a/b"), Ask("/")],
    ),
    "path-case": (
        {**PATH, "equals": True, "caseSensitive": True, "values": ["/a"]},
        [Ask("/a")],
        [Ask("/A")],
    ),
    "path-starts": (
        {**PATH, "startsWith": True, "values": ["/api"]},
        [Ask("/api/v1")],
        [Ask("/v1/api")],
    ),
    "path-ends": (
        {**PATH, "endsWith": True, "values": ["/end"]},
        [Ask("/the/end")],
        [Ask("/end/of"), Ask("/x?y=/end")],
    ),
    "path-contains": (
        {**PATH, "contains": True, "values": ["mid"]},
        [Ask("/amidst")],
        [Ask("/x?y=mid")],
    ),
    "path-not": (
        {**PATH, "startsWith": True, "not": True, "values": ["/api"]},
        [Ask("/x")],
        [Ask("/api/v1")],
    ),
    "file-equals": (
        {**FILE, "equals": True, "values": ["png", "jpg"]},
        [Ask("/v1.2/a.png"), Ask("/a.tar.JPG?x=1")],
        [Ask("/a.pngx"), Ask("/png"), Ask("/a.png/b")],
    ),
    "file-ends": (
        {**FILE, "endsWith": True, "values": ["ng"]},
        [Ask("/a.png")],
        [Ask("/being"), Ask("/v1.2/ping")],
    ),
    "host-equals": (
        {**HOST, "equals": True, "values": ["shop.example"]},
        [Ask(host="shop.example"), Ask(host="SHOP.example:8080")],
        [Ask(host="my.shop.example")],
    ),
    "host-ends": (
        {**HOST, "endsWith": True, "values": [".shop.example"]},
        [Ask(host="my.shop.example")],
        [Ask(host="shop.example")],
    ),
    "host-of-uri": (
        {"httpUri": True, "host": True, "equals": True, "values": ["u.example"]},
        [Ask(host="u.example")],
        [Ask("/u.example")],
    ),
    "header-contains": ({**TEAM, "contains": True, "values": ["blue"]}, [BLUE], [RED, Ask()]),
    "header-not": ({**TEAM, "equals": True, "not": True, "values": ["red"]}, [BLUE, Ask()], [RED]),
    "header-exists": ({**TEAM, "exists": True}, [BLUE, RED], [Ask()]),
    "header-missing": ({**TEAM, "missing": True}, [Ask()], [BLUE]),
    "cookie-equals": (
        {**COOKIE, "equals": True, "values": ["sweet"]},
        [SWEET],
        [Ask(headers={"Cookie": "kind=sour"}), Ask()],
    ),
    "cookie-starts": ({**COOKIE, "startsWith": True, "values": ["sw"]}, [SWEET], [Ask()]),
    "query": (
        {"httpUri": True, "queryString": True, "contains": True, "values": ["y=2"]},
        [Ask("/?x=1&y=2")],
        [Ask("/y=2")],
    ),
    "segment": (
        {"httpUri": True, "pathSegment": True, "index": 2, "values": ["two"]},
        [Ask("/one/two/three")],
        [Ask("/two/one")],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    """A virtual server for each case: its policy sends who meets the condition to B."""
    ports: dict[str, int] = {}
    home = tmp_path_factory.mktemp("device")
    with member("A") as a, member("B") as b, running(home) as device:
        device.post("auth/partition", name="T1")
        for name, number in (("a", a), ("b", b)):
            device.post("ltm/pool", name=name, partition="T1", members=[f"127.0.0.1:{number}"])
        for name, (condition, _, _) in CASES.items():
            action = {"forward": True, "select": True, "pool": "/T1/b"}
            rule = {"name": "r", "conditions": [condition], "actions": [action]}
            device.post("ltm/policy", name=name, partition="T1", subPath="Drafts", rules=[rule])
            device.post("ltm/policy", command="publish", name=f"/T1/Drafts/{name}")
            ports[name] = free_port()
            device.post(
                "ltm/virtual", name=name, partition="T1", destination=f"/T1/{VIP}:{ports[name]}",
                ipProtocol="tcp", pool="/T1/a", profiles=["/Common/tcp", "/Common/http"],
                policies=[f"/T1/{name}"],
            )  # fmt: skip
        wait_until(lambda: device.health()["data_plane"]["listening"] == len(CASES), "all listen")
        device.settled()
        assert device.health()["data_plane"]["problems"] == []
        yield ports


def served(port: int, request: Ask) -> str:
    headers = {"Host": request.host, **request.headers}
    return httpx.request(request.method, f"http://{VIP}:{port}{request.path}", headers=headers).text


@pytest.mark.parametrize("name", CASES)
def test_who_meets_a_condition_and_nobody_else_is_served_by_its_pool(places, name):
    _, meets, others = CASES[name]
    assert [served(places[name], request) for request in meets] == ["B"] * len(meets)
    assert [served(places[name], request) for request in others] == ["A"] * len(others)
