"""The control paths by which units of a cluster reach each other, and one that makes a cluster."""

from collections.abc import Callable, Mapping
from typing import Any

from bigip_sim.trust import Facts, Plan
from bigip_sim.unit import Unit

Json = Mapping[str, Any]


def posts(unit: Unit) -> Mapping[str, Callable[[Json], object]]:
    """Return what each POST does; a body that does not fit raises ValueError, KeyError, TypeError.

    POST /cluster makes a cluster: `devices` (host name -> control URL, this unit's own included),
    `group` (name of the sync-failover device group), `settings` of that group, `traffic_groups`
    (name -> settings) and `in_sync` (whether the group starts in sync). With `trust` false the
    devices only get to know where the others are.
    """
    cluster = unit.device.cluster
    return {
        "/cluster": lambda body: _make(unit, body),
        "/cluster/exchange": cluster.exchange,
        "/cluster/sync": lambda body: cluster.sync.take(body) if unit.powered else {"off": True},
        "/cluster/push": lambda body: cluster.sync.to_group(str(body["group"]), whole=True),
        "/cluster/join": lambda body: _join(unit, body),
        "/cluster/leave": lambda body: cluster.leave(str(body["from"])),
    }


def told(unit: Unit) -> Json:
    """Return what the unit knows of its cluster."""
    report = unit.device.cluster.report()
    return {
        **unit.told(),
        "connections": dict(report.connections),
        "groups": {name: verdict.status for name, verdict in report.groups.items()},
    }


def _make(unit: Unit, body: Json) -> None:
    devices = body["devices"]
    if not isinstance(devices, Mapping):
        raise TypeError('expected {"devices": {"bigip-2": "http://127.0.0.1:PORT"}, "group": …}')
    cluster = unit.device.cluster
    cluster.know({str(name): str(url) for name, url in devices.items()})
    if body.get("trust", True) is True:
        settings, traffic_groups = body.get("settings", {}), body.get("traffic_groups", {})
        plan = Plan(str(body["group"]), tuple(sorted(devices)), settings, traffic_groups)
        cluster.form(plan, in_sync=body.get("in_sync") is True)


def _join(unit: Unit, body: Json) -> Json:
    account = unit.device.account
    if not unit.powered or (body["username"], body["password"]) != (
        account.username,
        account.password,
    ):
        return {"refused": "authentication failed"}
    return unit.device.cluster.accept(Facts(**body["facts"]), body["devices"])
