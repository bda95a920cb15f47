"""What the REST framework says by itself, and which body says it (section 1.6)."""

import pytest


def test_a_path_that_nobody_serves_is_refused_in_the_frameworks_words(rest):
    answer = rest.ask("GET", "/mgmt/nowhere")
    assert (answer.status, answer.body) == (
        404,
        {
            "code": 404,
            "message": "Public URI path not registered",
            "referer": "127.0.0.1",
            "restOperationId": 1,
            "kind": ":resterrorresponse",
        },
    )


@pytest.mark.parametrize("path", ["ltm/nonsense", "nonsense", "ltm/pool/~T1~p/nonsense"])
def test_a_path_below_the_tree_that_nobody_serves_names_itself(rest, path):
    for method in ("GET", "POST", "PATCH"):
        answer = rest.ask(method, path, {"name": "x"})
        assert (answer.status, answer.body["kind"]) == (404, ":resterrorresponse")
        assert answer.message == (
            f"URI path /mgmt/tm/{path} not registered. Please verify URI is supported and wait "
            "for /available suffix to be responsive."
        )


def test_a_missing_object_is_refused_in_the_daemons_words(rest):
    answer = rest.ask("GET", "ltm/pool/~T1~p")
    assert answer.body == {
        "code": 404,
        "message": "01020036:3: The requested Pool (/T1/p) was not found.",
        "errorStack": [],
        "apiError": 3,
    }


@pytest.mark.parametrize("path", ["/mgmt/tm/sys/available", "/mgmt/tm/ltm/available"])
def test_what_is_available_says_so(rest, path):
    assert rest.ask("GET", path).status == 200
    assert rest.ask("GET", "/mgmt/shared/echo/available").status == 200
    assert rest.ask("GET", "/mgmt/shared/nowhere/available").status == 404


def test_the_echo_answers(rest):
    assert rest.ask("GET", "/mgmt/shared/echo-query").status == 200
    assert rest.post("/mgmt/shared/echo", said="this")["said"] == "this"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "ltm/pool?$filter=partition+eq+%3Cb%3E", None),
        ("GET", "ltm/pool/<script>", None),
        ("POST", "ltm/pool", {"name": "p", "description": "a <b>bold</b> pool"}),
    ],
)
def test_a_tag_in_the_url_or_a_description_is_refused(rest, method, path, body):
    answer = rest.ask(method, path, body)
    assert answer.body == {
        "code": 400,
        "message": "HTML Tag-like Content in the Request URL/Body",
        "errorStack": [],
        "apiError": 26214401,
    }
    assert rest.post("ltm/pool", name="q", description="1 < 2 and 3 > 2")["name"] == "q"


@pytest.mark.parametrize(("method", "path"), [("POST", "ltm/pool/~T1~p"), ("DELETE", "ltm/pool")])
def test_a_verb_that_a_path_does_not_take_is_refused(rest, method, path):
    assert rest.ask(method, path, {"name": "x"}).status == 405


def test_a_body_that_does_not_call_itself_json_is_refused(rest):
    for said, status in (
        ("application/octet-stream", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/json; charset=utf-8", 200),
        ("", 200),
    ):
        body = {"command": "run", "utilCmdArgs": "-c 'cat /VERSION'"}
        answer = rest.ask("POST", "util/bash", body, {"Content-Type": said})
        assert answer.status == status
        if status == 415:
            assert answer.body == {
                "code": 415,
                "message": "Found invalid content-type. The content-type must be application/json. "
                f"The received content-type is {said}",
                "errorStack": [],
                "apiError": 1,
            }


def test_the_shells_version_is_told_in_the_recorded_form(rest):
    body = rest.get("cli/version")
    assert body["kind"] == "tm:cli:version:versionstats"
    (entry,) = body["entries"].values()
    assert entry["nestedStats"]["entries"]["active"] == {"description": "15.1.8"}


def test_a_path_may_hold_more_than_ascii(rest):
    made = rest.post("ltm/pool", name="p\u00fc")
    assert made["selfLink"].endswith("/ltm/pool/~Common~p%C3%BC?ver=15.1.8")
    assert rest.get("ltm/pool/~Common~p\u00fc".encode().decode("latin-1")) == made
    assert rest.ask("GET", "ltm/pool/\xff").status == 404


def test_no_extension_is_installed(rest):
    path = "/mgmt/shared/iapp/package-management-tasks"
    begun = rest.ask("POST", path, {"operation": "QUERY"})
    assert begun.status == 202
    told = rest.get(f"{path}/{begun.body['id']}")
    assert (told["status"], told["queryResponse"]) == ("FINISHED", [])
    assert rest.ask("POST", path, {"operation": "INSTALL"}).status == 501


def test_a_device_says_what_it_is_to_clients_of_extensions(rest):
    told = rest.get("/mgmt/shared/identified-devices/config/device-info")
    assert (told["hostname"], told["version"], told["product"]) == ("bigip-1", "15.1.8", "BIG-IP")
