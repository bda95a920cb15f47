"""The rows by which controllers and operators keep the environments going; see records."""

from dataclasses import dataclass
from typing import ClassVar

from bigip_lbaas.domain.drift import Finding
from bigip_lbaas.domain.ids import AgentId, EnvironmentName, GroupNumber, LoadBalancerId, ProjectId


@dataclass(frozen=True, slots=True)
class Tenure:
    """Who does a job that only one process may do at a time, and until when."""

    KEY: ClassVar = ("name",)
    name: str
    holder: str
    until_at: float


@dataclass(frozen=True, slots=True)
class Sequence:
    """A number that only grows: fences are drawn from one."""

    KEY: ClassVar = ("name",)
    name: str
    value: int


@dataclass(frozen=True, slots=True)
class Event:
    """Something that an operator may want to know later; number grows within the environment."""

    KEY: ClassVar = ("environment", "number")
    environment: EnvironmentName
    number: int
    at: float
    kind: str
    subject: str  # a load balancer, an agent, a group
    text: str
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference between a device and the database that the last audit of both has found.

    id: a hash of environment, device, object and field. device: its serial number. audits: how
    many have found it since first_seen_at.
    """

    KEY: ClassVar = ("id",)
    id: str
    environment: EnvironmentName
    group: GroupNumber
    device: str
    device_name: str
    project_id: ProjectId
    load_balancer_id: LoadBalancerId
    finding: Finding
    first_seen_at: float
    last_seen_at: float
    audits: int = 1


@dataclass(frozen=True, slots=True)
class Audit:
    """What the last audit of an agent on a device came to; more: findings that are not kept."""

    KEY: ClassVar = ("environment", "agent_id", "device")
    environment: EnvironmentName
    agent_id: AgentId
    device: str
    group: GroupNumber
    audited_at: float
    took_s: float
    load_balancers: int
    objects: int
    reads: int
    findings: int
    more: int
    repairs: bool


@dataclass(frozen=True, slots=True)
class AuditRequest:
    """An operator's wish that an agent audit now, until the agent has done so.

    number: later ones have higher numbers. sent_at: when a controller last told the agent.
    """

    KEY: ClassVar = ("environment", "agent_id")
    environment: EnvironmentName
    agent_id: AgentId
    number: int
    asked_at: float
    project_id: ProjectId | None = None
    load_balancer_id: LoadBalancerId | None = None
    repair: bool = False
    past_limit: bool = False
    sent_at: float | None = None
