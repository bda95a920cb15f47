"""How to draw service graphs: few ids and addresses, so that they meet again and again."""

from functools import cache
from random import Random

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
from bigip_lbaas.domain.ids import LoadBalancerId, ObjectId, ProjectId

PROJECT = ProjectId("0123456789abcdef0123456789abcdef")
MEMBER_ADDRESSES = ("10.9.0.1", "10.9.0.2", "2001:db8::9")
VARIANTS = 60  # of each pool and each set of listeners: one draw for each, because draws cost time


def object_id(number: int) -> ObjectId:
    return ObjectId(f"00000000-0000-0000-0000-{number:012x}")


def _monitor(number: int, dice: Random) -> HealthMonitor:
    """A monitor's type never changes, so it hangs on its id."""
    type_ = list(MonitorType)[number % 3]
    is_http = type_ is MonitorType.HTTP
    return HealthMonitor(
        id=object_id(number),
        type=type_,
        delay_s=dice.randint(1, 3),
        timeout_s=dice.randint(1, 3),
        max_retries=3,
        admin_state_up=dice.random() < 0.7,
        url_path=dice.choice(["/", "/up"]) if is_http else None,
        expected_codes=dice.choice(["200", "200,202", "200-204"]) if is_http else None,
    )


def _members(dice: Random) -> tuple[Member, ...]:
    places = [(address, port) for address in MEMBER_ADDRESSES for port in (80, 81)]
    return tuple(
        Member(object_id(0), address, port, dice.choice([0, 1, 1, 5]), dice.random() < 0.8)
        for address, port in dice.sample(places, dice.randint(0, 3))
    )


@cache
def _pools(number: int) -> tuple[Pool, ...]:
    dice = Random(number)
    return tuple(
        Pool(
            id=object_id(number),
            protocol=PoolProtocol.HTTP,
            algorithm=dice.choice(list(Algorithm)),
            admin_state_up=dice.random() < 0.8,
            members=_members(dice),
            monitor=dice.choice([None, _monitor(number + 5, dice), _monitor(number + 6, dice)]),
        )
        for _ in range(VARIANTS)
    )


@cache
def _listener_sets(base: int, pool_ids: tuple[ObjectId, ...]) -> tuple[tuple[Listener, ...], ...]:
    dice = Random(base)

    def listeners() -> tuple[Listener, ...]:
        count = dice.randint(0, 3)
        numbers, ports = dice.sample([1, 2, 3], count), dice.sample([80, 81, 82], count)
        return tuple(
            Listener(
                id=object_id(base + number),
                protocol=dice.choice(list(ListenerProtocol)),
                protocol_port=port,
                default_pool_id=dice.choice([None, *pool_ids]),
                connection_limit=dice.choice([-1, 7]),
                admin_state_up=dice.random() < 0.8,
            )
            for number, port in zip(numbers, ports, strict=True)
        )

    return tuple(listeners() for _ in range(VARIANTS))


@st.composite
def graphs(draw: st.DrawFn, number: int) -> ServiceGraph:
    """The load balancer of that number: two numbers have no id, and no VIP address, in common."""
    base = number * 100
    drawn = [
        pool for each in (10, 20) if (pool := draw(st.sampled_from((None, *_pools(base + each)))))
    ]
    return ServiceGraph(
        id=LoadBalancerId(object_id(base)),
        project_id=PROJECT,
        vip_address=draw(st.sampled_from([f"10.1.0.{number}", f"2001:db8::{number}"])),
        admin_state_up=draw(st.booleans()),
        listeners=draw(st.sampled_from(_listener_sets(base, tuple(pool.id for pool in drawn)))),
        pools=tuple(drawn),
    )
