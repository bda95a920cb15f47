"""Lets nothing be written on a device that was away before all homes are read and stamped there.

Homes may have come meanwhile whose earlier owners have never been kept off that device, and it may
have gone back to what it had saved.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bigip_lbaas.agent.group import Member
from bigip_lbaas.agent.inbox import Task
from bigip_lbaas.agent.level import Leveller, Results
from bigip_lbaas.agent.life import Life
from bigip_lbaas.domain.home import SHARED


@dataclass(frozen=True, slots=True)
class Gate:
    """The leveller's two works, behind the reading and stamping of devices that were away."""

    leveller: Leveller
    life: Life

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
        self.leveller.forget_device(member.device.name)
        epoch = self.life.epoch
        homes = [home for home in self.life.homes() if home.project_id != SHARED]
        self.leveller.stamp(member, [Task(home, epoch) for home in homes])
        member.is_away = False
