"""The `/stats` of virtual servers, pools, members, nodes and SSL profiles.

Source: iControl REST reference, sections 4.1 and 4.4.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from bigip_sim import health, refusals
from bigip_sim.catalogue import KINDS, collection_path, display, object_path
from bigip_sim.health import Health, Probes, Status
from bigip_sim.names import split_path, split_port, to_segment
from bigip_sim.reading import BASE
from bigip_sim.routes import Target
from bigip_sim.traffic import NOTHING, Counters, HandRates, Traffic
from bigip_sim.tree import Item, Tree
from bigip_sim.versions import at_least

Json = dict[str, object]


class Plane(Traffic, Probes, Protocol):
    """Traffic and monitors, from one place."""


def number(value: int) -> Mapping[str, int]:
    """A statistic that is a number."""
    return {"value": value}


def text(value: object) -> Mapping[str, str]:
    """A statistic that is text."""
    return {"description": str(value)}


class Statistics:
    """Renders statistics of one committed tree."""

    def __init__(self, tree: Tree, plane: "Plane", hand: HandRates, version: str) -> None:
        self._tree = tree
        self._plane = plane
        self._hand = hand
        self._version = version

    def read(self, target: Target) -> Json:
        """GET of an object's or a collection's statistics."""
        kind = target.kind
        if target.name is None:
            items = self._tree.of_kind(kind.path, target.owner)
            state, path = "collectionstats", collection_path(kind, target.owner)
        else:
            item = self._tree.get(kind.key(target.name, target.owner))
            if item is None or item.kind != kind.path:
                key = kind.key(target.name, target.owner)
                raise refusals.not_found(kind.human, display(kind, key))
            items, state = [item], "stats"
            path = object_path(kind, item.key)
        body: Json = {
            "kind": f"tm:{kind.path.replace('/', ':')}:{kind.leaf}{state}",
            "selfLink": f"{BASE}/{path}/stats?ver={self._version}",
        }
        render = self._renderers().get(kind.path)
        if render is None:
            entries: Json = {}
        elif target.name is not None:
            entries = self._alone(items[0], render(items[0]), path)
        else:
            entries = {self._url(item): _nested(item, render(item)) for item in items}
        if entries:  # an empty collection of statistics has no entries: section 1.4
            body["entries"] = entries
        return body

    def _alone(self, item: Item, fields: Json, path: str) -> Json:
        """Return one object's entries: flat in 11.x, under a doubled name in 12.x (4.1, 4.4)."""
        if not at_least(self._version, "12"):
            return fields
        if not at_least(self._version, "13"):
            doubled = f"{BASE}/{path}/{to_segment(item.key.name)}/stats"
            return {doubled: _nested(item, fields)}
        return {self._url(item): _nested(item, fields)}

    def _renderers(self) -> Mapping[str, Callable[[Item], Json]]:
        return {
            "ltm/virtual": self._virtual,
            "ltm/pool": self._pool,
            "ltm/pool/members": self._member,
            "ltm/node": self._node,
            "ltm/profile/client-ssl": self._client_ssl,
        }

    def _url(self, item: Item) -> str:
        return f"{BASE}/{object_path(KINDS[item.kind], item.key)}/stats"

    def _virtual(self, item: Item) -> Json:
        counters = self._plane.virtual(item.key.name)
        status = health.of_virtual(self._tree, item, self._plane)
        address = str(item.own.get("destination", "")).rpartition("/")[2]
        names = ("accepts", "hwAccepts", "hwSyncookies", "rejects", "swsyncookieInstance")
        more = ("hwsyncookieInstance", "syncacheCurr", "syncacheOver", "syncookies")
        return {
            **_side("clientside", counters, is_virtual=True),
            **_side("ephemeral", NOTHING, is_virtual=True),
            "cmpEnableMode": text("all-cpus"),
            "cmpEnabled": text("enabled"),
            **{f"csM{n}ConnDur": number(0) for n in ("ax", "ean", "in")},
            "destination": text(address),
            **{f"{t}AvgUsageRatio": number(0) for t in ("fiveMin", "fiveSec", "oneMin")},
            **_status(status),
            **{f"syncookie.{name}": number(0) for name in names + more},
            "syncookieStatus": text("not-activated"),
            "tmName": text(item.key.name),
            "totRequests": number(counters.requests),
        }

    def _pool(self, item: Item) -> Json:
        status = health.of_pool(self._tree, item.key.name, self._plane)
        counters = NOTHING
        for member in self._tree.of_kind("ltm/pool/members", item.key.name):
            counters += self._plane.member(item.key.name, member.key.name)
        return {
            "activeMemberCnt": number(status.active_members),
            "availableMemberCnt": number(status.available_members),
            **_queue("connq"),
            **_queue("connqAll"),
            "curPriogrp": number(0),
            "curSessions": number(0),
            "highestPriogrp": number(0),
            "lowestPriogrp": number(0),
            "memberCnt": number(status.members),
            "minActiveMembers": number(_int(item.own.get("minActiveMembers"))),
            "monitorRule": text(item.own.get("monitor", "none")),
            **_side("serverside", counters),
            **_status(status),
            "tmName": text(item.key.name),
            "totRequests": number(counters.requests),
        }

    def _member(self, item: Item) -> Json:
        counters = self._plane.member(item.key.owner, item.key.name)
        found = health.of_member(self._tree, item, self._plane)
        path = split_path(item.key.name)
        host, port = split_port(path.name)
        return {
            "addr": text(item.own.get("address")),
            **_queue("connq"),
            "curSessions": number(0),
            "monitorRule": text(found.monitor_rule),
            "monitorStatus": text(found.monitor_status),
            "nodeName": text(f"/{path.partition}/{host}"),
            "poolName": text(item.key.owner),
            "port": number(int(port) if port.isdigit() else 0),
            **_side("serverside", counters),
            "sessionStatus": text(found.session_status),
            **_member_status(found),
            "totRequests": number(counters.requests),
        }

    def _node(self, item: Item) -> Json:
        found = health.of_node(item, self._plane)
        counters = NOTHING
        for user in self._tree.users(item.key):
            counters += self._plane.member(user.owner, user.name)
        return {
            "addr": text(item.own.get("address")),
            "curSessions": number(0),
            "monitorRule": text(found.monitor_rule),
            "monitorStatus": text(found.monitor_status),
            **_side("serverside", counters),
            "sessionStatus": text(found.session_status),
            **_member_status(found),
            "tmName": text(item.key.name),
            "totRequests": number(counters.requests),
        }

    def _client_ssl(self, item: Item) -> Json:
        """Handshakes are those set by hand, counted on the root profile."""
        is_root = item.key.name == KINDS[item.kind].root
        total = self._hand.amount("ssl_tps") if is_root else 0
        return {
            "common.curConns": number(0),
            "common.maxConns": number(0),
            "common.totNativeConns": number(total),
            "common.totCompatConns": number(0),
            "tmName": text(item.key.name),
        }


def _nested(item: Item, entries: Json) -> Json:
    kind = KINDS[item.kind]
    return {
        "nestedStats": {
            "kind": f"tm:{kind.path.replace('/', ':')}:{kind.leaf}stats",
            "entries": entries,
        }
    }


def _side(side: str, counters: Counters, *, is_virtual: bool = False) -> Json:
    entries: Json = {
        f"{side}.bitsIn": number(counters.bytes_in * 8),
        f"{side}.bitsOut": number(counters.bytes_out * 8),
        f"{side}.curConns": number(counters.current),
        f"{side}.maxConns": number(counters.maximum),
        f"{side}.pktsIn": number(counters.packets(counters.bytes_in)),
        f"{side}.pktsOut": number(counters.packets(counters.bytes_out)),
        f"{side}.totConns": number(counters.total),
    }
    if is_virtual:
        entries[f"{side}.evictedConns"] = number(0)
        entries[f"{side}.slowKilled"] = number(0)
    return entries


def _queue(name: str) -> Json:
    parts = ("ageEdm", "ageEma", "ageHead", "ageMax", "depth", "serviced")
    return {f"{name}.{part}": number(0) for part in parts}


def _status(status: Status) -> Json:
    return {
        "status.availabilityState": text(status.availability),
        "status.enabledState": text(status.enabled),
        "status.statusReason": text(status.reason),
    }


def _member_status(found: Health) -> Json:
    return {
        "status.availabilityState": text(found.availability),
        "status.enabledState": text(found.enabled),
        "status.statusReason": text(found.reason),
    }


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0
