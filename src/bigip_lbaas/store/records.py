"""The rows of the shared database, as values; one class is one table.

KEY names the primary key's fields. Times ending in _at are seconds since 1970 on the database's
clock. Fields that are neither text, number nor boolean are stored as JSON.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from bigip_lbaas.domain.capacity import CapacityReport
from bigip_lbaas.domain.costs import CostBook, Watch
from bigip_lbaas.domain.fleet import Booking, GroupState, Standing
from bigip_lbaas.domain.graph import ObjectRef, ServiceGraph
from bigip_lbaas.domain.history import Span
from bigip_lbaas.domain.ids import (
    AgentId,
    EnvironmentName,
    GroupNumber,
    LoadBalancerId,
    ProjectId,
    RequestId,
)
from bigip_lbaas.domain.placement import Need, Placement, PlacementRules, Unplaced
from bigip_lbaas.domain.status import ObjectStatus
from bigip_lbaas.store.cluster_records import ClusterSource, ClusterView
from bigip_lbaas.store.operation import Audit as Audit
from bigip_lbaas.store.operation import AuditRequest as AuditRequest
from bigip_lbaas.store.operation import Drift as Drift
from bigip_lbaas.store.operation import Event as Event
from bigip_lbaas.store.operation import Sequence as Sequence
from bigip_lbaas.store.operation import Tenure as Tenure


class Phase(StrEnum):
    """Where a load balancer's last accepted revision is on its way."""

    WAITING = "waiting"  # accepted, not placed yet
    ASSIGNED = "assigned"  # placed; its agent is at work, or will be
    APPLIED = "applied"  # every device has it
    FAILED = "failed"  # ended in ERROR; `reason` says why
    GONE = "gone"  # deleted everywhere that answers


ENDED_WELL = (Phase.APPLIED, Phase.GONE)  # nobody is at work on it, and devices have it so
UNFINISHED = (Phase.WAITING, Phase.ASSIGNED)  # what the API shows as PENDING


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """One load balancer as last accepted.

    wanted False: it is to be deleted. leaving: objects removed from the graph whose DELETED has
    not been told yet. unclean: the devices (serial numbers) that did not answer and must be
    brought level later. behind: it has been told how this ended, but its agent goes on trying.
    refused: no place was found for it; `reason` says why, and only a failover asks again.
    """

    KEY: ClassVar = ("id",)
    id: LoadBalancerId
    environment: EnvironmentName
    project_id: ProjectId
    revision: int
    graph: ServiceGraph
    wanted: bool
    phase: Phase
    request_id: RequestId
    accepted_at: float
    applied_revision: int = 0
    reason: str = ""
    leaving: tuple[ObjectRef, ...] = ()
    unclean: tuple[str, ...] = ()
    behind: bool = False
    demands: tuple[str, ...] = ()
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Child:
    """Which load balancer an object belongs to: the API names members only by their pool.

    project_id, address: of a member.
    """

    KEY: ClassVar = ("object_id",)
    object_id: str
    kind: str
    load_balancer_id: LoadBalancerId
    project_id: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Vip:
    """Who has a VIP address in an environment; the key makes it exclusive."""

    KEY: ClassVar = ("environment", "address")
    environment: EnvironmentName
    address: str
    load_balancer_id: LoadBalancerId


@dataclass(frozen=True, slots=True)
class Environment:
    """One row per environment; locked by whoever places, so that the books are never torn."""

    KEY: ClassVar = ("name",)
    name: EnvironmentName


@dataclass(frozen=True, slots=True)
class Group:
    """One device group of an environment: what the operator set, and which devices it has.

    tags: what its agents say that the devices offer; set_tags: what the operator says instead.
    was_full: its score reached 1.0, and has not been seen below capacity_reopen_below since.
    """

    KEY: ClassVar = ("environment", "number")
    environment: EnvironmentName
    number: GroupNumber
    draining: bool = False
    weight: float = 1.0
    devices: tuple[str, ...] = ()  # serial numbers, sorted
    tags: tuple[str, ...] = ()
    policies_differ: str = ""  # how its agents' capacity policies do, in words
    max_load_balancers: int | None = None
    set_tags: tuple[str, ...] | None = None
    was_full: bool = False


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent as last registered. alive False: its homes were taken, or it said goodbye.

    silence_s: how long it must be silent before its homes are taken, by the lease that it may
    hold; None: as the controller's settings say. Two environments may have agents of one id.
    instance, runs_as: which process it is, at random and in words; None: it did not say.
    set_because: why an operator switched it off, or on again.
    """

    KEY: ClassVar = ("environment", "id")
    id: AgentId
    environment: EnvironmentName
    host: str
    group: GroupNumber
    epoch: str
    beat: int
    alive: bool
    admin_state_up: bool
    devices: tuple[str, ...]
    registered_at: float
    beat_at: float
    silence_s: float | None = None
    instance: str | None = None
    runs_as: str | None = None
    set_because: str | None = None


@dataclass(frozen=True, slots=True)
class Home:
    """Who may write a project's partition in a group, and under which fence."""

    KEY: ClassVar = ("environment", "project_id", "group")
    environment: EnvironmentName
    project_id: ProjectId
    group: GroupNumber
    agent_id: AgentId
    fence_number: int
    fence_nonce: str


@dataclass(frozen=True, slots=True)
class PlacementRow:
    """Where a load balancer lives: one row each, until it is gone from every device."""

    KEY: ClassVar = ("load_balancer_id",)
    load_balancer_id: LoadBalancerId
    environment: EnvironmentName
    project_id: ProjectId
    group: GroupNumber
    tombstone: bool = False


@dataclass(frozen=True, slots=True)
class Stranger:
    """A load balancer that a group's devices have and this database does not know.

    unwanted: the API does not know it either, so it is to be taken off the devices. may_go: though
    no commits were lost, since two audits have found it.
    """

    KEY: ClassVar = ("load_balancer_id",)
    load_balancer_id: LoadBalancerId
    environment: EnvironmentName
    project_id: ProjectId
    group: GroupNumber
    vip_address: str
    found_at: float
    unwanted: bool = False
    may_go: bool | None = None


@dataclass(frozen=True, slots=True)
class Residence:
    """How many load balancers of a project have a place in a group; EVERYBODY has a row, too.

    living: without those that are gone and not cleaned from every device yet.
    """

    KEY: ClassVar = ("environment", "project_id", "group")
    environment: EnvironmentName
    project_id: ProjectId
    group: GroupNumber
    load_balancers: int = 0
    living: int = 0


@dataclass(frozen=True, slots=True)
class Reservation:
    """What a placement that no report has seen yet is expected to cost: metric -> units.

    applied_at is None until its revision is on the devices; the first report whose as_of is
    later than that releases it. expires_at: of one that holds room for what is not accepted yet.
    """

    KEY: ClassVar = ("load_balancer_id",)
    load_balancer_id: LoadBalancerId
    environment: EnvironmentName
    project_id: ProjectId
    group: GroupNumber
    costs: Mapping[str, float]
    made_at: float
    applied_at: float | None = None
    expires_at: float | None = None


@dataclass(frozen=True, slots=True)
class StillComing:
    """What load balancers that reports have seen are still to bring a group: metric -> units.

    As of its last report; beside the reservations of those that no report has seen.
    """

    KEY: ClassVar = ("environment", "group")
    environment: EnvironmentName
    group: GroupNumber
    costs: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class GroupBooks:
    """A number that changes with all that a group is to every project: its state may be kept.

    Agents' heartbeats do not change it: how long a reading is good, they say themselves.
    """

    KEY: ClassVar = ("environment", "group")
    environment: EnvironmentName
    group: GroupNumber
    version: int = 0


@dataclass(frozen=True, slots=True)
class FleetSnapshot:
    """What the groups were to every project when a transaction began to place.

    bookings: what that transaction placed, in order. Later decisions of the same controller may
    rest on it, too, and say which groups had changed. is_suspect: decisions that rest on it have
    been deleted.
    """

    KEY: ClassVar = ("id",)
    id: str
    environment: EnvironmentName
    made_at: float
    groups: tuple[GroupState, ...]
    rules: PlacementRules
    bookings: tuple[Booking, ...] = ()
    is_suspect: bool = False


@dataclass(frozen=True, slots=True)
class PlacementDecision:
    """One answer of placement with all that it was worked out from.

    The fleet was that of the snapshot but for the groups in `changed`, after so many of its
    bookings, as the project's standings let it see them; the same pure function says the answer
    again. outcome: of a Placement without reasons, and only the opinion of the chosen group; an
    Unplaced whole. number grows with each decision of a load balancer. orphaned_at: since when
    there is no such load balancer.
    """

    KEY: ClassVar = ("load_balancer_id", "number")
    load_balancer_id: LoadBalancerId
    number: int
    environment: EnvironmentName
    decided_at: float
    revision: int
    controller: str
    snapshot: str
    bookings: int
    changed: tuple[GroupState, ...]
    need: Need
    standings: tuple[Standing, ...]
    outcome: Placement | Unplaced
    orphaned_at: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The last capacity report of an agent."""

    KEY: ClassVar = ("environment", "agent_id")
    agent_id: AgentId
    environment: EnvironmentName
    group: GroupNumber
    received_at: float
    report: CapacityReport


@dataclass(frozen=True, slots=True)
class History:
    """How full a device group was from `begin` (seconds since 1970) on, for span_s seconds."""

    KEY: ClassVar = ("environment", "group", "span_s", "begin")
    environment: EnvironmentName
    group: GroupNumber
    span_s: int
    begin: int
    span: Span


@dataclass(frozen=True, slots=True)
class GroupWatch:
    """What is remembered of a group's last reports, to learn from the next one."""

    KEY: ClassVar = ("environment", "group")
    environment: EnvironmentName
    group: GroupNumber
    watch: Watch | None = None


@dataclass(frozen=True, slots=True)
class SeenCosts:
    """What one project's load balancers have been seen to cost; EVERYBODY has a row, too."""

    KEY: ClassVar = ("environment", "project_id")
    environment: EnvironmentName
    project_id: ProjectId
    book: CostBook
    learned_at: float


@dataclass(frozen=True, slots=True)
class StatusMessage:
    """What the API is still to be told of one load balancer and its children; newest replaces.

    Told when told_at is set; done, and the row gone, when a read has shown it.
    """

    KEY: ClassVar = ("load_balancer_id",)
    load_balancer_id: LoadBalancerId
    environment: EnvironmentName
    revision: int
    statuses: tuple[ObjectStatus, ...]
    request_id: RequestId
    created_at: float
    next_at: float
    tries: int = 0
    told_at: float | None = None


RECORDS = (
    LoadBalancer, Child, Vip, Environment, Group, Agent, Home, PlacementRow, Stranger, Residence,
    Reservation, StillComing, GroupBooks, FleetSnapshot, PlacementDecision, Report, History,
    GroupWatch, SeenCosts, StatusMessage, Tenure, Sequence, Event,
    Drift, Audit, AuditRequest, ClusterSource, ClusterView,
)  # fmt: skip
