"""The devices of an agent's group, and how each of them is doing."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass, field

from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.domain.cluster import SYNC, Sight
from bigip_lbaas.domain.errors import DeviceError, DeviceUnreachable, OutcomeUnknown
from bigip_lbaas.domain.fleet import UNKNOWN_SERIAL
from bigip_lbaas.icontrol.port import Device


@dataclass
class Member:
    """One device of the group. serial is empty until it has answered for the first time.

    is_away: it could not be reached, and what it has has not been read and stamped since.
    away_since_s: since when it has not been reached. is_level: it was in sync with its peers when
    it last heard them; sync_said: what is wrong with how they sync.
    """

    device: Device
    serial: str = ""
    failures: int = 0
    retry_at_s: float = 0.0
    said: str = ""
    is_away: bool = False
    away_since_s: float | None = None
    is_level: bool = False
    sync_said: str = ""
    asked: "Future[None] | None" = None  # who it is; asked once at a time
    returning: threading.Lock = field(default_factory=threading.Lock)

    @property
    def known_as(self) -> str:
        """Return the serial number, or the address marked as unknown."""
        return self.serial or f"{UNKNOWN_SERIAL}{self.device.name}"


@dataclass
class DeviceGroup:
    """The group's devices; one that cannot be reached is left alone for a growing while."""

    settings: AgentSettings
    monotonic_s: Callable[[], float]
    members: tuple[Member, ...]
    heard: Callable[[Member, str], None] = field(default=lambda _member, _said: None)
    returned: Callable[[Member], None] = field(default=lambda _member: None)  # while it is_away
    source: str = ""  # serial number of the device that is written, where only one is
    _asking: threading.Lock = field(default_factory=threading.Lock)

    def serials(self) -> tuple[str, ...]:
        """Return how the devices are known, sorted."""
        return tuple(sorted(member.known_as for member in self.members))

    def requests(self) -> int:
        """Return how many requests have been sent to all devices so far."""
        return sum(member.device.requests for member in self.members)

    def reachable(self) -> tuple[Member, ...]:
        """Return the devices that may be talked to now."""
        now_s = self.monotonic_s()
        return tuple(member for member in self.members if member.retry_at_s <= now_s)

    @property
    def writes_one(self) -> bool:
        """Return whether one device is written, and the others follow by their own sync."""
        return self.settings.device_sync == SYNC

    def written(self) -> tuple[Member, ...]:
        """Return the devices to be written; none while the source changes, or is not known yet."""
        if not self.writes_one:
            return self.members
        return tuple(
            member for member in self.members if self.source and self.source == member.serial
        )

    def reachable_written(self) -> tuple[Member, ...]:
        """Return the devices to be written that may be talked to now."""
        written = self.written()
        return tuple(member for member in self.reachable() if member in written)

    def sights(self) -> tuple[Sight, ...]:
        """Return what controllers are told of the devices of which one is written."""
        now_s = self.monotonic_s()
        return tuple(
            Sight(
                member.known_as,
                0.0 if member.away_since_s is None else max(0.001, now_s - member.away_since_s),
                member.is_level,
            )
            for member in (self.members if self.writes_one else ())
        )

    def reachability(self) -> dict[str, bool]:
        """Return device name -> whether it answered when it was last talked to."""
        return {member.device.name: not member.failures for member in self.members}

    def identify(self, pool: Executor, within_s: float) -> None:
        """Ask devices that have not said who they are, and wait for answers at most that long.

        A device that answers later has its serial number then. A defect in asking is raised.
        """
        with self._asking:
            for member in self.reachable():
                if not member.serial and (member.asked is None or member.asked.done()):
                    member.asked = pool.submit(self._identify, member)
            asked = [member.asked for member in self.members if member.asked is not None]
        for future in wait(asked, within_s).done:
            future.result()

    def _identify(self, member: Member) -> None:
        try:
            serial = member.device.identity().serial
        except DeviceError as error:
            self.failed(member, error)
            if str(error) != member.said:
                member.said = str(error)
                self.heard(member, str(error))
        else:
            member.serial = serial
            self.answered(member)

    def failed(self, member: Member, error: DeviceError) -> None:
        """Leave a device that cannot be reached alone for a while, twice as long each time."""
        if not isinstance(error, DeviceUnreachable):
            return
        wait_s = min(
            self.settings.retry_s * 2 ** min(member.failures, 10), self.settings.retry_most_s
        )
        member.failures += 1
        if member.away_since_s is None:
            member.away_since_s = self.monotonic_s()
        if not isinstance(error, OutcomeUnknown):  # then it was reached, by one request at least
            member.is_away = True
        member.retry_at_s = self.monotonic_s() + wait_s
        if str(error) != member.said:
            member.said = str(error)
            self.heard(member, f"{error}; it is tried again in {wait_s:g} s")

    def answered(self, member: Member) -> None:
        """Note that a device answers."""
        was_away = member.failures > 0
        member.failures = 0
        member.away_since_s = None
        member.retry_at_s = 0.0
        member.said = ""
        if was_away:
            self.heard(member, f"{member.device.name} answers again")
            if member.is_away:
                self.returned(member)

    def by_serial(self, members: Iterable[Member]) -> dict[str, Device]:
        """Return serial number -> device, of those that have said who they are."""
        return {member.serial: member.device for member in members if member.serial}
