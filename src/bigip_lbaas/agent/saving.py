"""Saves what was changed on the group's devices, so that a reboot does not lose it."""

import logging
from concurrent.futures import Executor, Future, wait

from bigip_lbaas.agent.group import DeviceGroup, Member
from bigip_lbaas.domain.errors import DeviceError, LeaseExpired

LOG = logging.getLogger(__name__)


class Saver:
    """Saves each device that has unsaved changes of ours.

    Many changes share a save: on a large configuration it takes a device many seconds. Devices that
    follow the one that is written are saved in the round after, once they are in sync with it.
    """

    def __init__(self, group: DeviceGroup, pool: Executor) -> None:
        """Keep what is given."""
        self._group = group
        self._pool = pool
        self._owed: dict[str, Future[None]] = {}  # device -> a save that has not ended
        self._following: set[str] = set()  # devices that got changes of the one that was saved

    def save(self, within_s: float) -> None:
        """Save where something is unsaved, all devices at the same time; wait at most that long.

        A defect in saving is raised.
        """
        ended = self._take_ended()
        reachable = self._group.reachable()
        unsaved = [member for member in reachable if member.device.is_unsaved]
        due = [m for m in reachable if m.device.name in self._following and m.is_level]
        for member in (*unsaved, *due):
            name = member.device.name
            if name not in self._owed:
                self._following.discard(name)
                self._owed[name] = self._pool.submit(self._save, member)
        if unsaved and self._group.writes_one:
            self._following |= {m.device.name for m in self._group.members if m not in unsaved}
        wait(self._owed.values(), within_s)
        for each in (*ended, *self._take_ended()):
            each.result()

    def _take_ended(self) -> list[Future[None]]:
        ended = [name for name, each in self._owed.items() if each.done()]
        return [self._owed.pop(name) for name in ended]

    def _save(self, member: Member) -> None:
        try:
            member.device.save()
        except DeviceError as error:
            LOG.warning("%s; what was changed there is saved later", error)
            self._group.failed(member, error)
        except LeaseExpired:
            pass  # whoever has the homes now saves what it changes; this is tried again
