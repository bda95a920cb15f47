"""The controllers' options that decide where load balancers go, and what is remembered of it."""

from typing import Any

from oslo_config import cfg

from bigip_lbaas.cmd.metrics import load_metrics
from bigip_lbaas.controller.settings import DAY_S
from bigip_lbaas.domain.errors import ConfigurationRefused
from bigip_lbaas.domain.placement import LOWEST_SCORE, PlacementRules
from bigip_lbaas.scheduling.capacity_policy import parse_expected_cost
from bigip_lbaas.scheduling.ranking import Policies

PLACEMENT_OPTIONS = (
    cfg.FloatOpt(
        "placement_patience",
        default=60.0,
        min=0.0,
        help="Seconds that a new load balancer waits for a device group that merely lacks a live"
        " agent or a fresh score.",
    ),
    cfg.FloatOpt(
        "placement_headroom",
        default=0.95,
        min=0.01,
        max=1.0,
        help="Share of a limit up to which metrics that can only be estimated are filled first.",
    ),
    cfg.StrOpt(
        "affinity",
        default="soft",
        choices=["soft", "hard"],
        help="Whether a project may get a second device group when none of its own can be judged.",
    ),
    cfg.StrOpt(
        "placement_policy",
        default=LOWEST_SCORE,
        help="Which policy ranks the device groups that may take a new load balancer; the same in"
        " all controllers of an environment. More can be installed.",
    ),
    cfg.StrOpt(
        "expected_cost",
        default="",
        help="What one new load balancer is expected to cost, for metrics that can only be"
        " estimated: active_connections:500.",
    ),
    cfg.FloatOpt(
        "capacity_reopen_below",
        default=0.0,
        min=0.0,
        max=1.0,
        help="A device group that has been full takes nothing new until its score has fallen below"
        " this. 0: it is open again below 1.0.",
    ),
    cfg.FloatOpt(
        "capacity_refresh_above",
        default=0.05,
        min=0.0,
        max=1.0,
        help="An agent is asked for a fresh score when more than this share of a limit has been"
        " placed in its group as an estimate that no report has seen yet.",
    ),
    cfg.FloatOpt(
        "decision_retention",
        default=30.0,
        min=0.0,
        help="Days for which decisions of placement are kept after their load balancer has gone;"
        " those of living ones are always kept.",
    ),
    cfg.FloatOpt(
        "event_retention",
        default=90.0,
        min=0.0,
        help="Days for which events are kept: takeovers, refusals, changes of groups, failures.",
    ),
    cfg.FloatOpt(
        "capacity_history_days",
        default=2.0,
        min=0.0,
        help="Days for which it is kept how full each group was, by five minutes.",
    ),
    cfg.FloatOpt(
        "capacity_hourly_history_days",
        default=90.0,
        min=0.0,
        help="Days for which it is kept how full each group was, by the hour.",
    ),
)


def read_rules(conf: Any, installed: Policies) -> PlacementRules:
    """Return the rules of placement. Raises ConfigurationRefused."""
    if conf.placement_policy not in installed:
        raise ConfigurationRefused(
            f"placement_policy = {conf.placement_policy}: there is no such policy; installed are"
            f" {', '.join(sorted(installed))}"
        )
    return PlacementRules(
        conf.placement_headroom,
        conf.placement_patience,
        conf.affinity == "hard",
        parse_expected_cost(conf.expected_cost, frozenset(load_metrics().usable)),
        conf.placement_policy,
        conf.capacity_reopen_below,
    )


def read_history_kept_s(conf: Any) -> tuple[float, float]:
    """Return how long the history is kept: its five minutes, and its hours."""
    return conf.capacity_history_days * DAY_S, conf.capacity_hourly_history_days * DAY_S
