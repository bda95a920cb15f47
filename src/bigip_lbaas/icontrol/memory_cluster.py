"""BIG-IPs in memory that are one device group and sync by themselves, or do not.

As the devices do: the latest state is taken by who has changed nothing since they last were the
same; where two have changed something while they did not hear each other, a command decides.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from bigip_lbaas.icontrol.memory import MemoryDevice
from bigip_lbaas.icontrol.port import SyncState

GROUP = "/Common/failover"


@dataclass
class MemoryCluster:
    """A device group. is_cut_off: whether a device, by name, hears none of the others."""

    devices: tuple[MemoryDevice, ...]
    is_cut_off: Callable[[str], bool] = lambda _name: False
    syncs_itself: bool = True
    is_halted: bool = False  # a sync takes its time: nothing is sent until it is let go on
    commands: list[str] = field(default_factory=list)  # who was told to sync to the group
    _clock: int = 0
    _commit: dict[str, int] = field(default_factory=dict)  # device -> its state's number
    _shared: dict[str, int] = field(default_factory=dict)  # the last that it had in common

    def __post_init__(self) -> None:
        """Begin in sync."""
        for device in self.devices:
            device.cluster = self
            self._commit[device.name] = self._shared[device.name] = 0

    def changed(self, device: MemoryDevice) -> None:
        """Note that somebody has written there, and send it on."""
        self._clock += 1
        self._commit[device.name] = self._clock
        self.settle()

    def went_back(self, device: MemoryDevice, commit: int) -> None:
        """Note that a device came up with an older state."""
        self._commit[device.name] = commit
        self._shared[device.name] = min(commit, self._shared[device.name])

    def state_of(self, device: MemoryDevice) -> int:
        """Return the number of a device's state."""
        return self._commit[device.name]

    def settle(self) -> None:
        """Let those who hear each other take the latest state, where that overwrites nothing."""
        if self.is_halted or not self.syncs_itself:
            return
        heard = self._heard()
        latest = max(heard, key=lambda device: self._commit[device.name], default=None)
        for device in heard:
            if latest is not None and not (self._has_changed(device) and device is not latest):
                self._send(latest, device)

    def push(self, device: MemoryDevice, group: str) -> None:
        """`config-sync to-group`: this device's state is what the others get."""
        assert group == GROUP
        self.commands.append(device.name)
        self._clock += 1
        self._commit[device.name] = self._clock
        for other in self._heard():
            self._send(device, other)

    def state(self, device: MemoryDevice) -> SyncState:
        """Return what a device says of the group."""
        if len(self._heard()) < len(self.devices) or self.is_cut_off(device.name):
            status = "Disconnected"
        else:
            is_one = len(set(self._commit.values())) == 1
            status = "In Sync" if is_one else "Changes Pending"
        return SyncState(status, GROUP, self.syncs_itself)

    def _heard(self) -> list[MemoryDevice]:
        return [device for device in self.devices if not self.is_cut_off(device.name)]

    def _has_changed(self, device: MemoryDevice) -> bool:
        return self._commit[device.name] != self._shared[device.name]

    def _send(self, one: MemoryDevice, other: MemoryDevice) -> None:
        if one is not other:
            other.load(one.image())
        commit = self._commit[one.name]
        for device in (one, other) if one is not other else ():
            self._commit[device.name] = self._shared[device.name] = commit
