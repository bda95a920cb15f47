"""What DELETE refuses, and that nothing names what is not there: one table, read both ways.

Source: iControl REST reference, section 3.12. Codes without a recorded text are marked in the code.
"""

import json
from dataclasses import dataclass
from typing import Any

import pytest

Json = dict[str, Any]
T1 = {"partition": "T1"}
GENERAL = "01070265:3: The {} ({}) cannot be deleted because it is in use by a {} ({})."
HTTP = {"destination": "/T1/10.1.0.5:80", "ipProtocol": "tcp", "profiles": ["tcp", "http"]}
POOL_RULE = "when CLIENT_ACCEPTED { pool x }"
GROUP_RULE = "when CLIENT_ACCEPTED { if { [class match [IP::client_addr] equals x] } { drop } }"


@dataclass(frozen=True)
class Row:
    """One object and one way to use it."""

    target: str  # kind
    made: Json  # its body, but for name and partition
    user: str  # kind
    uses: Json  # the body that names it, but for name and partition
    said: str


def general(human: str, user: str) -> str:
    return GENERAL.format(human, "/T1/x", user, "/T1/u")


MONITOR = "01070083:3: Monitor /T1/x is in use."
SNATPOOL = "01070320:3: Snatpool /T1/x is still referenced by a virtual server."
ROWS = [
    Row("ltm/pool", {}, "ltm/virtual", {"pool": "/T1/x"}, general("Pool", "Virtual Server")),
    Row("ltm/pool", {}, "ltm/virtual", {"lastHopPool": "/T1/x"}, general("Pool", "Virtual Server")),
    Row("ltm/pool", {}, "net/route", {"pool": "/T1/x"}, general("Pool", "route")),
    Row("ltm/pool", {}, "ltm/rule", {"apiAnonymous": POOL_RULE}, general("Pool", "iRule")),
    Row("ltm/monitor/http", {}, "ltm/pool", {"monitor": "/T1/x"}, MONITOR),
    Row("ltm/monitor/tcp", {}, "ltm/pool", {"monitor": "min 1 of { http /T1/x }"}, MONITOR),
    Row("ltm/monitor/tcp", {}, "ltm/node", {"address": "10.5.0.1", "monitor": "/T1/x"}, MONITOR),
    Row("ltm/monitor/http", {}, "ltm/monitor/http", {"defaultsFrom": "/T1/x"}, MONITOR),
    Row(
        "ltm/profile/http",
        {},
        "ltm/virtual",
        {**HTTP, "profiles": ["tcp", "/T1/x"]},
        general("profile", "Virtual Server"),
    ),
    Row(
        "ltm/profile/http",
        {},
        "ltm/profile/http",
        {"defaultsFrom": "/T1/x"},
        general("profile", "profile"),
    ),
    Row(
        "ltm/persistence/cookie",
        {},
        "ltm/virtual",
        {**HTTP, "persist": "/T1/x"},
        general("persistence", "Virtual Server"),
    ),
    Row(
        "ltm/persistence/source-addr",
        {},
        "ltm/virtual",
        {"fallbackPersistence": "/T1/x"},
        general("persistence", "Virtual Server"),
    ),
    Row(
        "ltm/rule",
        {"apiAnonymous": "when CLIENT_ACCEPTED { reject }"},
        "ltm/virtual",
        {"rules": ["/T1/x"]},
        general("iRule", "Virtual Server"),
    ),
    Row(
        "ltm/rule",
        {"apiAnonymous": "when CLIENT_ACCEPTED { reject }"},
        "ltm/persistence/universal",
        {"rule": "/T1/x"},
        general("iRule", "persistence"),
    ),
    Row(
        "ltm/policy",
        {"legacy": True},
        "ltm/virtual",
        {"policies": ["/T1/x"]},
        general("policy", "Virtual Server"),
    ),
    Row(
        "ltm/snatpool",
        {"members": ["10.9.0.1"]},
        "ltm/virtual",
        {"sourceAddressTranslation": {"type": "snat", "pool": "/T1/x"}},
        SNATPOOL,
    ),
    Row("ltm/snatpool", {"members": ["10.9.0.1"]}, "ltm/snat", {"snatpool": "/T1/x"}, SNATPOOL),
    Row(
        "ltm/data-group/internal",
        {},
        "ltm/rule",
        {"apiAnonymous": GROUP_RULE},
        general("value list", "iRule"),
    ),
    Row("net/vlan", {}, "ltm/virtual", {"vlans": ["/T1/x"], "vlansEnabled": True},
        general("VLAN", "Virtual Server")),
    Row("net/vlan", {}, "net/self", {"address": "10.6.0.1/24", "vlan": "/T1/x"},
        general("VLAN", "self IP")),
    Row("net/vlan", {}, "net/route", {"tmInterface": "/T1/x"}, general("VLAN", "route")),
    Row(
        "net/tunnels/tunnel",
        {"profile": "gre"},
        "net/self",
        {"address": "10.6.0.1/24", "vlan": "/T1/x"},
        general("tunnel", "self IP"),
    ),
    Row(
        "net/tunnels/gre",
        {},
        "net/tunnels/tunnel",
        {"profile": "/T1/x"},
        general("tunnel profile", "tunnel"),
    ),
]  # fmt: skip


def ids(row: Row) -> str:
    return f"{row.target} in {row.user} {','.join(row.uses)}"


def where(kind: str, name: str) -> str:
    return f"{kind}/~T1~{name}"


@pytest.mark.parametrize("row", ROWS, ids=ids)
def test_what_is_named_is_there_and_stays_while_it_is_named(rest, row):
    user = {"name": "u", **T1, **row.uses}
    before = rest.dump()
    assert rest.ask("POST", row.user, user).status in {400, 404}
    assert rest.dump() == before
    rest.post(row.target, name="x", **T1, **row.made)
    rest.post(row.user, **user)
    before = rest.dump()
    answer = rest.ask("DELETE", where(row.target, "x"))
    assert (answer.status, answer.message) == (400, row.said)
    assert rest.dump() == before
    rest.delete(where(row.user, "u"))
    rest.delete(where(row.target, "x"))


@pytest.mark.parametrize("row", ROWS, ids=ids)
def test_one_transaction_makes_both_in_any_order_and_takes_both(rest, row):
    target, user = {"name": "x", **T1, **row.made}, {"name": "u", **T1, **row.uses}
    transaction = rest.begin()
    rest.queue(transaction, "POST", row.user, **user)
    rest.queue(transaction, "POST", row.target, **target)
    answer = rest.commit(transaction)
    assert answer.status == 200, answer.text
    transaction = rest.begin()
    rest.queue(transaction, "DELETE", where(row.target, "x"))
    rest.queue(transaction, "DELETE", where(row.user, "u"))
    answer = rest.commit(transaction)
    assert answer.status == 200, answer.text


@pytest.mark.parametrize("row", ROWS, ids=ids)
def test_an_object_names_its_own_partition_or_common(rest, row):
    rest.post("auth/partition", name="T2")
    rest.post(row.target, name="x", partition="T2", **row.made)
    body = json.dumps(row.uses).replace("/T1/x", "/T2/x").replace("pool x", "pool /T2/x")
    body = body.replace("equals x", "equals /T2/x").replace("/T1/10.1", "/T2/10.1")
    answer = rest.ask("POST", row.user, {"name": "u", **T1, **json.loads(body)})
    assert answer.status == 400
    assert "/T2/" in answer.message


def test_parts_of_a_pool_keep_their_monitor_and_node(web):
    web.patch("ltm/pool/~T1~p", monitor="")
    web.patch("ltm/pool/~T1~p/members/~T1~10.0.0.1:80", monitor="/T1/m")
    assert web.ask("DELETE", "ltm/monitor/http/~T1~m").message == MONITOR.replace("/x", "/m")
    answer = web.ask("DELETE", "ltm/node/~T1~10.0.0.1")
    said = "01070110:3: Node address '10.0.0.1' is referenced by a member of pool '/T1/p'."
    assert answer.message == said


def test_a_translation_stays_with_its_pool_and_after_it(rest):
    rest.post("ltm/snatpool", name="s", members=["10.9.0.1"], **T1)
    answer = rest.ask("DELETE", "ltm/snat-translation/~T1~10.9.0.1")
    human, user = "SNAT Translation", "Snatpool"
    assert answer.message == GENERAL.format(human, "/T1/10.9.0.1", user, "/T1/s")
    rest.delete("ltm/snatpool/~T1~s")
    rest.delete("ltm/snat-translation/~T1~10.9.0.1")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *[("ltm/monitor/http", "http"), ("ltm/profile/tcp", "f5-tcp-lan")],
        *[("ltm/persistence/cookie", "cookie"), ("ltm/policy-strategy", "first-match")],
        *[("net/tunnels/vxlan", "vxlan"), ("net/tunnels/tunnel", "http-tunnel")],
        *[("net/route-domain", "0"), ("auth/partition", "Common"), ("sys/folder", "~")],
        *[("sys/folder", "~Common"), ("auth/user", "admin"), ("sys/provision", "ltm")],
        *[("ltm/data-group/internal", "aol"), ("sys/file/ssl-cert", "default.crt")],
    ],
)
def test_what_is_built_in_stays(rest, kind, name):
    before = rest.dump()
    assert rest.ask("DELETE", f"{kind}/{name}").status == 400
    assert rest.dump() == before


def test_folders_go_when_they_are_empty_and_nothing_is_made_without_one(rest):
    body = {"name": "p", "partition": "T1", "subPath": "sub"}
    answer = rest.ask("POST", "ltm/pool", body)
    assert answer.message == "The requested folder (/T1/sub) was not found."
    folder = rest.post("sys/folder", name="sub", partition="T1")
    assert (folder["fullPath"], folder["partition"]) == ("/T1/sub", "T1")
    pool = rest.post("ltm/pool", **body)
    assert (pool["fullPath"], pool["subPath"]) == ("/T1/sub/p", "sub")
    assert rest.get("ltm/pool/~T1~sub~p")["name"] == "p"
    assert rest.ask("DELETE", "sys/folder/~T1~sub").status == 400
    assert rest.ask("DELETE", "auth/partition/T1").message.startswith("0107082a:3: ")
    rest.delete("ltm/pool/~T1~sub~p")
    assert rest.ask("DELETE", "auth/partition/T1").status == 400  # the folder is something too
    rest.delete("sys/folder/~T1~sub")
    rest.delete("auth/partition/T1")
