"""What virtual servers, pools, members, nodes, rules, policies and SNATs count.

Source: iControl REST reference, section 4.4. Fields of virtual addresses and of SNATs are
unverified.
"""

import re
from collections.abc import Callable, Iterable, Mapping

from bigip_sim import health
from bigip_sim.health import Health, Status
from bigip_sim.names import split_path, split_port
from bigip_sim.recorded import counted
from bigip_sim.rendering import Fields
from bigip_sim.sources import Sources
from bigip_sim.traffic import NOTHING, Counters
from bigip_sim.tree import Item

Entries = Iterable[tuple[str, Fields]]
_EVENT = re.compile(r"^\s*when\s+([A-Z0-9_]+)(?:\s+priority\s+(\d+))?", re.MULTILINE)
_PRIORITY = 500  # of an event that names none
_QUEUE = ("ageEdm", "ageEma", "ageHead", "ageMax", "depth", "serviced")
_NO_QUEUE = {f"{name}.{part}": 0 for name in ("connq",) for part in _QUEUE}
_NO_QUEUES = {**_NO_QUEUE, **{f"connqAll.{part}": 0 for part in _QUEUE}}


def side(name: str, counters: Counters) -> dict[str, int | str]:
    """Return the counters of one side; bits are counted without the packets' own."""
    return {
        f"{name}.bitsIn": counters.bytes_in * 8,
        f"{name}.bitsOut": counters.bytes_out * 8,
        f"{name}.curConns": counters.current,
        f"{name}.maxConns": counters.maximum,
        f"{name}.pktsIn": counters.packets(counters.bytes_in),
        f"{name}.pktsOut": counters.packets(counters.bytes_out),
        f"{name}.totConns": counters.total,
    }


def _unloaded(name: str) -> dict[str, int | str]:
    return {f"{name}.evictedConns": 0, f"{name}.slowKilled": 0}


_VIRTUAL: Fields = {
    **counted("ltm/virtual"),
    **side("ephemeral", NOTHING),
    **_unloaded("ephemeral"),
    **_unloaded("clientside"),
    "cmpEnableMode": "all-cpus",
    "cmpEnabled": "enabled",
    "syncookieStatus": "not-activated",
}


def _virtual(sources: Sources, item: Item) -> Entries:
    counters = sources.meter.virtual(item.key.name)
    yield (
        "",
        {
            **_VIRTUAL,
            **side("clientside", counters),
            "destination": str(item.own.get("destination", "")).rpartition("/")[2],
            **_status(health.of_virtual(sources.tree, item, sources.probes)),
            "tmName": item.key.name,
            "totRequests": counters.requests,
        },
    )


def _virtual_address(sources: Sources, item: Item) -> Entries:
    found = [
        health.of_virtual(sources.tree, virtual, sources.probes)
        for name in sources.virtuals_with(item.key)
        if (virtual := sources.tree.get(item.key._replace(family="ltm/virtual", name=name)))
    ]
    states = {status.availability for status in found}
    state = next((s for s in ("available", "unknown", "offline") if s in states), "unknown")
    enabled = "disabled" if item.own.get("enabled") == "no" else "enabled"
    yield (
        "",
        {
            "addr": str(item.own.get("address", "")),
            **side("clientside", sources.of_virtuals(item.key)),
            **_unloaded("clientside"),
            **_status(Status(state, enabled, "The virtual address is " + state)),
            "tmName": item.key.name,
        },
    )


def _pool_sum(sources: Sources, item: Item) -> Counters:
    total = NOTHING
    for member in sources.tree.of_kind("ltm/pool/members", item.key.name):
        total += sources.meter.member(item.key.name, member.key.name)
    return total


def _pool(sources: Sources, item: Item) -> Entries:
    status = health.of_pool(sources.tree, item.key.name, sources.probes)
    counters = sources.meter.less(("ltm/pool", item.key.name), _pool_sum(sources, item))
    groups = _groups(sources, item)
    yield (
        "",
        {
            **_NO_QUEUES,
            "activeMemberCnt": status.active_members,
            "availableMemberCnt": status.available_members,
            "curPriogrp": status.group,
            "curSessions": 0,
            "highestPriogrp": groups[-1],
            "lowestPriogrp": groups[0],
            "memberCnt": status.members,
            "minActiveMembers": _number(item.own.get("minActiveMembers")),
            "monitorRule": str(item.own.get("monitor", "none")),
            **side("serverside", counters),
            **_status(status),
            "tmName": item.key.name,
            "totRequests": counters.requests,
        },
    )


def _groups(sources: Sources, pool: Item) -> list[int]:
    members = sources.tree.of_kind("ltm/pool/members", pool.key.name)
    return sorted(_number(m.own.get("priorityGroup")) for m in members) or [0]


def _member(sources: Sources, item: Item) -> Entries:
    counters = sources.meter.member(item.key.owner, item.key.name)
    found = health.of_member(sources.tree, item, sources.probes)
    path = split_path(item.key.name)
    host, port = split_port(path.name)
    yield (
        "",
        {
            **_NO_QUEUE,
            "addr": str(item.own.get("address")),
            "curSessions": 0,
            **_checked(found),
            "nodeName": f"/{path.partition}/{host}",
            "poolName": item.key.owner,
            "port": int(port) if port.isdigit() else 0,
            **side("serverside", counters),
            "totRequests": counters.requests,
        },
    )


def _node_sum(sources: Sources, item: Item) -> Counters:
    total = NOTHING
    for user in sources.tree.users(item.key):
        total += sources.meter.member(user.owner, user.name)
    return total


def _node(sources: Sources, item: Item) -> Entries:
    counters = sources.meter.less(("ltm/node", item.key.name), _node_sum(sources, item))
    yield (
        "",
        {
            "addr": str(item.own.get("address")),
            "curSessions": 0,
            **_checked(health.of_node(item, sources.probes)),
            **side("serverside", counters),
            "tmName": item.key.name,
            "totRequests": counters.requests,
        },
    )


def _rule(_sources: Sources, item: Item) -> Entries:
    """Give an entry for each event of the text; how often they ran is not counted."""
    for event, priority in _EVENT.findall(str(item.own.get("apiAnonymous", ""))):
        yield (
            f":{event}",
            {
                **dict.fromkeys(("aborts", "avgCycles", "failures", "maxCycles", "minCycles"), 0),
                "eventType": event,
                "priority": int(priority or _PRIORITY),
                "tmName": item.key.name,
                "totalExecutions": 0,
            },
        )


def _policy(_sources: Sources, item: Item) -> Entries:
    """How often a policy ran is not counted; its actions are left out."""
    yield "", {"invoked": 0, "policyName": item.key.name, "succeeded": 0, "vsName": "N/A"}


def _snat(side_name: str) -> Callable[[Sources, Item], Entries]:
    def counted_by_users(sources: Sources, item: Item) -> Entries:
        counters = sources.meter.less((item.kind, item.key.name), sources.of_virtuals(item.key))
        yield "", {**side(side_name, counters), "tmName": item.key.name}

    return counted_by_users


def _tunnel(_sources: Sources, item: Item) -> Entries:
    yield (
        "",
        {
            **counted("net/tunnels/tunnel"),
            "tmName": item.key.name,
            "typeId": "net tunnels tunnel",
        },
    )


def _traffic_group(sources: Sources, item: Item) -> Entries:
    """Which fields there are is unverified; f5-ansible wants some."""
    devices = [device.key.name for device in sources.tree.of_kind("cm/device")]
    yield "", {"deviceName": " ".join(devices), "trafficGroup": item.key.name}


COUNTED: Mapping[str, Callable[[Sources, Item], Entries]] = {
    "ltm/virtual": _virtual,
    "ltm/virtual-address": _virtual_address,
    "ltm/pool": _pool,
    "ltm/pool/members": _member,
    "ltm/node": _node,
    "ltm/rule": _rule,
    "ltm/policy": _policy,
    "ltm/snat": _snat("clientside"),
    "ltm/snat-translation": _snat("serverside"),
    "ltm/snatpool": _snat("serverside"),
    "net/tunnels/tunnel": _tunnel,
    "cm/traffic-group": _traffic_group,
}


def reset_users(sources: Sources, item: Item) -> None:
    """Let what is added up over virtual servers begin at 0."""
    sources.meter.reset_sum((item.kind, item.key.name), sources.of_virtuals(item.key))


RESETS: Mapping[str, Callable[[Sources, Item], None]] = {
    "ltm/virtual": lambda s, i: s.meter.reset_virtual(i.key.name),
    "ltm/pool": lambda s, i: s.meter.reset_sum((i.kind, i.key.name), _pool_sum(s, i)),
    "ltm/pool/members": lambda s, i: s.meter.reset_member(i.key.owner, i.key.name),
    "ltm/node": lambda s, i: s.meter.reset_sum((i.kind, i.key.name), _node_sum(s, i)),
    "ltm/virtual-address": lambda _s, _i: None,
    "ltm/rule": lambda _s, _i: None,
    "ltm/policy": lambda _s, _i: None,
    "ltm/snat": reset_users,
    "ltm/snat-translation": reset_users,
    "ltm/snatpool": reset_users,
    "net/tunnels/tunnel": lambda _s, _i: None,
}


def _status(status: Status) -> dict[str, int | str]:
    return {
        "status.availabilityState": status.availability,
        "status.enabledState": status.enabled,
        "status.statusReason": status.reason,
    }


def _checked(found: Health) -> dict[str, int | str]:
    return {
        "monitorRule": found.monitor_rule,
        "monitorStatus": found.monitor_status,
        "sessionStatus": found.session_status,
        "status.availabilityState": found.availability,
        "status.enabledState": found.enabled,
        "status.statusReason": found.reason,
    }


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
