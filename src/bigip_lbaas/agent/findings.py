"""Says of what came by in an audit what is wrong with it, and what can be done about it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from bigip_lbaas.agent.group import Member
from bigip_lbaas.agent.wanted import Wanted
from bigip_lbaas.domain.drift import DriftKind, Finding
from bigip_lbaas.domain.graph import ObjectKind, ObjectRef
from bigip_lbaas.domain.ids import LoadBalancerId, ObjectId, ProjectId
from bigip_lbaas.ltm import kinds
from bigip_lbaas.ltm.state import ObjectPath
from bigip_lbaas.reconcile.drift import Deviation, deviations
from bigip_lbaas.reconcile.expected import Comparison, project_of
from bigip_lbaas.reconcile.render import described, render
from bigip_lbaas.wire.messages import Assignment

NOBODYS = LoadBalancerId("")
NOT_OURS = "left alone: its name is none of ours"
ONCE_MORE = "removed when the next audit finds it, too"
UNKNOWN = "removed when two audits and the API say so"

_KIND_OF = {
    kinds.POOL: ObjectKind.POOL,
    kinds.VIRTUAL: ObjectKind.LISTENER,
    kinds.VIRTUAL_ADDRESS: ObjectKind.LOAD_BALANCER,
}


@dataclass(frozen=True, slots=True)
class Judged:
    """How one device differs. partitions: those that were judged.

    assignments: with which what differs is brought level. held: those of them that would remove
    more than may be removed without an operator's word. along: what of nobody's goes with them.
    doubtful: what bears our name and no mark.
    """

    member: Member
    partitions: frozenset[str]
    findings: tuple[Finding, ...]
    assignments: Mapping[LoadBalancerId, Assignment]
    load_balancers: int
    objects: int
    held: frozenset[LoadBalancerId] = frozenset()
    along: Mapping[LoadBalancerId, tuple[str, ...]] = field(default_factory=dict)
    doubtful: frozenset[ObjectPath] = frozenset()
    reads: int = 0

    @property
    def is_doubtful(self) -> bool:
        """Return whether something is nobody's, which goes only when it is found once more."""
        return bool(self.doubtful) or any(one.kind is DriftKind.ORPHAN for one in self.findings)

    def to_repair(self, past_limit: bool) -> Mapping[LoadBalancerId, Assignment]:
        """Return what is to be assigned again; past_limit: an operator has given that word."""
        held = frozenset() if past_limit else self.held
        return {id_: one for id_, one in self.assignments.items() if id_ not in held}


@dataclass
class Verdict:
    """One device's findings as they come together.

    before: what bore our name and no mark when the device was looked at before.
    """

    member: Member
    comparison: Comparison
    wanted: Wanted
    before: Collection[ObjectPath] = ()
    findings: list[Finding] = field(default_factory=list)
    assignments: dict[LoadBalancerId, Assignment] = field(default_factory=dict)
    removing: dict[LoadBalancerId, int] = field(default_factory=dict)  # how many objects
    along: dict[LoadBalancerId, tuple[str, ...]] = field(default_factory=dict)

    def reach(self, purge_limit: int) -> Judged:
        """Return all of it. Raises: DeviceError, NotSaid."""
        self._judge_known()
        self._judge_orphans()
        doubtful = self._judge_nobodys()
        many = sum(self.removing.values())
        held = frozenset(self.removing) if many > purge_limit else frozenset()
        why = (
            f"one of {many} such objects, more than purge_limit ({purge_limit}): an operator must"
            " agree"
        )
        findings = tuple(
            replace(one, left=why) if held and one.kind is DriftKind.EXTRA and not one.left else one
            for one in self.findings
        )
        return Judged(
            self.member,
            self.comparison.partitions,
            findings,
            self.assignments,
            len(self.comparison.expected),
            self.comparison.seen,
            held,
            self.along,
            doubtful,
        )

    def _judge_known(self) -> None:
        expected, naming = self.comparison.expected, self.comparison.expected.naming
        suspects = [expected.ids[number] for number in sorted(self.comparison.suspects())]
        projects = [ProjectId(naming.id_of(each) or "") for each in self.comparison.partitions]
        for page in self.wanted.these(projects, suspects):
            for one in page.graphs:
                assignment = one.assignment
                number = expected.number(assignment.load_balancer_id)
                is_same = number is not None and expected.revisions[number] == assignment.revision
                if number is not None and is_same and one.settled:
                    self._judge(number, assignment)

    def _judge(self, number: int, assignment: Assignment) -> None:
        """Compare one load balancer attribute by attribute; nobody writes to it meanwhile."""
        expected, graph = self.comparison.expected, assignment.graph
        if expected.naming.name(graph.project_id) not in self.comparison.partitions:
            return
        rendered = render(graph, expected.naming, expected.settings)
        found = dict(self.comparison.found_of(number, rendered))
        for path in rendered.keys() - found.keys():
            there = self.member.device.object(path)
            if there is not None:
                found[path] = there
        for one in deviations(rendered, found):
            self.findings.append(_finding(one, graph.project_id, graph.id))
            self.assignments[graph.id] = assignment
            if one.kind is DriftKind.EXTRA:
                self.removing[graph.id] = self.removing.get(graph.id, 0) + 1

    def _judge_orphans(self) -> None:
        naming = self.comparison.expected.naming
        for path, attributes in sorted(self.comparison.orphans.items()):
            id_ = described(str(attributes.get("description", ""))) or NOBODYS
            address = str(attributes.get("address", ""))  # that of a load balancer's own object
            one = Deviation(DriftKind.ORPHAN, path, found=address)
            self.findings.append(
                replace(_finding(one, project_of(path, naming), id_), left=UNKNOWN)
            )

    def _judge_nobodys(self) -> frozenset[ObjectPath]:
        """Judge what bears no mark; return what bears our name all the same.

        Of those any load balancer of the project takes away what is there at a second look; nodes
        that no member uses go with each writing.
        """
        naming = self.comparison.expected.naming
        doubtful, going = set(), []
        for path in sorted(self.comparison.nobodys):
            left = ""
            if path.collection != kinds.NODE:
                left = ONCE_MORE if naming.owns(path.name) else NOT_OURS
            if left == ONCE_MORE:
                doubtful.add(path)
                left = "" if path in self.before else ONCE_MORE
            one = _finding(Deviation(DriftKind.EXTRA, path), project_of(path, naming), NOBODYS)
            self.findings.append(replace(one, left=left))
            if not left:
                going.append(path)
        for project in sorted({project_of(path, naming) for path in going}):
            self._take_along(project, [p for p in going if project_of(p, naming) == project])
        return frozenset(doubtful)

    def _take_along(self, project: ProjectId, going: list[ObjectPath]) -> None:
        """Have some load balancer of the project, if it has one, take objects away."""
        naming = self.comparison.expected.naming
        carrier = next(
            (one for one in self.assignments.values() if one.home.project_id == project), None
        )
        carrier = carrier or self.wanted.any_settled(project)
        if carrier is None:
            return
        leaving = tuple(
            ObjectRef(
                _KIND_OF.get(path.collection, ObjectKind.HEALTH_MONITOR),
                ObjectId(naming.id_of(path.name) or ""),
            )
            for path in going
            if path.collection != kinds.NODE
        )
        id_ = carrier.load_balancer_id
        self.assignments[id_] = replace(carrier, leaving=(*carrier.leaving, *leaving))
        self.removing[id_] = self.removing.get(id_, 0) + len(going)
        self.along[id_] = tuple(_said(path) for path in going)


def _finding(one: Deviation, project: ProjectId, id_: LoadBalancerId) -> Finding:
    return Finding(one.kind, project, id_, _said(one.path), one.field, one.wanted, one.found)


def _said(path: ObjectPath) -> str:
    return f"{path.collection} {path.full}"
