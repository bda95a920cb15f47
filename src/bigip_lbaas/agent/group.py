"""The devices of an agent's group, and how each of them is doing."""

import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass, field
from typing import Any

from bigip_lbaas.agent import standing
from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.agent.standing import Patience, Standing
from bigip_lbaas.domain.capacity import DeviceStanding
from bigip_lbaas.domain.cluster import SYNC, Sight
from bigip_lbaas.domain.errors import (
    CommitMet,
    DeviceBusy,
    DeviceError,
    DeviceUnreachable,
    OutcomeUnknown,
)
from bigip_lbaas.domain.fleet import UNKNOWN_SERIAL
from bigip_lbaas.icontrol.port import Device
from bigip_lbaas.wire.messages import RequestShare

LOG = logging.getLogger(__name__)


@dataclass
class Member:
    """One device of the group. serial is empty until it has answered for the first time.

    is_away: it could not be reached, and what it has has not been read and stamped since.
    late: work there that the rest of the group did not wait for, and that has not ended.
    is_level: it was in sync with its peers when it last heard them; sync_said: what is wrong with
    how they sync.
    """

    device: Device
    serial: str = ""
    standing: Standing = field(default_factory=Standing)
    is_away: bool = False
    is_level: bool = False
    sync_said: str = ""
    asked: "Future[None] | None" = None  # who it is; asked once at a time
    asked_at_s: float = float("-inf")
    late: "set[Future[Any]]" = field(default_factory=set)
    returning: threading.Lock = field(default_factory=threading.Lock)

    @property
    def known_as(self) -> str:
        """Return the serial number, or the address marked as unknown."""
        return self.serial or f"{UNKNOWN_SERIAL}{self.device.name}"

    @property
    def why_left_alone(self) -> str:
        """Return why no work goes there."""
        if self.standing.answers and self.late:
            return f"{self.device.name}: is slow, and has not finished earlier work"
        return self.standing.said or "left alone"


@dataclass
class DeviceGroup:
    """The group's devices. Work goes to those that answer and keep up; the others are left alone.

    returned: a device may be given work again, after it was left alone.
    """

    settings: AgentSettings
    monotonic_s: Callable[[], float]
    members: tuple[Member, ...]
    heard: Callable[[Member, str], None] = field(default=lambda _member, _said: None)
    returned: Callable[[Member], None] = field(default=lambda _member: None)
    jitter: Callable[[], float] = lambda: 0.5
    source: str = ""  # serial number of the device that is written, where only one is
    _asking: threading.Lock = field(default_factory=threading.Lock)
    _changing: threading.Lock = field(default_factory=threading.Lock)

    def serials(self) -> tuple[str, ...]:
        """Return how the devices are known, sorted."""
        return tuple(sorted(member.known_as for member in self.members))

    def requests(self) -> int:
        """Return how many requests have been sent to all devices so far."""
        return sum(member.device.requests for member in self.members)

    def reachable(self) -> tuple[Member, ...]:
        """Return the devices to which work may go now."""
        return tuple(one for one in self.members if one.standing.answers and not one.late)

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
                _away_s(member, now_s),
                member.is_level,
            )
            for member in (self.members if self.writes_one else ())
        )

    def reachability(self) -> dict[str, bool]:
        """Return device name -> whether it answered when it was last talked to."""
        return {member.device.name: member.standing.answers for member in self.members}

    def standings(self, at: Callable[[float], float | None]) -> tuple[DeviceStanding, ...]:
        """Return how each device does. at: the database's clock when ours said so, if known."""
        return tuple(
            DeviceStanding(
                member.known_as,
                how.answers,
                bool(member.late),
                None if how.since_s is None else at(how.since_s),
                how.said,
                None if how.answers else at(how.retry_at_s),
                member.device.room.allowed,
                member.device.room.share,
            )
            for member in self.members
            for how in (member.standing,)
        )

    def share_requests(self, shares: Iterable[RequestShare]) -> None:
        """Have no more requests under way at each device than this agent's share."""
        told = {share.device: share.requests for share in shares}
        for member in self.members:
            if member.known_as in told:
                member.device.room.share_out(told[member.known_as])

    def identify(self, pool: Executor, within_s: float, quiet_s: float = float("inf")) -> None:
        """Ask who they are: devices that have not said so, and those whose time to be asked again
        has come, or who have not been asked for quiet_s. Wait for answers at most that long; one
        that comes later counts then.

        A defect in asking is raised.
        """
        with self._asking:
            now_s = self.monotonic_s()
            for member in self.members:
                is_due = member.standing.is_due(now_s)
                is_new = member.standing.answers and not member.serial
                is_quiet = member.standing.answers and now_s - member.asked_at_s > quiet_s
                if (is_due or is_new or (is_quiet and not member.late)) and (
                    member.asked is None or member.asked.done()
                ):
                    member.asked_at_s = now_s
                    member.asked = pool.submit(self._identify, member)
            asked = [member.asked for member in self.members if member.asked is not None]
        for future in wait(asked, within_s).done:
            future.result()

    def _identify(self, member: Member) -> None:
        try:
            serial = member.device.identity().serial
        except DeviceError as error:
            self.failed(member, error)
        else:
            member.serial = serial
            self.answered(member)

    def failed(self, member: Member, error: DeviceError) -> None:
        """Note that a device could not be reached, or said "later"; leave it alone if need be."""
        patience = Patience(self.settings.retry_s, self.settings.device_retry_most_s)
        if isinstance(error, DeviceUnreachable):
            after = standing.after_failure
        elif isinstance(error, DeviceBusy) and not isinstance(error, CommitMet):
            after = standing.after_later
        else:
            return
        with self._changing:
            before, now_s = member.standing, self.monotonic_s()
            member.standing = after(before, str(error), now_s, patience, self.jitter())
        if not member.standing.answers and not isinstance(error, OutcomeUnknown):
            member.is_away = True  # it may have restarted; the unknown commit did reach it
        if str(error) != before.said or before.answers:
            again = ""
            if not member.standing.answers:
                again = f"; it is tried again in {member.standing.retry_at_s - now_s:.3g} s"
            self.heard(member, f"{error}{again}")

    def answered(self, member: Member) -> None:
        """Note that a device answers."""
        with self._changing:
            was_alone = not member.standing.answers
            member.standing = standing.after_answer(member.standing, self.monotonic_s())
        if was_alone:
            self.heard(member, f"{member.device.name} answers again")
            self.returned(member)

    def go_on_without(self, member: Member, work: "Future[Any]") -> DeviceUnreachable:
        """Give a device no other work before it has ended this; return what is said of it."""
        with self._changing:
            is_first = not member.late
            member.late.add(work)
        if is_first:
            self.heard(member, f"{member.device.name} is slow: the others do not wait for it")
        work.add_done_callback(lambda _work: self._caught_up(member, work))
        return DeviceUnreachable(member.device.name, "is slow, and has not finished yet")

    def _caught_up(self, member: Member, work: "Future[Any]") -> None:
        with self._changing:
            member.late.discard(work)
            is_last = not member.late
        if (defect := work.exception()) is not None:
            LOG.error("a bug: work on %s failed", member.device.name, exc_info=defect)
        if is_last and member.standing.answers:
            self.heard(member, f"{member.device.name} has finished what it was slow with")
            self.returned(member)

    def by_serial(self, members: Iterable[Member]) -> dict[str, Device]:
        """Return serial number -> device, of those that have said who they are."""
        return {member.serial: member.device for member in members if member.serial}


def _away_s(member: Member, now_s: float) -> float:
    """Return for how long no work has gone to a device because it did not answer."""
    how = member.standing
    return 0.0 if how.answers or how.since_s is None else max(0.001, now_s - how.since_s)
