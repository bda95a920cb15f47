"""Plays arrivals over simulated time against a fleet; the scheduler places each of them.

Only the world is simulated here: devices that fill, reports that take their time, load balancers
that leave. What is decided is decided by `schedule()` or by whatever the caller hands in.
"""

import heapq
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from bigip_lbaas.domain.fleet import Fleet
from bigip_lbaas.domain.ids import EnvironmentName, GroupNumber, LoadBalancerId
from bigip_lbaas.domain.placement import Need, Placement, PlacementRules, Unplaced
from bigip_lbaas.scheduling.coming import Arrived, Seen
from bigip_lbaas.scheduling.ranking import Policies
from bigip_lbaas.scheduling.reservations import share_in_flight
from bigip_lbaas.scheduling.schedule import schedule
from bigip_lbaas.scheduling.shipped import SHIPPED
from bigip_lbaas.scheduling.whatif.books import GroupBook, Held, Measuring
from bigip_lbaas.scheduling.whatif.estimates import Estimator, Learned
from bigip_lbaas.scheduling.whatif.load import TrueLoad
from bigip_lbaas.scheduling.whatif.tally import Tally, has_room
from bigip_lbaas.scheduling.whatif.world import Arrival, SimulatedGroup, Timing

ENVIRONMENT = EnvironmentName("simulated")

Decide = Callable[[Need, Fleet, PlacementRules], Placement | Unplaced]


@dataclass(frozen=True, slots=True)
class Setting:
    """Who decides, and what they know.

    controllers: how many take turns; each asks for fresh reports by itself. sees_all: the books
    show what is truly there and what each load balancer will truly cost.
    """

    rules: PlacementRules = field(default_factory=PlacementRules)
    policies: Policies = field(default_factory=lambda: SHIPPED)
    decide: Decide | None = None  # None: schedule() under rules and policies
    estimator: Estimator = field(default_factory=Learned)
    controllers: int = 1
    sees_all: bool = False
    stop_at_refusal: bool = False


def simulate(
    groups: Sequence[SimulatedGroup],
    arrivals: Iterable[Arrival],
    timing: Timing,
    setting: Setting,
    watch: Callable[[float, Arrival, Placement | Unplaced], None] = lambda *_: None,
) -> Tally:
    """Return what came of these arrivals, which are sorted by time; `watch` sees every decision."""
    return _Run(groups, timing, setting, watch).play(arrivals)


class _Run:
    """One simulation on its way."""

    def __init__(
        self,
        groups: Sequence[SimulatedGroup],
        timing: Timing,
        setting: Setting,
        watch: Callable[[float, Arrival, Placement | Unplaced], None],
    ) -> None:
        self.timing, self.setting, self.watch = timing, setting, watch
        self.tally = Tally()
        self.loads = {group.number: TrueLoad(group) for group in groups}
        self.books = {
            group.number: GroupBook(
                group,
                self.loads[group.number],
                self.loads[group.number].settled(0.0),
                load_balancers=group.load_balancers,
            )
            for group in groups
        }
        self._numbers = itertools.count()  # tells events of one moment apart, in their order
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._asked: set[tuple[int, GroupNumber]] = set()
        for group in groups:
            self._at(timing.report_every_s * group.phase, self._report_and_again(group.number))

    def play(self, arrivals: Iterable[Arrival]) -> Tally:
        """Let time pass."""
        turns = itertools.cycle(range(self.setting.controllers))
        for arrival, controller in zip(_until(arrivals, self.timing.until_s), turns, strict=False):
            self._pass_time(arrival.at_s)
            self._arrive(arrival, controller)
            if self.setting.stop_at_refusal and self.tally.refused:
                break
        else:
            self._pass_time(self.timing.until_s)
        at_s = self.tally.first_refusal_s if self.setting.stop_at_refusal else None
        counts = {number: book.load_balancers for number, book in self.books.items()}
        self.tally.close(self.loads, counts, self.timing.until_s if at_s is None else at_s)
        return self.tally

    def _at(self, at_s: float, event: Callable[[float], None]) -> None:
        heapq.heappush(self._events, (at_s, next(self._numbers), event))

    def _pass_time(self, until_s: float) -> None:
        while self._events and self._events[0][0] <= until_s:
            at_s, _, event = heapq.heappop(self._events)
            event(at_s)

    def _arrive(self, arrival: Arrival, controller: int) -> None:
        """Have one load balancer placed, and reserve what it is expected to cost."""
        now, self.tally.arrived = arrival.at_s, self.tally.arrived + 1
        need, fleet, answer = self._decide(arrival)
        self.watch(now, arrival, answer)
        if isinstance(answer, Unplaced):
            room = any(has_room(load, arrival, now) for load in self.loads.values())
            self.tally.count_refusal(room, answer.because, now)
            return
        load, book = self.loads[answer.group], self.books[answer.group]
        self.tally.count_placement(arrival, self.loads, answer.group, now)
        load.add(arrival, now)
        held = Held(arrival.project_id, answer.costs, now + self.timing.apply_s)
        book.reserve(arrival.load_balancer_id, held)
        if arrival.stays_s is not None:
            self._at(now + arrival.stays_s, self._leave(answer.group, arrival.load_balancer_id))
        above = self.timing.refresh_above
        group = next(each for each in fleet.groups if each.number == answer.group)
        if above is not None and share_in_flight(need, group, answer.costs) > above:
            self._ask(controller, answer.group, now)

    def _decide(self, arrival: Arrival) -> tuple[Need, Fleet, Placement | Unplaced]:
        setting, now = self.setting, arrival.at_s
        if setting.sees_all:
            expected = arrival.costs
            for number, book in self.books.items():
                book.record(Measuring(now + self.timing.apply_s, self.loads[number].settled(now)))
        else:
            expected = setting.estimator.expected(arrival.project_id)
        need = Need(
            arrival.load_balancer_id,
            arrival.project_id,
            arrival.members,
            arrival.demands,
            seen_costs=expected,
        )
        states = (book.state(arrival.project_id) for book in self.books.values())
        fleet = Fleet(ENVIRONMENT, tuple(states))
        if setting.decide:
            return need, fleet, setting.decide(need, fleet, setting.rules)
        return need, fleet, schedule(need, fleet, setting.rules, setting.policies)

    def _leave(
        self, group: GroupNumber, load_balancer_id: LoadBalancerId
    ) -> Callable[[float], None]:
        def leave(at_s: float) -> None:
            del at_s
            self.loads[group].remove(load_balancer_id)
            self.books[group].leave(load_balancer_id)

        return leave

    def _ask(self, controller: int, group: GroupNumber, at_s: float) -> None:
        """Ask for a fresh report, unless this controller waits for one already."""
        if (controller, group) in self._asked:
            return
        self._asked.add((controller, group))
        self.tally.refreshes += 1

        def answered(at_s: float) -> None:
            self._asked.discard((controller, group))
            self._measure(group, at_s)

        takes_s = max(self.timing.refresh_takes_s - self.timing.report_takes_s, 0.0)
        self._at(at_s + takes_s, answered)

    def _report_and_again(self, group: GroupNumber) -> Callable[[float], None]:
        def report(at_s: float) -> None:
            every_s = self.timing.report_every_s
            self.tally.overfull_s += every_s * (self.loads[group].share(at_s) > 1.0)
            self._measure(group, at_s)
            self._at(at_s + every_s, report)

        return report

    def _measure(self, group: GroupNumber, at_s: float) -> None:
        timing, load = self.timing, self.loads[group]
        values = load.measured(at_s, timing.apply_s, timing.ramp_s)
        report = Measuring(at_s - timing.as_of_lag_s, values)

        def arrive(at_s: float) -> None:
            del at_s
            book = self.books[group]
            arrived = tuple(
                Arrived(held.project_id, held.applied_at, held.costs)
                for held in book.record(report)
            )
            waiting = len(book.held)
            settled = book.load_balancers - waiting
            seen = Seen(report.as_of, values, settled, arrived, waiting)
            book.expect(self.setting.estimator.learn(group, seen))

        self._at(at_s + timing.report_takes_s, arrive)


def _until(arrivals: Iterable[Arrival], until_s: float) -> Iterator[Arrival]:
    return itertools.takewhile(lambda arrival: arrival.at_s <= until_s, arrivals)
