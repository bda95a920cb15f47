"""Brings one device level with one task, remembering what is known of each partition."""

import threading
from dataclasses import dataclass, field

from bigip_lbaas.agent.group import Member
from bigip_lbaas.agent.inbox import Task
from bigip_lbaas.agent.partition import StampedPartition
from bigip_lbaas.domain.home import Home
from bigip_lbaas.domain.ids import ProjectId
from bigip_lbaas.ltm.names import Naming
from bigip_lbaas.reconcile.render import RenderSettings
from bigip_lbaas.reconcile.scope import Target


@dataclass
class Leveller:
    """What an agent knows of the partitions of its homes, device by device.

    A StampedPartition lives as long as its fence: a new fence begins with knowing nothing.
    """

    naming: Naming
    settings: RenderSettings
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _known: dict[tuple[str, ProjectId], StampedPartition] = field(default_factory=dict)

    def level(self, member: Member, task: Task) -> bool:
        """Do what the task asks on one device; return whether the home's partition is gone.

        Raises: the children of DeviceError, LeaseExpired, RequestRejected.
        """
        partition = self._partition(member, task.home)
        assignment = task.assignment
        if assignment is None:
            partition.take_over()
            return False
        target = Target(assignment.graph, assignment.wanted, assignment.leaving)
        if assignment.home_is_ending:
            return not partition.end([target])
        for refused in partition.apply([target]).values():
            raise refused
        return False

    def forget(self) -> None:
        """Forget everything: a new life begins."""
        with self._lock:
            self._known.clear()

    def _partition(self, member: Member, home: Home) -> StampedPartition:
        key = (member.device.name, home.project_id)
        with self._lock:
            known = self._known.get(key)
            if known is None or known.home != home:
                known = StampedPartition(member.device, home, self.naming, self.settings)
                self._known[key] = known
            return known
