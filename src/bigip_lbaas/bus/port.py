"""The one way to other processes: cast, call, serve."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

Endpoint = Callable[[dict[str, Any]], dict[str, Any] | None]


class Server(Protocol):
    """Something that answers on a topic until it is stopped."""

    def stop(self) -> None:
        """Take nothing new and wait until what was taken is finished."""


class Bus(Protocol):
    """A message broker. Delivery is at most once: every message is only a hint, or answered."""

    def cast(self, topic: str, method: str, payload: Mapping[str, Any]) -> None:
        """Hand one message to one of the topic's servers, in turn, and return at once.

        Raises BusUnavailable when it could not be handed over.
        """

    def call(
        self, topic: str, method: str, payload: Mapping[str, Any], timeout_s: float
    ) -> dict[str, Any]:
        """Ask one of the topic's servers and return its answer.

        Raises NoAnswer after timeout_s, BusUnavailable when it could not be handed over.
        """

    def serve(
        self, topic: str, server: str, endpoints: Mapping[str, Endpoint], workers: int
    ) -> Server:
        """Answer on a topic as `server`: method -> endpoint, on up to `workers` threads."""

    def close(self) -> None:
        """Let go of the broker."""
