"""The line from the real API on: creates at a steady rate, simulated devices, all in processes."""

import json
import re
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from benchmarks.figures import Figure, percentile
from bigip_lbaas.cmd.demo.client import SUBNET, project_id
from bigip_lbaas.cmd.lab.settings import LabSettings
from bigip_lbaas.cmd.lab.stack import Lab
from bigip_lbaas.store import records

RATE = 10.0  # creates a second
PROJECTS = 20
WITHIN_S = 120.0
CALLERS = 32
OUTCOME = re.compile(r"outcome load_balancer=(\S+) .* applied=True ")
JSON_LOGS = {"controller": {"log_format": "json"}}


def run(seconds: float) -> list[Figure]:
    """Measure; return the figures."""
    with tempfile.TemporaryDirectory(prefix="bigip-lbaas-bench-") as directory:
        lab = Lab(LabSettings(Path(directory), data_plane=False, options=JSON_LOGS))
        lab.start()
        try:
            calls = _create_all(lab.endpoint, int(seconds * RATE))
            accepted, configured = _follow(lab, len(calls))
        finally:
            lab.stop()
    said = f"real API, simulated devices, {RATE:g}/s: "
    from_api = [configured[id_] - begun for id_, (begun, _) in calls.items()]
    from_accept = [configured[id_] - accepted[id_] for id_ in calls]
    answers = [took for _, took in calls.values()]
    return [
        *_both(said + "API call until its answer", answers),
        *_both(said + "API call to configured", from_api),
        *_both(said + "accept to configured", from_accept),
    ]


def _both(said: str, values: Sequence[float]) -> list[Figure]:
    return [
        Figure(f"{said}, p50", percentile(values, 0.5) * 1000, "ms"),
        Figure(f"{said}, p99", percentile(values, 0.99) * 1000, "ms"),
    ]


def _create_all(endpoint: str, many: int) -> dict[str, tuple[float, float]]:
    """Create so many at fixed times; return when each call began, and how long it took."""
    calls: dict[str, tuple[float, float]] = {}
    pause = threading.Event()

    def create(number: int) -> None:
        begun = time.time()
        answer = client.post("/v2/lbaas/loadbalancers", json=body(number))
        took = time.time() - begun
        answer.raise_for_status()
        calls[answer.json()["loadbalancer"]["id"]] = begun, took

    with (
        httpx.Client(base_url=endpoint, timeout=WITHIN_S) as client,
        ThreadPoolExecutor(CALLERS) as callers,
    ):
        create(many)  # imports, connections and statements are ready then
        calls.clear()
        first = time.monotonic()
        waiting = []
        for number in range(many):
            pause.wait(max(0.0, first + number / RATE - time.monotonic()))
            waiting.append(callers.submit(create, number))
        for call in waiting:
            call.result()
    return calls


def body(number: int, projects: int = PROJECTS) -> dict[str, Any]:
    """Return the API's request for one whole tree, of one of so many projects."""
    pool = {
        "name": "pool",
        "protocol": "HTTP",
        "lb_algorithm": "ROUND_ROBIN",
        "members": [{"address": f"127.0.61.{n}", "protocol_port": 8000} for n in (1, 2)],
        "healthmonitor": {
            "type": "HTTP", "delay": 5, "timeout": 3, "max_retries": 2, "url_path": "/",
        },
    }  # fmt: skip
    return {
        "loadbalancer": {
            "name": f"lb-{number}",
            "project_id": project_id(f"project-{number % projects}"),
            "vip_subnet_id": SUBNET,
            "vip_address": f"127.0.{62 + number // 250}.{number % 250 + 1}",
            "listeners": [{"protocol": "HTTP", "protocol_port": 8080, "default_pool": pool}],
        }
    }


def _follow(lab: Lab, many: int) -> tuple[dict[str, float], dict[str, float]]:
    """Return when each load balancer was accepted, and when its outcome was recorded."""
    deadline_s = time.monotonic() + WITHIN_S
    while True:
        rows = lab.store.read(lambda tx: tx.select(records.LoadBalancer))
        configured = _recorded(lab)
        if len(configured) > many:  # with the one before the others
            return {str(row.id): row.accepted_at for row in rows}, configured
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"only {len(configured)} of {many} are configured")
        time.sleep(0.5)


def _recorded(lab: Lab) -> dict[str, float]:
    """Return when the controllers say that they have recorded each load balancer's outcome."""
    found = {}
    for name in lab.settings.controller_names():
        log = (lab.settings.state_dir / f"{name}.log").read_text()
        for line in log.rpartition("\n")[0].splitlines():  # the last one may be half written
            event = json.loads(line) if line.startswith("{") else {}
            said = OUTCOME.match(event.get("message", ""))
            if said:
                found[said[1]] = datetime.fromisoformat(event["time"]).timestamp()
    return found
