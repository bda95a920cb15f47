"""Lets nothing be written on a device that was away before all homes are read and stamped there.

Homes may have come meanwhile whose earlier owners have never been kept off that device, and it may
have gone back to what it had saved.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bigip_lbaas.agent.group import Member
from bigip_lbaas.agent.inbox import Task
from bigip_lbaas.agent.level import Leveller
from bigip_lbaas.agent.life import Life
from bigip_lbaas.domain.errors import ProviderError
from bigip_lbaas.domain.ids import ProjectId


@dataclass(frozen=True, slots=True)
class Gate:
    """The leveller's two works, behind the reading and stamping of devices that were away."""

    leveller: Leveller
    life: Life

    def level(self, member: Member, task: Task) -> bool:
        """See Leveller.level."""
        self._pass(member)
        return self.leveller.level(member, task)

    def stamp(self, member: Member, tasks: Sequence[Task]) -> Mapping[ProjectId, ProviderError]:
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
        self.leveller.stamp(member, [Task(home, epoch) for home in self.life.homes()])
        member.is_away = False
