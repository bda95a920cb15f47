"""All metrics, read of simulated devices of every release, and what reading them costs."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bigip_lbaas.cmd.metrics import load_metrics
from bigip_lbaas.icontrol.metrics import ESTABLISHED, Metric
from bigip_lbaas.icontrol.rest import RestDevice
from bigip_lbaas.icontrol.session import Endpoint
from bigip_lbaas.ltm.state import Action, ObjectPath, Step
from bigip_sim.embedded import RunningDevice, running_device

VERSIONS = ("11.6.0", "12.1.2", "13.1.1", "14.1.2.1", "15.1.8", "16.1.2")
METRICS = load_metrics().usable
STATISTICS_READS = 2  # of the eleven: the traffic, and the client-ssl profiles


@contextmanager
def measured(version: str = "15.1.8") -> Iterator[tuple[RunningDevice, RestDevice]]:
    with running_device(version=version) as running:
        rest = RestDevice(
            Endpoint("bigip-1", running.url, running.username, running.password, running.ca_file)
        )
        try:
            yield running, rest
        finally:
            rest.close()


def steps(numbers: range) -> Iterator[Step]:
    """Create so many virtual servers, each with a pool of one member of its own."""
    for n in numbers:
        member = {
            "name": f"127.{n // 250 + 9}.{n % 250}.1:80",
            "address": f"127.{n // 250 + 9}.{n % 250}.1",
        }
        pool = ObjectPath("ltm/pool", "dev_p1", f"dev_{n}")
        yield Step(Action.CREATE, pool, {"members": [member]})
        virtual = {"destination": f"127.1.{n // 250}.{n % 250}:80", "pool": pool.full}
        yield Step(Action.CREATE, ObjectPath("ltm/virtual", "dev_p1", f"dev_{n}"), virtual)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_metric_can_be_read_and_means_the_same_on_every_release(version: str) -> None:
    with measured(version) as (running, rest):
        rest.create_partition("dev_p1")
        running.rates(
            throughput_in=8e9, throughput_out=2e9, active_connections=70, cpu=20, memory=60
        )
        first, second = rest.sample(METRICS), rest.sample(METRICS)
    assert first.unreadable == second.unreadable == {}
    levels = {"active_connections": 70, "tenant_count": 1, "node_count": 0, "vlan_count": 0,
              "route_domain_count": 0, "tunnel_count": 0, "virtual_server_count": 0,
              "pool_member_count": 0}  # fmt: skip
    assert {name: second.values[name] for name in levels} == levels
    assert second.values["cpu"] == pytest.approx(20, abs=1)
    assert second.values["memory"] == pytest.approx(60, abs=1)
    assert second.values["clientssl_profile_count"] == 6  # those that every device has
    for name, bits in (("inbound_throughput", 8e9), ("outbound_throughput", 2e9),
                       ("throughput", 10e9)):  # fmt: skip
        grown = second.values[name] - first.values[name]
        passed_s = second.read_at_s[name] - first.read_at_s[name]
        # bits and not packets, which would be a ten-thousandth; the clock is read beside the
        # counter, and a busy machine does something else in between
        assert bits * passed_s / 10 < grown < bits * passed_s * 10, name


def test_a_report_costs_two_statistics_reads_and_one_for_each_counted_collection() -> None:
    wanted = {**ESTABLISHED, "virtual_server_count": METRICS["virtual_server_count"]}
    with measured() as (running, rest):
        rest.create_partition("dev_p1")
        for tenth in range(10):
            rest.commit([*steps(range(100 * tenth, 100 * tenth + 100))])
        rest.sample(ESTABLISHED)  # the session has begun
        before = rest.requests
        found = rest.sample(wanted)
        requests = running.log(rest.requests - before)
    assert found.values["virtual_server_count"] == 1000
    assert found.values["node_count"] == 1000
    statistics = [str(one["path"]) for one in requests if "sys/" in str(one["path"])
                  or "stats" in str(one["path"])]  # fmt: skip
    assert len(statistics) == STATISTICS_READS
    collections = [name for name in found.values if name.endswith("_count")]
    assert len(requests) == STATISTICS_READS + len(collections)


def test_two_metrics_share_what_both_ask_for() -> None:
    names = ("throughput", "inbound_throughput", "active_connections", "new_connections_rate")
    wanted: dict[str, Metric] = {name: METRICS[name] for name in names}
    with measured() as (_, rest):
        rest.sample(wanted)
        before = rest.requests
        assert rest.sample(wanted).unreadable == {}
        assert rest.requests - before == 1
