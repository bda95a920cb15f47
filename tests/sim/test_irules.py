"""iRules: kept, compiled as far as errors are recognisable, and what they name (reference, 3.8)."""

import pytest

GOOD = """
when HTTP_REQUEST {
  # a comment with { an open brace is none of Tcl's: it is balanced here }
  if { [HTTP::uri] starts_with "/api" } {
    pool p
  } elseif { [class match [HTTP::host] equals hosts] } {
    HTTP::respond 200 content "hello \\"you\\""
  } else {
    switch -glob [HTTP::path] {
      "/a*" { pool /T1/p }
      default { reject }
    }
  }
}
"""


def rule(rest, text, name="r"):
    return rest.ask("POST", "ltm/rule", {"name": name, "partition": "T1", "apiAnonymous": text})


@pytest.fixture
def ruled(web):
    web.post("ltm/data-group/internal", name="hosts", partition="T1")
    assert rule(web, GOOD).status == 200
    return web


def test_a_rule_reads_trimmed(ruled):
    assert ruled.get("ltm/rule/~T1~r")["apiAnonymous"] == GOOD.strip()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "when HTTP_REQUEST {\n  frobnicate [HTTP::uri]\n}",
            "/T1/r:2: error: [undefined procedure: frobnicate][frobnicate [HTTP::uri]]",
        ),
        (
            "when HTTP_REQUEST {\n  if { 1 } {\n    nonsense\n  }\n}",
            "/T1/r:3: error: [undefined procedure: nonsense][nonsense]",
        ),
        ("when HTTP_REQUEST {\n  pool p\n", "/T1/r:1: error: [parse error: missing close-brace][]"),
        ("pool p", "[command is not valid in the current scope][pool p]"),
        ("when HTTP_REQUEST { log local0. \\u003chi\\u003e }", "can't parse TCL script beginning"),
        (
            "when HTTP_REQUEST { pool nowhere }",
            "Unable to find pool (nowhere) referenced at line 1: [pool nowhere]",
        ),
        (
            "when HTTP_REQUEST { class match a equals no }",
            "Unable to find value_list (no) referenced at line 1: [class match a equals no]",
        ),
    ],
)
def test_a_rule_that_does_not_compile_is_refused_with_its_line(web, text, said):
    answer = rule(web, text)
    assert (answer.status, answer.body["apiError"]) == (400, 3)
    assert answer.message.startswith("01070151:3: Rule [/T1/r] error: ")
    assert said in answer.message


def test_a_procedure_of_the_rules_own_is_none_undefined(web):
    text = "proc greet {} { return 1 }\nwhen HTTP_REQUEST { greet\n set x [call greet] }"
    assert rule(web, text).status == 200


def test_a_string_over_64_kb_is_refused(web):
    text = f"when HTTP_REQUEST {{ set x {'a' * 65520} }}"
    answer = rule(web, text)
    assert answer.message.startswith("01070712:3: ")
    assert "Max string size exceeded" in answer.message
    assert answer.message.endswith("max:65520")


def test_what_a_rule_names_stays(ruled):
    ruled.patch("ltm/virtual/~T1~v", pool="")
    answer = ruled.ask("DELETE", "ltm/pool/~T1~p")
    assert "in use by a iRule (/T1/r)" in answer.message
    assert "(/T1/r)" in ruled.ask("DELETE", "ltm/data-group/internal/~T1~hosts").message
    ruled.patch("ltm/virtual/~T1~v", rules=["/T1/r"])
    answer = ruled.ask("DELETE", "ltm/rule/~T1~r")
    assert answer.message == (
        "01070265:3: The iRule (/T1/r) cannot be deleted because it is in use by a Virtual "
        "Server (/T1/v)."
    )
    ruled.patch("ltm/virtual/~T1~v", rules=[])
    ruled.delete("ltm/rule/~T1~r")
    ruled.delete("ltm/pool/~T1~p")


def test_events_need_the_profile_of_their_protocol(ruled):
    body = {"name": "w", "partition": "T1", "destination": "/T1/10.1.0.2:80", "rules": ["/T1/r"]}
    answer = ruled.ask("POST", "ltm/virtual", body)
    assert answer.message == (
        "01070394:3: HTTP_REQUEST event in rule (/T1/r) requires an associated HTTP profile on "
        "the virtual-server (/T1/w)."
    )
    ruled.patch("ltm/rule/~T1~r", apiAnonymous="when CLIENT_ACCEPTED { pool p }")
    ruled.post("ltm/virtual", **body)
    answer = ruled.ask("PATCH", "ltm/rule/~T1~r", {"apiAnonymous": GOOD})
    assert answer.message.startswith("01070394:3: ")


def test_the_devices_own_rules_are_signed_and_stay(rest):
    read = rest.get("ltm/rule/_sys_https_redirect")
    assert read["apiRawValues"] == {"verificationStatus": "signature-verified"}
    assert rest.ask("DELETE", "ltm/rule/_sys_https_redirect").status == 400
    answer = rest.ask("PATCH", "ltm/rule/_sys_https_redirect", {"apiAnonymous": ""})
    assert answer.status == 400
    assert len(rest.get("ltm/rule")["items"]) == 15
