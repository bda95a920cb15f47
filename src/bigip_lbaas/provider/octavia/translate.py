"""Translates octavia-lib's data models, objects or plain dicts, into the words of the domain."""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any, TypeVar

from octavia_lib.api.drivers import data_models

from bigip_lbaas.domain.edit import settle
from bigip_lbaas.domain.errors import RequestRejected, UnsupportedOption
from bigip_lbaas.domain.graph import (
    Algorithm,
    HealthMonitor,
    Listener,
    ListenerProtocol,
    Member,
    MonitorType,
    ObjectKind,
    ObjectRef,
    Pool,
    PoolProtocol,
    ServiceGraph,
)
from bigip_lbaas.domain.ids import LoadBalancerId, ObjectId, ProjectId
from bigip_lbaas.provider.octavia import refuse
from bigip_lbaas.provider.octavia.refuse import Leniency

_Choice = TypeVar("_Choice", bound=StrEnum)


def plain(model: Any) -> dict[str, Any]:
    """Return the fields that are set; what the API's caller did not mention is left out."""
    values = model if isinstance(model, Mapping) else vars(model)
    return {
        key: value for key, value in values.items() if not isinstance(value, data_models.UnsetType)
    }


def service_graph(model: Any, leniency: Leniency) -> ServiceGraph:
    """Return a load balancer with everything under it, settled.

    Raises UnsupportedOption for what is not offered, RequestRejected for what contradicts itself.
    """
    values = plain(model)
    refuse.check_load_balancer(values)
    listeners = [plain(child) for child in values.get("listeners") or ()]
    pools = {pool["pool_id"]: pool for pool in map(plain, values.get("pools") or ())}
    for child in listeners:
        if child.get("default_pool"):
            pool = plain(child["default_pool"])
            pools.setdefault(pool["pool_id"], pool)
    return settle(
        ServiceGraph(
            id=LoadBalancerId(values["loadbalancer_id"]),
            project_id=ProjectId(values["project_id"]),
            vip_address=values.get("vip_address") or "",
            name=values.get("name") or "",
            admin_state_up=_flag(values, "admin_state_up"),
            listeners=tuple(listener(child, leniency) for child in listeners),
            pools=tuple(whole_pool(child) for child in pools.values()),
        )
    )


def demands(model: Any, leniency: Leniency) -> tuple[str, ...]:
    """Return the tags that the load balancer's flavor and availability zone ask for."""
    values = plain(model)
    tags: set[str] = set()
    for field, where in (("flavor", "flavor"), ("availability_zone", "availability zone")):
        metadata = values.get(field)
        # At creation both are the metadata; a read of the API shows a zone by its name alone.
        if isinstance(metadata, Mapping):
            tags.update(refuse.group_tags(metadata, leniency, where))
    return tuple(sorted(tags))


def objects_below(model: Any) -> tuple[ObjectRef, ...]:
    """Return what the API has under a load balancer, children before parents."""
    values = plain(model)
    below: list[ObjectRef] = []
    for pool_values in map(plain, values.get("pools") or ()):
        members = map(plain, pool_values.get("members") or ())
        below += [ObjectRef(ObjectKind.MEMBER, child["member_id"]) for child in members]
        if pool_values.get("healthmonitor"):
            monitor_id = plain(pool_values["healthmonitor"])["healthmonitor_id"]
            below.append(ObjectRef(ObjectKind.HEALTH_MONITOR, monitor_id))
        below.append(ObjectRef(ObjectKind.POOL, pool_values["pool_id"]))
    listeners = map(plain, values.get("listeners") or ())
    below += [ObjectRef(ObjectKind.LISTENER, child["listener_id"]) for child in listeners]
    return tuple(below)


def listener(model: Any, leniency: Leniency, before: Listener | None = None) -> Listener:
    """Return a listener; with `before`, only what the model mentions changes."""
    values = plain(model)
    _check_enum(values, "protocol", ListenerProtocol, "listeners")
    refuse.check_listener(values, leniency)
    start = before or Listener(
        id=ObjectId(values["listener_id"]),
        protocol=_choice(values, "protocol", ListenerProtocol),
        protocol_port=int(values["protocol_port"]),
    )
    return replace(
        start,
        connection_limit=_number(values, "connection_limit", start.connection_limit, unset=-1),
        admin_state_up=_flag(values, "admin_state_up", start.admin_state_up),
        default_pool_id=_default_pool_id(values, start),
    )


def pool(model: Any, before: Pool | None = None) -> Pool:
    """Return a pool by itself; with `before`, only what the model mentions changes."""
    values = plain(model)
    _check_enum(values, "protocol", PoolProtocol, "pools")
    _check_enum(values, "lb_algorithm", Algorithm, "pools")
    refuse.check_pool(values)
    start = before or Pool(
        id=ObjectId(values["pool_id"]),
        protocol=_choice(values, "protocol", PoolProtocol),
        algorithm=_choice(values, "lb_algorithm", Algorithm),
    )
    algorithm = values.get("lb_algorithm")
    return replace(
        start,
        algorithm=Algorithm(algorithm) if algorithm else start.algorithm,
        admin_state_up=_flag(values, "admin_state_up", start.admin_state_up),
    )


def whole_pool(model: Any) -> Pool:
    """Return a pool with its members and its health monitor."""
    values = plain(model)
    return replace(
        pool(values),
        members=tuple(member(child) for child in values.get("members") or ()),
        monitor=monitor(values["healthmonitor"]) if values.get("healthmonitor") else None,
    )


def member(model: Any, before: Member | None = None) -> Member:
    """Return a member; with `before`, only what the model mentions changes."""
    values = plain(model)
    refuse.check_member(values)
    start = before or Member(
        id=ObjectId(values["member_id"]),
        address=str(values["address"]),
        protocol_port=int(values["protocol_port"]),
    )
    return replace(
        start,
        weight=_number(values, "weight", start.weight, unset=1),
        admin_state_up=_flag(values, "admin_state_up", start.admin_state_up),
    )


def monitor(model: Any, before: HealthMonitor | None = None) -> HealthMonitor:
    """Return a health monitor; with `before`, only what the model mentions changes."""
    values = plain(model)
    _check_enum(values, "type", MonitorType, "health monitors")
    refuse.check_monitor(values)
    start = before or HealthMonitor(
        id=ObjectId(values["healthmonitor_id"]),
        type=_choice(values, "type", MonitorType),
        delay_s=int(values["delay"]),
        timeout_s=int(values["timeout"]),
        max_retries=int(values["max_retries"]),
    )
    changed = replace(
        start,
        delay_s=_number(values, "delay", start.delay_s),
        timeout_s=_number(values, "timeout", start.timeout_s),
        max_retries=_number(values, "max_retries", start.max_retries),
        max_retries_down=_number(values, "max_retries_down", start.max_retries_down, unset=3),
        admin_state_up=_flag(values, "admin_state_up", start.admin_state_up),
    )
    if changed.type is not MonitorType.HTTP:
        return changed
    return replace(
        changed,
        http_method=values.get("http_method") or start.http_method or "GET",
        url_path=values.get("url_path") or start.url_path or "/",
        expected_codes=values.get("expected_codes") or start.expected_codes or "200",
    )


def _default_pool_id(values: Mapping[str, Any], start: Listener) -> ObjectId | None:
    if values.get("default_pool"):
        return ObjectId(plain(values["default_pool"])["pool_id"])
    if "default_pool_id" not in values:
        return start.default_pool_id
    return ObjectId(values["default_pool_id"]) if values["default_pool_id"] else None


def _flag(values: Mapping[str, Any], field: str, start: bool = True) -> bool:
    value = values.get(field)
    return start if value is None else bool(value)


def _number(values: Mapping[str, Any], field: str, start: int, unset: int | None = None) -> int:
    """Return the field's value; a None that the caller gave means `unset`, the API's default."""
    if field not in values:
        return start
    value = values[field]
    if value is None:
        return start if unset is None else unset
    return int(value)


def _check_enum(values: Mapping[str, Any], field: str, choices: type[StrEnum], kind: str) -> None:
    value = values.get(field)
    if value is None or value in {choice.value for choice in choices}:
        return
    offered = ", ".join(choices)
    raise UnsupportedOption(
        f"This provider does not support {field} {value} for {kind}; choose one of {offered}.",
        f"{field} {value} was asked for; the driver translates {offered}",
    )


def _choice(values: Mapping[str, Any], field: str, choices: type[_Choice]) -> _Choice:
    if not values.get(field):
        raise RequestRejected(f"The request names no {field}.")
    return choices(values[field])
