"""How to draw valid values of the domain, and rows of the store."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from bigip_lbaas.domain.graph import (
    Algorithm,
    HealthMonitor,
    Listener,
    ListenerProtocol,
    Member,
    MonitorType,
    Pool,
    PoolProtocol,
    ServiceGraph,
)
from bigip_lbaas.store.records import RECORDS

ids = st.uuids().map(str)
addresses = st.ip_addresses().map(str)
ports = st.integers(1, 65535)
# What every database can hold: no NUL, no half of a surrogate pair, no space at the end.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30).map(
    lambda text: text.rstrip(" ")
)
numbers = st.floats(allow_nan=False, allow_infinity=False)
integers = st.integers(-(2**63), 2**63 - 1)


@st.composite
def monitors(draw: st.DrawFn) -> HealthMonitor:
    """Draw a health monitor; the HTTP fields are set for HTTP only."""
    kind = draw(st.sampled_from(MonitorType))
    is_http = kind is MonitorType.HTTP
    timeout_s = draw(st.integers(1, 60))
    return HealthMonitor(
        id=draw(ids),
        type=kind,
        delay_s=timeout_s + draw(st.integers(0, 60)),
        timeout_s=timeout_s,
        max_retries=draw(st.integers(1, 10)),
        max_retries_down=draw(st.integers(1, 10)),
        admin_state_up=draw(st.booleans()),
        http_method=draw(st.sampled_from(["GET", "HEAD", "POST"])) if is_http else None,
        url_path=draw(st.sampled_from(["/", "/health", "/a/b?c=d"])) if is_http else None,
        expected_codes=draw(st.sampled_from(["200", "200,202", "200-204"])) if is_http else None,
    )


members = st.builds(
    Member,
    id=ids,
    address=addresses,
    protocol_port=ports,
    weight=st.integers(0, 256),
    admin_state_up=st.booleans(),
)


@st.composite
def pools(draw: st.DrawFn) -> Pool:
    """Draw a pool; no two members have one address and port."""
    drawn = draw(
        st.lists(members, max_size=4, unique_by=lambda each: (each.address, each.protocol_port))
    )
    return Pool(
        id=draw(ids),
        protocol=draw(st.sampled_from(PoolProtocol)),
        algorithm=draw(st.sampled_from(Algorithm)),
        admin_state_up=draw(st.booleans()),
        members=tuple(sorted(drawn, key=lambda each: each.id)),
        monitor=draw(st.none() | monitors()),
    )


@st.composite
def service_graphs(draw: st.DrawFn) -> ServiceGraph:
    """Draw a load balancer; its listeners have ports of their own and pools that exist."""
    drawn_pools = draw(st.lists(pools(), max_size=3))
    pool_ids = st.sampled_from([None, *(pool.id for pool in drawn_pools)])
    listeners = st.builds(
        Listener,
        id=ids,
        protocol=st.sampled_from(ListenerProtocol),
        protocol_port=ports,
        default_pool_id=pool_ids,
        connection_limit=st.just(-1) | st.integers(0, 2**31 - 1),
        admin_state_up=st.booleans(),
    )
    drawn_listeners = draw(
        st.lists(listeners, max_size=3, unique_by=lambda each: each.protocol_port)
    )
    return ServiceGraph(
        id=draw(ids),
        project_id=draw(ids),
        vip_address=draw(addresses),
        name=draw(texts),
        admin_state_up=draw(st.booleans()),
        listeners=tuple(sorted(drawn_listeners, key=lambda each: each.id)),
        pools=tuple(sorted(drawn_pools, key=lambda each: each.id)),
    )


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for anything of that type: what the store must be able to hold."""
    hint = getattr(hint, "__supertype__", hint)  # of a NewType
    plain = {
        str: texts,
        bool: st.booleans(),
        int: integers,
        float: numbers,
        NoneType: st.none(),
        ServiceGraph: service_graphs(),
    }
    if hint in plain:
        return plain[hint]
    if get_origin(hint) in (UnionType, Union):
        return st.one_of(*map(values, get_args(hint)))
    if get_origin(hint) is tuple:
        return st.lists(values(get_args(hint)[0]), max_size=3).map(tuple)
    if get_origin(hint) is frozenset:
        return st.frozensets(values(get_args(hint)[0]), max_size=3)
    if get_origin(hint) is Mapping:
        return st.dictionaries(*map(values, get_args(hint)), max_size=3)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    assert is_dataclass(hint), hint
    hints = get_type_hints(hint)
    return st.builds(hint, **{field.name: values(hints[field.name]) for field in fields(hint)})


rows = st.one_of(*map(values, RECORDS))
