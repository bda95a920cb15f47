"""What a controller keeps in memory of the groups is what stands in the database, at any time."""

import random
from dataclasses import replace
from typing import Any

import pytest
from bookkeeping import ENVIRONMENT, Books

from bigip_lbaas.cli.setting import set_group
from bigip_lbaas.controller.admitting import admit, forget_holds
from bigip_lbaas.controller.books import read_groups
from bigip_lbaas.controller.ledger import Ledger
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.domain.capacity import Reading
from bigip_lbaas.domain.fleet import GroupState
from bigip_lbaas.domain.placement import PlacementRules
from bigip_lbaas.store import records
from bigip_lbaas.store.records import Phase
from bigip_lbaas.wire.messages import Admission, Assignment
from tests.integration.graphs import graph

LIMITS = {"tenant_count": 12.0, "node_count": 60.0, "active_connections": 5e4}
STEPS = 150


class Life:
    """An environment in which anything may happen; two controllers place in it."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        rules = PlacementRules(reopen_below=0.9)
        self.books = Books(ControllerSettings(ENVIRONMENT, "controller-1", rules))
        self.ledgers = (Ledger(), Ledger())
        self.epochs: dict[tuple[str, int], str] = {}
        self.assigned: dict[str, Assignment] = {}
        self.beats = self.made = 0
        for group in (1, 2, 3, 4):
            self.registers("h1", group)

    def registers(self, host: str = "", group: int = 0) -> None:
        host, group = host or self.dice.choice(("h1", "h2")), group or self.dice.randrange(1, 6)
        answer = self.books.register(host, group, (f"device-of-{group}",))
        self.epochs[host, group] = answer.epoch

    def reports(self) -> None:
        (host, group), epoch = self.dice.choice(sorted(self.epochs.items()))
        found = tuple(Reading(m, self.dice.random() * limit, limit) for m, limit in LIMITS.items())
        self.books.report(f"{host}:{group}", epoch, readings=found, as_of=self.books.now)

    def beat(self) -> None:
        for (host, group), epoch in self.epochs.items():
            self.beats += 1
            if self.dice.random() < 0.8:
                self.books.beat(f"{host}:{group}", epoch, self.beats)

    def dies(self) -> None:
        host, group = self.dice.choice(sorted(self.epochs))
        self.books.take_homes(self.books.agent(f"{host}:{group}"))

    def arrive(self) -> None:
        many = self.dice.choice((1, 2, 6))
        rows = [self.accepted() for _ in range(many)]
        self.books.ledger = self.dice.choice(self.ledgers)
        for id_, attended in self.books.attend_all(*rows, waited_s=61.0).items():
            if attended.assignment is not None:
                self.assigned[id_] = attended.assignment

    def accepted(self) -> records.LoadBalancer:
        self.made += 1
        return self.books.accept(self.made, f"project-{self.dice.randrange(8)}")

    def ends(self) -> None:
        if self.assigned:
            id_ = self.dice.choice(sorted(self.assigned))
            self.books.end(self.assigned[id_])

    def goes(self) -> None:
        if not self.assigned:
            return
        assignment = self.assigned.pop(self.dice.choice(sorted(self.assigned)))
        lb = self.books.get(records.LoadBalancer, assignment.load_balancer_id)
        assert lb is not None
        revision = lb.revision + 1
        self.books.put(replace(lb, wanted=False, revision=revision, phase=Phase.WAITING))
        unclean = self.dice.choice(((), ("device",)))
        self.books.end(assignment, revision=revision, unclean=unclean, tried_to_end=True)

    def is_set(self) -> None:
        changes: dict[str, Any] = {
            "draining": self.dice.random() < 0.3,
            "weight": self.dice.choice((1.0, 2.0)),
            "max_load_balancers": self.dice.choice((None, None, 5)),
        }
        set_group(self.books.store, None, self.dice.randrange(1, 5), changes)

    def is_admitted(self) -> None:
        self.made += 1
        message = Admission(graph(self.made, "project-1"), "req")  # type: ignore[arg-type]
        self.books.write(lambda tx: admit(tx, self.books.settings, message, self.books.hex()))

    def is_tidied(self) -> None:
        self.books.write(lambda tx: forget_holds(tx, self.books.settings, 10))

    def passes(self) -> None:
        self.books.now += self.dice.choice((0.1, 0.5, 1.0, 1.0, 3.0, 20.0))

    def step(self) -> str:
        steps = (
            self.registers, self.reports, self.reports, self.reports, self.beat, self.beat,
            self.dies, self.arrive, self.arrive, self.arrive, self.ends, self.ends, self.goes,
            self.is_set, self.is_admitted, self.is_tidied, self.passes, self.passes,
        )  # fmt: skip
        chosen = self.dice.choice(steps)
        chosen()
        return chosen.__name__


def about(state: GroupState) -> GroupState:
    """Return the group with what is reserved to four digits: sums depend on their order."""
    rounded = {metric: float(f"{value:.4g}") for metric, value in state.reserved.items()}
    return replace(state, reserved={m: value for m, value in rounded.items() if value > 1e-9})


@pytest.mark.parametrize("seed", range(6))
def test_the_ledger_is_as_the_database_whatever_happens(seed: int) -> None:
    life = Life(seed)
    happened = ["the beginning"]
    for _ in range(STEPS):
        happened.append(life.step())
        for ledger in life.ledgers:

            def compare(tx: Any, ledger: Ledger = ledger) -> None:
                kept = ledger.open(tx, life.books.settings)
                read = read_groups(tx, life.books.settings)
                assert list(kept.groups) == list(read), happened[-5:]
                for number, group in read.items():
                    assert about(kept.groups[number].state) == about(group.state), happened[-5:]
                ledger.keep(kept)

            life.books.store.read(compare)
    assert len(life.books.all(records.PlacementRow)) > 5


def test_what_nobody_changed_is_not_read_again() -> None:
    books = Books()
    epoch = books.register().epoch
    books.report("h1:1", epoch)
    books.attend_all(books.accept(1, "acme"))
    kept = books.store.read(lambda tx: books.ledger.open(tx, books.settings))
    again = books.store.read(lambda tx: books.ledger.open(tx, books.settings))
    assert kept.groups[1].state is again.groups[1].state  # type: ignore[index]
    books.report("h1:1", epoch)
    anew = books.store.read(lambda tx: books.ledger.open(tx, books.settings))
    assert anew.groups[1].state is not again.groups[1].state  # type: ignore[index]
