"""Workers that are replaced, and one that does not start."""

import shutil

import pytest
from programs import ask, free_port, member

from bigip_sim.dataplane.parts import Backend, Frontend, Layout, Need, Server
from bigip_sim.dataplane.process import WorkerError
from bigip_sim.dataplane.workers import Workers

HAPROXY = shutil.which("haproxy")
pytestmark = [
    pytest.mark.dataplane,
    pytest.mark.skipif(HAPROXY is None, reason="there is no HAProxy"),
]
VIP = "127.3.4.1"


def layout(port: int, behind: int, *rules: str) -> Layout:
    server = Server("s1", "/T1/p", "/T1/a:80", "127.0.0.1", behind)
    return Layout(
        (Frontend("v1", "/T1/v", VIP, port, "http", "p1", rules=rules),),
        (Backend("p1", "http", "roundrobin", (server,), Need("/T1/p", "http")),),
    )


def test_a_configuration_that_haproxy_refuses_leaves_the_old_worker_at_work():
    workers, port = Workers(str(HAPROXY)), free_port()
    try:
        with member("A") as behind:
            workers.replace(layout(port, behind), {}, {})
            before = workers.pid
            with pytest.raises(WorkerError, match="nonsense"):
                workers.replace(layout(port, behind, "  nonsense"), {}, {})
            assert workers.pid == before
            assert ask(VIP, port) == "A"
            workers.replace(layout(port, behind), {}, {})
            assert workers.pid != before
            assert ask(VIP, port) == "A"
    finally:
        workers.stop()
        workers.clean_up()
