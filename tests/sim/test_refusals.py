"""What the device refuses, in its words (iControl REST reference, sections 1.6 and 3.12)."""

import pytest

Case = tuple[str, str, dict[str, object] | None, int, int, str]

CASES: list[Case] = [
    (
        "GET",
        "ltm/pool/~T1~x",
        None,
        404,
        3,
        "01020036:3: The requested Pool (/T1/x) was not found.",
    ),
    (
        "PATCH",
        "ltm/pool/~T1~x",
        {"description": "d"},
        404,
        3,
        "01020036:3: The requested Pool (/T1/x) was not found.",
    ),
    (
        "DELETE",
        "ltm/data-group/internal/~T1~x",
        None,
        404,
        3,
        "01020036:3: The requested value list (/T1/x) was not found.",
    ),
    (
        "GET",
        "ltm/pool/~T1~p/members/~T1~10.0.0.9:80",
        None,
        404,
        1,
        "Object not found - /T1/10.0.0.9:80",
    ),
    (
        "DELETE",
        "ltm/pool/~T1~p/members/~T1~10.0.0.9:80",
        None,
        404,
        3,
        "01020036:3: The requested Pool Member (/T1/p /T1/10.0.0.9 80) was not found.",
    ),
    (
        "POST",
        "ltm/pool",
        {"name": "p", "partition": "T1"},
        409,
        3,
        "01020066:3: The requested Pool (/T1/p) already exists in partition T1.",
    ),
    (
        "POST",
        "ltm/pool/~T1~p/members",
        {"name": "10.0.0.1:80", "partition": "T1"},
        409,
        3,
        (
            "01020066:3: The requested Pool Member (/T1/p /T1/10.0.0.1 80) already exists in "
            "partition T1."
        ),
    ),
    (
        "POST",
        "ltm/node",
        {"name": "n", "partition": "T1", "address": "10.0.0.1"},
        400,
        3,
        "0107176c:3: Invalid Node, the IP address 10.0.0.1 already exists.",
    ),
    (
        "POST",
        "ltm/virtual-address",
        {"name": "a", "partition": "T1", "address": "10.1.0.1"},
        400,
        3,
        "0107176c:3: Invalid Virtual Address, the IP address 10.1.0.1 already exists.",
    ),
    (
        "DELETE",
        "ltm/node/~T1~10.0.0.1",
        None,
        400,
        3,
        "01070110:3: Node address '10.0.0.1' is referenced by a member of pool '/T1/p'.",
    ),
    (
        "DELETE",
        "ltm/pool/~T1~p",
        None,
        400,
        3,
        (
            "01070265:3: The Pool (/T1/p) cannot be deleted because it is in use by a "
            "Virtual Server "
            "(/T1/v)."
        ),
    ),
    (
        "DELETE",
        "ltm/virtual-address/~T1~10.1.0.1",
        None,
        400,
        3,
        (
            "01070265:3: The Virtual Address (/T1/10.1.0.1) cannot be deleted because it is "
            "in use by a "
            "Virtual Server (/T1/v)."
        ),
    ),
    ("DELETE", "ltm/monitor/http/~T1~m", None, 400, 3, "01070083:3: Monitor /T1/m is in use."),
    (
        "DELETE",
        "auth/partition/T1",
        None,
        400,
        3,
        (
            "0107082a:3: You must remove all objects from a partition before removing the "
            "partition "
            "(T1), type ID (973)"
        ),
    ),
    (
        "DELETE",
        "auth/partition/Common",
        None,
        400,
        3,
        "01070734:3: Configuration error: The partition (Common) cannot be deleted",
    ),
    (
        "DELETE",
        "ltm/profile/http/http",
        None,
        400,
        3,
        "01070734:3: Configuration error: The profile (/Common/http) cannot be deleted",
    ),
    (
        "POST",
        "ltm/profile/http",
        {"name": "tcp", "partition": "Common"},
        400,
        3,
        "01070293:3: The profile name (/Common/tcp) is already assigned to another profile.",
    ),
    (
        "POST",
        "ltm/pool",
        {"name": "q", "partition": "no"},
        400,
        26214401,
        "The requested folder (/no) was not found.",
    ),
    (
        "POST",
        "ltm/pool/~T1~p/members",
        {"name": "10.0.0.9:80", "partition": "no"},
        400,
        3,
        (
            "01070734:3: Configuration error: Can't associate Pool Member (/T1/p /no/10.0.0.9 80) "
            "folder does not exist"
        ),
    ),
    ("PATCH", "ltm/pool/~T1~p", {}, 400, 26214401, "one or more properties must be specified"),
    (
        "PATCH",
        "ltm/pool/~T1~p",
        {"name": "p", "kind": "x"},
        400,
        26214401,
        "one or more properties must be specified",
    ),
    (
        "PATCH",
        "ltm/pool/~T1~p",
        {"loadBalancingMode": "best"},
        400,
        26214401,
        'invalid property value "load-balancing-mode":"best"',
    ),
    (
        "POST",
        "ltm/monitor/http",
        {"name": "mm", "partition": "T1", "defaultsFrom": "/T1/mm"},
        400,
        3,
        "01070734:3: Configuration error: A monitor may not default from itself",
    ),
    (
        "PATCH",
        "ltm/virtual/~T1~v",
        {"pool": "/T1/no"},
        404,
        3,
        "01020036:3: The requested Pool (/T1/no) was not found.",
    ),
    (
        "PATCH",
        "ltm/virtual/~T1~v",
        {"profiles": ["/Common/tcp", "/T1/no"]},
        404,
        3,
        "01020036:3: The requested profile (/T1/no) was not found.",
    ),
    (
        "PATCH",
        "ltm/pool/~T1~p",
        {"monitor": "/T1/no"},
        404,
        3,
        "01020036:3: The requested monitor (/T1/no) was not found.",
    ),
    (
        "PATCH",
        "ltm/virtual/~T1~v",
        {"sourceAddressTranslation": {"type": "snat", "pool": "/T1/s"}},
        400,
        3,
        "0107163f:3: Pool (/T1/s) of type (snatpool) doesn't exist.",
    ),
    (
        "POST",
        "ltm/virtual",
        {"name": "w", "partition": "T1", "destination": "/T1/10.1.0.1:80", "ipProtocol": "tcp"},
        400,
        3,
        (
            "01070333:3: Virtual Server /T1/w illegally shares destination address, source "
            "address, "
            "service port, ip-protocol, and vlan with Virtual Server /T1/v."
        ),
    ),
    (
        "POST",
        "ltm/virtual",
        {"name": "w", "partition": "T1", "destination": "/T1/10.1.0.9:80", "persist": "cookie"},
        400,
        3,
        (
            "01070309:3: Cookie persistence requires an HTTP or FastHTTP profile to be "
            "associated with "
            "the virtual server"
        ),
    ),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "api_error", "message"),
    CASES,
    ids=[f"{case[0]} {case[1]} {case[5][:9]}" for case in CASES],
)
def test_a_refusal_has_the_devices_code_and_words_and_changes_nothing(
    web, method, path, body, status, api_error, message
):
    before = web.dump()
    answer = web.ask(method, path, body)
    assert answer.body == {
        "code": status,
        "message": message,
        "errorStack": [],
        "apiError": api_error,
    }
    assert answer.status == status
    assert web.dump() == before


def test_objects_in_use_can_go_once_nobody_names_them(web):
    web.delete("ltm/virtual/~T1~v")
    web.delete("ltm/pool/~T1~p")
    web.delete("ltm/monitor/http/~T1~m")
    for node in ("10.0.0.1", "10.0.0.2"):
        web.delete(f"ltm/node/~T1~{node}")
    web.delete("auth/partition/T1")
    assert [p["name"] for p in web.get("auth/partition")["items"]] == ["Common"]


def test_a_snat_pool_in_use_is_refused_with_its_own_words(web):
    web.post("ltm/snatpool", name="s", partition="T1", members=["10.9.0.1"])
    web.patch("ltm/virtual/~T1~v", sourceAddressTranslation={"type": "snat", "pool": "/T1/s"})
    answer = web.ask("DELETE", "ltm/snatpool/~T1~s")
    assert answer.message == "01070320:3: Snatpool /T1/s is still referenced by a virtual server."


def test_an_object_refers_to_its_own_partition_or_to_common_only(web):
    web.post("auth/partition", name="T2")
    web.post("ltm/pool", name="p2", partition="T2")
    answer = web.ask("PATCH", "ltm/virtual/~T1~v", {"pool": "/T2/p2"})
    assert (answer.status, answer.body["apiError"]) == (400, 3)
    assert "cannot reference (/T2/p2) in partition T2" in answer.message


def test_what_is_fixed_at_creation_cannot_change_but_may_be_sent_back(web):
    whole = web.get("ltm/node/~T1~10.0.0.1")
    assert web.ask("PUT", "ltm/node/~T1~10.0.0.1", whole).status == 200
    answer = web.ask("PATCH", "ltm/node/~T1~10.0.0.1", {"address": "10.0.0.7"})
    assert answer.status == 400


def test_an_unknown_path_and_an_unknown_property_are_named(web):
    assert web.ask("GET", "ltm/nothing").status == 404
    assert "not registered" in web.ask("GET", "ltm/nothing").message
    assert '"poool"' in web.ask("PATCH", "ltm/virtual/~T1~v", {"poool": "/T1/p"}).message


def test_a_body_that_is_no_json_object_is_malformed(web):
    answer = web.ask("PATCH", "ltm/pool/~T1~p", ["description"])
    assert (answer.status, answer.body["apiError"]) == (400, 26214401)


def test_a_virtual_server_cannot_lose_the_profile_that_another_stands_on(web):
    answer = web.ask("DELETE", "ltm/virtual/~T1~v/profiles/~Common~tcp")
    assert answer.message == "01070095:3: Virtual server /T1/v lists incompatible profiles."
    web.delete("ltm/virtual/~T1~v/profiles/~Common~http")
