"""What a device's answers mean for the one who asked."""

import json

import pytest

from bigip_lbaas.domain.errors import (
    CommitMet,
    DeviceBusy,
    DeviceRefused,
    OutcomeUnknown,
    StampRefused,
)
from bigip_lbaas.icontrol.faults import Refusal, commit_fault_from, fault_from
from bigip_lbaas.icontrol.metrics import values

STAMP = "/dev_p/stamp_1.a.1"


def body(message: str, api_error: int = 2, stack: tuple[str, ...] = ()) -> str:
    return json.dumps({"message": message, "apiError": api_error, "errorStack": list(stack)})


MISSING = f"transaction failed:01020036:3: The requested value list ({STAMP}) was not found."


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (400, body(MISSING), StampRefused),
        (404, body(MISSING), StampRefused),
        (400, body(MISSING.replace(".1)", ".12)")), DeviceRefused),
        (400, body("transaction failed:01070333:3: Virtual Server /a shares"), DeviceRefused),
        (503, body("There is an active asynchronous task executing.", 32964609), CommitMet),
        (429, "", DeviceBusy),
        (503, "<html><h1>Configuration Utility restarting...</h1></html>", OutcomeUnknown),
        (502, "<html>proxy</html>", OutcomeUnknown),
        (500, body("The connection to mcpd has been lost, try again.", 32768001), OutcomeUnknown),
        (404, body("transaction 12 was not found"), OutcomeUnknown),
        (
            400,
            body("remoteSender:10.0.0.9, method:PATCH", 1, ("java.util...TimeoutException",)),
            OutcomeUnknown,
        ),
        (400, body("x", 1, ("java.util.concurrent.TimeoutException",)), OutcomeUnknown),
    ],
)
def test_a_commit_is_called_unwritten_only_when_the_device_says_so(
    status: int, text: str, kind: type[Exception]
) -> None:
    fault = commit_fault_from("bigip-1", Refusal.of(status, text), [STAMP])
    assert type(fault) is kind


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (404, body("URI path /x not registered. Please verify"), DeviceBusy),
        (500, body("The connection to mcpd has been lost, try again.", 32768001), DeviceBusy),
        (400, body("user a has reached maximum active login tokens", 1), DeviceBusy),
        (503, "<html>restarting</html>", DeviceBusy),
        (400, body("one or more properties must be specified", 26214401), DeviceRefused),
        (403, "not json", DeviceRefused),
        (400, "[1]", DeviceRefused),
    ],
)
def test_later_and_no_are_told_apart(status: int, text: str, kind: type[Exception]) -> None:
    assert type(fault_from("bigip-1", Refusal.of(status, text), "reading")) is kind


def test_a_page_is_cut_to_what_a_person_reads() -> None:
    page = "<html><body><h1>Restarting</h1>" + "<p>please wait</p>" * 100 + "</body></html>"
    words = str(fault_from("bigip-1", Refusal.of(503, page), "reading its partitions"))
    assert words.startswith(
        "bigip-1: asks to come back later while reading its partitions (HTTP 503: Restarting"
    )
    assert len(words) < 400


def test_a_statistics_field_is_found_however_deep_a_version_nests_it() -> None:
    flat = {"entries": {"clientSideTraffic.curConns": {"value": 10}}}
    nested = {"entries": {"https://localhost/mgmt/tm/sys/traffic/0": {"nestedStats": flat}}}
    for answer in (flat, nested, {"entries": {"x": {"nestedStats": nested}}}):
        assert list(values(answer, "clientSideTraffic.curConns")) == [10]
    assert list(values({}, "clientSideTraffic.curConns")) == []
