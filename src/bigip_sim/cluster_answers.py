"""How a device tells of its cluster: cm/sync-status, cm/failover-status, sys/failover.

Source: iControl REST reference, section 3.11. The keys inside are camelCase, those around are not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bigip_sim.names import split_path
from bigip_sim.reading import BASE
from bigip_sim.rendering import text
from bigip_sim.standing import Standing
from bigip_sim.sync_status import STANDALONE, Verdict, overall

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Report:
    """What a device knows of its cluster."""

    connections: Mapping[str, bool]  # host name of another device -> whether it answers
    groups: Mapping[str, Verdict]  # bare name of a device group with other members -> its status
    has_failover: bool = False  # whether one of the groups is for failover


ALONE = Report({}, {})


def sync_status(report: Report) -> Json:
    """Return the entries of cm/sync-status."""
    if not report.connections:
        verdict, mode = STANDALONE, "standalone"
        lines = ["Optional action: Add a device to the trust domain"]
    else:
        verdict = overall(report.groups.values())
        mode = "high-availability" if report.has_failover else "trust"  # `trust` is unverified
        lines = _lines(report)
    return {
        "color": text(verdict.color),
        f"{BASE}/cm/syncStatus/0/details": _details("syncStatus", lines),
        "mode": text(mode),
        "status": text(verdict.status),
        "summary": text(verdict.summary),
    }


def failover_status(standing: Standing, traffic_groups: int) -> Json:
    """Return the entries of cm/failover-status; `traffic_groups` is how many there are."""
    active = sorted(standing.active)
    if standing.offline:  # colour and summary are unverified
        color, status, summary = "gray", "FORCED OFFLINE", f"0/{traffic_groups} active"
    elif active:
        color, status, summary = "green", "ACTIVE", f"{len(active)}/{traffic_groups} active"
    else:
        color, status, summary = "gray", "STANDBY", f"{traffic_groups}/{traffic_groups} standby"
    lines = [f"active for {group}" for group in active]
    return {
        "color": text(color),
        f"{BASE}/cm/failoverStatus/0/details": _details("failoverStatus", lines),
        "status": text(status),
        "summary": text(summary),
    }


def failover_text(standing: Standing, since_s: float) -> str:
    """Return what sys/failover says, such as `Failover active for 0d 01:20:32`."""
    minutes, seconds = divmod(int(since_s), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    # That it is written so, and the state `forced-offline`: functional tests of f5-common-python.
    word = "forced_offline" if standing.offline else standing.state
    return f"Failover {word} for {days}d {hours:02}:{minutes:02}:{seconds:02}\n"


def _lines(report: Report) -> list[str]:
    lines = [
        f"{name}: {'connected' if connected else 'disconnected'}"
        for name, connected in sorted(report.connections.items())
    ]
    for path, verdict in sorted(report.groups.items()):
        name = split_path(path).name
        lines.append(f"{name} ({verdict.status}): {verdict.summary}")
        if verdict.source:
            action = f" - Recommended action: Synchronize {verdict.source} to group {name}"
            lines.append(action)
    return lines


def _details(name: str, lines: Sequence[str]) -> Json:
    inside = f"{BASE}/cm/{name}/0/details"
    entries = {
        f"{inside}/{number}": {"nestedStats": {"entries": {"details": text(line)}}}
        for number, line in enumerate(lines)
    }
    return {"nestedStats": {"entries": entries}} if entries else {"nestedStats": {}}
