"""The messages between driver, controllers and agents.

Rules for a change: fields are only ever added, always with a default; a reader ignores fields it
does not know; a field's meaning never changes. VERSION grows with each addition and is told at
registration, so that either side knows what the other understands.
"""

from dataclasses import dataclass

from bigip_lbaas.domain.capacity import CapacityReport
from bigip_lbaas.domain.cluster import EACH, EQUAL, Sight
from bigip_lbaas.domain.drift import Finding
from bigip_lbaas.domain.graph import ObjectRef, ServiceGraph
from bigip_lbaas.domain.home import Fence, Home, StampAbove
from bigip_lbaas.domain.ids import (
    AgentId,
    EnvironmentName,
    GroupNumber,
    LoadBalancerId,
    ProjectId,
    RequestId,
)

VERSION = 10


@dataclass(frozen=True, slots=True)
class Nudge:
    """Driver to any controller: look at this load balancer. Losing it costs only time."""

    load_balancer_id: LoadBalancerId
    revision: int
    request_id: RequestId


@dataclass(frozen=True, slots=True)
class Assignment:
    """Controller to agent: what one load balancer must be, in which home, under which fence.

    wanted False: nothing of it may be left. leaving: objects that earlier revisions had.
    home_is_ending: no other load balancer lives in the home, so the partition may go too.
    mark: of this revision, to be said again with its outcome.
    """

    load_balancer_id: LoadBalancerId
    revision: int
    graph: ServiceGraph
    wanted: bool
    home: Home
    epoch: str
    request_id: RequestId
    leaving: tuple[ObjectRef, ...] = ()
    home_is_ending: bool = False
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Homes:
    """Controller to agent: these homes are yours; stamp them before you write anything else."""

    epoch: str
    homes: tuple[Home, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Agent to any controller: how the work on one revision ended.

    applied: every device that answers has it; unclean names those (serial numbers) that did not
    answer and must be brought level later. error: a sentence for the operator when not applied.
    retrying: the agent goes on trying, so the revision is still pending.
    let_go: the fence under which the agent's home ended with this deletion: it writes nothing
    more under it. tried_to_end: it was told to end the home, whether or not it could.
    mark: as the assignment gave it. Retrying without an error says no more than that the agent
    knows of this revision: it was given an older one.
    """

    load_balancer_id: LoadBalancerId
    revision: int
    agent_id: AgentId
    epoch: str
    fence: Fence
    applied: bool
    request_id: RequestId
    error: str = ""
    retrying: bool = False
    unclean: tuple[str, ...] = ()
    let_go: Fence | None = None
    took_s: float = 0.0
    requests: int = 0  # REST requests to all devices
    tried_to_end: bool = False
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Registration:
    """Agent to any controller, answered: here I am, with these devices.

    instance: random, of one process; empty: it is too old to tell. runs_as: which that is, in
    words, for whoever is refused because of it. seen: as in Heartbeat. device_sync, device_set: see
    domain.cluster.
    """

    agent_id: AgentId
    environment: EnvironmentName
    host: str
    group: GroupNumber
    devices: tuple[str, ...]  # serial numbers, sorted
    tags: tuple[str, ...] = ()
    version: int = VERSION
    instance: str = ""
    runs_as: str = ""
    seen: Fence | None = None
    device_sync: str = EACH
    device_set: str = EQUAL


@dataclass(frozen=True, slots=True)
class Registered:
    """The answer: an epoch, the homes with their new fences, and how to beat.

    refused: why this agent may not work; then nothing else counts but again_in_s: when it is to
    ask again, if it was refused only because so many ask at once.
    store_time: the database's clock, for the reports' as_of.
    """

    epoch: str = ""
    homes: tuple[Home, ...] = ()
    interval_s: float = 1.0
    lease_s: float = 4.0
    store_time: float = 0.0
    refused: str = ""
    version: int = VERSION
    again_in_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Agent to any controller, answered: still here. beat grows with each one sent.

    homes: how many homes the agent knows; highest: the highest fence of them.
    lease_s: the length of the lease that it holds as it sends this, 0.0 when it holds none.
    seen: the highest fence that this process has seen in any life, or on any device.
    let_go: homes in which it writes nothing more at or under these fences, and has nothing under
    way. goodbye: the same of all its homes; this process takes no others, and ends.
    answered: the highest beat of this epoch that was answered, and so had been committed.
    sees: the group's devices, of an agent that writes only one of them.
    above: what keeps it from writing to one of its homes.
    """

    agent_id: AgentId
    epoch: str
    beat: int
    homes: int = 0
    highest: Fence | None = None
    lease_s: float | None = None
    seen: Fence | None = None
    let_go: tuple[Home, ...] = ()
    goodbye: bool = False
    answered: int = 0
    sees: tuple[Sight, ...] = ()
    above: StampAbove | None = None


@dataclass(frozen=True, slots=True)
class RequestShare:
    """How many requests an agent may have under way at a device (its serial number) at once."""

    device: str
    requests: int


@dataclass(frozen=True, slots=True)
class HeartbeatAnswer:
    """epoch_ended: forget everything and register again. homes: all of them, when asked anew.

    lease_s: what does not say it, grants none. let_go: somebody else can have its homes: it is to
    let go of them. surplus: so many more than others of its group has it, and is to let go of as
    many in which it has nothing to do. heard_let_go: what it said that it has let go of was written
    down; who is too old to know of that, says nothing. source: the device to be written where the
    others follow by their own sync; empty: none at this moment. shares: of its devices'
    limits of requests at once.
    """

    epoch_ended: bool = False
    interval_s: float = 1.0
    lease_s: float = 0.0
    store_time: float = 0.0
    homes: tuple[Home, ...] | None = None
    admin_state_up: bool = True
    let_go: bool = False
    heard_let_go: bool = False
    surplus: int = 0
    source: str = ""
    shares: tuple[RequestShare, ...] = ()


@dataclass(frozen=True, slots=True)
class Ready:
    """Agent to any controller: my homes are stamped, send me what is not settled in them.

    doubtful: projects of which a device may have lost something; all that they have here is to be
    sent again, settled or not.
    """

    agent_id: AgentId
    epoch: str
    doubtful: tuple[ProjectId, ...] = ()


@dataclass(frozen=True, slots=True)
class Sighting:
    """A load balancer of ours that has objects on a device of the group."""

    load_balancer_id: LoadBalancerId
    project_id: ProjectId
    vip_address: str


@dataclass(frozen=True, slots=True)
class Sightings:
    """Agent to any controller: these are on the devices of my group; are all of them known?

    twice: two looks have found them where no project of ours is; what nobody knows may go.
    """

    agent_id: AgentId
    group: GroupNumber
    load_balancers: tuple[Sighting, ...]
    twice: bool = False


@dataclass(frozen=True, slots=True)
class Admission:
    """Driver to any controller, answered: hold room for this load balancer, or say why not."""

    graph: ServiceGraph
    request_id: RequestId
    demands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Admitted:
    """The answer. because: why it is not admitted, for the operator.

    unsupported: no device group offers what it demands, however much room there is.
    """

    admitted: bool
    because: str = ""
    unsupported: bool = False


@dataclass(frozen=True, slots=True)
class StraySearch:
    """Agent to any controller, answered: which of these projects have nothing in my group?

    left: sentences for the operator, of what was nobody's and was left as it is.
    """

    agent_id: AgentId
    epoch: str
    group: GroupNumber
    projects: tuple[ProjectId, ...]
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Homeless:
    """The answer: those that have neither a home nor a load balancer there."""

    projects: tuple[ProjectId, ...] = ()


@dataclass(frozen=True, slots=True)
class Measure:
    """Controller to agent: measure your group and report now; much has been placed there."""

    agent_id: AgentId


@dataclass(frozen=True, slots=True)
class GraphsWanted:
    """Agent to any controller, answered: what must there be of these projects of mine?

    after: those whose id comes later; only: of these, whatever their ids; all when it is empty.
    """

    agent_id: AgentId
    epoch: str
    group: GroupNumber
    projects: tuple[ProjectId, ...]
    after: str = ""
    only: tuple[LoadBalancerId, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownGraph:
    """One load balancer as its agent is to have it; settled: that has been applied, and told."""

    assignment: Assignment
    settled: bool


@dataclass(frozen=True, slots=True)
class Graphs:
    """The answer, in the order of ids. more: there are others after the last of these.

    unreadable: there are such load balancers, and the database does not say what they are to be.
    refused: why nothing is said; then nothing else counts.
    """

    graphs: tuple[KnownGraph, ...] = ()
    unreadable: tuple[LoadBalancerId, ...] = ()
    more: bool = False
    refused: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True)
class DriftReport:
    """Agent to any controller: how a device differs from what the database wants.

    It says all there is of the projects named in `judged`, or, where `only` names load balancers,
    of those. more: so many findings are not in it. repairs: what is found is repaired by itself.
    repaired: it differs no more because of what was written; nothing else was found. removed:
    objects (collection and path) that went with it.
    request: which of an operator's requests it answers. reads: requests to the device meanwhile,
    those for other work included. purge_limit: so many load balancers that nobody knows may be
    removed at a time; past_limit: an operator has agreed to more, this time.
    """

    agent_id: AgentId
    epoch: str
    group: GroupNumber
    device: str  # serial number
    device_name: str
    findings: tuple[Finding, ...]
    judged: tuple[ProjectId, ...] = ()
    only: tuple[LoadBalancerId, ...] = ()
    more: int = 0
    repairs: bool = False
    repaired: bool = False
    removed: tuple[str, ...] = ()
    load_balancers: int = 0
    objects: int = 0
    reads: int = 0
    took_s: float = 0.0
    request: int = 0
    purge_limit: int = 0
    past_limit: bool = False


@dataclass(frozen=True, slots=True)
class AuditOrder:
    """Controller to agent: audit now. projects, load_balancers: only these; all when empty.

    repair: whatever the agent's policy is. past_limit: an operator has agreed that more is removed
    than purge_limit says.
    """

    request: int
    project_id: ProjectId | None = None
    load_balancer_id: LoadBalancerId | None = None
    repair: bool = False
    past_limit: bool = False


Message = (
    Nudge | Assignment | Homes | Outcome | Registration | Registered | Heartbeat
    | HeartbeatAnswer | Ready | Sightings | Admission | Admitted | StraySearch | Homeless
    | Measure | CapacityReport | GraphsWanted | Graphs | DriftReport | AuditOrder
)  # fmt: skip
