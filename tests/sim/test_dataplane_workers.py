"""Workers that are replaced, and one that does not start."""

import shutil
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from programs import ask, free_port, member

from bigip_sim.dataplane.checks import Check, Watch
from bigip_sim.dataplane.parts import Backend, Frontend, Layout, Need, Server
from bigip_sim.dataplane.process import WorkerError
from bigip_sim.dataplane.refusals import blamed
from bigip_sim.dataplane.workers import Workers

HAPROXY = shutil.which("haproxy")
pytestmark = [
    pytest.mark.dataplane,
    pytest.mark.skipif(HAPROXY is None, reason="there is no HAProxy"),
]
VIP = "127.3.10.1"


NONSENSE = "  nonsense"


def frontend(port: int, name: str = "v1", backend: str = "p1.1", *rules: str) -> Frontend:
    return Frontend(name, f"/T1/{name}", VIP, port, "http", backend, rules=rules)


def backend(behind: int, name: str = "p1.1", checker: str = "", **more: Any) -> Backend:
    pool = f"/T1/{name.partition('.')[0]}"
    server = Server("s1", pool, "/T1/a:80", "127.0.0.1", behind, native=True, **more)
    return Backend(name, "http", "roundrobin", (server,), Need(pool, "http"), checker)


@pytest.fixture
def workers() -> Iterator[Workers]:
    workers = Workers(str(HAPROXY))
    yield workers
    workers.stop()
    workers.clean_up()


@pytest.fixture(scope="module")
def behind() -> Iterator[int]:
    with member("A") as port:
        yield port


def test_a_start_that_fails_for_no_parts_fault_leaves_the_old_worker_at_work(workers, behind):
    port = free_port()
    served = Layout((frontend(port),), (backend(behind),))
    workers.replace(served, {}, {})
    before = workers.pid
    with socket.create_server((VIP, 0)) as taken:
        more = frontend(taken.getsockname()[1], "v2")
        with pytest.raises(WorkerError, match="cannot bind"):
            workers.replace(Layout((frontend(port), more), (backend(behind),)), {}, {})
    assert workers.pid == before
    assert ask(VIP, port) == "A"
    workers.replace(served, {}, {})
    assert workers.pid != before
    assert ask(VIP, port) == "A"


def test_a_virtual_server_that_haproxy_refuses_is_left_out_and_said_until_it_is_mended(
    workers, behind
):
    good, bad = free_port(), free_port()
    wanted = Layout(
        (frontend(bad, "v1", "p1.1", NONSENSE), frontend(good, "v2")), (backend(behind),)
    )
    carried = workers.replace(wanted, {}, {})
    assert [f.id for f in carried.frontends] == ["v2"]
    (problem,) = carried.problems
    assert problem.startswith("virtual server /T1/v1 is not carried: HAProxy refuses it: unknown")
    assert "nonsense" in problem
    assert [ask(VIP, port) for port in (good, bad)] == ["A", ""]
    assert workers.acceptable(wanted) == carried  # and it is not tried again
    mended = Layout((frontend(bad, "v1"), frontend(good, "v2")), (backend(behind),))
    assert workers.acceptable(mended) == mended
    assert workers.replace(mended, {}, {}).problems == ()
    assert [ask(VIP, port) for port in (good, bad)] == ["A", "A"]


def test_a_pool_that_haproxy_refuses_takes_its_virtual_servers_along_and_no_other(workers, behind):
    ports = [free_port() for _ in range(3)]
    never = Watch((Check("connect", 2_592_000, 2_592_000),), 1)  # a month is too long for HAProxy
    chooses = "  http-request set-var(txn.pool) str(p2.1)"
    wanted = Layout(
        (
            frontend(ports[0]),
            frontend(ports[1], "v2", "p2.1"),
            frontend(ports[2], "v3", "p1.1", chooses),
        ),
        (backend(behind), backend(behind, "p2.1", watch=never)),
    )
    carried = workers.replace(wanted, {}, {})
    assert [ask(VIP, port) for port in ports] == ["A", "", ""]
    assert [problem.partition(" is not")[0] for problem in carried.problems] == [
        "pool /T1/p2",
        "virtual server /T1/v2",
        "virtual server /T1/v3",
    ]


def test_when_the_part_that_checks_a_pool_is_left_out_another_checks_it(workers, behind):
    port = free_port()
    watch = Watch((Check("connect", 1, 2),), 1)
    first = replace(backend(behind, watch=watch), need=Need("/T1/p1", "http", sources=("nowhere",)))
    wanted = Layout(
        (frontend(port, "v1", "p1.2"),), (first, backend(behind, "p1.2", "p1.1", watch=watch))
    )
    (left,) = workers.replace(wanted, {}, {}).backends
    assert (left.id, left.checker) == ("p1.2", "")
    assert ask(VIP, port) == "A"


@pytest.mark.parametrize(
    ("alert", "names"),
    [
        ("config : parsing [/tmp/x/haproxy-1.cfg:5] : 'bind' : no", ["v1"]),
        ("config : [h.cfg:9] : 'server p1.1/s1' : unable to find 's1' for tracking.", ["p1.1"]),
        ("config : Proxy 'v2': unable to find required default_backend: 'px'.", ["v2"]),
        ("config : Fatal errors found in configuration.", []),
        ("config : parsing [h.cfg:2] : 'maxconn' is too high", []),
        ("Starting frontend v1: cannot bind socket (Address already in use)", []),
    ],
)
def test_alerts_name_their_section_by_line_or_by_name(alert, names):
    parts = ["global\n  maxconn 9", "frontend v1\n  mode http\n  bind x", "frontend v2\n  bind y"]
    text = "\n".join([*parts, "backend p1.1\n  server s1\n"])
    assert list(blamed(text, [alert])) == names
