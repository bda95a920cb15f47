"""Objects that are created, modified, listed and deleted by lines of tmsh in the device's shell."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asking import new_device
from bigip_sim.catalogue import KINDS


def tmsh(rest, line: str) -> str:
    run = {"command": "run", "utilCmdArgs": f"-c 'tmsh {line}'"}
    return str(rest.post("util/bash", **run).get("commandResult", ""))


def test_a_pool_is_made_changed_listed_and_deleted(rest):
    made = "create ltm pool /T1/p { members add { 10.0.0.1:http { address 10.0.0.1 } 10.0.0.2:80 }"
    assert tmsh(rest, f"{made} monitor http and tcp load-balancing-mode ratio-member }}") == ""
    pool = rest.get("ltm/pool/~T1~p")
    assert (pool["monitor"], pool["loadBalancingMode"]) == (
        "/Common/http and /Common/tcp",
        "ratio-member",
    )
    tmsh(rest, "modify ltm pool /T1/p members add { 10.0.0.3:80 { ratio 4 } } monitor none")
    tmsh(rest, "modify ltm pool /T1/p members delete { 10.0.0.2:80 }")
    off = "session user-disabled state user-down"
    tmsh(rest, f"modify ltm pool /T1/p members modify {{ 10.0.0.1:80 {{ {off} }} }}")
    members = rest.get("ltm/pool/~T1~p/members")["items"]
    assert [(m["name"], m["ratio"], m["state"]) for m in members] == [
        ("10.0.0.1:80", 1, "user-down"),
        ("10.0.0.3:80", 4, "unchecked"),
    ]
    told = tmsh(rest, "list ltm pool /T1/p one-line")
    assert told.startswith("ltm pool /T1/p { load-balancing-mode ratio-member members { ")
    assert (
        "/T1/10.0.0.3:80 { address 10.0.0.3 ratio 4 session user-enabled state unchecked }" in told
    )
    assert tmsh(rest, "list ltm pool /T1/p load-balancing-mode") == (
        "ltm pool /T1/p {\n    load-balancing-mode ratio-member\n}\n"
    )
    assert tmsh(rest, "delete ltm pool /T1/p") == ""
    assert rest.ask("GET", "ltm/pool/~T1~p").status == 404


def test_refusals_are_told_as_they_are_over_rest(rest):
    said = "01020036:3: The requested Pool (/Common/p) was not found.\n"
    for line in ("list ltm pool p", "delete ltm pool p", "modify ltm pool p monitor http"):
        assert tmsh(rest, line) == said
    assert "one or more" not in tmsh(rest, "create ltm node n address 10.0.0.1")
    assert "already exists" in tmsh(rest, "create ltm node n address 10.0.0.1")
    assert tmsh(rest, "create ltm pool p { members add").startswith("Syntax Error")
    assert tmsh(rest, "create ltm nothing p").startswith("Syntax Error")


def test_a_virtual_server_with_profiles_persistence_and_flags(web):
    place = "create ltm virtual /T1/w destination 10.1.0.9:443 ip-protocol tcp mask 255.255.255.255"
    more = "profiles add { tcp { } http { } } persist replace-all-with { cookie { default yes } }"
    assert tmsh(web, f"{place} {more} source-address-translation {{ type automap }} disabled") == ""
    made = web.get("ltm/virtual/~T1~w?expandSubcollections=true")
    assert (made["disabled"], made["persist"][0]["name"]) == (True, "cookie")
    assert made["sourceAddressTranslation"] == {"type": "automap"}
    names = [p["name"] for p in made["profilesReference"]["items"]]
    assert names == ["http", "tcp"]
    assert tmsh(web, "modify ltm virtual /T1/w enabled pool /T1/p") == ""
    assert web.get("ltm/virtual/~T1~w")["pool"] == "/T1/p"
    assert "    pool /T1/p\n" in tmsh(web, "list ltm virtual /T1/w")


@pytest.mark.parametrize(
    ("line", "path", "field", "value"),
    [
        ("net vlan /T1/v interfaces add { 1.1 { tagged } } tag 77", "net/vlan/~T1~v", "tag", 77),
        ("net route-domain /T1/r id 9", "net/route-domain/~T1~r", "id", 9),
        ("auth partition T2", "auth/partition/T2", "name", "T2"),
        ("sys folder /T1/f", "sys/folder/~T1~f", "fullPath", "/T1/f"),
        ("ltm monitor http /T1/m interval 9", "ltm/monitor/http/~T1~m", "interval", 9),
        ("ltm node /T1/n fqdn { name a.example.com }", "ltm/node/~T1~n", "address", "any6"),
    ],
)
def test_other_types_are_made_and_deleted(rest, line, path, field, value):
    assert tmsh(rest, f"create {line}") == ""
    assert rest.get(path)[field] == value
    where = " ".join(line.split()[: 4 if "monitor" in line else 3])
    assert tmsh(rest, f"list {where}").startswith(where)
    assert tmsh(rest, f"delete {where}") == ""
    assert rest.ask("GET", path).status == 404


def test_self_ips_take_their_services_and_data_groups_their_records(rest):
    tmsh(rest, "create net vlan /T1/v")
    service = "allow-service replace-all-with { tcp:443 }"
    assert tmsh(rest, f"create net self /T1/s address 10.5.0.1/24 vlan /T1/v {service}") == ""
    assert rest.get("net/self/~T1~s")["allowService"] == ["tcp:443"]
    group = "create ltm data-group internal /T1/d type string records add { a { data b } }"
    assert tmsh(rest, group) == ""
    tmsh(rest, "modify ltm data-group internal /T1/d records add { c { data d } }")
    records = rest.get("ltm/data-group/internal/~T1~d")["records"]
    assert [(r["name"], r["data"]) for r in records] == [("a", "b"), ("c", "d")]


def test_names_are_in_the_folder_that_was_gone_to(rest):
    run = {
        "command": "run",
        "utilCmdArgs": "-c \"tmsh -c 'cd /T1; create ltm pool p; list ltm pool'\"",
    }
    assert rest.post("util/bash", **run)["commandResult"] == "ltm pool /T1/p {\n}\n"


def test_what_there_is_once_and_variables_are_changed_and_listed(rest):
    assert tmsh(rest, "modify sys ntp servers add { 10.0.0.1 } timezone UTC") == ""
    assert rest.get("sys/ntp")["servers"] == ["10.0.0.1"]
    told = tmsh(rest, "list sys ntp servers")
    assert told == "sys ntp {\n    servers {\n        10.0.0.1\n    }\n}\n"
    assert tmsh(rest, "modify sys db setup.run value true") == ""
    told = tmsh(rest, "list sys db setup.run value")
    assert told == "sys db setup.run {\n    value true\n}\n"


WORDS = st.sampled_from(
    [
        *("{", "}", "add", "delete", "modify", "replace-all-with", "none", "members", "monitor"),
        *("http", "and", "min", "1", "of", "p", "/T1/p", "10.0.0.1:80", "profiles", "tcp", "fqdn"),
        *("name", "description", "enabled", "disabled", "destination", "rules", "records", "tag"),
        *("communities", "servers", "interfaces", "1.1", "one-line", "all-properties", "value"),
    ]
)
TYPES = st.sampled_from([kind.path.replace("/", " ") for kind in KINDS.values() if not kind.parent])
LINES = st.tuples(
    st.sampled_from(["create", "modify", "delete", "list"]), TYPES, st.lists(WORDS, max_size=8)
)


@settings(max_examples=80, deadline=None)
@given(st.lists(LINES, max_size=4))
def test_whatever_is_said_is_done_or_refused_and_never_a_crash(lines):
    rest = new_device()
    rest.post("auth/partition", name="T1")
    for verb, kind, words in lines:
        line = f"{verb} {kind} {' '.join(words)}"
        assert isinstance(tmsh(rest, line), str)
