"""A user, two controllers and a device group's agents around the harness of `writers`."""

import random
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from bigip_lbaas.bus import topics
from bigip_lbaas.cli.agent_set import set_agent
from bigip_lbaas.controller.service import Controller
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.controller.surroundings import Surroundings
from bigip_lbaas.domain.edit import Edited
from bigip_lbaas.domain.errors import RequestRejected
from bigip_lbaas.domain.home import SHARED
from bigip_lbaas.icontrol.memory import MemoryDevice
from bigip_lbaas.ltm.names import Naming
from bigip_lbaas.provider.octavia.door import Door
from bigip_lbaas.store import records
from bigip_lbaas.store.fences import begin_anew
from bigip_lbaas.store.memory import MemoryStore
from bigip_lbaas.store.port import Transaction
from bigip_lbaas.store.records import Phase
from tests.integration.graphs import graph, id_of
from tests.property.writers import ENVIRONMENT, Fleet, Process, queue_of
from tests.property.writing_law import Law

HOSTS = ("host-1", "host-2")
DEVICES = ("big-1", "big-2")
PROJECT = "acme"
NAMING = Naming(ENVIRONMENT)
TICK_S = 0.5
ROUNDS = 400  # more than any quiet second takes; a fleet that needs more never comes to rest
T = TypeVar("T")


class WatchedStore(MemoryStore):
    """Says after each transaction that there was one."""

    committed: Callable[[], None] = staticmethod(lambda: None)

    def write(self, work: Callable[[Transaction], T]) -> T:
        """See Store."""
        answer = super().write(work)
        self.committed()
        return answer


class Cloud:
    """One environment with one device group of two agents and two devices."""

    def __init__(self) -> None:
        """Begin with both agents registered and nothing asked for."""
        settings = ControllerSettings(ENVIRONMENT, "any")
        self.law = Law(settings.lease_s + settings.takeover_margin_s)
        self.asked: dict[tuple[str, int], int] = {}  # load balancer, revision -> members; 0: none
        self.told: dict[str, tuple[int, int]] = {}  # load balancer -> members, since which event
        self.lied: list[str] = []
        self._seen: list[dict[Any, Any]] = []
        self._noticed = 0
        self.ghosts: set[str] = set()
        self.backup: dict[Any, Any] = {}
        self.store = WatchedStore(lambda: self.fleet.now_s)
        self.fleet = Fleet(self.law, self.answer, self.cast)
        self.fleet.devices = {name: MemoryDevice(name) for name in DEVICES}
        self.store.committed = self._committed  # type: ignore[method-assign]
        self.messages: list[tuple[str, str, dict[str, Any]]] = []
        self.assigned: dict[str, tuple[str, str, dict[str, Any]]] = {}  # the last one of each agent
        self.random_hex = hexes(1)
        self.controllers = [self._controller(number) for number in range(2)]
        self.turn = 0
        self.door = Door(self.store, self, ENVIRONMENT)  # type: ignore[arg-type]
        for host in HOSTS:
            self.fleet.start(host)
        self.go_on(2)
        self.back_up()

    def _controller(self, number: int) -> Controller:
        around = Surroundings(self.store, self, self.fleet.monotonic_s, self.random_hex)  # type: ignore[arg-type]
        settings = ControllerSettings(ENVIRONMENT, f"controller-{number}", heartbeat_gather_s=0.0)
        return Controller(settings, around)

    def restart_controllers(self) -> None:
        """All of them die and come back knowing nothing of silences."""
        self.controllers = [self._controller(number) for number in range(2)]

    # -- messages

    def cast(self, topic: str, method: str, payload: Mapping[str, Any]) -> None:
        """Put the message with the others."""
        self.messages.append((topic, method, dict(payload)))
        if method == "assign":
            self.assigned[topic] = self.messages[-1]

    def answer(self, method: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Let the next controller answer."""
        controller = self._next_controller()
        answers = {
            "register": controller.on_registration,
            "heartbeat": controller.on_heartbeat,
            "strays": controller.on_stray_search,
        }
        return answers[method](payload)

    def deliver(self, index: int, to: Process | None = None) -> bool:
        """Give a message to whom it is for, who also may be frozen no more; False: nobody is."""
        topic, method, payload = self.messages[index]
        if topic == topics.global_queue(ENVIRONMENT):
            del self.messages[index]
            controller = self._next_controller()
            getattr(controller, f"on_{method}")(payload)
            controller.reports.write_some()
            return True
        for process in reversed(self.fleet.living()):
            if topic != queue_of(process.agent_id) or process.is_frozen:
                continue
            if to is None or to is process:
                del self.messages[index]
                endpoints = {
                    "assign": process.agent.on_assignment,
                    "homes": process.agent.on_homes,
                    "measure": lambda _payload: None,
                }
                endpoints[method](payload)
                return True
        return False

    def _next_controller(self) -> Controller:
        self.turn += 1
        return self.controllers[self.turn % len(self.controllers)]

    # -- what the user does

    def create(self, number: int, members: int) -> None:
        """Ask for a load balancer, or for another number of members of it."""
        made = graph(number, PROJECT, members)
        row = self._row(made.id)
        if row is not None and row.refused and row.wanted:
            self.door.failover(made.id, "req")  # type: ignore[arg-type]
        if row is None or not row.wanted:
            try:
                self._accepted(self.door.create(made, (), "req"), members)  # type: ignore[arg-type]
            except RequestRejected:
                return  # it is being deleted
            return

        def edit(old: Any) -> Edited:
            gone = set(old.objects()) - set(made.objects())
            return Edited(made, tuple(sorted(gone, key=lambda ref: (ref.kind, ref.id))))

        self._accepted(self.door.edit(made.id, edit, "req"), members)  # type: ignore[arg-type]

    def delete(self, number: int) -> None:
        """Ask for it to go."""
        id_ = graph(number, PROJECT).id
        row = self._row(id_)
        if row is not None and row.wanted:
            record = self.door.delete(id_, (), "req")  # type: ignore[arg-type]
            if record is not None:
                self._accepted(record, 0)

    def _accepted(self, record: records.LoadBalancer, members: int) -> None:
        self.asked[record.id, record.revision] = members
        self.told.pop(record.id, None)

    def _row(self, id_: str) -> records.LoadBalancer | None:
        return self.store.read(lambda tx: tx.get(records.LoadBalancer, id_))

    # -- the operator

    def switch(self, agent_id: str, up: bool) -> None:
        """Take an agent out of service, or back into it."""
        if any(row.id == agent_id for row in self.store.read(lambda tx: tx.select(records.Agent))):
            set_agent(self.store, None, agent_id, up, "")

    def switch_all_on(self) -> None:
        """Take all agents back into service."""
        for process in self.fleet.living():
            self.switch(process.agent_id, True)

    # -- the database

    def back_up(self) -> None:
        """Keep what the database has."""
        self.backup = {record: dict(rows) for record, rows in self.store._tables.items()}

    def restore(self) -> None:
        """Set the database back; where no lost number tells of it, an operator does."""
        lost = self.store._tables
        sequence = self.store.read(lambda tx: tx.get(records.Sequence, "fence"))
        self.store._tables = {record: dict(rows) for record, rows in self.backup.items()}
        kept = self.store.read(lambda tx: tx.get(records.Sequence, "fence"))
        if lost.get(records.LoadBalancer) == self.store._tables.get(records.LoadBalancer) and (
            sequence == kept
        ):
            return
        self.law.commits_are_lost = True
        self.told.clear()
        # what has no place in the database, and may be on devices, is a ghost until it is placed
        # again: it is found by an inventory of the devices, which nobody takes here
        rows = self.store.read(lambda tx: tx.select(records.PlacementRow))
        placed = {row.load_balancer_id for row in rows}
        self.ghosts |= {id_ for id_, _ in self.asked if id_ not in placed}
        self.asked = {key: n for key, n in self.asked.items() if self._row(key[0]) is not None}
        if sequence == kept:
            self.store.write(lambda tx: begin_anew(tx, 0, "an operator", self.random_hex))
        self._committed()

    def _notice_what_is_lost(self) -> None:
        """Let the law judge again, a lease after the loss has been noticed."""
        events = self.store.read(lambda tx: tx.select(records.Event))
        noticed = sum(event.kind == "commits lost" for event in events)
        if noticed > self._noticed:
            self.law.commits_are_lost = False
            self.law.forgiven_until_s = self.fleet.now_s + self.law.grace_s
            self.told.clear()
        self._noticed = noticed

    # -- time

    def tick(self, tick_s: float = TICK_S) -> None:
        """Let a moment pass for everybody, while only controllers do anything."""
        self.fleet.now_s += tick_s
        for controller in self.controllers:
            controller.watch()
        self.controllers[0].sweep()

    def go_on(self, seconds: float, tick_s: float = TICK_S) -> None:
        """Let everything that is not frozen, cut off or given up go well for a while."""
        for number in range(int(seconds / tick_s)):
            self.tick(tick_s)
            for process in self.fleet.living() if number % 8 == 2 else ():
                if not process.is_frozen:
                    process.agent.report_once()
            self.settle()

    def settle(self) -> None:
        """Deliver, answer, carry out and work until nobody has anything to do at this moment."""
        for _ in range(ROUNDS):
            if not self._round():
                return
        raise AssertionError("the fleet does not come to rest")

    def _round(self) -> bool:
        fleet = self.fleet
        moved = False
        for question in list(fleet.questions):
            fleet.hear(question)
            moved = True
        for index in reversed(range(len(self.messages))):
            if index < len(self.messages):
                moved = self.deliver(index) or moved
        for flight in list(fleet.flights):
            if not (flight.is_over or flight.process.is_frozen or flight.process.is_dead):
                fleet.execute(flight)
                moved = True
        for process in fleet.living():
            moved = fleet.run(process, 20) or moved
        return moved

    # -- what must hold

    def _committed(self) -> None:
        tables = [dict(self.store._tables.get(r, {})) for r in (records.Home, records.LoadBalancer)]
        if tables == self._seen:
            return
        self._seen = tables
        self._notice_what_is_lost()
        rows = self.store.read(lambda tx: tx.select(records.Home, environment=ENVIRONMENT))
        self.law.hold(
            self.fleet.now_s,
            {
                NAMING.name(row.project_id): (row.agent_id, (row.fence_number, row.fence_nonce))
                for row in rows
                if row.project_id != SHARED
            },
        )
        self._note_what_is_told()

    def _note_what_is_told(self) -> None:
        rows = {row.id: row for row in self.store.read(lambda tx: tx.select(records.LoadBalancer))}
        for id_ in {id_ for id_, _ in self.asked}:
            row = rows.get(id_)
            if row is None and id_ not in self.ghosts:
                self.told.setdefault(id_, (0, self.fleet.count()))
            elif row is None or row.phase is not Phase.APPLIED or row.unclean:
                self.told.pop(id_, None)
            else:
                self.ghosts.discard(id_)
                members = self.asked.get((id_, row.revision), 0)
                self.told.setdefault(id_, (members, self.fleet.count()))
        self.lied = self.lies()

    def lies(self) -> list[str]:
        """Return where a device does not have what the user has been told, or had not when told."""
        if self.law.commits_are_lost or self.fleet.now_s <= self.law.forgiven_until_s:
            return []
        found = list(self.lied)
        for id_, (members, since) in self.told.items():
            for name, device in self.fleet.devices.items():
                if self.fleet.forgot.get(name, 0) >= since:
                    continue  # told from memory or before a reboot: the next audit repairs it
                there = members_on(device, id_)
                if there != (members or None):
                    found.append(f"{id_}: told {members} members, {name} has {there}")
        return found

    def end(self) -> None:
        """Let go of all coroutines."""
        for process in self.fleet.processes:
            process.kill()


def members_on(device: MemoryDevice, load_balancer_id: str) -> int | None:
    """Return how many members its pool has on a device; None: nothing of it is there."""
    number = next(n for n in range(10) if id_of("load balancer", n) == load_balancer_id)
    names = {f"dev_{id_of(kind, number)}" for kind in ("pool", "listener", "monitor")}
    names.add(f"dev_{load_balancer_id}")
    there = {path: a for path, a in device.objects.items() if path.name in names}
    if not there:
        return None
    if {path.name for path in there} != names:
        return -1  # a part of it
    return next(
        len(a["members"]) for path, a in there.items() if path.name.endswith(id_of("pool", number))
    )


def hexes(seed: int) -> Callable[[], str]:
    """Return a source of random texts that never gives the same one twice."""
    dice = random.Random(seed)
    numbers = iter(range(1, 10**9))
    return lambda: f"{dice.randrange(16**4):04x}{next(numbers):06x}"
