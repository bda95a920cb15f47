"""What a device has otherwise than the database wants it, as values and in words. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from bigip_lbaas.domain.ids import LoadBalancerId, ProjectId


class DriftKind(StrEnum):
    """How something differs.

    ORPHAN: it is marked as part of a load balancer that nobody knows here.
    """

    MISSING = "missing"
    EXTRA = "extra"
    CHANGED = "changed"
    ORPHAN = "orphan"


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference. load_balancer_id is empty where an object belongs to none that is known.

    object: collection and full path. field, wanted, found: of what is changed, as text that a
    person may read, without secrets. left: why it is not repaired, whatever the policy.
    """

    kind: DriftKind
    project_id: ProjectId
    load_balancer_id: LoadBalancerId
    object: str
    field: str = ""
    wanted: str = ""
    found: str = ""
    left: str = ""

    def words(self) -> str:
        """Return the difference as a sentence without its end."""
        match self.kind:
            case DriftKind.MISSING:
                said = f"{self.object} is missing"
            case DriftKind.EXTRA:
                said = f"{self.object} is there and nothing asks for it"
            case DriftKind.ORPHAN:
                said = f"{self.object} is part of a load balancer that nobody knows here"
            case DriftKind.CHANGED:
                said = f"{self.object}: {self.field} is {self.found}, not {self.wanted}"
        return f"{said} ({self.left})" if self.left else said
