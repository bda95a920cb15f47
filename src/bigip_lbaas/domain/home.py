"""Who may write where: fences, stamps, homes and leases, as values."""

import re
from dataclasses import dataclass

from bigip_lbaas.domain.ids import AgentId, EnvironmentName, GroupNumber, ProjectId

SHARED = ProjectId("/Common")  # stands for what projects share; no project's id has a slash
STAMP_NAME = re.compile(r"stamp_(?P<number>[0-9]+)\.(?P<nonce>[0-9a-f]+)\.(?P<count>[0-9]+)")


@dataclass(frozen=True, slots=True, order=True)
class Fence:
    """A number from one sequence of the database, never used twice, with its random part."""

    number: int
    nonce: str  # lower-case hexadecimal


@dataclass(frozen=True, slots=True)
class Stamp:
    """The object in a partition that every transaction takes out and puts in anew."""

    fence: Fence
    count: int

    @property
    def name(self) -> str:
        """Return its name on the device; a letter comes first, as names there begin with one."""
        return f"stamp_{self.fence.number}.{self.fence.nonce}.{self.count}"

    @classmethod
    def parse(cls, name: str) -> "Stamp | None":
        """Return the stamp that `name` names, or None when it names something else."""
        match = STAMP_NAME.fullmatch(name)
        if match is None:
            return None
        return cls(Fence(int(match["number"]), match["nonce"]), int(match["count"]))


@dataclass(frozen=True, slots=True)
class Home:
    """The one agent that may write a project's partition in a device group, with its fence."""

    environment: EnvironmentName
    project_id: ProjectId
    group: GroupNumber
    agent_id: AgentId
    fence: Fence


@dataclass(frozen=True, slots=True)
class Lease:
    """Until when an agent may write, on its own monotonic clock.

    It counts from the *sending* of the last heartbeat that was answered, because the controllers
    count the silence from when they saw that heartbeat, which is later.
    """

    sent_at_s: float
    length_s: float

    def remaining_s(self, now_s: float) -> float:
        """Return how long writing is still allowed; 0.0 when it no longer is."""
        return max(0.0, self.sent_at_s + self.length_s - now_s)


@dataclass(frozen=True, slots=True)
class StampAbove:
    """A fence that a device shows in a home's partition, and that is not below the home's own.

    A home's fence is the highest that was ever given out for it. So when the database says that
    the home still has its own, it has lost what gave out the other one.
    """

    home: Home
    fence: Fence
