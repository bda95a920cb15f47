"""What a soak does to a lab: changes at a steady rate through the API, and faults at random."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from benchmarks.beside import Beside
from bigip_lbaas.cmd.demo.client import SUBNET, project_id
from bigip_lbaas.cmd.lab.stack import Lab

FEWEST, MOST = 30, 60  # load balancers there are at a time
PROJECTS = 12
CALLERS = 6
WITHIN_S = 60.0
ADDRESSES = 60_000
HARMLESS = frozenset({404, 409})  # it is gone, or is being changed


@dataclass
class Churn(Beside):
    """A user who creates, changes and deletes at random. done: what was asked -> how often.

    complaints: answers that no user should get.
    """

    endpoint: str
    rate: float
    dice: random.Random
    done: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._client = httpx.Client(base_url=f"{self.endpoint}/v2/lbaas", timeout=WITHIN_S)
        self._made = 0
        super().__post_init__()

    def run(self) -> None:
        """See Beside."""
        begun = time.monotonic()
        with ThreadPoolExecutor(CALLERS) as callers:
            for number in range(10**9):
                if self.ends.wait(max(0.0, begun + number / self.rate - time.monotonic())):
                    return
                callers.submit(self._step)

    def _step(self) -> None:
        try:
            found = self._client.get("/loadbalancers").json()["loadbalancers"]
            self._change(found)
        except (httpx.HTTPError, KeyError, ValueError) as error:
            self.complaints.append(f"{type(error).__name__}: {error}")

    def _change(self, found: Sequence[Mapping[str, Any]]) -> None:
        failed = [lb for lb in found if lb["provisioning_status"] == "ERROR"]
        steady = [lb for lb in found if lb["provisioning_status"] == "ACTIVE"]
        if failed:
            self._asked("delete one in ERROR", "DELETE", _whole(failed[0]))
            return
        what = self.dice.choice(("create", "limit", "member", "fewer", "delete"))
        if len(found) < FEWEST or not steady:
            what = "create"
        elif len(found) > MOST:
            what = "delete"
        one = self.dice.choice(steady) if steady else {}
        if what == "create":
            self._made += 1
            self._asked(what, "POST", "/loadbalancers", _tree(self._made))
        elif what == "delete":
            self._asked(what, "DELETE", _whole(one))
        elif what == "limit":
            path = f"/listeners/{one['listeners'][0]['id']}"
            body = {"listener": {"connection_limit": self.dice.randrange(1, 1000)}}
            self._asked(what, "PUT", path, body)
        else:
            self._change_members(what, f"/pools/{one['pools'][0]['id']}/members")

    def _change_members(self, what: str, path: str) -> None:
        members = self._client.get(path).json()["members"]
        if what == "fewer" and len(members) > 1:
            self._asked(what, "DELETE", f"{path}/{self.dice.choice(members)['id']}")
            return
        address = f"127.0.{self.dice.randrange(250)}.{self.dice.randrange(1, 250)}"
        self._asked("member", "POST", path, {"member": {"address": address, "protocol_port": 80}})

    def _asked(self, what: str, method: str, path: str, body: Any = None) -> None:
        answer = self._client.request(method, path, json=body)
        if answer.status_code < 400:
            self.done[what] += 1
        elif answer.status_code in HARMLESS:
            self.done["was being changed"] += 1
        else:
            self.complaints.append(f"{method} {path}: {answer.status_code} {answer.text}")


def _whole(lb: Mapping[str, Any]) -> str:
    return f"/loadbalancers/{lb['id']}?cascade=true"


def _tree(number: int) -> dict[str, Any]:
    members = [{"address": f"10.9.{number % 250}.{n}", "protocol_port": 80} for n in (1, 2)]
    pool = {
        "name": "pool", "protocol": "TCP", "lb_algorithm": "ROUND_ROBIN", "members": members,
        "healthmonitor": {"type": "TCP", "delay": 5, "timeout": 3, "max_retries": 2},
    }  # fmt: skip
    listener = {"protocol": "TCP", "protocol_port": 80, "default_pool": pool}
    high, low = divmod(number % ADDRESSES, 250)
    return {
        "loadbalancer": {
            "name": f"lb-{number}",
            "project_id": project_id(f"project-{number % PROJECTS}"),
            "vip_subnet_id": SUBNET,
            "vip_address": f"127.100.{high}.{low + 1}",
            "listeners": [listener],
        }
    }


@dataclass
class Faults(Beside):
    """Does one thing at a time to the second of everything, at random, and undoes it.

    The first controller and the first agent of each group are left alone: they are watched for
    what grows with time, which a restart would hide. done: what -> how often.
    """

    lab: Lab
    every_s: float
    dice: random.Random
    done: Counter[str] = field(default_factory=Counter)

    def run(self) -> None:
        """See Beside."""
        kinds: Sequence[tuple[str, Callable[[], Iterator[None]]]] = (
            ("agent killed, started again", self._kill_agent),
            ("agent frozen for longer than its lease", self._freeze_agent),
            ("controller killed, started again", self._kill_controller),
            ("device off and on", self._device_off),
            ("device rebooted without what it had not saved", self._device_reboots),
            ("device slow", self._device_slow),
            ("database connection cut", self._cut_database),
        )
        while not self.ends.wait(self.every_s / 2):
            name, work = self.dice.choice(kinds)
            for _ in work():
                self.ends.wait(self.every_s / 2 * self.dice.uniform(0.1, 1.0))
            self.done[name] += 1

    def _agent(self) -> str:
        return f"agent-2-{self.dice.choice(list(self.lab.settings.devices))}"

    def _device(self) -> Any:
        return self.lab.simulators.devices[self.dice.choice(list(self.lab.simulators.devices))]

    def _kill(self, name: str) -> Iterator[None]:
        self.lab.programs[name].kill()
        yield
        self.lab.programs[name].start()

    def _kill_agent(self) -> Iterator[None]:
        return self._kill(self._agent())

    def _kill_controller(self) -> Iterator[None]:
        return self._kill(self.lab.settings.controller_names()[1])

    def _freeze_agent(self) -> Iterator[None]:
        program = self.lab.programs[self._agent()]
        program.freeze()
        yield
        program.thaw()

    def _device_off(self) -> Iterator[None]:
        device = self._device()
        device.ask("/power", {"on": False})
        yield
        device.ask("/power", {"on": True})

    def _device_reboots(self) -> Iterator[None]:
        self._device().ask("/reboot", {"for_s": 3})
        yield

    def _device_slow(self) -> Iterator[None]:
        device = self._device()
        device.ask("/faults", {"kind": "latency", "ms": 300})
        yield
        device.ask("/faults/clear", {})

    def _cut_database(self) -> Iterator[None]:
        engine = create_engine(self.lab.owned.our_url)
        name = engine.url.database
        with engine.connect() as connection:
            rows = connection.execute(
                text("SELECT id FROM information_schema.processlist WHERE db = :name"),
                {"name": name},
            )
            ids = [row[0] for row in rows]
            with suppress(SQLAlchemyError):  # it was this one, or has gone by itself
                connection.execute(text(f"KILL CONNECTION {int(self.dice.choice(ids))}"))
        engine.dispose()
        yield
