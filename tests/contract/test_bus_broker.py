"""What the bus over oslo.messaging does about brokers that are not there, and about passwords."""

import logging
import socket
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from services import RABBITMQ, need_rabbitmq

from bigip_lbaas.bus.oslo import OsloBus, private_conf, without_password
from bigip_lbaas.domain.errors import BusUnavailable, ConfigurationRefused

SECRET = "hunter2"

NO_BROKER = (
    "nonsense",
    "",
    "rabbit://",
    "rabbit:u:hunter2@h",
    "u:hunter2@h",
    "bogus://u:hunter2@h/",
    "fake://",
    "rabbit://u:hunter2@h:port/",
    "rabbit://u:hunter2/x@h/",
    "rabbit://u:hunter2@[::1",
)


@pytest.mark.parametrize("url", NO_BROKER)
def test_a_url_that_leads_to_no_broker_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConfigurationRefused) as raised:
        OsloBus(private_conf(), url, "exchange")
    assert "transport_url" in str(raised.value)
    assert SECRET not in str(raised.value)
    assert raised.value.__suppress_context__  # a traceback would print what the libraries said


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rabbit://u:hunter2@h:5672/v", "rabbit://***@h:5672/v"),
        ("rabbit://u:hunter2@h1,u:hunter2@h2/v", "rabbit://***@h2/v"),
        ("rabbit://u:hunt@hunter2@h/v", "rabbit://***@h/v"),
        ("rabbit://u:hunter2/?#@h/v", "rabbit://***@h/v"),
        ("u:hunter2@h", "***@h"),
        ("rabbit://h/v", "rabbit://h/v"),
    ],
)
def test_a_url_is_shown_without_credentials(url: str, shown: str) -> None:
    assert without_password(url) == shown


CAST = pytest.param(lambda bus: bus.cast("topic", "method", {}), id="cast")
CALL = pytest.param(lambda bus: bus.call("topic", "method", {}, 1.0), id="call")
WAYS = pytest.mark.parametrize("send", [CAST, CALL])


def _unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@WAYS
def test_a_broker_that_is_not_there_is_said_soon_and_without_its_password(
    send: Callable[[OsloBus], object], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url = f"rabbit://user:{SECRET}@127.0.0.1:{_unused_port()}/"
    bus = OsloBus(private_conf(), url, "exchange")
    begun_s = time.monotonic()
    with pytest.raises(BusUnavailable, match="method could not be sent to topic") as raised:
        send(bus)
    assert time.monotonic() - begun_s < 8.0
    assert SECRET not in str(raised.value)
    assert SECRET not in caplog.text
    bus.close()


@WAYS
@pytest.mark.services
def test_a_broker_that_refuses_the_login_is_said_soon_and_without_the_password(
    send: Callable[[OsloBus], object], caplog: pytest.LogCaptureFixture
) -> None:
    need_rabbitmq()
    caplog.set_level(logging.DEBUG)
    bus = OsloBus(private_conf(), f"rabbit://guest:{SECRET}@{RABBITMQ}/", "exchange")
    begun_s = time.monotonic()
    with pytest.raises(BusUnavailable, match="refused") as raised:
        send(bus)
    assert time.monotonic() - begun_s < 8.0
    assert SECRET not in str(raised.value)
    assert SECRET not in caplog.text
    bus.close()


IDLE = """
import time
from bigip_lbaas.bus.oslo import OsloBus, private_conf

bus = OsloBus(private_conf(), "kombu+memory://localhost/", "idle")
servers = [bus.serve(f"topic-{n}", "one", {"take": lambda _p: {}}, 2) for n in range(4)]
for number in range(4):
    bus.call(f"topic-{number}", "take", {}, 5.0)
before_s = time.process_time()
time.sleep(1.0)
print(time.process_time() - before_s)
"""


def test_consumers_of_the_memory_transport_cost_next_to_nothing_while_idle() -> None:
    # in a process of its own: what other tests leave behind is not measured
    told = subprocess.run(
        [sys.executable, "-c", IDLE], capture_output=True, text=True, timeout=60, check=True
    )
    assert float(told.stdout) < 0.25
