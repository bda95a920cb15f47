"""Each kind of drift, made by another client on a simulated device: told, repaired, no more."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.integration.drift import Scene, scene
from tests.integration.graphs import id_of

HTTP, POOL, ADDRESS = "ltm/monitor/http", "ltm/pool", "ltm/virtual-address"
VIRTUAL, NODE = "ltm/virtual", "ltm/node"
MEMBER = "10.0.1.1:80"
MARK = f"load balancer {id_of('load balancer', 1)}"


@pytest.fixture(scope="module")
def device() -> Iterator[Scene]:
    with scene() as made:
        yield made


@dataclass(frozen=True)
class Case:
    """What another client does to load balancer 1, and what is said of it.

    words: the findings, with {monitor}, {pool}, {address}, {virtual} for full paths. writes: what
    the repair changes: action and kind.
    """

    name: str
    act: Callable[[Scene], object]
    words: tuple[str, ...]
    writes: tuple[str, ...]
    is_telling: bool = True


def patched(collection: str, what: str, **fields: object) -> Callable[[Scene], object]:
    return lambda s: s.rest.patch(s.path(collection, 1, what), **fields)


def of_member(**fields: object) -> Callable[[Scene], object]:
    member = "~dev_acme~10.0.1.1:80"
    return lambda s: s.rest.patch(f"{s.path(POOL, 1, 'pool')}/members/{member}", **fields)


def without(s: Scene, collection: str, what: str) -> None:
    s.rest.delete(s.path(collection, 1, what))


def without_monitor(s: Scene) -> None:
    s.rest.patch(s.path(POOL, 1, "pool"), monitor="none")
    without(s, HTTP, "monitor")


def without_pool(s: Scene) -> None:
    s.rest.patch(s.path(VIRTUAL, 1, "listener"), pool="none")
    without(s, POOL, "pool")


def without_address(s: Scene) -> None:
    without(s, VIRTUAL, "listener")
    without(s, ADDRESS, "load balancer")


def without_all(s: Scene) -> None:
    without_address(s)
    without(s, POOL, "pool")
    without(s, HTTP, "monitor")


def with_pool(s: Scene, name: str, **fields: object) -> None:
    s.rest.post(POOL, name=name, partition="dev_acme", **fields)


CHANGED_VIRTUAL = ("modified ltm/virtual",)
CHANGED_POOL = ("modified ltm/pool",)
CHANGED_MONITOR = ("modified ltm/monitor/http",)
CHANGED_MEMBER = ("modified ltm/pool/members",)

CASES = (
    Case(
        "a virtual server is missing",
        lambda s: without(s, VIRTUAL, "listener"),
        ("ltm/virtual {virtual} is missing",),
        ("created ltm/virtual", *("created ltm/virtual/profiles",) * 3),
    ),
    Case(
        "a monitor is missing",
        without_monitor,
        (
            "ltm/monitor/http {monitor} is missing",
            "ltm/pool {pool}: monitor is none, not {monitor}",
        ),
        ("created ltm/monitor/http", "modified ltm/pool"),
    ),
    Case(
        "a pool is missing",
        without_pool,
        ("ltm/pool {pool} is missing", "ltm/virtual {virtual}: pool is none, not {pool}"),
        ("created ltm/pool", *("created ltm/pool/members",) * 2, "modified ltm/virtual"),
        is_telling=False,
    ),
    Case(
        "a virtual address is missing",
        without_address,
        ("ltm/virtual {virtual} is missing", "ltm/virtual-address {address} is missing"),
        (
            "created ltm/virtual",
            *("created ltm/virtual/profiles",) * 3,
            "created ltm/virtual-address",
        ),
        is_telling=False,
    ),
    Case(
        "everything is missing",
        without_all,
        (
            "ltm/monitor/http {monitor} is missing",
            "ltm/pool {pool} is missing",
            "ltm/virtual {virtual} is missing",
            "ltm/virtual-address {address} is missing",
        ),
        (
            "created ltm/monitor/http",
            "created ltm/pool",
            *("created ltm/pool/members",) * 2,
            "created ltm/virtual",
            *("created ltm/virtual/profiles",) * 3,
            "created ltm/virtual-address",
        ),
    ),
    Case(
        "a pool's mode",
        patched(POOL, "pool", loadBalancingMode="least-connections-member"),
        ("ltm/pool {pool}: loadBalancingMode is least-connections-member, not round-robin",),
        CHANGED_POOL,
    ),
    Case(
        "a pool's monitor",
        patched(POOL, "pool", monitor="/Common/tcp"),
        ("ltm/pool {pool}: monitor is /Common/tcp, not {monitor}",),
        CHANGED_POOL,
        is_telling=False,
    ),
    Case(
        "a pool's description",
        patched(POOL, "pool", description="mine now"),
        (f"ltm/pool {{pool}}: description is mine now, not {MARK}",),
        CHANGED_POOL,
        is_telling=False,
    ),
    Case(
        "a member's ratio",
        of_member(ratio=7),
        (f"ltm/pool {{pool}}: member {MEMBER} ratio is 7, not 1",),
        CHANGED_MEMBER,
    ),
    Case(
        "a member is disabled",
        of_member(session="user-disabled"),
        (f"ltm/pool {{pool}}: member {MEMBER} session is user-disabled, not user-enabled",),
        CHANGED_MEMBER,
        is_telling=False,
    ),
    Case(
        "a member is forced offline",
        of_member(state="user-down", session="user-disabled"),
        (
            f"ltm/pool {{pool}}: member {MEMBER} session is user-disabled, not user-enabled",
            f"ltm/pool {{pool}}: member {MEMBER} state is user-down, not user-up",
        ),
        CHANGED_MEMBER,
    ),
    Case(
        "a member is gone",
        lambda s: s.rest.delete(f"{s.path(POOL, 1, 'pool')}/members/~dev_acme~{MEMBER}"),
        (f"ltm/pool {{pool}}: member {MEMBER} is absent, not present",),
        ("created ltm/pool/members",),
        is_telling=False,
    ),
    Case(
        "a member at another address",
        patched(POOL, "pool", members=[{"name": "10.0.1.9:80", "address": "10.0.1.9"}]),
        (
            "ltm/pool {pool}: member 10.0.1.1:80 is absent, not present",
            "ltm/pool {pool}: member 10.0.1.2:80 is absent, not present",
            "ltm/pool {pool}: member 10.0.1.9:80 is present, not absent",
            "ltm/node /dev_acme/10.0.1.9 is there and nothing asks for it",
        ),
        (
            *("created ltm/pool/members",) * 2,
            "deleted ltm/node",
            "deleted ltm/pool/members",
        ),
    ),
    Case(
        "a monitor's times",
        patched(HTTP, "monitor", interval=10, timeout=31),
        (
            "ltm/monitor/http {monitor}: interval is 10, not 5",
            "ltm/monitor/http {monitor}: timeout is 31, not 18",
        ),
        CHANGED_MONITOR,
    ),
    Case(
        "what a monitor sends",
        patched(HTTP, "monitor", send="GET /x\r\nAuthorization: Basic aHVzaDpodXNo\r\n"),
        (
            (
                "ltm/monitor/http {monitor}: send is (not shown: it may hold a secret), not"
                " GET / HTTP/1.0\\r\\n\\r\\n"
            ),
        ),
        CHANGED_MONITOR,
    ),
    Case(
        "what a monitor expects",
        patched(HTTP, "monitor", recv="OK"),
        ("ltm/monitor/http {monitor}: recv is OK, not HTTP/1\\.(0|1) 200",),
        CHANGED_MONITOR,
        is_telling=False,
    ),
    Case(
        "a virtual server's destination",
        patched(VIRTUAL, "listener", destination="/dev_acme/10.9.0.2:8080"),
        (
            (
                "ltm/virtual {virtual}: destination is /dev_acme/10.9.0.2:8080, not"
                " /dev_acme/10.9.0.2:80"
            ),
        ),
        CHANGED_VIRTUAL,
    ),
    Case(
        "a virtual server's profiles",
        patched(VIRTUAL, "listener", profiles=["/Common/http", "/Common/tcp"]),
        (
            (
                "ltm/virtual {virtual}: profiles is /Common/http, /Common/tcp, not /Common/http,"
                " /Common/oneconnect, /Common/tcp"
            ),
        ),
        ("created ltm/virtual/profiles",),
    ),
    Case(
        "a virtual server's persistence",
        patched(VIRTUAL, "listener", persist=[{"name": "/Common/source_addr"}]),
        ("ltm/virtual {virtual}: persist is /Common/source_addr, not none",),
        CHANGED_VIRTUAL,
    ),
    Case(
        "a virtual server's source addresses",
        patched(VIRTUAL, "listener", sourceAddressTranslation={"type": "none"}),
        ("ltm/virtual {virtual}: sourceAddressTranslation is none, not automap",),
        CHANGED_VIRTUAL,
    ),
    Case(
        "a virtual server is switched off",
        patched(VIRTUAL, "listener", disabled=True),
        ("ltm/virtual {virtual}: state is disabled, not enabled",),
        CHANGED_VIRTUAL,
    ),
    Case(
        "a virtual server's limit",
        patched(VIRTUAL, "listener", connectionLimit=5),
        ("ltm/virtual {virtual}: connectionLimit is 5, not 0",),
        CHANGED_VIRTUAL,
        is_telling=False,
    ),
    Case(
        "a virtual server's pool",
        lambda s: s.rest.patch(s.path(VIRTUAL, 1, "listener"), pool=s.full(2, "pool")),
        ("ltm/virtual {virtual}: pool is {pool2}, not {pool}",),
        CHANGED_VIRTUAL,
        is_telling=False,
    ),
    Case(
        "a virtual server's protocol and mark",
        patched(VIRTUAL, "listener", description="", connectionLimit=1),
        (
            "ltm/virtual {virtual}: connectionLimit is 1, not 0",
            f"ltm/virtual {{virtual}}: description is absent, not {MARK}",
        ),
        CHANGED_VIRTUAL,
        is_telling=False,
    ),
    Case(
        "a virtual address is switched off",
        patched(ADDRESS, "load balancer", enabled="no"),
        ("ltm/virtual-address {address}: enabled is no, not yes",),
        ("modified ltm/virtual-address",),
    ),
    Case(
        "a virtual address goes with its last virtual server",
        patched(ADDRESS, "load balancer", autoDelete="true"),
        ("ltm/virtual-address {address}: autoDelete is true, not false",),
        ("modified ltm/virtual-address",),
        is_telling=False,
    ),
    Case(
        "a pool that is marked as ours",
        lambda s: with_pool(s, "dev_ffff-1", description=MARK),
        ("ltm/pool /dev_acme/dev_ffff-1 is there and nothing asks for it",),
        ("deleted ltm/pool",),
    ),
    Case(
        "a node that no member uses",
        lambda s: s.rest.post(NODE, name="10.0.1.77", partition="dev_acme", address="10.0.1.77"),
        ("ltm/node /dev_acme/10.0.1.77 is there and nothing asks for it",),
        ("deleted ltm/node",),
    ),
)


def spelled(device: Scene, words: str) -> str:
    full = {
        "monitor": device.full(1, "monitor"),
        "pool": device.full(1, "pool"),
        "pool2": device.full(2, "pool"),
        "address": device.full(1, "load balancer"),
        "virtual": device.full(1, "listener"),
    }
    return words.format(**full)


def told_and_repaired(device: Scene, case: Case) -> None:
    before = device.contents()
    case.act(device)
    spoilt, number = device.contents(), device.number()
    report = device.audit()
    assert sorted(one.words() for one in report.findings) == sorted(
        spelled(device, words) for words in case.words
    )
    assert device.writes_since(number) == []
    assert device.contents() == spoilt
    device.settle()
    assert sorted(" ".join(each.split()[:2]) for each in device.changes_since(number)) == sorted(
        case.writes
    )
    assert device.contents() == before
    assert device.findings() == ()
    number = device.number()
    assert device.audit().findings == ()
    device.settle()
    assert device.writes_since(number) == []


@pytest.mark.parametrize(
    "case", [each for each in CASES if each.is_telling], ids=lambda case: case.name
)
def test_drift_is_told_and_just_that_is_repaired(device: Scene, case: Case) -> None:
    told_and_repaired(device, case)


@pytest.mark.full
@pytest.mark.parametrize(
    "case", [each for each in CASES if not each.is_telling], ids=lambda case: case.name
)
def test_other_drift_is_told_and_just_that_is_repaired(device: Scene, case: Case) -> None:
    told_and_repaired(device, case)
