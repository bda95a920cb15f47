"""What virtual servers, pools, members, nodes, rules, policies and SNATs count.

Source: iControl REST reference, section 4.4. Fields of virtual addresses and of SNATs are
unverified.
"""

import re
from collections.abc import Callable, Iterable, Mapping

from bigip_sim import health
from bigip_sim.catalogue import KINDS, inside, object_path
from bigip_sim.health import Health, Status
from bigip_sim.names import split_path, split_port, to_segment
from bigip_sim.reading import BASE
from bigip_sim.recorded import counted
from bigip_sim.rendering import Fields, Nested, keyed, nested, written
from bigip_sim.sources import Sources
from bigip_sim.traffic import NOTHING, Counters
from bigip_sim.tree import Item
from bigip_sim.versions import at_least

Entries = Iterable[tuple[str, Fields]]
_EVENT = re.compile(r"^\s*when\s+([A-Z0-9_]+)(?:\s+priority\s+(\d+))?", re.MULTILINE)
_PRIORITY = 500  # of an event that names none
_QUEUE = ("ageEdm", "ageEma", "ageHead", "ageMax", "depth", "serviced")
_NO_QUEUE = {f"{name}.{part}": 0 for name in ("connq",) for part in _QUEUE}
_EVENTS = frozenset({"request", "response", "clientAccepted", "sslClientHello", "sslServerHello"})
_DOING = frozenset(
    {"select", "reset", "redirect", "replace", "insert", "remove", "write", "enable", "disable"}
)
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
    counters = sources.meter.less((item.key.family, item.key.name), sources.of_virtuals(item.key))
    yield (
        "",
        {
            "addr": str(item.own.get("address", "")),
            **side("clientside", counters),
            **_unloaded("clientside"),
            **_status(Status(state, enabled, "The virtual address is " + state)),
            "tmName": item.key.name,
        },
    )


def _pool_sum(sources: Sources, item: Item) -> Counters:
    total = NOTHING
    for member in sources.tree.of_kind("ltm/pool/members", item.key.name):
        total += sources.meter.member_since_boot(item.key.name, member.key.name)
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
            **_checked(found, sources.version),
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
        total += sources.meter.member_since_boot(user.owner, user.name)
    return total


def _node(sources: Sources, item: Item) -> Entries:
    counters = sources.meter.less(("ltm/node", item.key.name), _node_sum(sources, item))
    yield (
        "",
        {
            "addr": str(item.own.get("address")),
            "curSessions": 0,
            **_checked(health.of_node(item, sources.probes), sources.version),
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


def _policy(sources: Sources, item: Item) -> Entries:
    """Tell a policy and its actions; how often they ran is not counted.

    Which word is an action's and which its target's is recorded for one (`enable` of `asm`).
    """
    path = f"{BASE}/{object_path(KINDS[item.kind], item.key)}/actions"
    actions = []
    for rule in sources.tree.of_kind("ltm/policy/rules", item.key.name):
        owner = inside(rule.key)
        for action in sources.tree.of_kind("ltm/policy/rules/actions", owner):
            said = [name for name, value in action.own.items() if value is True]
            doing = next((name for name in said if name in _DOING), "")
            target = next((name for name in said if name not in _EVENTS | {doing}), doing)
            fields: Fields = {
                "action": _in_words(doing),
                "actionId": int(action.key.name) if action.key.name.isdigit() else 0,
                "invoked": 0,
                "ruleName": rule.key.name,
                "succeeded": 0,
                "tmTarget": _in_words(target),
            }
            key = f"{path}/{to_segment(rule.key.name)}:{action.key.name}/stats"
            actions.append((key, nested(written(fields))))
    own: Fields = {"invoked": 0, "policyName": item.key.name, "succeeded": 0, "vsName": "N/A"}
    if actions:
        own = {**own, f"{path}/stats": Nested(nested(keyed(actions)))}
    yield "", own


def _in_words(name: str) -> str:
    """Return `http-reply` for `httpReply`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()


def _snat(side_name: str) -> Callable[[Sources, Item], Entries]:
    def counted_by_users(sources: Sources, item: Item) -> Entries:
        counters = sources.meter.less(
            (item.key.family, item.key.name), sources.of_virtuals(item.key)
        )
        yield "", {**side(side_name, counters), "tmName": item.key.name}

    return counted_by_users


def _interface(_sources: Sources, item: Item) -> Entries:
    """Nothing passes an interface; its fields are those that clients of devices read."""
    parts = ("bitsIn", "bitsOut", "dropsAll", "errorsAll", "pktsIn", "pktsOut")
    media = str(item.own.get("mediaActive", KINDS[item.kind].defaults.get("mediaActive", "none")))
    status = "disabled" if item.own.get("disabled") else "up"
    told = {"mediaActive": media, "status": status, "tmName": item.key.name}
    yield "", {**dict.fromkeys((f"counters.{part}" for part in parts), 0), **told}


def _tunnel(_sources: Sources, item: Item) -> Entries:
    yield (
        "",
        {
            **counted("net/tunnels/tunnel"),
            "tmName": item.key.name,
            "typeId": "net tunnels tunnel",
        },
    )


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
    "net/interface": _interface,
    "net/tunnels/tunnel": _tunnel,
}


def reset_users(sources: Sources, item: Item) -> None:
    """Let what is added up over virtual servers begin at 0."""
    sources.meter.reset((item.key.family, item.key.name), sources.of_virtuals(item.key))


RESETS: Mapping[str, Callable[[Sources, Item], None]] = {
    "ltm/virtual": lambda s, i: s.meter.reset_virtual(i.key.name),
    "ltm/pool": lambda s, i: s.meter.reset((i.key.family, i.key.name), _pool_sum(s, i)),
    "ltm/pool/members": lambda s, i: s.meter.reset_member(i.key.owner, i.key.name),
    "ltm/node": lambda s, i: s.meter.reset((i.key.family, i.key.name), _node_sum(s, i)),
    "ltm/virtual-address": reset_users,
    "ltm/rule": lambda _s, _i: None,
    "ltm/policy": lambda _s, _i: None,
    "ltm/snat": reset_users,
    "ltm/snat-translation": reset_users,
    "ltm/snatpool": reset_users,
    "net/interface": lambda _s, _i: None,
    "net/tunnels/tunnel": lambda _s, _i: None,
}


def _status(status: Status) -> dict[str, int | str]:
    return {
        "status.availabilityState": status.availability,
        "status.enabledState": status.enabled,
        "status.statusReason": status.reason,
    }


def _checked(found: Health, version: str) -> dict[str, int | str]:
    session = found.session_status
    if session == "user-disabled" and not at_least(version, "12"):
        session = "disabled"  # so on older releases; on which is unverified
    return {
        "monitorRule": found.monitor_rule,
        "monitorStatus": found.monitor_status,
        "sessionStatus": session,
        "status.availabilityState": found.availability,
        "status.enabledState": found.enabled,
        "status.statusReason": found.reason,
    }


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
