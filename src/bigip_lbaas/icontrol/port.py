"""What an agent needs of one BIG-IP, whether it is reached over HTTP or lives in memory.

Every method raises the children of DeviceError, nothing else; writing methods also LeaseExpired.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bigip_lbaas.icontrol.metrics import Metric
from bigip_lbaas.icontrol.room import Room
from bigip_lbaas.ltm.state import Attributes, ObjectPath, State, Step


@dataclass(frozen=True, slots=True)
class DeviceIdentity:
    """Which device answers at an address."""

    serial: str
    hostname: str
    version: str


@dataclass(frozen=True, slots=True)
class PartitionStamps:
    """The data groups of a partition that say who writes there.

    names: those whose name begins as a stamp's does, the guard aside.
    """

    names: tuple[str, ...] = ()
    guard: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """What one sampling of a device's metrics gave: values, and why a metric has none.

    Of a metric that is a counter, the value is what has been counted so far. read_at_s: metric ->
    when its source answered, on a clock that only grows.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)  # metric -> reason
    read_at_s: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SyncState:
    """How a device says that its configuration and its peers' agree.

    status: in the device's words, such as "In Sync". group: the sync-failover group that it is in;
    empty: none. syncs_itself: that group sends changes on without a command.
    """

    status: str
    group: str = ""
    syncs_itself: bool = False


class Device(Protocol):
    """One BIG-IP. All methods may be called from several threads."""

    @property
    def name(self) -> str:
        """Return the name under which the device is configured."""

    @property
    def requests(self) -> int:
        """Return how many requests have been sent to it so far."""

    @property
    def room(self) -> Room:
        """Return how many requests this process may have under way there at once."""

    @property
    def is_unsaved(self) -> bool:
        """Return whether something was changed through this object since the last save began."""

    def save(self) -> None:
        """Have the device keep its running configuration over a reboot.

        Raises also LeaseExpired.
        """

    def identity(self) -> DeviceIdentity:
        """Read which device this is."""

    def partitions(self) -> frozenset[str]:
        """Read the names of all partitions: an answer that is complete, so absence is certain."""

    def stamps(self, partition: str) -> PartitionStamps | None:
        """Read who writes in a partition; None when the device says that there is none.

        A device that is just starting has been seen to miss what it has, so None alone must not
        make anyone believe that something is gone: `partitions` is the proof.
        """

    def all_stamps(self) -> Mapping[str, PartitionStamps]:
        """Read who writes in every partition that has a stamp or a guard."""

    def virtual_addresses(self) -> State:
        """Read the virtual addresses of all partitions, with address and description only."""

    def read(self, partition: str) -> State:
        """Read all objects of a partition, of the kinds that we write; stamps are not among them.

        The reads are several: only a stamp that is the same before and after makes them one.
        """

    def contents(self, owns: Callable[[str], bool]) -> Iterator[tuple[ObjectPath, Attributes]]:
        """Read all objects of the kinds that we write in all partitions whose names it owns.

        By collection, page by page, each page when it is asked for: of what changes meanwhile, on
        whatever page, an object may be missed or come twice.
        """

    def object(self, path: ObjectPath) -> Attributes | None:
        """Read one object of a kind that we write; None when it is not there."""

    def create_partition(self, partition: str) -> bool:
        """Make a partition; False when it is there already."""

    def delete_partition(self, partition: str) -> None:
        """Take an empty partition away; one that is not there is no error.

        Raises: DeviceRefused when it is not empty.
        """

    def commit(self, steps: Sequence[Step], stamps: Collection[str] = ()) -> None:
        """Carry out `steps` in one transaction: all of them or none.

        stamps: full paths of the stamp and guard objects among the steps; a refusal that names
        one of them is about who writes, not about what.
        Raises: StampRefused, DeviceBusy, DeviceRefused, LeaseExpired: nothing was written.
        OutcomeUnknown: it may have been, or may be later. DeviceUnreachable otherwise: it was not.
        """

    def sample(
        self, metrics: Mapping[str, Metric], owns: Callable[[str], bool] | None = None
    ) -> Sample:
        """Read capacity metrics, each source once; one that cannot be read says why.

        owns: count only the partitions (and objects in /Common) whose names it owns.
        """

    def is_active(self) -> bool:
        """Read whether the device is active for any traffic group."""

    def sync_state(self) -> SyncState:
        """Read whether it and its peers have the same configuration."""

    def sync_to_group(self, group: str) -> None:
        """Have its configuration replace that of its peers in the device group.

        Raises also LeaseExpired.
        """

    def close(self) -> None:
        """Log out and let go of connections."""
