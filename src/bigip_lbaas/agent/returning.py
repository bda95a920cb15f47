"""Lets nothing be written on a device that was away before all homes are read and stamped there.

Homes may have come meanwhile whose earlier owners have never been kept off that device, and it may
have gone back to what it had saved.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bigip_lbaas.agent.group import DeviceGroup, Member
from bigip_lbaas.agent.inbox import Task
from bigip_lbaas.agent.level import Leveller, Results
from bigip_lbaas.agent.life import Life
from bigip_lbaas.agent.syncing import IN_SYNC
from bigip_lbaas.domain.errors import DeviceBusy
from bigip_lbaas.domain.home import SHARED, Home

SYNC_S = 10.0


@dataclass(frozen=True, slots=True)
class Gate:
    """The leveller's two works, behind the reading and stamping of devices that were away.

    doubt: is told the homes of which it is not known what the device had before. A device whose
    peers follow it may have missed what one of them has: they have SYNC_S to agree first.
    """

    leveller: Leveller
    life: Life
    group: DeviceGroup
    doubt: Callable[[Home], None]
    _met_at_s: dict[str, float] = field(default_factory=dict)  # device -> back since

    def level(self, member: Member, tasks: Sequence[Task]) -> Results:
        """See Leveller.level."""
        self._pass(member)
        return self.leveller.level(member, tasks)

    def stamp(self, member: Member, tasks: Sequence[Task]) -> Results:
        """See Leveller.stamp."""
        self._pass(member)
        return self.leveller.stamp(member, tasks)

    def _pass(self, member: Member) -> None:
        if not member.is_away:
            return
        with member.returning:
            self._read_and_stamp(member)

    def _read_and_stamp(self, member: Member) -> None:
        if not member.is_away:
            return  # another thread has done it meanwhile
        if self.group.writes_one:
            self._wait_for_peers(member)
        self.leveller.forget_device(member.device.name)
        epoch = self.life.epoch
        homes = [home for home in self.life.homes() if home.project_id != SHARED]
        unknown = [home for home in homes if not self.leveller.has_written(member, home)]
        self.leveller.stamp(member, [Task(home, epoch) for home in homes])
        member.is_away = False
        self._met_at_s.pop(member.device.name, None)
        for home in unknown:
            self.doubt(home)

    def _wait_for_peers(self, member: Member) -> None:
        """Return once the devices agree, or have had the time to. Raises: DeviceBusy until then."""
        now_s = self.group.monotonic_s()
        waited_s = now_s - self._met_at_s.setdefault(member.device.name, now_s)
        if waited_s < SYNC_S:
            status = member.device.sync_state().status
            if status != IN_SYNC:
                said = f"is back, and given {SYNC_S:g} s to get in sync with its peers ({status})"
                raise DeviceBusy(member.device.name, said)
