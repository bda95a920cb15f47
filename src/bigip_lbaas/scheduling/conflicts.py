"""Decides whether a registering agent contradicts those that are there."""

from collections.abc import Collection, Iterable
from typing import Protocol

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


def conflict(newcomer: Newcomer, peers: Iterable[Peer]) -> str | None:
    """Return why the newcomer may not work in this environment, or None.

    peers: the agents that are heard of; one that restarts replaces itself. Judged by serial
    numbers, since a device may have several addresses.
    """
    mine = frozenset(newcomer.devices)
    for peer in sorted(peers, key=lambda peer: peer.id):
        if peer.id == newcomer.agent_id:
            continue
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
        if peer.group == newcomer.group and not _may_be_the_same(mine, set(peer.devices)):
            return (
                f"agent {called(peer)} of device group {peer.group} manages"
                f" {', '.join(peer.devices)}, this one {', '.join(newcomer.devices)}:"
                " agents of one group must name the same devices in icontrol_hostname"
            )
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
