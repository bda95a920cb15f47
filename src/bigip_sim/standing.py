"""What a unit is in its cluster, as one value: what it is active for, and how the others are."""

from collections.abc import Mapping
from dataclasses import dataclass, field

LOCAL_ONLY = "/Common/traffic-group-local-only"


@dataclass(frozen=True, slots=True)
class Standing:
    """How this unit stands; names of devices are full paths, as are those of traffic groups."""

    device: str = ""
    active: frozenset[str] = frozenset({"/Common/traffic-group-1"})
    powered: bool = True
    offline: bool = False  # forced
    others: Mapping[str, str] = field(default_factory=dict)  # device -> failover state
    elsewhere: Mapping[str, str] = field(default_factory=dict)  # traffic group -> other device

    @property
    def state(self) -> str:
        """Return this unit's failover state. `forced-offline`: tests of f5-common-python."""
        if self.offline:
            return "forced-offline"
        return "active" if self.active else "standby"

    def state_for(self, traffic_group: str, device: str) -> str:
        """Return what a device is to one traffic group: active, standby, or why it is neither."""
        if device == self.device:
            holds, state = traffic_group in self.active, self.state
        else:
            state = self.others.get(device, "unknown")
            holds = self.elsewhere.get(traffic_group) == device
        if state in {"active", "standby"}:
            return "active" if holds else "standby"
        return state

    def carries(self, traffic_group: str) -> bool:
        """Whether addresses of this traffic group are this unit's to answer on."""
        return self.powered and (
            traffic_group in self.active or traffic_group in {LOCAL_ONLY, "none"}
        )
