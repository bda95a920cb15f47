"""The programs as they are configured: one controller and one agent, scraped while they work."""

import http.client
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bigip_lbaas.bus.oslo import OsloBus, private_conf
from bigip_lbaas.cmd import agent, controller
from bigip_lbaas.domain.errors import ConfigurationRefused
from bigip_lbaas.domain.graph import ServiceGraph
from bigip_lbaas.domain.ids import EnvironmentName, LoadBalancerId, ProjectId, RequestId
from bigip_lbaas.provider.octavia.door import Door
from bigip_lbaas.store import schema
from bigip_lbaas.store.sql import SqlStore
from bigip_sim.embedded import running_device

HOST = "127.0.0.1"
URL = "kombu+memory://localhost/"
ENVIRONMENT = EnvironmentName("scraped")
DEADLINE_S = 30.0
COMMON = """\
[DEFAULT]
environment_prefix = {environment}
host = host-1
metrics_listen = {listen}
{more}
[f5]
transport_url = {url}
control_exchange = {exchange}
"""


@dataclass
class Programs:
    """Where both listen, the API's way in, and the controller's file."""

    agent: str
    controller: str
    door: Door
    file: Path


def free_addresses() -> list[str]:
    """Return two that nobody listens on now."""
    with socket.socket() as one, socket.socket() as other:
        one.bind((HOST, 0))
        other.bind((HOST, 0))
        return [f"{HOST}:{probe.getsockname()[1]}" for probe in (one, other)]


def no_giving_up(why: str) -> None:
    raise AssertionError(why)


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    database = f"sqlite:///{tmp_path / 'ours.db'}"
    schema.upgrade(database)
    exchange = f"scraped-{uuid.uuid4()}"
    addresses = free_addresses()
    with ExitStack() as stack:
        device = stack.enter_context(running_device())
        address = device.url.removeprefix("https://")
        more = [
            (
                f"icontrol_hostname = {address}\nicontrol_username = {device.username}\n"
                f"icontrol_password = {device.password}\nicontrol_ca_file = {device.ca_file}\n"
                f"capacity_policy = tenant_count: 10\ncapacity_report_interval = 0.3\n"
                f"lock_directory = {tmp_path / 'locks'}"
            ),
            "",
        ]
        files = []
        for name, listen, lines in zip(("agent", "controller"), addresses, more, strict=True):
            text = COMMON.format(
                environment=ENVIRONMENT, listen=listen, more=lines, url=URL, exchange=exchange
            )
            path = tmp_path / f"{name}.conf"
            path.write_text(text + (f"database_connection = {database}\n" if not lines else ""))
            files.append(path)
        store = SqlStore(database)
        stack.callback(store.close)
        bus = OsloBus(private_conf(), URL, exchange)
        stack.callback(bus.close)
        stack.callback(controller.start([str(files[1])], no_giving_up))
        stack.callback(agent.start([str(files[0])], no_giving_up))
        yield Programs(*addresses, Door(store, bus, ENVIRONMENT), files[1])


def get(address: str, path: str = "/metrics") -> tuple[int, str]:
    with closing(http.client.HTTPConnection(address, timeout=10)) as client:
        client.request("GET", path)
        answer = client.getresponse()
        return answer.status, answer.read().decode()


def until(claim: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + DEADLINE_S
    while not claim():
        assert time.monotonic() < deadline_s
        time.sleep(0.05)


def value(address: str, name: str, **labels: str) -> float:
    """Return what a scrape says, 0.0 when it does not."""
    wanted = {"environment": ENVIRONMENT, **labels}
    return next(
        (
            sample.value
            for family in text_string_to_metric_families(get(address)[1])
            for sample in family.samples
            if sample.name == f"bigip_lbaas_{name}" and sample.labels == wanted
        ),
        0.0,
    )


def test_a_load_balancer_leaves_its_marks_in_what_both_programs_serve(programs: Programs) -> None:
    told, done = programs.controller, programs.agent
    until(lambda: value(told, "group_agents_alive", group="1") == 1)
    assert get(told, "/healthz") == (200, "ok\n")
    assert get(done, "/healthz") == (200, "ok\n")
    made = ServiceGraph(LoadBalancerId(str(uuid.uuid4())), ProjectId("acme"), "127.0.71.9")
    programs.door.create(made, (), RequestId("req-1"))
    # on a busy machine it may be sent, done and told twice
    until(lambda: value(done, "apply_duration_seconds_count", group="1", outcome="applied") >= 1)
    until(lambda: value(told, "outcomes_total", outcome="applied") >= 1)
    assert value(told, "decisions_total", outcome="placed") == 1
    assert value(told, "load_balancers", phase="applied") == 1
    assert value(told, "outbox_statuses") == 1
    served = get(done)[1]
    assert 'method="POST",outcome="ok"' in served
    for text in (get(told)[1], served):
        assert "acme" not in text
        assert made.id not in text


def test_a_second_program_with_the_same_address_is_refused(programs: Programs) -> None:
    with pytest.raises(ConfigurationRefused, match=f"'{programs.controller}': .*in use"):
        controller.start([str(programs.file)], no_giving_up)
    assert get(programs.controller, "/healthz")[0] == 200  # the first one goes on
