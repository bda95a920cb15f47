"""Compares what the group's devices have of ours with what the database wants; may repair it.

An audit writes nothing. A project is judged on a device only when its stamp there is ours, and the
same before the database was asked and after the device was read: then nothing of ours was written
meanwhile. What is missing is looked for once more by its name, since a page may have missed it.
What is to be repaired becomes a task like any other, so stamp and lease hold, and it is compared
once more before anything is written.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from bigip_lbaas.agent.converge import Ending
from bigip_lbaas.agent.findings import Judged, Verdict
from bigip_lbaas.agent.group import DeviceGroup, Member
from bigip_lbaas.agent.level import Leveller
from bigip_lbaas.agent.life import Life
from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.agent.wanted import NotSaid, Page, Wanted
from bigip_lbaas.domain.errors import DeviceError, RequestRejected
from bigip_lbaas.domain.home import SHARED, Home, Stamp
from bigip_lbaas.domain.ids import LoadBalancerId, ProjectId
from bigip_lbaas.icontrol.port import PartitionStamps
from bigip_lbaas.ltm.state import Attributes, ObjectPath
from bigip_lbaas.reconcile.expected import Comparison, Expected
from bigip_lbaas.wire.messages import Assignment, AuditOrder, DriftReport, Graphs, GraphsWanted

LOG = logging.getLogger(__name__)
A = TypeVar("A")
READ_ALONE = 3  # so few partitions are read one by one, not with all others of the device
REPAIRED_AT_ONCE = 500  # load balancers; the next audit finds the others
TOLD_AT_ONCE = 500  # findings


@dataclass(frozen=True, slots=True)
class Ears:
    """Whom an audit asks and tells.

    repair: has a load balancer brought level, as if assigned. again: has another audit made.
    ended: is told whether all homes could be judged on all devices.
    """

    ask: Callable[[GraphsWanted], Graphs]
    tell: Callable[[DriftReport], None]
    repair: Callable[[Assignment], None]
    again: Callable[[], None]
    ended: Callable[[bool], None]
    clock_s: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Repair:
    """A load balancer that is brought level, and how the devices differed that did."""

    assignment: Assignment
    judged: tuple[Judged, ...]


@dataclass
class Look:
    """One device while it is looked at. stamps: as they were before anything else was read."""

    member: Member
    stamps: Mapping[str, PartitionStamps]
    requests: int


@dataclass
class Audit:
    """The audits of one agent, for a thread of its own."""

    settings: AgentSettings
    group: DeviceGroup
    life: Life
    leveller: Leveller
    ears: Ears
    _repairing: dict[LoadBalancerId, Repair] = field(default_factory=dict)
    _has_more: bool = False
    _doubtful: dict[str, frozenset[ObjectPath]] = field(default_factory=dict)  # by device

    def run(self, order: AuditOrder) -> tuple[DriftReport, ...]:
        """Compare all homes, or those that the order names; tell, and repair if it is to be.

        Returns what was told. Says nothing where controllers or a device do not answer.
        """
        epoch, homes = self.life.epoch, self._homes(order)
        if not epoch or (order.project_id and not homes):
            return ()
        begun_s = self.ears.clock_s()
        wanted = Wanted(self.settings.agent_id, self.settings.group, epoch, self.ears.ask)
        looks = [look for member in self._members() if (look := self._first_look(member, homes))]
        try:
            expected = self._expected(wanted, homes)
            found = [each for look in looks if (each := self._found(look, homes, expected, wanted))]
        except NotSaid as error:
            LOG.info("%s: no audit: %s", self.settings.agent_id, error)
            self.ears.ended(False)
            return ()
        repairs = order.repair or self.settings.audit_policy == "repair"
        took_s = self.ears.clock_s() - begun_s
        if epoch != self.life.epoch:
            return ()
        reports = tuple(self._report(each, order, epoch, repairs, took_s) for each in found)
        for report in reports:
            self.ears.tell(report)
        self._remember(found)
        self._forget(found)
        if order.project_id is None:
            is_whole = all(len(each.partitions) == len(homes) for each in found)
            is_clear = not any(each.is_doubtful for each in found)
            self.ears.ended(is_whole and is_clear and len(found) == len(self.group.members))
        if repairs:
            self._repair(found, order)
        return reports

    def ended(self, assignment: Assignment, ending: Ending) -> None:
        """Take note that a task has ended, or is tried again: it may be a repair."""
        repair = self._repairing.get(assignment.load_balancer_id)
        if repair is None or not (ending.applied or ending.refused or ending.fenced):
            return
        del self._repairing[assignment.load_balancer_id]
        for judged in repair.judged if ending.applied else ():
            if judged.member.known_as not in ending.unclean:
                self.ears.tell(self._repaired(judged, assignment.load_balancer_id))
        if self._has_more and not self._repairing:
            self._has_more = False
            self.ears.again()

    def _repaired(self, judged: Judged, id_: LoadBalancerId) -> DriftReport:
        return DriftReport(
            self.settings.agent_id,
            self.life.epoch,
            self.settings.group,
            judged.member.known_as,
            judged.member.device.name,
            (),
            only=(id_,),
            repaired=True,
            removed=judged.along.get(id_, ()),
        )

    def _homes(self, order: AuditOrder) -> dict[str, Home]:
        """Return partition -> home of those that are to be judged."""
        name = self.leveller.naming.name
        return {
            name(home.project_id): home
            for home in self.life.homes()
            if home.project_id != SHARED and order.project_id in (None, home.project_id)
        }

    def _members(self) -> list[Member]:
        """Return the devices that can be read and whose stamps are ours.

        Devices that follow another one are what that one is, or their own sync says so.
        """
        return [m for m in self.group.reachable_written() if m.serial and not m.is_away]

    def _attempt(self, member: Member, work: Callable[[], A]) -> A | None:
        """Return what reading a device gives; None when it does not answer."""
        try:
            return work()
        except DeviceError as error:
            LOG.warning("%s; it is audited later", error)
            self.group.failed(member, error)
            return None

    def _first_look(self, member: Member, homes: Mapping[str, Home]) -> Look | None:
        requests = member.device.requests
        return self._attempt(member, lambda: Look(member, _stamps(member, homes), requests))

    def _expected(self, wanted: Wanted, homes: Mapping[str, Home]) -> Expected:
        expected = Expected(self.leveller.naming, self.leveller.settings)
        for page in wanted.of(homes.values()):
            _expect(expected, page, self.life.holds)
        return expected

    def _found(
        self, look: Look, homes: Mapping[str, Home], expected: Expected, wanted: Wanted
    ) -> Judged | None:
        """Return how one device differs; None when it does not answer. Raises: NotSaid."""

        def judge() -> Judged:
            steady = frozenset(p for p, home in homes.items() if _is_ours(look.stamps.get(p), home))
            comparison = Comparison(expected, steady)
            for path, attributes in _contents(look.member, steady):
                comparison.see(path, attributes)
            after = _stamps(look.member, homes)
            for partition in steady:
                if after.get(partition) != look.stamps.get(partition):
                    comparison.forget(partition)
            before = self._doubtful.get(look.member.known_as, frozenset())
            verdict = Verdict(look.member, comparison, wanted, before)
            return verdict.reach(self.settings.purge_limit)

        judged = self._attempt(look.member, judge)
        reads = look.member.device.requests - look.requests
        return None if judged is None else replace(judged, reads=reads)

    def _report(
        self, judged: Judged, order: AuditOrder, epoch: str, repairs: bool, took_s: float
    ) -> DriftReport:
        named = order.load_balancer_id
        all_findings = tuple(
            one for one in judged.findings if named in (None, one.load_balancer_id)
        )
        naming = self.leveller.naming
        projects = (naming.id_of(partition) for partition in judged.partitions)
        return DriftReport(
            self.settings.agent_id,
            epoch,
            self.settings.group,
            judged.member.known_as,
            judged.member.device.name,
            all_findings[:TOLD_AT_ONCE],
            judged=() if named else tuple(sorted(ProjectId(each) for each in projects if each)),
            only=(named,) if named else (),
            more=max(0, len(all_findings) - TOLD_AT_ONCE),
            repairs=repairs,
            load_balancers=judged.load_balancers,
            objects=judged.objects,
            reads=judged.reads,
            took_s=took_s,
            request=order.request,
            purge_limit=self.settings.purge_limit,
            past_limit=order.past_limit,
        )

    def _repair(self, judged: Sequence[Judged], order: AuditOrder) -> None:
        """Have what differs brought level, on every device on which it does."""
        found: dict[LoadBalancerId, Repair] = {}
        for each in judged:
            for id_, assignment in each.to_repair(order.past_limit).items():
                if order.load_balancer_id in (None, id_):
                    others = found[id_].judged if id_ in found else ()
                    found[id_] = Repair(assignment, (*others, each))
        self._has_more = len(found) > REPAIRED_AT_ONCE
        for id_, one in list(found.items())[:REPAIRED_AT_ONCE]:
            self._repairing[id_] = one
            LOG.warning("%s: load balancer %s is repaired", self.settings.agent_id, id_)
            self.ears.repair(one.assignment)

    def _forget(self, judged: Sequence[Judged]) -> None:
        """Have what was known of partitions that differ read again before anything is written."""
        for each in judged:
            for project_id in {one.project_id for one in each.findings}:
                self.leveller.forget_partition(each.member.device.name, project_id)

    def _remember(self, judged: Sequence[Judged]) -> None:
        """Remember what was doubtful, of the partitions that were looked at."""
        for each in judged:
            before = self._doubtful.get(each.member.known_as, frozenset())
            others = frozenset(path for path in before if path.partition not in each.partitions)
            self._doubtful[each.member.known_as] = others | each.doubtful


def _expect(expected: Expected, page: Page, holds: Callable[[Home], bool]) -> None:
    expected.unsettled |= set(page.unreadable)
    for one in page.graphs:
        assignment = one.assignment
        if not (one.settled and holds(assignment.home)):
            expected.leave_out(assignment.graph, assignment.leaving)
            continue
        try:
            expected.add(assignment.graph, assignment.revision)
        except RequestRejected as error:
            LOG.warning("%s", error)
            expected.leave_out(assignment.graph, assignment.leaving)


def _stamps(member: Member, homes: Mapping[str, Home]) -> Mapping[str, PartitionStamps]:
    if len(homes) > READ_ALONE:
        return member.device.all_stamps()
    found = {partition: member.device.stamps(partition) for partition in homes}
    return {partition: each for partition, each in found.items() if each and each.names}


def _contents(member: Member, partitions: Iterable[str]) -> Iterator[tuple[ObjectPath, Attributes]]:
    some = frozenset(partitions)
    if len(some) > READ_ALONE:
        yield from member.device.contents(some.__contains__)
        return
    for partition in sorted(some):
        yield from member.device.read(partition).items()


def _is_ours(found: PartitionStamps | None, home: Home) -> bool:
    """Return whether a partition bears our stamp and no other, or none, and may be judged."""
    names = found.names if found else ()
    stamps = [Stamp.parse(name) for name in names]
    return all(stamp is not None and stamp.fence == home.fence for stamp in stamps)
