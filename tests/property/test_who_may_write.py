"""Who may write: the promise holds whatever freezes, dies, is lost, comes late or goes back.

The machine drives the product's own agents and controllers; `writing_law` judges them from what
the devices and the database recorded. `BREAKS` takes one rule of the product away at a time: the
machine must then find a broken promise.
"""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bigip_lbaas.domain.ids import ProjectId
from tests.property.broken_rules import BREAKS, take_out
from tests.property.writers import Awaited, Process, queue_of
from tests.property.writers_cloud import DEVICES, HOSTS, PROJECT, Cloud

ACME = ProjectId(PROJECT)
any_one = st.integers(0, 11)
few = st.integers(1, 3)
stations = st.sampled_from([1, 2, 3, "in a heartbeat", "anywhere"])  # numbers: in that write
REBOOT_S = 90.0
NO_SHRINKING = [Phase.explicit, Phase.generate]


class Writers(RuleBasedStateMachine):
    """Every rule is something that may happen to a fleet at any time."""

    settles_at_last = True

    @initialize()
    def begin(self) -> None:
        self.cloud = Cloud()
        self.fleet = self.cloud.fleet

    def _living_one(self, number: int) -> Process:
        living = self.fleet.living()
        return living[number % len(living)]

    # -- the user

    @rule(number=st.integers(0, 1), members=few)
    def the_user_asks_for(self, number: int, members: int) -> None:
        self.cloud.create(number, members)

    @rule(number=st.integers(0, 1))
    def the_user_deletes(self, number: int) -> None:
        self.cloud.delete(number)

    # -- time

    @rule(seconds=st.sampled_from([1, 2, 6, 9]))
    def all_goes_on(self, seconds: int) -> None:
        self.cloud.go_on(seconds)

    @rule(ticks=st.integers(1, 9))
    def time_passes_and_controllers_watch(self, ticks: int) -> None:
        for _ in range(ticks):
            self.cloud.tick()

    # -- processes

    @rule(who=any_one, steps=st.integers(1, 12))
    def one_goes_on(self, who: int, steps: int) -> None:
        self.fleet.run(self._living_one(who), steps)

    @rule(who=any_one, freezes=st.booleans())
    def one_goes_on_until_it_writes(self, who: int, freezes: bool) -> None:
        process = self._living_one(who)
        self._until_it_writes(process)
        process.is_frozen = process.is_frozen or freezes

    @rule(anew=st.booleans(), members=st.tuples(few, few), where=stations)
    def one_sleeps_through_a_takeover(
        self, anew: bool, members: tuple[int, int], where: str | int
    ) -> None:
        """It stands still somewhere in its work; others go on with it; it wakes up and goes on."""
        if anew:  # in a home, and in partitions, that are made for it
            self.cloud.delete(0)
            self.cloud.delete(1)
            self.cloud.go_on(3)
        self.cloud.create(0, members[0])
        process = self._holder()
        if where == "in a heartbeat":
            self._until_it_is_heard(process)
        elif isinstance(where, int):
            for _ in range(where - 1):
                self._until_it_writes(process)
                self._execute_those_of(process)
            self._until_it_writes(process)
        process.is_frozen = True
        self.cloud.go_on(6)
        self.cloud.create(0, members[1])
        self.cloud.go_on(2)
        process.is_frozen = False
        self._execute_those_of(process)
        self.fleet.run(process, 8)

    def _execute_those_of(self, process: Process) -> None:
        for flight in [each for each in self.fleet.flights if each.process is process]:
            self.fleet.execute(flight)

    def _holder(self) -> Process:
        """Bring what lies there to its agent; return that one, if it holds any home."""
        self._bring_work()
        living = [each for each in self.fleet.living() if not each.is_frozen]
        return next((each for each in living if each.life.home_of(ACME)), self._living_one(0))

    @rule(members=few, steps=st.tuples(st.integers(1, 3), st.integers(1, 4)))
    def a_device_goes_back_under_a_reader(self, members: int, steps: tuple[int, int]) -> None:
        """What it gave up is carried out while it reads; then the device forgets it again."""
        for device in DEVICES:
            self.fleet.save(device)
        self.cloud.create(0, members)
        process = self._holder()
        self._until_it_writes(process)
        flight = process.worker.waits_for
        if not isinstance(flight, Awaited) or process.is_frozen:
            return
        self.fleet.give_up(flight)
        self.cloud.settle()
        process.is_slow = True
        self.cloud.go_on(2)
        self._step(process, steps[0])
        if flight in self.fleet.flights:
            self.fleet.execute(flight)
        self._step(process, steps[1])
        self.a_device_comes_back_with_what_it_saved(flight.name, meanwhile=True)
        process.is_slow = False
        self.cloud.go_on(3)

    def _step(self, process: Process, steps: int) -> None:
        for _ in range(steps):
            if process.worker.is_ready(self.fleet.now_s):
                process.worker.resume()

    def _until_it_is_heard(self, process: Process) -> None:
        """Bring it to where a heartbeat is answered, and it does not know that yet."""
        self._bring_work()
        for _ in range(8):
            self.fleet.run(process, 1, lambda: isinstance(process.beater.waits_for, Awaited))
            for question in [q for q in self.fleet.questions if q.process is process]:
                self.fleet.hear(question)
                return
            self.cloud.tick()

    def _bring_work(self) -> None:
        """Deliver what lies there, twice: a nudge first, then what it leads to."""
        for _ in range(2):
            for index in reversed(range(len(self.cloud.messages))):
                if index < len(self.cloud.messages):
                    self.cloud.deliver(index)

    def _until_it_writes(self, process: Process) -> None:
        """Bring it to where a write of its own is on its way; others only deliver and answer."""

        def writes() -> bool:
            waits_for = process.worker.waits_for
            return isinstance(waits_for, Awaited) and not waits_for.is_over

        for _ in range(20):
            self.fleet.run(process, 30, writes)
            if writes():
                return
            for question in [q for q in self.fleet.questions if q.process is process]:
                self.fleet.hear(question)
            self._bring_work()

    @rule(who=any_one)
    def one_freezes(self, who: int) -> None:
        self._living_one(who).is_frozen = True

    @rule()
    def all_thaw(self) -> None:
        for process in self.fleet.living():
            process.is_frozen = False

    @rule(who=any_one, freezes=st.booleans())
    def one_is_started_anew(self, who: int, freezes: bool) -> None:
        """What was there before is dead, or frozen, and both are there."""
        process = self._living_one(who)
        if freezes and len(self.fleet.living()) < 4:
            process.is_frozen = True
        else:
            process.kill()
        self.fleet.start(process.host)

    @rule(who=any_one, up=st.booleans())
    def an_operator_switches_one_on_or_off(self, who: int, up: bool) -> None:
        self.cloud.switch(self._living_one(who).agent_id, up)

    @rule(members=st.tuples(few, few), where=few, steps=st.integers(0, 4))
    def one_is_switched_off_in_its_work(
        self, members: tuple[int, int], where: int, steps: int
    ) -> None:
        """It beats on while its work stands still; what was sent to it comes a second time."""
        self.cloud.switch_all_on()
        self.cloud.create(0, members[0])
        process = self._holder()
        for _ in range(where - 1):
            self._until_it_writes(process)
            self._execute_those_of(process)
        self._step(process, steps)
        process.is_slow = True
        self.cloud.switch(process.agent_id, False)
        self.cloud.go_on(3)
        process.is_slow = False
        self.cloud.go_on(1)
        late = self.cloud.assigned.get(queue_of(process.agent_id))
        self.cloud.messages += [late] if late else []
        self.cloud.create(0, members[1])
        self.cloud.go_on(2)

    @rule(who=any_one, steps=st.integers(0, 20), seconds=st.sampled_from([0, 0, 1]))
    def one_ends_in_an_orderly_way(self, who: int, steps: int, seconds: int) -> None:
        process = self._living_one(who)
        if process.is_frozen:
            return
        process.agent.leave()
        self.fleet.run(process, steps)
        self.cloud.go_on(seconds)
        process.kill()
        self.fleet.start(process.host)

    @rule()
    def controllers_start_anew(self) -> None:
        self.cloud.restart_controllers()

    # -- messages

    @precondition(lambda self: self.cloud.messages)
    @rule(which=any_one, who=st.none() | any_one, fate=st.sampled_from(["once", "again", "lost"]))
    def a_message(self, which: int, who: int | None, fate: str) -> None:
        index = which % len(self.cloud.messages)
        message = self.cloud.messages[index]
        if fate == "lost":
            del self.cloud.messages[index]
            return
        arrived = self.cloud.deliver(index, None if who is None else self._living_one(who))
        if fate == "again" and arrived:
            self.cloud.messages.append(message)

    @precondition(lambda self: self.fleet.questions)
    @rule(which=any_one, fate=st.sampled_from(["heard", "lost"]))
    def a_question(self, which: int, fate: str) -> None:
        question = self.fleet.questions[which % len(self.fleet.questions)]
        if fate == "lost":
            self.fleet.lose(question)  # its sender waits no longer; it may still be heard
        else:
            self.fleet.hear(question)

    # -- devices

    @precondition(lambda self: self.fleet.flights)
    @rule(which=any_one, fate=st.sampled_from(["carried out", "carried out", "given up", "gone"]))
    def a_write_on_its_way(self, which: int, fate: str) -> None:
        flight = self.fleet.flights[which % len(self.fleet.flights)]
        if fate == "carried out":
            self.fleet.execute(flight)
        else:
            self.fleet.give_up(flight)
            if fate == "gone":
                self.fleet.flights.remove(flight)

    @rule(host=st.sampled_from(HOSTS), device=st.sampled_from(DEVICES), is_cut=st.booleans())
    def a_device_is_out_of_reach_for(self, host: str, device: str, is_cut: bool) -> None:
        (self.fleet.cut.add if is_cut else self.fleet.cut.discard)((host, device))

    @rule(device=st.sampled_from(DEVICES))
    def a_device_saves(self, device: str) -> None:
        self.fleet.save(device)

    @rule(device=st.sampled_from(DEVICES), meanwhile=st.booleans())
    def a_device_comes_back_with_what_it_saved(self, device: str, meanwhile: bool) -> None:
        self.fleet.reboot(device)
        self.fleet.off.add(device)
        if meanwhile:
            self.cloud.go_on(REBOOT_S, tick_s=2.0)
        else:
            self.fleet.now_s += REBOOT_S
        self.fleet.off.discard(device)

    # -- the database

    @rule()
    def the_database_is_backed_up(self) -> None:
        self.cloud.back_up()

    @rule()
    def the_database_loses_commits(self) -> None:
        self.cloud.restore()

    # -- what must hold

    @invariant()
    def the_promise_holds(self) -> None:
        assert self.cloud.law.broken == []

    @invariant()
    def what_was_told_is_true(self) -> None:
        assert self.cloud.lies() == []

    def teardown(self) -> None:
        """Everything settles on what was asked last, whatever came before."""
        if not hasattr(self, "cloud"):
            return
        try:
            if self.settles_at_last and not (self.cloud.law.broken or self.cloud.lies()):
                self._all_goes_well_at_last()
        finally:
            self.cloud.end()

    def _all_goes_well_at_last(self) -> None:
        self.fleet.cut.clear()
        for process in self.fleet.living():  # of each host the last one: two would fight for ever
            later = [each for each in self.fleet.living() if each.host == process.host]
            if process is not later[-1]:
                process.kill()
        self.all_thaw()
        self.cloud.switch_all_on()
        for number in (0, 1):
            self.cloud.create(number, 2)
        for _ in range(20):
            self.cloud.go_on(6)
            if len(self.cloud.told) == 2:
                break
            for number in (0, 1):
                self.cloud.create(number, 2)  # it was still being deleted
        assert sorted(members for members, _ in self.cloud.told.values()) == [2, 2]
        assert self.cloud.law.broken == []
        assert self.cloud.lies() == []


class UnsettledWriters(Writers):
    """The same, ended anywhere."""

    settles_at_last = False


def played(examples: int, steps: int, **more: Any) -> settings:
    """Return settings for so many examples of so many steps."""
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        suppress_health_check=list(HealthCheck),
        deadline=None,
        **more,
    )


def test_the_promise_holds_whatever_happens() -> None:
    run_state_machine_as_test(Writers, settings=played(12, 25, phases=NO_SHRINKING))


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_the_promise_holds_whatever_happens_for_long() -> None:
    run_state_machine_as_test(Writers, settings=played(1000, 50, derandomize=False))


@pytest.mark.full
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", BREAKS)
def test_without_one_rule_the_promise_is_broken(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    take_out(name, monkeypatch)
    with pytest.raises(AssertionError, match=r"writes|begins|carries out|told"):
        run_state_machine_as_test(UnsettledWriters, settings=played(3000, 30, phases=NO_SHRINKING))
