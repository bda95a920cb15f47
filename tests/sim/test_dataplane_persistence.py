"""How persistence profiles are read: cookies, tables, fallbacks, iRules."""

import pytest

from bigip_sim.dataplane.layout import Planner
from bigip_sim.dataplane.parts import Cookie, Layout, Stick

APP_COOKIE = """
when HTTP_REQUEST {
    if {[HTTP::cookie "sid"] ne ""} { persist uie [string tolower [HTTP::cookie "sid"]] 3600 }
}
when HTTP_RESPONSE {
    if {[HTTP::cookie "sid"] ne ""} { persist add uie [string tolower [HTTP::cookie "sid"]] 3600 }
}
"""


@pytest.fixture
def served(rest):
    rest.post("ltm/pool", name="p", partition="T1", members=["127.0.0.1:81"])
    rest.post(
        "ltm/virtual", name="v", partition="T1", destination="/T1/127.1.0.1:8080",
        ipProtocol="tcp", pool="/T1/p", profiles=["/Common/tcp", "/Common/http"],
    )  # fmt: skip
    return rest


def plan(rest) -> Layout:
    return Planner("15.1.8").plan(rest.device.configuration.tree, active=True)


@pytest.mark.parametrize(
    ("more", "cookie"),
    [
        ({}, Cookie("BIGipServer~T1~p", "insert indirect httponly")),
        ({"cookieName": "a b"}, Cookie("a_b", "insert indirect httponly")),
        ({"alwaysSend": "enabled", "httponly": "disabled"}, Cookie("BIGipServer~T1~p", "insert")),
        (
            {"expiration": "90"},
            Cookie("BIGipServer~T1~p", "insert indirect httponly attr Max-Age=90"),
        ),
        (
            {"expiration": "1:00:00:30", "httponly": "disabled"},
            Cookie("BIGipServer~T1~p", "insert indirect attr Max-Age=86430"),
        ),
        ({"method": "passive", "cookieName": "x"}, Cookie("x", "")),
        ({"method": "hash", "cookieName": "x"}, None),
    ],
)
def test_cookies(served, more, cookie):
    served.post("ltm/persistence/cookie", name="c", partition="T1", **more)
    served.patch("ltm/virtual/~T1~v", persist="/T1/c")
    layout = plan(served)
    assert layout.backends[0].need.cookie == cookie
    assert layout.problems == ()


def test_a_cookie_is_secure_where_clients_are_met_over_tls(served):
    profiles = ["/Common/tcp", "/Common/http", "/Common/clientssl"]
    served.patch("ltm/virtual/~T1~v", profiles=profiles, persist="/Common/cookie")
    cookie = plan(served).backends[0].need.cookie
    assert cookie is not None
    assert cookie.words == "insert indirect httponly secure"


@pytest.mark.parametrize(
    ("kind", "more", "stick"),
    [
        ("source-addr", {}, Stick("src", 180)),
        (
            "source-addr",
            {"mask": "255.255.255.0", "timeout": "60"},
            Stick("src,ipmask(255.255.255.0)", 60),
        ),
        ("source-addr", {"timeout": "indefinite"}, Stick("src", 24 * 86400)),
        ("source-addr", {"timeout": "2592000"}, Stick("src", 24 * 86400)),
        ("dest-addr", {}, Stick("dst", 180)),
        ("cookie", {"method": "hash", "cookieName": "x"}, Stick("req.cook(x)", 180, "string")),
    ],
)
def test_tables(served, kind, more, stick):
    served.post(f"ltm/persistence/{kind}", name="s", partition="T1", **more)
    served.patch("ltm/virtual/~T1~v", persist="/T1/s")
    assert plan(served).backends[0].need.sticks == (stick,)


@pytest.mark.parametrize(
    ("rule", "stick"),
    [
        (APP_COOKIE, Stick("req.cook(sid)", 3600, "string", "res.cook(sid)")),
        ("when HTTP_REQUEST { persist uie [HTTP::header X] }", Stick("req.hdr(X)", 180, "string")),
        ("when CLIENT_ACCEPTED { persist uie [IP::client_addr] 9 }", Stick("src", 9)),
        ("when HTTP_REQUEST { persist uie [HTTP::uri] }", Stick("url", 180, "string")),
    ],
)  # fmt: skip
def test_universal_persistence_by_a_recognised_irule(served, rule, stick):
    served.post("ltm/rule", name="r", partition="T1", apiAnonymous=rule)
    served.post("ltm/persistence/universal", name="u", partition="T1", rule="/T1/r")
    served.patch("ltm/virtual/~T1~v", persist="/T1/u", fallbackPersistence="/Common/source_addr")
    (need,) = (backend.need for backend in plan(served).backends)
    assert need.sticks == tuple(dict.fromkeys((stick, Stick("src", 180))))


def test_another_irule_persists_nothing_and_is_said(served):
    text = "when HTTP_REQUEST { persist uie [findstr [HTTP::uri] a] }"
    served.post("ltm/rule", name="r", partition="T1", apiAnonymous=text)
    served.post("ltm/persistence/universal", name="u", partition="T1", rule="/T1/r")
    served.patch("ltm/virtual/~T1~v", persist="/T1/u")
    layout = plan(served)
    assert layout.backends[0].need.sticks == ()
    assert "not recognised" in layout.problems[0]
