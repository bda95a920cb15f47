"""Statistics of what HAProxy has carried."""

import shutil
import ssl
import threading

import httpx
import pytest
from programs import free_port, member, wait_until

from bigip_sim.dataplane.plane import Haproxy
from bigip_sim.embedded import running_device

pytestmark = [
    pytest.mark.dataplane,
    pytest.mark.skipif(shutil.which("haproxy") is None, reason="there is no HAProxy"),
]
VIP = "127.3.11.1"


class Device:
    """Asks a device for its statistics."""

    def __init__(self, running):
        self.running = running
        trust = ssl.create_default_context(cafile=running.ca_file)
        auth = (running.username, running.password)
        self.rest = httpx.Client(base_url=f"{running.url}/mgmt/tm/", verify=trust, auth=auth)

    def post(self, path, **body):
        answer = self.rest.post(path, json=body)
        assert answer.status_code == 200, answer.text

    def told(self, path, name):
        """The value of a field that one object, or the first of a collection, tells."""
        entries = self.rest.get(path).json()["entries"]
        return next(iter(entries.values()))["nestedStats"]["entries"][name]["value"]


@pytest.fixture(scope="module")
def carried():
    """A device, and a virtual server that speaks TLS, over one member."""
    port = free_port()
    with running_device(data_plane=Haproxy(gap_s=0.1)) as running, member("A") as number:
        device = Device(running)
        device.post("ltm/pool", name="p", members=[f"127.0.0.1:{number}"])
        device.post(
            "ltm/virtual", name="v", destination=f"{VIP}:{port}", ipProtocol="tcp", pool="p",
            profiles=["/Common/tcp", "/Common/http", "/Common/clientssl"],
        )  # fmt: skip
        device.member = f"127.0.0.1:{number}"
        device.where = f"https://{VIP}:{port}/"
        wait_until(lambda: asked(device), "the virtual server answers")
        wait_until(lambda: device.told("ltm/pool/p/stats", "totRequests") == 1, "it is counted")
        wait_until(lambda: device.told("sys/traffic", "clientSideTraffic.curConns") == 0, "it ends")
        yield device
        device.rest.close()


def asked(device):
    try:
        return httpx.get(device.where, verify=False).text == "A"
    except httpx.TransportError:
        return False


def test_traffic_is_counted_where_it_belongs_and_from_0_after_a_reset(carried):
    for path in ("ltm/virtual", "ltm/pool", "ltm/pool/p/members", "ltm/node"):
        carried.post(path, command="reset-stats")
    for path in ("client-ssl", "http", "tcp"):
        carried.post(f"ltm/profile/{path}", command="reset-stats")
    assert carried.told("ltm/virtual/v/stats", "clientside.totConns") == 0
    with httpx.Client(verify=False) as client:
        for _ in range(5):  # over one connection
            client.get(carried.where)
        wait_until(
            lambda: carried.told("ltm/virtual/v/stats", "totRequests") == 5, "all are counted"
        )
        wait_until(  # an answer counts when it has ended, a moment after its request
            lambda: carried.told("ltm/profile/http/http/stats", "resp_2xxCnt") == 5, "answers too"
        )
        assert carried.told("ltm/virtual/v/stats", "clientside.curConns") == 1
        assert carried.told("sys/traffic", "clientSideTraffic.curConns") == 1
    assert carried.told("ltm/virtual/v/stats", "clientside.totConns") == 1
    assert carried.told("ltm/virtual/v/stats", "clientside.bitsIn") > 5 * 8 * 20
    assert carried.told(f"ltm/pool/p/members/{carried.member}/stats", "totRequests") == 5
    assert carried.told("ltm/pool/p/stats", "serverside.bitsOut") > 0
    assert carried.told("ltm/node/127.0.0.1/stats", "totRequests") == 5
    assert carried.told("ltm/profile/client-ssl/clientssl/stats", "common.totNativeConns") == 1
    assert carried.told("ltm/profile/tcp/tcp/stats", "accepts") == 1
    wait_until(lambda: carried.told("ltm/virtual/v/stats", "clientside.curConns") == 0, "it ended")


def test_rates_are_measured_while_it_goes_on(carried):
    going = threading.Event()

    def ask_on():
        while not going.is_set():
            asked(carried)

    asking = threading.Thread(target=ask_on)
    asking.start()
    try:
        average = "fiveSecAvgClientSideTraffic.bitsIn"
        wait_until(lambda: carried.told("sys/traffic", average) > 1000, "traffic is measured")
        wait_until(lambda: carried.running.device.meter.rates().ssl_tps > 1, "handshakes are")
    finally:
        going.set()
        asking.join()


def test_a_virtual_server_with_all_the_connections_that_it_may_have_is_unavailable(carried):
    def state():
        entries = carried.rest.get("ltm/virtual/v/stats").json()["entries"]
        fields = next(iter(entries.values()))["nestedStats"]["entries"]
        return fields["status.availabilityState"]["description"]

    wait_until(lambda: carried.told("ltm/virtual/v/stats", "clientside.curConns") == 0, "it ended")
    before = state()
    assert before != "unavailable"
    assert carried.rest.patch("ltm/virtual/v", json={"connectionLimit": 1}).status_code == 200
    with httpx.Client(verify=False) as client:
        assert client.get(carried.where).text == "A"
        wait_until(lambda: state() == "unavailable", "its only connection is counted")
    wait_until(lambda: state() == before, "there is room again")
    assert carried.rest.patch("ltm/virtual/v", json={"connectionLimit": 0}).status_code == 200


def test_a_reboot_lets_every_counter_begin_at_0(carried):
    assert carried.told("sys/traffic", "clientSideTraffic.totConns") > 0
    carried.rest.post("sys/config", json={"command": "save"})
    carried.running.reboot()
    assert carried.told("sys/traffic", "clientSideTraffic.totConns") == 0
    assert carried.told("ltm/virtual/v/stats", "clientside.bitsIn") == 0
    wait_until(lambda: asked(carried), "it carries again")
    wait_until(
        lambda: carried.told("ltm/virtual/v/stats", "clientside.totConns") > 0, "it counts again"
    )
