"""What every BIG-IP refuses, in its words (reference, sections 1.6 and 3.12)."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from bigip import Bigip


@dataclass(frozen=True)
class Refused:
    """A request about the furnished partition, and its answer; {P} stands for the partition."""

    method: str
    path: str
    status: int
    message: str
    body: object = None
    api_error: int = 3


def named(name: str, **body: object) -> dict[str, object]:
    return {"name": name, "partition": "{P}", **body}


KNOWN = (
    Refused(
        "GET", "ltm/pool/~{P}~x", 404, "01020036:3: The requested Pool (/{P}/x) was not found."
    ),
    Refused(
        "DELETE",
        "ltm/pool/~{P}~p/members/~{P}~10.0.0.9:80",
        404,
        "01020036:3: The requested Pool Member (/{P}/p /{P}/10.0.0.9 80) was not found.",
    ),
    Refused(
        "POST",
        "ltm/pool",
        409,
        "01020066:3: The requested Pool (/{P}/p) already exists in partition {P}.",
        named("p"),
    ),
    Refused(
        "POST",
        "ltm/node",
        400,
        "0107176c:3: Invalid Node, the IP address 10.34.0.1 already exists.",
        named("second", address="10.34.0.1"),
    ),
    Refused(
        "DELETE",
        "ltm/node/~{P}~10.34.0.1",
        400,
        "01070110:3: Node address '{P_NODE}' is referenced by a member of pool '/{P}/p'.",
    ),
    Refused(
        "DELETE",
        "ltm/pool/~{P}~p",
        400,
        "01070265:3: The Pool (/{P}/p) cannot be deleted because it is in use by a Virtual Server "
        "(/{P}/v).",
    ),
    Refused(
        "POST",
        "ltm/virtual",
        400,
        "01070333:3: Virtual Server /{P}/v2 illegally shares destination address, source address, "
        "service port, ip-protocol, and vlan with Virtual Server /{P}/v.",
        named("v2", destination="/{P}/10.34.1.1:80", ipProtocol="tcp"),
    ),
    Refused(
        "POST",
        "ltm/profile/tcp",
        400,
        "01070293:3: The profile name (/{P}/h) is already assigned to another profile.",
        named("h"),
    ),
    Refused(
        "POST",
        "ltm/pool",
        400,
        "The requested folder (/nowhere_{P}) was not found.",
        {"name": "p", "partition": "nowhere_{P}"},
        26214401,
    ),
    Refused(
        "PATCH", "ltm/pool/~{P}~p", 400, "one or more properties must be specified", {}, 26214401
    ),
)
UNVERIFIED = (
    Refused(
        "POST",
        "ltm/virtual",
        404,
        "01020036:3: The requested Pool (/{P}/missing) was not found.",
        named("v3", destination="/{P}/10.34.1.1:81", pool="/{P}/missing"),
    ),
    Refused("DELETE", "ltm/monitor/http/~{P}~m", 400, "01070083:3: Monitor /{P}/m is in use."),
)
CASES = [
    *(pytest.param(case, id=f"{case.method} {case.path}") for case in KNOWN),
    *(
        pytest.param(case, id=f"{case.method} {case.path}", marks=pytest.mark.unverified)
        for case in UNVERIFIED
    ),
]


@pytest.fixture(scope="module")
def furnished(bigip_session: Bigip) -> Iterator[Bigip]:
    """A virtual server with a pool, its member and its monitor, and a profile."""
    bigip = bigip_session
    bigip.make("ltm/monitor/http", "m")
    bigip.will_make("ltm/node", "10.34.0.1")
    bigip.make("ltm/pool", "p", monitor=bigip.full("m"), members=[{"name": "10.34.0.1:80"}])
    bigip.make("ltm/profile/http", "h")
    bigip.will_make("ltm/virtual-address", "10.34.1.1")
    profiles = ["/Common/tcp", bigip.full("h")]
    bigip.make(
        "ltm/virtual",
        "v",
        destination="10.34.1.1:80",
        ipProtocol="tcp",
        pool=bigip.full("p"),
        profiles=profiles,
    )
    yield bigip
    bigip.clean()


def told(text: str, bigip: Bigip) -> str:
    return text.replace("{P}", bigip.partition)


def filled(value: object, bigip: Bigip) -> object:
    if isinstance(value, dict):
        return {name: filled(inner, bigip) for name, inner in value.items()}
    return told(value, bigip) if isinstance(value, str) else value


@pytest.mark.parametrize("case", CASES)
def test_a_refusal_in_the_device_s_words(furnished: Bigip, case: Refused) -> None:
    answer = furnished.ask(case.method, told(case.path, furnished), filled(case.body, furnished))
    message = told(case.message.replace("{P_NODE}", "10.34.0.1"), furnished)
    body = answer.json()
    assert (answer.status_code, body["message"]) == (case.status, message)
    assert (body["code"], body["apiError"], body["errorStack"]) == (case.status, case.api_error, [])


def test_a_partition_in_use_stays(furnished: Bigip) -> None:
    answer = furnished.ask("DELETE", f"auth/partition/{furnished.partition}")
    assert answer.status_code == 400
    text = "You must remove all objects from a partition before removing the partition"
    assert f"0107082a:3: {text} ({furnished.partition})" in answer.json()["message"]
