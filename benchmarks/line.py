"""From the API call, or the driver, to the configured device, by station.

Three times: on RabbitMQ and MariaDB from the driver on (line_services), the same from the real API
on with simulated devices (line_api), and here on the embedded stack: one client creates load
balancers (listener, pool, two members, monitor in one call), one after the other. Beside it, in
the same run: what the same device takes for as many bare requests, the same database for as many
bare commits, and the same bus for as many bare messages.
"""

import argparse
import logging
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from benchmarks import line_api, line_services
from benchmarks.figures import Figure, percentile, publish
from benchmarks.outcomes import Outcomes
from bigip_lbaas.bus.oslo import OsloBus, private_conf
from bigip_lbaas.cmd.embedded.simulators import USERNAME
from bigip_lbaas.cmd.embedded.stack import BUS_URL, Stack, StackSettings
from bigip_lbaas.cmd.logs import log_to_file
from bigip_lbaas.cmd.metrics import load_metrics
from bigip_lbaas.store import records

CREATES, QUICK_CREATES = 200, 40
SECONDS, API_SECONDS, QUICK_S = 60.0, 30.0, 10.0
WARM_UP = 5  # not counted: the first requests import and compile what later ones find ready
REQUESTS_PER_TREE = 8  # start, stamp out, stamp in, four objects, commit
COMMITS_PER_TREE = 3  # accept, place, record
MESSAGES_PER_TREE = 3  # nudge, assignment, outcome
P99_TARGET_MS = 250.0
WITHIN_S = 30.0


@dataclass
class Stations:
    """Seconds per load balancer at each station, and since the API call at the last ones."""

    api_answers: list[float] = field(default_factory=list)
    accepted: list[float] = field(default_factory=list)
    placed: list[float] = field(default_factory=list)
    device: list[float] = field(default_factory=list)
    recorded: list[float] = field(default_factory=list)
    configured: list[float] = field(default_factory=list)
    active: list[float] = field(default_factory=list)


def create(stack: Stack, client: httpx.Client, outcomes: Outcomes, number: int) -> Stations:
    """Create one load balancer and follow it; return its times, one at each station."""
    begun = time.time()
    answer = client.post("/v2/lbaas/loadbalancers", json=line_api.body(number, projects=1))
    answered = time.time()
    answer.raise_for_status()
    made = answer.json()["loadbalancer"]["id"]
    recorded, device_s = outcomes.wait_for(made)
    record = stack.store.read(lambda tx: tx.get(records.LoadBalancer, made))
    decision = stack.store.read(lambda tx: tx.get(records.PlacementDecision, made, 1))
    assert record is not None
    assert decision is not None
    path = f"/v2/lbaas/loadbalancers/{made}"
    while client.get(path).json()["loadbalancer"]["provisioning_status"] != "ACTIVE":
        time.sleep(0.005)
    active = time.time()
    return Stations(
        [answered - begun],
        [record.accepted_at - begun],
        [decision.decided_at - record.accepted_at],
        [device_s],
        [recorded - decision.decided_at - device_s],
        [recorded - begun],
        [active - begun],
    )


def bare_requests(stack: Stack, times: int) -> list[float]:
    """Return seconds for as many bare requests as a tree needs, to one simulated device."""
    password = stack.simulators.password_file.read_text().strip()
    ca = str(stack.simulators.ca_file)
    url = f"https://{stack.device('bigip-3').management}"
    with httpx.Client(base_url=url, verify=ca, auth=(USERNAME, password)) as client:
        client.get("/mgmt/tm/sys/version")
        return [
            _timed(lambda: [client.get("/mgmt/tm/sys/version") for _ in range(REQUESTS_PER_TREE)])
            for _ in range(times)
        ]


def bare_commits(stack: Stack, times: int) -> list[float]:
    """Return seconds for as many bare commits as a tree needs, to the same database."""

    row = records.Sequence("benchmark", 1)

    def commit() -> None:
        for _ in range(COMMITS_PER_TREE):
            stack.store.write(lambda tx: tx.put(row))

    return [_timed(commit) for _ in range(times)]


def bare_messages(times: int) -> list[float]:
    """Return seconds for as many bare round trips as a tree needs messages, on the same bus."""
    bus = OsloBus(private_conf(), BUS_URL, "benchmark")
    server = bus.serve("echo", "server", {"echo": lambda payload: payload}, 2)
    try:
        bus.call("echo", "echo", {}, 5.0)
        return [
            _timed(lambda: [bus.call("echo", "echo", {}, 5.0) for _ in range(MESSAGES_PER_TREE)])
            for _ in range(times)
        ]
    finally:
        server.stop()
        bus.close()


def _timed(work: object) -> float:
    begun = time.perf_counter()
    work()  # type: ignore[operator]
    return time.perf_counter() - begun


def run(creates: int) -> list[Figure]:
    """Measure; return the figures."""
    outcomes = Outcomes()
    logging.getLogger("bigip_lbaas.controller.service").addHandler(outcomes)
    total = Stations()
    with tempfile.TemporaryDirectory(prefix="bigip-lbaas-bench-") as directory:
        state_dir = Path(directory)
        log_to_file(state_dir / "log")
        policy = load_metrics().policy("tenant_count: 1000, node_count: 100k")
        settings = StackSettings(
            state_dir, 0, policy, report_interval_s=10.0, data_plane=False
        )  # what devices do after they have answered is not on the line
        stack = Stack(settings)
        stack.start()
        try:
            with httpx.Client(base_url=stack.api.endpoint, timeout=WITHIN_S) as client:
                for number in range(WARM_UP + creates):
                    one = create(stack, client, outcomes, number)
                    if number < WARM_UP:
                        continue
                    for name, values in vars(one).items():
                        getattr(total, name).extend(values)
            samples = max(10, creates // 5)
            requests, commits = bare_requests(stack, samples), bare_commits(stack, samples)
            messages = bare_messages(samples)
        finally:
            stack.stop()
    return figures(total, requests, commits, messages)


def figures(
    total: Stations, requests: list[float], commits: list[float], messages: list[float]
) -> list[Figure]:
    """Return the figures, in milliseconds and as ratios to the bounds."""
    stations = {
        "API call until its answer": total.api_answers,
        "station: API and accept": total.accepted,
        "station: nudge and place": total.placed,
        "station: assign, queue, report, record": total.recorded,
        "station: devices (both of a pair at once)": total.device,
        "API call to configured": total.configured,
        "API call to ACTIVE in the API": total.active,
    }
    found = []
    for name, values in stations.items():
        target = P99_TARGET_MS if name == "API call to configured" else None
        found.append(Figure(f"{name}, p50", percentile(values, 0.5) * 1000, "ms"))
        found.append(Figure(f"{name}, p99", percentile(values, 0.99) * 1000, "ms", target))
    bounds = {
        f"bound: {REQUESTS_PER_TREE} bare requests to a device": (requests, total.device),
        f"bound: {COMMITS_PER_TREE} bare commits": (commits, total.placed),
        f"bound: {MESSAGES_PER_TREE} bare calls on the bus": (messages, total.recorded),
    }
    for name, (bare, _) in bounds.items():
        found.append(Figure(f"{name}, p50", percentile(bare, 0.5) * 1000, "ms"))
    ours = [
        configured - accepted
        for configured, accepted in zip(total.configured, total.accepted, strict=True)
    ]
    bare_sum = sum(percentile(bare, 0.5) for bare, _ in bounds.values())
    found.append(
        Figure(
            "accepted to configured, p50, as a multiple of the bounds' sum",
            percentile(ours, 0.5) / bare_sum,
            "x",
        )
    )
    return found


def main() -> int:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer creates, for shorter times")
    quick = parser.parse_args().quick
    found = line_services.run(QUICK_S if quick else SECONDS)
    found += line_api.run(QUICK_S if quick else API_SECONDS)
    found += run(QUICK_CREATES if quick else CREATES)
    return publish("line", found)


if __name__ == "__main__":
    sys.exit(main())
