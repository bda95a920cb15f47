"""What the device says of itself: `sys` and `cm`.

Source: iControl REST reference, section 3.11, and the recorded shapes of a 14.1.2.1 device.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from bigip_sim import cluster_answers, machine
from bigip_sim.cluster_answers import Report
from bigip_sim.reading import BASE
from bigip_sim.rendering import text
from bigip_sim.standing import Standing
from bigip_sim.versions import at_least

Json = dict[str, object]
BASE_MAC = "02:01:23:45:00:00"  # locally administered


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


class Cluster(Protocol):
    """What a device knows of the cluster that it is in, if only of itself."""

    def standing(self) -> Standing:
        """Return how it stands."""

    def since_s(self) -> float:
        """Return for how many seconds it has stood so."""

    def traffic_groups(self) -> int:
        """Return how many traffic groups move between devices."""

    def report(self) -> Report:
        """Return what it knows of the others."""


class System:
    """Answers GETs below /mgmt/tm/sys and /mgmt/tm/cm that are not configuration objects."""

    def __init__(self, identity: Identity, cluster: Cluster, clock: Callable[[], float]) -> None:
        self.identity = identity
        self._clock = clock
        self._cluster = cluster
        self._answers: Mapping[str, Callable[[], Json]] = {
            "cli/version": self._cli_version,
            "sys/version": self._version,
            "sys/ready": self._ready,
            "sys/clock": self._time,
            "sys/hardware": self._hardware,
            "sys/license": self._licence,
            "sys/failover": self._failover_text,
            "cm/sync-status": self._sync_status,
            "cm/failover-status": self._failover_status,
        }

    def read(self, path: str) -> Json | None:
        """Return the answer for a path below /mgmt/tm, or None if it is not one of these."""
        told = path.removesuffix("/stats") if path.startswith("cm/") else path
        if told == "sys/ready" and not at_least(self.identity.version, "14"):
            return None  # it exists from 14.x on
        answer = self._answers.get(told)  # clients ask for the state of a cluster in both ways
        if answer is not None:
            return answer()
        return None

    def _link(self, path: str) -> str:
        return f"{BASE}/{path}?ver={self.identity.version}"

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
        me = self.identity
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
        version = self.identity.version
        said = {"active": version, "latest": version, "supported": f"{{ {version} }}"}
        return self._stats("cli/version", {name: text(word) for name, word in said.items()})

    def _ready(self) -> Json:
        names = ("configReady", "licenseReady", "provisionReady")
        return self._stats("sys/ready", {name: text("yes") for name in names})

    def _time(self) -> Json:
        """Give `fullDate` as f5-ansible reads it."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        return self._stats("sys/clock", {"fullDate": text(f"{now:%Y-%m-%dT%H:%M:%SZ}")})

    def _hardware(self) -> Json:
        entries = machine.hardware(self.identity.serial, BASE_MAC)
        link, kind = self._link("sys/hardware"), "tm:sys:hardware:hardwarestats"
        return {"kind": kind, "selfLink": link, "entries": entries}

    def _licence(self) -> Json:
        me = self.identity
        return self._stats("sys/license", machine.licence(me.version, me.serial, self._clock()))

    def _failover_text(self) -> Json:
        said = cluster_answers.failover_text(self._cluster.standing(), self._cluster.since_s())
        return self._single("sys/failover", {"apiRawValues": {"apiAnonymous": said}})

    def _sync_status(self) -> Json:
        return self._stats("cm/sync-status", cluster_answers.sync_status(self._cluster.report()))

    def _failover_status(self) -> Json:
        entries = cluster_answers.failover_status(
            self._cluster.standing(), self._cluster.traffic_groups()
        )
        return self._stats("cm/failover-status", entries)
