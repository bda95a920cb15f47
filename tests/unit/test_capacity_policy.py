"""The capacity policy's text: what is read, and what is refused with which words."""

import pytest

from bigip_lbaas.domain.capacity import EXACT_METRICS
from bigip_lbaas.domain.errors import ConfigurationRefused
from bigip_lbaas.scheduling.capacity_policy import (
    ESTABLISHED_METRICS,
    parse,
    parse_expected_cost,
)


def test_a_policy_is_read_in_the_operators_order():
    policy = parse("throughput:1000000000, active_connections: 250000, tenant_count: 20")
    assert list(policy.limits.items()) == [
        ("throughput", 1e9),
        ("active_connections", 250_000.0),
        ("tenant_count", 20.0),
    ]
    assert policy


@pytest.mark.parametrize(
    ("said", "limit"),
    [
        ("20", 20.0),
        ("2.5k", 2500.0),
        ("40 M", 40e6),
        ("1G", 1e9),
        ("1e6", 1e6),
        (".5", 0.5),
        ("+3", 3.0),
    ],
)
def test_a_limit_may_have_a_unit_of_powers_of_1000(said, limit):
    assert parse(f"throughput:{said}").limits == {"throughput": limit}


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_no_text_is_no_policy(text):
    assert not parse(text)
    assert parse(text).limits == {}


def test_the_eleven_established_metrics_are_known():
    assert len(ESTABLISHED_METRICS) == 11
    assert EXACT_METRICS < ESTABLISHED_METRICS
    assert len(parse(",".join(f"{name}:1" for name in ESTABLISHED_METRICS)).limits) == 11


@pytest.mark.parametrize(
    ("text", "metric", "why"),
    [
        ("tenants: 20", "tenants", "there is no metric 'tenants'; known are active_connections, "),
        ("tenant_count", "tenant_count", "has no number"),
        ("tenant_count:", "tenant_count", "has no number"),
        (": 20", "item 1", "names no metric"),
        ("tenant_count: 0", "tenant_count", "must be more than 0"),
        ("tenant_count: -4", "tenant_count", "must be more than 0"),
        ("tenant_count: 1e-400", "tenant_count", "must be more than 0"),
        ("tenant_count: inf", "tenant_count", "not a finite number"),
        ("tenant_count: -Infinity", "tenant_count", "not a finite number"),
        ("tenant_count: NaN", "tenant_count", "not a finite number"),
        ("tenant_count: 1e999", "tenant_count", "not a finite number"),
        ("tenant_count: many", "tenant_count", "'many', which is not a number"),
        ("tenant_count: 1_000", "tenant_count", "'1_000', which is not a number"),
        ("tenant_count: 0x10 ", "tenant_count", "not a number"),
        ("tenant_count: ٢", "tenant_count", "not a number"),
        ("tenant_count: 20 tenants", "tenant_count", "only k, M or G"),
        ("throughput: 1K", "throughput", "only k, M or G"),
        ("throughput: 1T", "throughput", "only k, M or G"),
        ("throughput: 1G 2", "throughput", "not a number"),
        ("throughput: 1: 2", "throughput", "not a number"),
        ("tenant_count: 1, node_count: 2, tenant_count: 1", "tenant_count", "is there twice"),
        ("tenant_count: 1,", "item 2", "is empty"),
        (",tenant_count: 1", "item 1", "is empty"),
        ("tenant_count: 1,, node_count: 2", "item 2", "is empty"),
        (",", "item 1", "is empty"),
        ("tenant_count 20", "tenant_count 20", "there is no metric"),
    ],
)
def test_a_bad_policy_is_refused_by_option_metric_and_whole_value(text, metric, why):
    with pytest.raises(ConfigurationRefused) as refused:
        parse(text)
    message = str(refused.value)
    assert message.startswith("capacity_policy: ")
    assert metric in message
    assert why in message
    assert f"The whole value is {text!r}." in message


def test_a_known_metric_that_cannot_be_measured_is_refused_with_that_reason():
    able = frozenset({"tenant_count", "node_count"})
    assert parse("tenant_count: 4", able).limits == {"tenant_count": 4.0}
    with pytest.raises(
        ConfigurationRefused,
        match="ssltps is a known metric, but this version cannot measure it; "
        "it measures node_count, tenant_count",
    ):
        parse("tenant_count: 4, ssltps: 100", able)


def test_a_metric_that_someone_added_is_known_when_it_can_be_measured():
    assert parse("disk_count: 3", frozenset({"disk_count"})).limits == {"disk_count": 3.0}


def test_expected_costs_are_read_like_limits_and_may_be_nothing():
    text = "active_connections: 100, vlan_count: 0, throughput: 5M"
    assert parse_expected_cost(text) == {
        "active_connections": 100.0,
        "vlan_count": 0.0,
        "throughput": 5e6,
    }
    assert parse_expected_cost("") == {}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("tenant_count: 1", "tenant_count is counted exactly"),
        ("throughput: -1", "the cost of throughput must be 0 or more"),
        ("throughput: nan", "not a finite number"),
        ("speed: 1", "there is no metric 'speed'"),
    ],
)
def test_a_bad_expected_cost_is_refused_by_option_metric_and_whole_value(text, why):
    with pytest.raises(ConfigurationRefused) as refused:
        parse_expected_cost(text, option="placement_expected_cost")
    assert str(refused.value).startswith("placement_expected_cost: ")
    assert why in str(refused.value)
    assert repr(text) in str(refused.value)
