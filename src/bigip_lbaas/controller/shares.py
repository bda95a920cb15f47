"""Tells agents how many requests each may have under way at each of its devices.

All agents count that this database knows as alive, of whatever environment, switched on or off:
each of them may still talk to the device.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.domain.ids import AgentId, EnvironmentName
from bigip_lbaas.scheduling.request_shares import request_shares
from bigip_lbaas.store import records
from bigip_lbaas.store.port import OneOf, Transaction
from bigip_lbaas.wire.messages import RequestShare


def shares_of(
    tx: Transaction, settings: ControllerSettings, agents: Iterable[records.Agent]
) -> dict[AgentId, tuple[RequestShare, ...]]:
    """Return each of these agents -> its share of each device that it registered with."""
    asked = tuple(agents)
    sharing: dict[str, set[tuple[EnvironmentName, AgentId]]] = defaultdict(set)
    for one in (*asked, *_neighbours(tx, settings, asked)):
        for device in one.devices:
            sharing[device].add((one.environment, one.id))
    limit = settings.device_request_limit
    by_device: Mapping[str, Mapping[tuple[EnvironmentName, AgentId], int]] = {
        device: request_shares(limit, known) for device, known in sharing.items()
    }
    return {
        one.id: tuple(
            RequestShare(device, by_device[device][one.environment, one.id])
            for device in one.devices
        )
        for one in asked
    }


def _neighbours(
    tx: Transaction, settings: ControllerSettings, agents: Iterable[records.Agent]
) -> tuple[records.Agent, ...]:
    """Return the living agents of their groups, and of other environments on the same devices."""
    groups = {(one.environment, one.group) for one in agents}
    devices = {device for one in agents for device in one.devices}
    for name in tx.count(records.Group, by="environment"):
        if name != settings.environment:
            others = tx.select(records.Group, environment=name)
            groups |= {(name, one.number) for one in others if devices & set(one.devices)}
    found: list[records.Agent] = []
    for environment in sorted({name for name, _ in groups}):
        theirs = OneOf("group", tuple(sorted(n for name, n in groups if name == environment)))
        where: dict[str, Any] = {"environment": environment, "alive": True}
        found += tx.select(records.Agent, theirs, **where)
    return tuple(found)
