"""What the device says of itself: `sys` and `cm`.

Source: iControl REST reference, section 3.11, and the recorded shapes of a 14.1.2.1 device.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bigip_sim import refusals
from bigip_sim.names import to_segment
from bigip_sim.reading import BASE
from bigip_sim.standing import Standing
from bigip_sim.statistics import text

Json = dict[str, object]
_GROUP = "device_trust_group"
_CLUSTER = "bigip-sim-pair"


@dataclass(frozen=True, slots=True)
class Identity:
    """What stays the same while the device lives."""

    name: str
    serial: str
    version: str
    address: str
    build: str = "0.0.10"

    @property
    def edition(self) -> str:
        """Return the edition as releases write it."""
        return "Final" if self.version.count(".") < 3 else "Point Release"


class System:
    """Answers GETs below /mgmt/tm/sys and /mgmt/tm/cm that are not configuration objects."""

    def __init__(
        self, identity: Identity, standing: Callable[[], Standing], clock: Callable[[], float]
    ) -> None:
        self._identity = identity
        self._clock = clock
        self._standing = standing
        self._answers: Mapping[str, Callable[[], Json]] = {
            "cli/version": self._cli_version,
            "sys/version": self._version,
            "sys/ready": self._ready,
            "sys/clock": self._time,
            "sys/global-settings": self._settings,
            "sys/hardware": self._hardware,
            "sys/failover": self._failover_text,
            "cm/device": self._devices,
            "cm/device-group": self._device_groups,
            "cm/traffic-group": self._traffic_groups,
            "cm/sync-status": self._sync_status,
            "cm/failover-status": self._failover_status,
        }

    def read(self, path: str) -> Json | None:
        """Return the answer for a path below /mgmt/tm, or None if it is not one of these."""
        answer = self._answers.get(path)
        if answer is not None:
            return answer()
        if path.startswith("cm/device/"):
            return self._device(path.removeprefix("cm/device/"))
        return None

    def _link(self, path: str) -> str:
        return f"{BASE}/{path}?ver={self._identity.version}"

    def _single(self, path: str, fields: Mapping[str, object]) -> Json:
        leaf = path.rpartition("/")[2]
        kind = f"tm:{path.replace('/', ':')}:{leaf}state"
        return {"kind": kind, "selfLink": self._link(path), **fields}

    def _stats(self, path: str, entries: Mapping[str, object]) -> Json:
        leaf = path.rpartition("/")[2]
        kind = f"tm:{path.replace('/', ':')}:{leaf}stats"
        nested = {f"{BASE}/{path}/0": {"nestedStats": {"entries": entries}}}
        return {"kind": kind, "selfLink": self._link(path), "entries": nested}

    def _version(self) -> Json:
        me = self._identity
        return self._stats(
            "sys/version",
            {
                "Build": text(me.build),
                "Date": text("Thu Jan  1 00:00:00 UTC 1970"),
                "Edition": text(me.edition),
                "Product": text("BIG-IP"),
                "Title": text("Main Package"),
                "Version": text(me.version),
            },
        )

    def _cli_version(self) -> Json:
        """Give the form recorded from 14.1.2.1; which others are supported is not told."""
        version = self._identity.version
        said = {"active": version, "latest": version, "supported": f"{{ {version} }}"}
        return self._stats("cli/version", {name: text(word) for name, word in said.items()})

    def _ready(self) -> Json:
        names = ("configReady", "licenseReady", "provisionReady")
        return self._stats("sys/ready", {name: text("yes") for name in names})

    def _time(self) -> Json:
        """Give `fullDate` as f5-ansible reads it."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        return self._stats("sys/clock", {"fullDate": text(f"{now:%Y-%m-%dT%H:%M:%SZ}")})

    def _settings(self) -> Json:
        fields = {
            "consoleInactivityTimeout": 0,
            "guiSetup": "disabled",
            "hostAddrMode": "management",
            "hostname": self._identity.name,
            "mgmtDhcp": "disabled",
        }
        return self._single("sys/global-settings", fields)

    def _hardware(self) -> Json:
        inside = f"{BASE}/sys/hardware/system-info"
        entries = {
            "bigipChassisSerialNum": text(self._identity.serial),
            "hostBoardSerialNum": text(" "),
            "platform": text("Z100"),
            "switchBoardSerialNum": text(" "),
            "systemType": text("bigip-sim"),
        }
        nested = {f"{inside}/0": {"nestedStats": {"entries": entries}}}
        return {
            "kind": "tm:sys:hardware:hardwarestats",
            "selfLink": self._link("sys/hardware"),
            "entries": {inside: {"nestedStats": {"entries": nested}}},
        }

    def _failover_text(self) -> Json:
        word = "active" if self._standing().active else "standby"
        raw = {"apiAnonymous": f"Failover {word} for 0d 00:00:00\n"}
        return self._single("sys/failover", {"apiRawValues": raw})

    def _devices(self) -> Json:
        standing = self._standing()
        items = [self._device_item(self._identity.name, is_self=True)]
        if standing.peer:
            items.append(self._device_item(standing.peer, is_self=False))
        kind = "tm:cm:device:devicecollectionstate"
        items.sort(key=lambda item: str(item["name"]))
        return {"kind": kind, "selfLink": self._link("cm/device"), "items": items}

    def _device(self, segment: str) -> Json:
        name = segment.replace("~Common~", "")
        for item in (self._device_item(self._identity.name, is_self=True), *self._others()):
            if item["name"] == name:
                return item
        raise refusals.not_found("device", f"/Common/{name}")

    def _others(self) -> tuple[Json, ...]:
        peer = self._standing().peer
        return (self._device_item(peer, is_self=False),) if peer else ()

    def _device_item(self, name: str, *, is_self: bool) -> Json:
        standing, me = self._standing(), self._identity
        if is_self:
            state = "active" if standing.active else "standby"
        elif standing.peer_active is None:
            state = "unknown"
        else:
            state = "active" if standing.peer_active else "standby"
        body: Json = {
            "kind": "tm:cm:device:devicestate",
            "name": name,
            "partition": "Common",
            "fullPath": f"/Common/{name}",
            "generation": 1,
            "selfLink": self._link(f"cm/device/~Common~{to_segment(name)}"),
            "build": me.build,
            "chassisType": "individual",
            "configsyncIp": "none",
            "edition": me.edition,
            "failoverState": state,
            "haCapacity": 0,
            "hostname": name,
            "managementIp": me.address,
            "marketingName": "BIG-IP Virtual Edition",
            "mirrorIp": "any6",
            "mirrorSecondaryIp": "any6",
            "platformId": "Z100",
            "product": "BIG-IP",
            "selfDevice": "true" if is_self else "false",
            "timeZone": "UTC",
            "version": me.version,
        }
        if is_self:  # the other unit's is told by itself
            body["chassisId"] = me.serial
        return body

    def _device_groups(self) -> Json:
        groups = [self._device_group(_GROUP, "sync-only")]
        if self._standing().peer:
            groups.append(self._device_group(_CLUSTER, "sync-failover"))
        kind = "tm:cm:device-group:device-groupcollectionstate"
        return {"kind": kind, "selfLink": self._link("cm/device-group"), "items": groups}

    def _device_group(self, name: str, kind: str) -> Json:
        path = f"cm/device-group/~Common~{name}"
        return {
            "kind": "tm:cm:device-group:device-groupstate",
            "name": name,
            "partition": "Common",
            "fullPath": f"/Common/{name}",
            "generation": 1,
            "selfLink": self._link(path),
            "asmSync": "disabled",
            "autoSync": "enabled" if name == _GROUP else "disabled",
            "fullLoadOnSync": "false",
            "incrementalConfigSyncSizeMax": 1024,
            "networkFailover": "disabled" if name == _GROUP else "enabled",
            "saveOnAutoSync": "false",
            "type": kind,
            "devicesReference": {"link": self._link(f"{path}/devices"), "isSubcollection": True},
        }

    def _traffic_groups(self) -> Json:
        items = [self._traffic_group("traffic-group-1", "true", 1)]
        items.append(self._traffic_group("traffic-group-local-only", "false", 0))
        kind = "tm:cm:traffic-group:traffic-groupcollectionstate"
        return {"kind": kind, "selfLink": self._link("cm/traffic-group"), "items": items}

    def _traffic_group(self, name: str, floats: str, unit: int) -> Json:
        return {
            "kind": "tm:cm:traffic-group:traffic-groupstate",
            "name": name,
            "partition": "Common",
            "fullPath": f"/Common/{name}",
            "generation": 1,
            "selfLink": self._link(f"cm/traffic-group/~Common~{name}"),
            "autoFailbackEnabled": "false",
            "autoFailbackTime": 60,
            "failoverMethod": "ha-order",
            "haLoadFactor": 1,
            "isFloating": floats,
            "mac": "none",
            "monitor": {},
            "unitId": unit,
        }

    def _sync_status(self) -> Json:
        """No configuration is synchronised here, so a pair never claims to be in sync."""
        alone = not self._standing().peer
        status = "Standalone" if alone else "Awaiting Initial Sync"
        details = f"{BASE}/cm/syncStatus/0/details"  # camelCase inside: section 3.11
        entries: Json = {
            "color": text("green" if alone else "blue"),
            "mode": text("standalone" if alone else "high-availability"),
            "status": text(status),
            "summary": text(" "),
            details: {"nestedStats": {"entries": {}}},
        }
        return self._stats("cm/sync-status", entries)

    def _failover_status(self) -> Json:
        standing = self._standing()
        active = standing.active + bool(standing.peer_active)
        said = "active for /Common/traffic-group-1" if standing.active else "standby"
        inside = f"{BASE}/cm/failoverStatus/0/details"
        detail = {f"{inside}/0": {"nestedStats": {"entries": {"details": text(said)}}}}
        entries: Json = {
            "color": text("green" if standing.active else "gray"),
            "status": text("ACTIVE" if standing.active else "STANDBY"),
            "summary": text(f"{active}/1 active"),
            inside: {"nestedStats": {"entries": detail}},
        }
        return self._stats("cm/failover-status", entries)
