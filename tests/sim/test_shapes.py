"""Key sets and JSON types of objects against those recorded from devices (shapes.json).

Recorded from a 14.1.2.1 device, and for subcollections from answers that the iControl REST
reference quotes in section 3. `also` are attributes that only other recorded objects carry.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

SHAPES: Mapping[str, Any] = json.loads((Path(__file__).parent / "shapes.json").read_text())
META = {"kind", "name", "partition", "subPath", "fullPath", "generation", "selfLink"}
VERSION = "14.1.2"

# What a fresh device does not have; the bodies give what the recorded objects had set.
HOME = {"partition": "T1"}
MADE: Mapping[str, Mapping[str, Any]] = {
    "ltm/node": {"name": "n", "address": "10.0.0.9", **HOME},
    "ltm/pool": {"name": "q", "description": "d", "monitor": "http and tcp", **HOME},
    "ltm/virtual-address": {"name": "10.1.0.9", **HOME},
    "ltm/snatpool": {"name": "s", "members": ["10.9.0.2"], **HOME},
    "ltm/snat-translation": {"name": "10.9.0.3", **HOME},
    "net/vlan": {"name": "External"},
    "net/self": {"name": "s2", "address": "10.1.0.3/24", "vlan": "v", "allowService": "default"},
    "net/route": {"name": "r", "description": "Default", "gw": "10.1.0.1"},
}
FOUND: Mapping[str, str] = {
    "cm/device": "cm/device/~Common~bigip-1",
    "ltm/virtual": "ltm/virtual/~T1~v",
    "ltm/pool/members": "ltm/pool/~T1~p/members/~T1~10.0.0.1:80",
    "ltm/virtual/profiles": "ltm/virtual/~T1~v/profiles/~Common~http",
    "ltm/policy/rules/conditions": "ltm/policy/~T1~Drafts~pol/rules/r/conditions/0",
    "ltm/policy/rules/actions": "ltm/policy/~T1~Drafts~pol/rules/r/actions/0",
    "net/vlan/interfaces": "net/vlan/v/interfaces/1.1",
    "net/fdb/tunnel/records": "net/fdb/tunnel/t/records/fa:16:3e:00:00:01",
    "net/fdb/vlan": "net/fdb/vlan/v",
    "ltm/profile/statistics": "ltm/profile/statistics/~Common~stats",  # /stats is something else
    "sys/folder": "sys/folder/~",
    "sys/global-settings": "sys/global-settings",
}
# What is no object of the configuration, and is changed by other means if at all.
TOLD = {"sys/global-settings", "cm/device", "cm/trust-domain"}


@pytest.fixture
def device(new_rest):
    rest = new_rest(VERSION)
    rest.post("auth/partition", name="T1")
    rest.post("ltm/pool", name="p", partition="T1", members=["10.0.0.1:80"])
    rest.post(
        "ltm/virtual",
        name="v",
        partition="T1",
        destination="/T1/10.1.0.1:80",
        ipProtocol="tcp",
        pool="/T1/p",
        profiles=["/Common/tcp", "/Common/http"],
    )
    rest.post("net/vlan", name="v", interfaces=[{"name": "1.1", "tagged": True}])
    rest.post("net/self", name="s", address="10.1.0.2/24", vlan="v")
    rest.post("net/tunnels/tunnel", name="t", profile="gre")
    record = {"name": "fa:16:3e:00:00:01", "endpoint": "10.0.0.9"}
    rest.patch("net/fdb/tunnel/t", records=[record])
    condition = {"httpUri": True, "path": True, "startsWith": True, "values": ["/"]}
    action = {"forward": True, "select": True, "pool": "/T1/p", "request": True}
    rule = {"name": "r", "conditions": [{**condition, "request": True}], "actions": [action]}
    rest.post("ltm/policy", name="pol", partition="T1", subPath="Drafts", rules=[rule])
    return rest


def form(value: Any) -> Any:
    """The JSON type of a value, with the keys of what is nested and the first of a list."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    if isinstance(value, list):
        return [form(value[0])] if value else []
    return {name: form(inner) for name, inner in value.items()}


def differences(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(found.keys() - wanted.keys()):
        yield f"{name} was not recorded"
    for name in sorted(wanted.keys() - found.keys()):
        yield f"{name} is missing"
    for name in sorted(found.keys() & wanted.keys()):
        here, there = form(found[name]), wanted[name]
        if here != there and not (isinstance(there, list) and [] in (here, there)):
            yield f"{name} is {here}, recorded was {there}"


def attributes(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in META}


def read(device: Any, path: str) -> Mapping[str, Any]:
    if path in MADE:
        made: Mapping[str, Any] = device.post(path, **MADE[path])
        return made
    item = SHAPES[path]["item"].replace("/", "~")
    found: Mapping[str, Any] = device.get(FOUND.get(path, f"{path}/{item}"))
    return found


@pytest.mark.parametrize("path", sorted(SHAPES))
def test_an_object_has_the_recorded_keys_and_types(device, path):
    body = read(device, path)
    assert body["kind"] == SHAPES[path]["kind"]
    assert list(differences(attributes(body), SHAPES[path]["fields"])) == []


INHERITING = sorted(
    path
    for path, shape in SHAPES.items()
    if path.startswith(("ltm/profile/", "ltm/persistence/", "ltm/monitor/", "net/tunnels/"))
    and path != "net/tunnels/tunnel"
)


@pytest.mark.parametrize("path", INHERITING)
def test_a_new_child_has_what_its_root_has_and_the_link_to_it(device, path):
    body = device.post(path, name="child", partition="T1")
    shape = SHAPES[path]["fields"]
    unset = {"description"} if path.startswith("net/tunnels/") else set()
    link = {"link": "string"}
    wanted = {name: kind for name, kind in shape.items() if name not in unset}
    wanted.update(defaultsFrom="string", defaultsFromReference=link)
    assert list(differences(attributes(body), wanted)) == []


@pytest.mark.parametrize("path", sorted(SHAPES.keys() - TOLD))
def test_an_object_can_be_sent_back_as_it_was_read(device, path):
    body = read(device, path)
    where = body["selfLink"].partition("/mgmt/tm/")[2].partition("?")[0].replace("%25", "%")
    if path.startswith("ltm/rule"):
        return  # what is built in there is read-only
    answer = device.ask("PUT", where, {k: v for k, v in body.items() if k != "selfLink"})
    assert answer.status == 200, answer.text
    ours = {k: v for k, v in answer.body.items() if k not in {"generation", "lastModifiedTime"}}
    assert ours == {k: v for k, v in body.items() if k not in {"generation", "lastModifiedTime"}}
