"""What tests do when a server that they need is not there: skip, or fail when told to."""

import os
from typing import NoReturn

import amqp
import pytest

RABBITMQ = "127.0.0.1:5672"


def do_without(server: str, error: Exception) -> NoReturn:
    """End the test: a skip that names the server, or a failure where servers are required."""
    message = f"no {server} for tests: {error}"
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(message)
    pytest.skip(message)


def need_rabbitmq() -> None:
    """Return if RabbitMQ answers on this machine."""
    try:
        with amqp.Connection(RABBITMQ, connect_timeout=3):
            pass
    except (OSError, amqp.AMQPError) as error:
        do_without("RabbitMQ", error)
