"""Decides whether a registering agent contradicts those that are there."""

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from bigip_lbaas.domain.cluster import OVERLAP, SYNC, Way
from bigip_lbaas.domain.fleet import UNKNOWN_SERIAL
from bigip_lbaas.domain.ids import AgentId, GroupNumber


class Peer(Protocol):
    """What is compared of an agent; devices are serial numbers."""

    @property
    def id(self) -> AgentId: ...
    @property
    def host(self) -> str: ...
    @property
    def group(self) -> GroupNumber: ...
    @property
    def devices(self) -> tuple[str, ...]: ...
    @property
    def runs_as(self) -> str | None: ...


class Newcomer(Protocol):
    """What is compared of the agent that registers."""

    @property
    def agent_id(self) -> AgentId: ...
    @property
    def host(self) -> str: ...
    @property
    def group(self) -> GroupNumber: ...
    @property
    def devices(self) -> tuple[str, ...]: ...
    @property
    def device_sync(self) -> str: ...
    @property
    def device_set(self) -> str: ...


def conflict(
    newcomer: Newcomer, peers: Iterable[Peer], ways: Mapping[AgentId, Way] | None = None
) -> str | None:
    """Return why the newcomer may not work in this environment, or None.

    peers: the agents that are heard of; one that restarts replaces itself. ways: how those among
    them write their devices that do not write each. Judged by serial numbers, since a device may
    have several addresses.
    """
    mine = frozenset(newcomer.devices)
    others = [peer for peer in sorted(peers, key=lambda p: p.id) if peer.id != newcomer.agent_id]
    for peer in others:
        way = (ways or {}).get(peer.id, Way())
        shared = ", ".join(sorted(_known(mine) & _known(peer.devices)))
        if shared and peer.host == newcomer.host:
            return (
                f"agent {called(peer)} on this host ({peer.host}) manages device {shared} already:"
                " start the second agent on another host, or with other devices"
            )
        if shared and peer.group != newcomer.group:
            return (
                f"device {shared} belongs to device group {peer.group} (agent {called(peer)}) and"
                f" cannot be in group {newcomer.group} too: mend environment_group_number or"
                " icontrol_hostname"
            )
        if peer.group != newcomer.group:
            continue
        if way.device_sync != newcomer.device_sync:
            return (
                f"agent {called(peer)} of device group {peer.group} has device_sync ="
                f" {way.device_sync}, this one {newcomer.device_sync}: all agents of a group must"
                " say the same; stop all of them before it is changed"
            )
        if not _may_be_the_same(mine, set(peer.devices)):
            overlaps = (way.device_set, newcomer.device_set) == (OVERLAP, OVERLAP)
            if not (overlaps and newcomer.device_sync == SYNC):
                return _differ(newcomer, peer, way)
    return _share_none(newcomer, [peer for peer in others if peer.group == newcomer.group])


def _differ(newcomer: Newcomer, peer: Peer, way: Way) -> str:
    """Say which devices only one of them has, and what to do."""
    only_theirs = ", ".join(sorted(set(peer.devices) - set(newcomer.devices)))
    only_ours = ", ".join(sorted(set(newcomer.devices) - set(peer.devices)))
    difference = "; ".join(
        f"only {who}: {what}"
        for who, what in ((called(peer), only_theirs), (newcomer.agent_id, only_ours))
        if what
    )
    return (
        f"agent {called(peer)} of device group {peer.group} manages"
        f" {', '.join(peer.devices)}, this one {', '.join(newcomer.devices)} ({difference}):"
        " agents of one group must name the same devices in icontrol_hostname, unless both have"
        f" device_sync = sync and device_set = overlap (they have {way.device_set} and"
        f" {newcomer.device_set})"
    )


def _share_none(newcomer: Newcomer, peers: Iterable[Peer]) -> str | None:
    """Return why no device can be the source of all, or None: one must be named by every agent."""
    common = set(newcomer.devices)
    for peer in peers:
        if any(name.startswith(UNKNOWN_SERIAL) for name in (*common, *peer.devices)):
            return None  # judged once all have said who they are
        if not common & set(peer.devices):
            return (
                f"with this agent no device of group {newcomer.group} would be named by all its"
                f" agents: {called(peer)} has {', '.join(peer.devices)}, this one"
                f" {', '.join(newcomer.devices)}; one that all name in icontrol_hostname is needed"
            )
        common &= set(peer.devices)
    return None


def called(agent: Peer) -> str:
    """Return an agent's id, and which process it is where that is known."""
    return f"{agent.id} ({agent.runs_as})" if agent.runs_as else agent.id


def _may_be_the_same(some: Collection[str], others: Collection[str]) -> bool:
    """Return whether two sets of devices can be one, once all have said who they are."""
    return (
        len(some) == len(others)
        and len(_known(some) - _known(others)) <= len(others) - len(_known(others))
        and len(_known(others) - _known(some)) <= len(some) - len(_known(some))
    )


def _known(devices: Collection[str]) -> frozenset[str]:
    return frozenset(name for name in devices if not name.startswith(UNKNOWN_SERIAL))
