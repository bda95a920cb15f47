"""The names on the wire: processes of one version but of different days must understand each other.

A change here is a new VERSION: fields are only ever added, with a default.
"""

from dataclasses import MISSING, fields
from enum import Enum
from typing import get_args

import pytest

from bigip_lbaas.domain import graph
from bigip_lbaas.domain.capacity import DeviceStanding, Reading
from bigip_lbaas.domain.cluster import Sight
from bigip_lbaas.domain.drift import DriftKind, Finding
from bigip_lbaas.domain.home import Fence, Home
from bigip_lbaas.wire.codec import decode
from bigip_lbaas.wire.messages import (
    VERSION,
    HeartbeatAnswer,
    KnownGraph,
    Message,
    RequestShare,
    Sighting,
)

# A question mark: an older writer may leave it out.
FIELDS_OF_VERSION_10 = {
    "DeviceStanding": "device answers is_slow? since_at? said? again_at? allowed? share?",
    "Nudge": "load_balancer_id revision request_id",
    "Assignment": "load_balancer_id revision graph wanted home epoch request_id leaving?"
    " home_is_ending? mark?",
    "Homes": "epoch homes",
    "Outcome": "load_balancer_id revision agent_id epoch fence applied request_id error?"
    " retrying? unclean? let_go? took_s? requests? tried_to_end? mark?",
    "Registration": "agent_id environment host group devices tags? version? instance? runs_as?"
    " seen? device_sync? device_set?",
    "Registered": "epoch? homes? interval_s? lease_s? store_time? refused? version? again_in_s?",
    "Heartbeat": "agent_id epoch beat homes? highest? lease_s? seen? let_go? goodbye? answered?"
    " sees? above?",
    "HeartbeatAnswer": "epoch_ended? interval_s? lease_s? store_time? homes? admin_state_up?"
    " let_go? heard_let_go? surplus? source? shares?",
    "RequestShare": "device requests",
    "Ready": "agent_id epoch doubtful?",
    "Sightings": "agent_id group load_balancers twice?",
    "Sighting": "load_balancer_id project_id vip_address",
    "Admission": "graph request_id demands?",
    "Admitted": "admitted because? unsupported?",
    "StraySearch": "agent_id epoch group projects left?",
    "Homeless": "projects?",
    "Measure": "agent_id",
    "GraphsWanted": "agent_id epoch group projects after? only?",
    "Graphs": "graphs? unreadable? more? refused? last?",
    "KnownGraph": "assignment settled",
    "DriftReport": "agent_id epoch group device device_name findings judged? only? more? repairs?"
    " repaired? removed? load_balancers? objects? reads? took_s? request?"
    " purge_limit? past_limit?",
    "Finding": "kind project_id load_balancer_id object field? wanted? found? left?",
    "AuditOrder": "request project_id? load_balancer_id? repair? past_limit?",
    "CapacityReport": "environment group agent_id epoch has_policy readings? unreadable? devices?"
    " took_s? as_of? number? clock_offset_s? standings?",
    "Reading": "metric value limit over?",
    "Home": "environment project_id group agent_id fence",
    "Fence": "number nonce",
    "Sight": "device away_s? is_level?",
    "ObjectRef": "kind id",
    "ServiceGraph": "id project_id vip_address name? admin_state_up? listeners? pools?",
    "Listener": "id protocol protocol_port default_pool_id? connection_limit? admin_state_up?",
    "Pool": "id protocol algorithm admin_state_up? members? monitor?",
    "Member": "id address protocol_port weight? admin_state_up?",
    "HealthMonitor": "id type delay_s timeout_s max_retries max_retries_down? admin_state_up?"
    " http_method? url_path? expected_codes?",
}
VALUES_OF_VERSION_10 = {
    "ObjectKind": "loadbalancer listener pool member healthmonitor",
    "ListenerProtocol": "HTTP TCP HTTPS",
    "PoolProtocol": "HTTP TCP HTTPS",
    "Algorithm": "ROUND_ROBIN LEAST_CONNECTIONS SOURCE_IP",
    "MonitorType": "HTTP TCP PING",
    "DriftKind": "missing extra changed orphan",
}
PARTS = (DeviceStanding, RequestShare, Finding, KnownGraph, Reading, Home, Sight, Fence, Sighting,
         graph.ObjectRef,
         graph.ServiceGraph, graph.Listener, graph.Pool, graph.Member,
         graph.HealthMonitor)  # fmt: skip
ENUMS = (graph.ObjectKind, graph.ListenerProtocol, graph.PoolProtocol, graph.Algorithm,
         graph.MonitorType, DriftKind)  # fmt: skip


def test_the_version_is_the_one_that_is_pinned_here() -> None:
    assert VERSION == 10


@pytest.mark.parametrize("kind", [*get_args(Message), *PARTS], ids=lambda kind: kind.__name__)
def test_the_fields_keep_their_names_and_may_be_left_out_as_ever(kind: type) -> None:
    names = [
        field.name + ("" if field.default is field.default_factory is MISSING else "?")
        for field in fields(kind)
    ]
    assert " ".join(names) == FIELDS_OF_VERSION_10[kind.__name__]


@pytest.mark.parametrize("kind", ENUMS, ids=lambda kind: kind.__name__)
def test_the_words_keep_their_spelling(kind: type[Enum]) -> None:
    assert " ".join(one.value for one in kind) == VALUES_OF_VERSION_10[kind.__name__]


def test_an_answer_that_does_not_say_so_grants_no_lease() -> None:
    assert decode(HeartbeatAnswer, {}).lease_s == 0.0
