"""Watches how the devices of a group agree, and brings one level that was away.

The only command that an agent ever sends there goes to the source, after a device was away: where
two devices have changed something while they did not hear each other, theirs waits for a command.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

from bigip_lbaas.agent.group import DeviceGroup, Member
from bigip_lbaas.agent.life import Life
from bigip_lbaas.domain.errors import DeviceError, LeaseExpired
from bigip_lbaas.domain.home import SHARED
from bigip_lbaas.icontrol.port import SyncState

LOG = logging.getLogger(__name__)

IN_SYNC = "In Sync"
PEERS_AWAY = "Disconnected"
BEHIND = ("Changes Pending", "Not All Devices Synced")
LEVEL_AFTER_S = 10.0  # the devices' own sync has had its time by then


@dataclass
class SyncWatch:
    """How the devices agreed at the last look, for a thread of its own."""

    group: DeviceGroup
    life: Life
    pool: Executor
    monotonic_s: Callable[[], float]
    _was_parted: bool = True  # a device was away since all were in sync; unknown at first
    _behind_since_s: float | None = None
    _wait_s: float = LEVEL_AFTER_S

    def look(self) -> None:
        """Ask each device that can be reached; tell the source to sync if its time has come.

        The source is asked also while it is left alone: others wait to hear that it is back.
        """
        reachable = self.group.reachable()
        written = self.group.written()
        members = (*(m for m in reachable if m not in written), *written)
        states = dict(
            zip((m.device.name for m in members), self.pool.map(self._ask, members), strict=True)
        )
        self._was_parted = self._was_parted or len(reachable) < len(self.group.members)
        for member in written if self.group.writes_one else ():
            state = states.get(member.device.name)
            if state is not None:
                self._judge(member, state)

    def _ask(self, member: Member) -> SyncState | None:
        try:
            state = member.device.sync_state()
        except DeviceError as error:
            self.group.failed(member, error)
            return None
        self.group.answered(member)
        if state.status != PEERS_AWAY:  # else it is what it was when they were last there
            member.is_level = state.status == IN_SYNC
        self._complain(member, state)
        return state

    def _complain(self, member: Member, state: SyncState) -> None:
        """Say what an operator has to mend: the others get no changes, or get them twice."""
        said = ""
        if not self.group.writes_one:
            if state.syncs_itself:
                said = (
                    f"is in device group {state.group}, which syncs by itself, while each device is"
                    " written: switch autoSync off, or say device_sync = sync"
                )
        elif not state.group:
            said = "is in no sync-failover device group, so nothing follows it: make it a member"
        elif not state.syncs_itself:
            said = f"is in device group {state.group}, which does not sync by itself: set autoSync"
        if said and said != member.sync_said:
            self.group.heard(member, f"{member.device.name} {said}")
        member.sync_said = said

    def _judge(self, source: Member, state: SyncState) -> None:
        now_s = self.monotonic_s()
        if state.status == IN_SYNC:
            self._was_parted, self._behind_since_s, self._wait_s = False, None, LEVEL_AFTER_S
        elif state.status == PEERS_AWAY:
            self._was_parted, self._behind_since_s = True, None
        elif state.status in BEHIND and state.group:
            since_s = now_s if self._behind_since_s is None else self._behind_since_s
            self._behind_since_s = since_s
            if self._was_parted and now_s - since_s >= self._wait_s:
                self._behind_since_s, self._wait_s = now_s, 2 * self._wait_s
                self._bring_level(source, state)

    def _bring_level(self, source: Member, state: SyncState) -> None:
        """Let one agent of the group do it: the one that has what projects share."""
        if self.life.home_of(SHARED) is None:
            return
        name = source.device.name
        LOG.warning(
            "%s says %r since a device was away: it is told to sync to %s",
            name, state.status, state.group,
        )  # fmt: skip
        try:
            source.device.sync_to_group(state.group)
        except DeviceError as error:
            LOG.warning("%s; it is tried again", error)
            self.group.failed(source, error)
        except LeaseExpired:
            pass  # whoever has the home now does it
