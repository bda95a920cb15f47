"""What a device says of its synchronisation, from what it knows of its device groups' members.

Words, colours and the sentences of a conflict and of groups in sync are recorded (iControl REST
reference, section 3.11, and what clients quote); the other sentences, and which colour goes with
Syncing and Not All Devices Synced, are unverified.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Commit(NamedTuple):
    """Which state of a device group's configuration a device has."""

    at_us: int  # when it was made, by the clock of the device that made it
    by: str  # the host name of that device; "" for the state at the start


@dataclass(frozen=True, slots=True)
class Member:
    """What is known of one member of a device group."""

    name: str  # host name
    connected: bool = True
    commit: Commit | None = None  # None: never changed, never synchronised
    shared: Commit | None = None  # the last state that it had in common with another member
    syncing: bool = False
    failure: str = ""  # why the last synchronisation to it was refused

    @property
    def changed(self) -> bool:
        """Whether it holds changes that no other member has had from it."""
        return self.commit != self.shared


@dataclass(frozen=True, slots=True)
class Verdict:
    """A sync status; `source` is the device that should be synchronised to the group, if any."""

    status: str
    color: str
    summary: str
    source: str = ""
    rank: int = 0  # the worst of a device's groups is its own


STANDALONE = Verdict("Standalone", "green", " ")
_IN_SYNC = Verdict("In Sync", "green", "All devices in the device group are in sync", rank=1)


def newest(members: Iterable[Member]) -> Member | None:
    """Return the member with the latest state."""
    known = [(m.commit, m.name == m.commit.by, m.name, m) for m in members if m.commit is not None]
    return max(known, default=(None, False, "", None))[3]


def judge(members: Sequence[Member], *, starts_in_sync: bool = False) -> Verdict:
    """Return the status of one device group; a trust group `starts_in_sync`."""
    failed = [member for member in members if member.failure]
    if any(member.syncing for member in members):
        return Verdict("Syncing", "blue", "The device group is being synchronised", rank=6)
    if failed:
        summary = f"A validation error occurred while syncing to a remote device: {_said(failed)}"
        return Verdict("Sync Failure", "red", summary, rank=8)
    away = [member.name for member in members if not member.connected]
    if away:
        summary = f"There is no connection to {', '.join(away)}"
        return Verdict("Disconnected", "red", summary, rank=7)
    if len({member.commit for member in members}) < 2:
        fresh = not starts_in_sync and any(member.commit is None for member in members)
        return _awaiting(members) if fresh and len(members) > 1 else _IN_SYNC
    if not starts_in_sync and all(member.shared is None for member in members):
        return _awaiting(members)
    return _pending(members)


def overall(verdicts: Iterable[Verdict]) -> Verdict:
    """Return a device's status: the worst of its device groups'."""
    return max(verdicts, key=lambda verdict: verdict.rank, default=STANDALONE)


def _awaiting(members: Sequence[Member]) -> Verdict:
    latest = newest(members)
    summary = "The device group is awaiting the initial config sync"
    source = latest.name if latest is not None else ""
    return Verdict("Awaiting Initial Sync", "blue", summary, source, rank=4)


def _pending(members: Sequence[Member]) -> Verdict:
    latest = newest(members)
    source = latest.name if latest is not None else ""
    changed = sorted(member.name for member in members if member.changed)
    if len(changed) > 1:
        summary = f"There is a possible change conflict between {' and '.join(changed)}."
        return Verdict("Changes Pending", "red", summary, source, rank=5)
    if changed:
        summary = f"{changed[0]} has changes that have not been synchronised to the device group"
        return Verdict("Changes Pending", "yellow", summary, changed[0], rank=3)
    behind = [m.name for m in members if latest is not None and m.commit != latest.commit]
    summary = f"The configuration of {', '.join(behind)} is not the latest of the device group"
    return Verdict("Not All Devices Synced", "yellow", summary, source, rank=2)


def _said(failed: Sequence[Member]) -> str:
    return "; ".join(f"{member.name}: {member.failure}" for member in failed)
