"""What policies and iRules become, read from the lines and by HAProxy itself."""

import shutil
import subprocess
from pathlib import Path

import pytest

from bigip_sim.dataplane.config import render
from bigip_sim.dataplane.layout import Planner
from bigip_sim.dataplane.parts import Layout
from bigip_sim.dataplane.rulebook import Rulebook
from bigip_sim.dataplane.scripts import apply_rule

GROUPS = {"/Common/g": ["a.example", "b c"], "/T1/ips": ["10.0.0.0/8"]}

CLOSED = (
    "http-request return status 503 content-type 'text/html' "
    "lf-string 'it'\\''s closed' hdr X-Why 'later'"
)


def compiled(body: str, event: str = "HTTP_REQUEST") -> tuple[str, list[str]]:
    book = Rulebook(is_http=True)
    why_not = apply_rule(
        "/T1/r",
        f"when {event} {{\n{body}\n}}",
        book,
        lambda pool: pool.replace("/T1/", "p.") if pool.startswith("/T1/") else "",
        lambda group: GROUPS.get(group, []),
    )
    return why_not, [line.strip() for line in book.written()]


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (
            "HTTP::redirect https://[HTTP::host][HTTP::uri]",
            ["http-request redirect location 'https://%[req.hdr(host)]%[pathq]' code 302"],
        ),
        (
            'HTTP::redirect "https://[getfield [HTTP::host] ":" 1]/100%"',
            ["http-request redirect location 'https://%[req.hdr(host),field(1,:)]/100%%' code 302"],
        ),
        (
            "HTTP::respond 301 Location https://x/",
            ["http-request redirect location 'https://x/' code 301"],
        ),
        (
            'HTTP::respond 503 content "it\'s closed" X-Why later',
            [
                CLOSED,
            ],
        ),
        (
            "log local0. x\nHTTP::header insert X-Port [TCP::local_port]",
            ["http-request add-header X-Port '%[dst_port]'"],
        ),
        (
            'if { [HTTP::uri] starts_with "/a" or not ([HTTP::host] eq "x") } { pool web }',
            [
                "acl a1 pathq -m beg -- '/a'",
                "acl a2 req.hdr(host) -m str -- 'x'",
                "http-request set-var(txn.m1) bool(true) if a1",
                "http-request set-var(txn.m1) bool(true) if !a2",
                "http-request set-var(txn.pool) str(p.web) if { var(txn.m1) -m bool }",
                "use_backend %[var(txn.pool)] if { var(txn.pool) -m found }",
            ],
        ),
        (
            "if { [class match [string tolower [HTTP::host]] equals g] } { return }\nreject",
            [
                "acl a1 req.hdr(host),lower -m str -i -- 'a.example' 'b c'",
                "http-request set-var(txn.m1) bool(true) if a1",
                "http-request set-var(txn.m2) bool(true) if { var(txn.m1) -m bool }",
                "http-request reject if !{ var(txn.m2) -m bool }",
            ],
        ),
        (
            'switch -glob [HTTP::path] {\n"/a*" -\n"/b" { pool one }\ndefault { pool two }\n}',
            [
                "acl a1 path -m beg -- '/a'",
                "acl a2 path -m str -- '/b'",
                "http-request set-var(txn.m1) bool(true) if a1",
                "http-request set-var(txn.m1) bool(true) if a2",
                "http-request set-var(txn.pool) str(p.one) if { var(txn.m1) -m bool }",
                "http-request set-var(txn.pool) str(p.two) if !{ var(txn.m1) -m bool }",
                "use_backend %[var(txn.pool)] if { var(txn.pool) -m found }",
            ],
        ),
        (
            """if { [HTTP::cookie "s"] eq "" } { HTTP::header remove X } elseif {
                [IP::addr [IP::client_addr] equals 10.0.0.0/8] } { HTTP::uri "/x" }""",
            [
                "acl a1 req.cook(s) -m len -- gt 0",
                "http-request set-var(txn.m1) bool(true) if !a1",
                "http-request del-header X if { var(txn.m1) -m bool }",
                "acl a2 src -m ip -- '10.0.0.0/8'",
                "http-request set-var(txn.m2) bool(true) if !{ var(txn.m1) -m bool } a2",
                "http-request set-uri '/x' if !{ var(txn.m1) -m bool } { var(txn.m2) -m bool }",
            ],
        ),
    ],
)
def test_an_irule_of_the_catalogue_is_carried_out(body, lines):
    assert compiled(body) == ("", lines)


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("set a 1", "set a 1"),
        ("pool $p", "pool $p"),
        ("HTTP::redirect https://$host/", "https://$host/"),
        ('if { [HTTP::uri] matches_regex "x" } { pool a }', "[HTTP::uri]"),
        ("if { [active_members p] < 1 } { pool a }", "[active_members p]"),
        ("pool a\nHTTP::collect 100", "HTTP::collect 100"),
        ("HTTP::header insert {X\n bad} y", "HTTP::header insert"),
        ("foreach x {1 2} { pool a }", "foreach"),
        (f"HTTP::respond 200 content {'x' * 9000}", "content of 9000"),
    ],
)
def test_an_irule_with_anything_else_does_nothing_and_says_why(body, what):
    why_not, lines = compiled(body)
    assert what in why_not
    assert lines == []


def plan(rest) -> Layout:
    return Planner("15.1.8").plan(rest.device.configuration.tree, active=True)


RULES = [
    {
        "name": "api",
        "conditions": [
            {"httpUri": True, "path": True, "startsWith": True, "values": ["/api", "}"]},
            {"httpHeader": True, "tmName": "X-A", "equals": True, "values": ["it's"], "not": True},
        ],
        "actions": [{"forward": True, "select": True, "pool": "/T1/p"}],
    },
    {
        "name": "old",
        "conditions": [{"httpHost": True, "host": True, "values": ["old.example"]}],
        "actions": [
            {"httpReply": True, "redirect": True, "code": 301,
             "location": "tcl:https://new.example[HTTP::uri]"},
        ],
    },
    {
        "name": "rest",
        "actions": [
            {"httpHeader": True, "insert": True, "tmName": "X-B", "value": "50% [x]"},
            {"httpHeader": True, "remove": True, "tmName": "Server", "response": True},
        ],
    },
]  # fmt: skip


@pytest.fixture
def ruled(rest):
    rest.post("ltm/pool", name="p", partition="T1", members=["127.0.0.1:81"])
    rest.post("ltm/policy", name="pol", partition="T1", subPath="Drafts", rules=RULES)
    rest.post("ltm/policy", command="publish", name="/T1/Drafts/pol")
    rest.post(
        "ltm/virtual", name="v", partition="T1", destination="/T1/127.1.0.1:8080",
        ipProtocol="tcp", profiles=["/Common/tcp", "/Common/http"], policies=["/T1/pol"],
    )  # fmt: skip
    return rest


FIRST = "http-request set-var(txn.m1) bool(true) if a1 !a2"
SECOND = "{ var(txn.m2) -m bool }"
BEFORE = "!{ var(txn.m1) -m bool }"


def test_a_policy_acts_on_its_first_match(ruled):
    layout = plan(ruled)
    assert layout.problems == ()
    assert [line.strip() for line in layout.frontends[0].rules] == [
        "acl a1 path -m beg -i -- '/api' '}'",
        "acl a2 req.fhdr(X-A) -m str -i -- 'it'\\''s'",
        FIRST,
        "acl a3 req.hdr(host),host_only -m str -i -- 'old.example'",
        f"http-request set-var(txn.m2) bool(true) if a3 {BEFORE}",
        f"http-request set-var(txn.m3) bool(true) if {BEFORE} !{{ var(txn.m2) -m bool }}",
        f"http-request set-var(txn.pool) str({layout.backends[0].id}) if {BEFORE[1:]}",
        f"http-request redirect location 'https://new.example%[pathq]' code 301 if {SECOND}",
        "http-request add-header X-B '50%% [x]' if { var(txn.m3) -m bool }",
        "http-response del-header Server if { var(txn.m3) -m bool }",
        "use_backend %[var(txn.pool)] if { var(txn.pool) -m found }",
    ]


@pytest.mark.parametrize("strategy", ["all-match", "best-match"])
def test_other_strategies(ruled, strategy):
    ruled.patch("ltm/policy/~T1~pol", createDraft=True)
    turned = [{**rule, "ordinal": 2 - place} for place, rule in enumerate(RULES)]
    ruled.patch("ltm/policy/~T1~Drafts~pol", strategy=f"/Common/{strategy}", rules=turned)
    before = plan(ruled).frontends[0].rules
    assert FIRST in before[2]  # drafts do nothing
    ruled.post("ltm/policy", command="publish", name="/T1/Drafts/pol")
    marks = [line for line in plan(ruled).frontends[0].rules if "set-var(txn.m" in line]
    strictest_first = [" a1 !a2" in marks[0], "if a3 !{" in marks[1], BEFORE in marks[2]]
    assert all(strictest_first) == (strategy == "best-match")
    assert any("!{" in line for line in marks) == (strategy == "best-match")


def test_what_is_not_in_the_catalogue_is_said(ruled):
    rules = [
        {"name": "a", "conditions": [{"geoip": True, "countryCode": True, "values": ["DE"]}]},
        {"name": "b", "actions": [{"persist": True, "sourceAddress": True}]},
    ]
    ruled.patch("ltm/policy/~T1~pol", createDraft=True)
    ruled.patch("ltm/policy/~T1~Drafts~pol", rules=rules)
    ruled.post("ltm/policy", command="publish", name="/T1/Drafts/pol")
    first, second = plan(ruled).problems
    assert "rule a does nothing" in first
    assert "geoip" in first
    assert "action of rule b" in second


@pytest.mark.dataplane
@pytest.mark.skipif(shutil.which("haproxy") is None, reason="there is no HAProxy")
def test_haproxy_takes_what_is_written(ruled, tmp_path: Path):
    body = """
when CLIENT_ACCEPTED { if { [IP::addr [IP::client_addr] equals 127.0.0.9] } { reject } }
when HTTP_REQUEST {
  switch -glob [string tolower [HTTP::host]] {
    "a.*" { HTTP::respond 200 content "<b>[HTTP::method] 100%</b>" }
    default { HTTP::header replace X-C "[IP::client_addr]:[TCP::client_port]" }
  }
}
when HTTP_RESPONSE { if { [HTTP::status] == 404 } { HTTP::header insert X-D [HTTP::status] } }
"""
    ruled.post("ltm/rule", name="r", partition="T1", apiAnonymous=body)
    ruled.post("ltm/persistence/universal", name="u", partition="T1", rule="/T1/r")
    ruled.patch(
        "ltm/virtual/~T1~v", rules=["/T1/r"], pool="/T1/p", persist="/Common/cookie",
        fallbackPersistence="/Common/source_addr", rateLimit="5", connectionLimit=7,
        source="127.0.0.0/8",
    )  # fmt: skip
    layout = plan(ruled)
    assert layout.problems == ()
    taken(layout, tmp_path)


def taken(layout: Layout, directory: Path) -> str:
    """HAProxy accepts the configuration without a warning; returns it."""
    text = render(layout, directory / "socket", directory / "states", 1024)
    path = directory / "haproxy.cfg"
    path.write_text(text)
    (directory / "states").write_text("1\n")
    for name, content in layout.files.items():
        (directory / name).write_text(content)
    done = subprocess.run(
        ["haproxy", "-c", "-f", path], capture_output=True, text=True, check=False
    )
    assert (done.returncode, "WARNING" in done.stderr) == (0, False), done.stderr
    return text


@pytest.mark.dataplane
@pytest.mark.skipif(shutil.which("haproxy") is None, reason="there is no HAProxy")
def test_haproxy_takes_what_is_odd(rest, tmp_path: Path):
    sni = {"sslExtension": True, "serverName": True, "values": ["a.example"]}
    near = {"tcp": True, "address": True, "matches": True, "values": ["127.0.0.0/8"]}
    rules = [
        {"name": "a", "conditions": [sni, near],
         "actions": [{"forward": True, "select": True, "pool": "/T1/q"}]},
        {"name": "b", "conditions": [{"tcp": True, "port": True, "local": True, "values": ["25"]}],
         "actions": [{"shutdown": True}]},
    ]  # fmt: skip
    rest.post("ltm/monitor/http", name="m", partition="T1", recv="([")
    rest.post("ltm/monitor/https", name="n", partition="T1", recv="a'b\\d+")
    rest.post("ltm/pool", name="p", partition="T1", monitor="/T1/m", members=["::1.80"])
    members = [{"name": "127.0.0.1:0", "connectionLimit": 5}]
    rest.post("ltm/pool", name="q", partition="T1", monitor="/T1/n", members=members)
    rest.post("ltm/policy", name="pol", partition="T1", subPath="Drafts", rules=rules)
    rest.post("ltm/policy", command="publish", name="/T1/Drafts/pol")
    rest.post("ltm/persistence/dest-addr", name="d", partition="T1")
    common = {"partition": "T1", "ipProtocol": "tcp", "pool": "/T1/p"}
    rest.post("ltm/virtual", name="a", destination="/T1/127.1.0.1:1", policies=["/T1/pol"],
              persist="/T1/d", fallbackPersistence="/Common/source_addr", **common)  # fmt: skip
    rest.post("ltm/virtual", name="b", destination="/T1/::1.1", persist="source_addr", **common)
    rest.post("ltm/virtual", name="c", destination="/T1/127.1.0.1:2", reject=True, **common)
    rest.post("ltm/virtual", name="d", destination="/T1/127.1.0.1:3", profiles=[
        *("/Common/tcp", "/Common/http", "/Common/clientssl", "/Common/serverssl"),
        *("/Common/oneconnect", "/Common/http2"),
    ], **common)  # fmt: skip
    rest.post("ltm/virtual", name="e", destination="/T1/127.1.0.1:4", ipForward=True, **common)
    layout = plan(rest)
    assert layout.problems == ()
    text = taken(layout, tmp_path)
    assert text.count("req.ssl_sni") == 1
    assert [f.virtual for f in layout.frontends] == ["/T1/a", "/T1/b", "/T1/c", "/T1/d"]
