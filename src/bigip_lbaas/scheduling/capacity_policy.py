"""Reads the operator's capacity policy, and expected costs, from an option's text."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from bigip_lbaas.domain.capacity import EXACT_METRICS
from bigip_lbaas.domain.errors import ConfigurationRefused

# The names that operators know from the F5 LBaaSv2 agent's configuration guide.
ESTABLISHED_METRICS = frozenset(
    {
        "throughput",
        "inbound_throughput",
        "outbound_throughput",
        "active_connections",
        "tenant_count",
        "node_count",
        "route_domain_count",
        "vlan_count",
        "tunnel_count",
        "ssltps",
        "clientssl_profile_count",
    }
)
MULTIPLIERS = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}
AMOUNT = re.compile(
    r"(?P<number>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)\s*(?P<unit>[a-zA-Z]*)"
)
NOT_FINITE = re.compile(r"[+-]?(inf|infinity|nan)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CapacityPolicy:
    """Metric -> limit in the metric's unit, in the operator's order; empty: no policy."""

    limits: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    def __bool__(self) -> bool:
        """Return whether there is a policy at all."""
        return bool(self.limits)


def parse(
    text: str,
    measurable: frozenset[str] = ESTABLISHED_METRICS,
    option: str = "capacity_policy",
) -> CapacityPolicy:
    """Return the policy that `text` says, such as "throughput: 1G, tenant_count: 20".

    measurable: the metrics that the caller can measure; names in it are known, too. Limits may
    end in k, M or G, powers of 1000. Raises ConfigurationRefused.
    """
    limits = {}
    for metric, amount in _read_items(text, option, measurable | ESTABLISHED_METRICS).items():
        if metric not in measurable:
            names = ", ".join(sorted(measurable)) or "none"
            why = f"{metric} is a known metric, but this version cannot measure it; it measures "
            raise _refusal(option, why + names, text)
        if amount <= 0:
            raise _refusal(option, f"the limit of {metric} must be more than 0", text)
        limits[metric] = amount
    return CapacityPolicy(MappingProxyType(limits))


def parse_expected_cost(
    text: str,
    known: frozenset[str] = ESTABLISHED_METRICS,
    option: str = "expected_cost",
) -> dict[str, float]:
    """Return metric -> what one load balancer is expected to cost, where it is estimated.

    0 is allowed: an operator may know that something is never used. Raises ConfigurationRefused.
    """
    costs = _read_items(text, option, known)
    for metric, amount in costs.items():
        if metric in EXACT_METRICS:
            raise _refusal(option, f"{metric} is counted exactly, not expected; leave it out", text)
        if amount < 0:
            raise _refusal(option, f"the cost of {metric} must be 0 or more", text)
    return costs


def _read_items(text: str, option: str, known: frozenset[str]) -> dict[str, float]:
    amounts: dict[str, float] = {}
    for position, item in enumerate(text.split(",") if text.strip() else (), start=1):
        metric, colon, said = (part.strip() for part in item.partition(":"))
        if not item.strip():
            raise _refusal(option, f"item {position} is empty; is there a comma too many?", text)
        if not metric:
            raise _refusal(option, f"item {position} names no metric", text)
        if metric not in known:
            names = ", ".join(sorted(known))
            raise _refusal(option, f"there is no metric {metric!r}; known are {names}", text)
        if not colon or not said:
            raise _refusal(option, f"{metric} has no number; write {metric}:<number>", text)
        if metric in amounts:
            raise _refusal(option, f"{metric} is there twice", text)
        amounts[metric] = _read_amount(metric, said, option, text)
    return amounts


def _read_amount(metric: str, said: str, option: str, text: str) -> float:
    match = AMOUNT.fullmatch(said)
    if match is None and not NOT_FINITE.fullmatch(said):
        raise _refusal(option, f"{metric} has {said!r}, which is not a number", text)
    if match is not None and match["unit"] not in MULTIPLIERS:
        why = f"{metric} has {said!r}; after the number only k, M or G (powers of 1000) may follow"
        raise _refusal(option, why, text)
    amount = math.inf if match is None else float(match["number"]) * MULTIPLIERS[match["unit"]]
    if not math.isfinite(amount):
        raise _refusal(option, f"{metric} has {said!r}, which is not a finite number", text)
    return amount


def _refusal(option: str, why: str, text: str) -> ConfigurationRefused:
    return ConfigurationRefused(f"{option}: {why}. The whole value is {text!r}.")
