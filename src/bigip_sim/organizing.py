"""The collections that only order others: /mgmt/tm/ltm lists references to what is below it.

Which there are follows from the types and from what the device says of itself. The form is that of
recorded answers (security and security/firewall of 11.5.0).
"""

from collections.abc import Mapping

from bigip_sim.actions import ACTIONS
from bigip_sim.catalogue import KINDS
from bigip_sim.versions import at_least

# What is served but is no type of object: what the device says of itself.
_TOLD = (
    *("sys/cpu", "sys/failover", "sys/hardware", "sys/host-info", "sys/license"),
    *("sys/memory", "sys/performance/all-stats", "sys/performance/throughput", "sys/ready"),
    *("sys/traffic", "sys/version", "cli/version", "cm/failover-status", "cm/sync-status"),
    *("sys/clock", "sys/tmm-info", "sys/tmm-traffic"),
    *(f"sys/performance/{part}" for part in ("connections", "gtm", "ramcache", "system")),
)


def _organized() -> Mapping[str, tuple[str, ...]]:
    """Return what each organizing collection lists, by its path: names of what is right below."""
    served = {path for path, kind in KINDS.items() if not kind.parent}
    served.update(_TOLD, (path for path, _command in ACTIONS if "/" in path))
    found: dict[str, set[str]] = {}
    for path in served:
        parts = path.split("/")
        for depth in range(1, len(parts)):
            found.setdefault("/".join(parts[:depth]), set()).add(parts[depth])
    return {path: tuple(sorted(leaves)) for path, leaves in found.items()}


_ORGANIZED = _organized()


def organizing_collection(path: str, base: str, version: str) -> dict[str, object] | None:
    """GET of an organizing collection; None if the path is none."""
    leaves = _ORGANIZED.get(path)
    if leaves is None:
        return None
    leaf = path.rpartition("/")[2]
    names = [n for n in leaves if f"{path}/{n}" != "sys/ready" or at_least(version, "14")]
    links = [{"reference": {"link": f"{base}/{path}/{name}?ver={version}"}} for name in names]
    return {
        "kind": f"tm:{path.replace('/', ':')}:{leaf}collectionstate",
        "selfLink": f"{base}/{path}?ver={version}",
        "items": links,
    }
