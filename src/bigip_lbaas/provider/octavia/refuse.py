"""Refuses what the API offers and this driver does not: one sentence for the user, one for us."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bigip_lbaas.domain.errors import UnsupportedOption

# What Octavia fills in when the user says nothing (octavia 19.0, [haproxy_amphora]); milliseconds.
DEFAULT_TIMEOUTS_MS = {
    "timeout_client_data": 50000,
    "timeout_member_connect": 5000,
    "timeout_member_data": 50000,
    "timeout_tcp_inspect": 0,
}

# Known to other drivers; met in flavors and zones that several providers share.
FOREIGN_METADATA = frozenset(
    {
        "loadbalancer_topology", "compute_flavor", "amp_image_tag", "sriov_vip",
        "allow_member_sriov", "compute_zone", "management_network", "valid_vip_networks",
        "volume_zone",
    }
)  # fmt: skip

GROUP_TAGS = "group_tags"
METADATA = {
    GROUP_TAGS: "Tags, separated by commas, that a device group must carry to be chosen.",
}


@dataclass(frozen=True, slots=True)
class Leniency:
    """What is let pass without effect instead of being refused.

    foreign_metadata: flavor and availability zone keys of other drivers.
    timeouts: timeouts of a listener that differ from Octavia's own defaults.
    """

    foreign_metadata: bool = True
    timeouts: bool = False


STRICT = Leniency(foreign_metadata=False)

_set = bool


def _is_not(*harmless: object) -> Callable[[Any], bool]:
    return lambda value: bool(value) and value not in harmless


@dataclass(frozen=True, slots=True)
class _Rule:
    field: str
    asks_for: str
    applies: Callable[[Any], bool] = _set


_LOAD_BALANCER = (
    _Rule("vip_qos_policy_id", "a QoS policy on the VIP"),
    _Rule("vip_sg_ids", "security groups on the VIP"),
    _Rule("additional_vips", "more than one VIP address"),
)
_LISTENER = (
    _Rule("default_tls_container_ref", "TLS termination"),
    _Rule("sni_container_refs", "TLS termination with SNI"),
    _Rule("client_ca_tls_container_ref", "TLS client authentication"),
    _Rule("client_crl_container_ref", "TLS client authentication"),
    _Rule("client_authentication", "TLS client authentication", _is_not("NONE")),
    _Rule("hsts_max_age", "HTTP strict transport security", lambda value: value is not None),
    _Rule("allowed_cidrs", "allowed CIDRs on a listener"),
    _Rule("insert_headers", "the insertion of HTTP headers"),
    _Rule("l7policies", "L7 policies"),
)
_POOL = (
    _Rule("session_persistence", "session persistence"),
    _Rule("tls_enabled", "TLS to the members"),
    _Rule("tls_container_ref", "TLS to the members"),
    _Rule("ca_tls_container_ref", "TLS to the members"),
    _Rule("crl_container_ref", "TLS to the members"),
)
_MEMBER = (
    _Rule("backup", "backup members"),
    _Rule("monitor_address", "a member's monitor address"),
    _Rule("monitor_port", "a member's monitor port"),
    _Rule("vnic_type", "SR-IOV ports for members", _is_not("normal")),
)
_MONITOR = (
    _Rule("http_version", "a health monitor's HTTP version"),
    _Rule("domain_name", "a health monitor's domain name"),
)


def check_load_balancer(values: Mapping[str, Any]) -> None:
    """Raise UnsupportedOption for what is not offered of a load balancer."""
    _check(values, _LOAD_BALANCER, "load balancer", "loadbalancer_id")


def check_listener(values: Mapping[str, Any], leniency: Leniency) -> None:
    """Raise UnsupportedOption for what is not offered of a listener."""
    _check(values, _LISTENER, "listener", "listener_id")
    if leniency.timeouts:
        return
    for option, default_ms in DEFAULT_TIMEOUTS_MS.items():
        value = values.get(option)
        if value is not None and value != default_ms:
            raise UnsupportedOption(
                f"This provider does not support {option} {value}; leave it out"
                f" (default {default_ms} ms).",
                f"listener {values.get('listener_id')}: {option} is {value}, the API's default is"
                f" {default_ms}; listener_timeouts = ignore lets it pass without effect",
            )


def check_pool(values: Mapping[str, Any]) -> None:
    """Raise UnsupportedOption for what is not offered of a pool."""
    _check(values, _POOL, "pool", "pool_id")


def check_member(values: Mapping[str, Any]) -> None:
    """Raise UnsupportedOption for what is not offered of a member."""
    _check(values, _MEMBER, "member", "member_id")


def check_monitor(values: Mapping[str, Any]) -> None:
    """Raise UnsupportedOption for what is not offered of a health monitor."""
    _check(values, _MONITOR, "health monitor", "healthmonitor_id")


def refuse_l7(what: str) -> UnsupportedOption:
    """Return the refusal of an L7 policy or rule."""
    return UnsupportedOption(
        f"This provider does not support {what}; use one listener per pool instead.",
        f"{what} were asked for, which this driver does not translate",
    )


def group_tags(metadata: Mapping[str, Any], leniency: Leniency, where: str) -> tuple[str, ...]:
    """Return the tags that a flavor or availability zone demands, sorted.

    `where` names it in the refusal of a key that is not known.
    """
    for key in sorted(metadata):
        if key in METADATA or (key in FOREIGN_METADATA and leniency.foreign_metadata):
            continue
        raise UnsupportedOption(
            f"This provider does not support the {where} metadata {key!r}; it knows"
            f" {', '.join(sorted(METADATA))}.",
            f"{where} metadata has {key!r} = {metadata[key]!r}"
            + (
                ", which belongs to another driver; foreign_metadata = ignore lets it pass"
                if key in FOREIGN_METADATA
                else ""
            ),
        )
    value = metadata.get(GROUP_TAGS, "")
    if not isinstance(value, str):
        raise UnsupportedOption(
            f"The {where} metadata {GROUP_TAGS!r} must be text: tags separated by commas.",
            f"{where} metadata {GROUP_TAGS} is {value!r}",
        )
    return tuple(sorted({tag.strip() for tag in value.split(",") if tag.strip()}))


def _check(values: Mapping[str, Any], rules: tuple[_Rule, ...], kind: str, key: str) -> None:
    for rule in rules:
        value = values.get(rule.field)
        if rule.applies(value):
            raise UnsupportedOption(
                f"This provider does not support {rule.asks_for}; leave out {rule.field}.",
                f"{kind} {values.get(key)}: {rule.field} is set, which this driver does not offer",
            )
