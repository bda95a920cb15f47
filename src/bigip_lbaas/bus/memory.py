"""The bus inside one process: the twin that passes the same contract tests as the real one."""

import threading
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec

from bigip_lbaas.bus.port import Endpoint
from bigip_lbaas.bus.request_ids import request_id_of, working_on
from bigip_lbaas.domain.errors import BusUnavailable, NoAnswer


@dataclass
class _Message:
    method: str
    payload: bytes  # JSON, so that nobody shares an object with the sender
    answer: Future[dict[str, Any]]


@dataclass
class _Topic:
    servers: deque["MemoryServer"] = field(default_factory=deque)
    waiting: deque[_Message] = field(default_factory=deque)


class MemoryBroker:
    """Topics with their servers; messages for a topic without a server wait for one."""

    def __init__(self) -> None:
        """Begin with no topic."""
        self._lock = threading.Lock()
        self._topics: dict[str, _Topic] = {}

    def put(self, topic: str, message: _Message) -> None:
        """Give the message to the topic's next server in turn."""
        with self._lock:
            state = self._topics.setdefault(topic, _Topic())
            if not state.servers:
                state.waiting.append(message)
                return
            server = state.servers[0]
            state.servers.rotate(-1)
            server.take(message)

    def join(self, topic: str, server: "MemoryServer") -> None:
        """Add a server, which takes what has been waiting."""
        with self._lock:
            state = self._topics.setdefault(topic, _Topic())
            state.servers.append(server)
            while state.waiting:
                server.take(state.waiting.popleft())

    def leave(self, topic: str, server: "MemoryServer") -> None:
        """Remove a server, if it has not left already."""
        with self._lock, suppress(ValueError):
            self._topics[topic].servers.remove(server)


class MemoryServer:
    """Threads that answer on one topic."""

    def __init__(
        self, broker: MemoryBroker, topic: str, endpoints: Mapping[str, Endpoint], workers: int
    ) -> None:
        """Keep what is given; `MemoryBroker.join` sets it to work."""
        self._broker = broker
        self._topic = topic
        self._endpoints = endpoints
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=f"bus-{topic}")

    def take(self, message: _Message) -> None:
        """Queue one message for the threads."""
        self._pool.submit(self._answer, message)

    def stop(self) -> None:
        """Take nothing new and wait until what was taken is finished."""
        self._broker.leave(self._topic, self)
        self._pool.shutdown(wait=True)

    def _answer(self, message: _Message) -> None:
        endpoint = self._endpoints.get(message.method)
        if endpoint is None:
            message.answer.set_exception(NoAnswer(f"{self._topic} has no method {message.method}"))
            return
        try:
            payload = msgspec.json.decode(message.payload)
            with working_on(request_id_of(payload)):
                answer = endpoint(payload)
        except BaseException as error:  # noqa: BLE001 - the caller is told, whatever it was
            message.answer.set_exception(error)
        else:
            message.answer.set_result(answer or {})


class MemoryBus:
    """One process's connection to a MemoryBroker."""

    def __init__(self, broker: MemoryBroker) -> None:
        """Share the broker with the other processes."""
        self._broker = broker
        self._closed = False

    def cast(self, topic: str, method: str, payload: Mapping[str, Any]) -> None:
        """See Bus.cast."""
        self._send(topic, method, payload)

    def call(
        self, topic: str, method: str, payload: Mapping[str, Any], timeout_s: float
    ) -> dict[str, Any]:
        """See Bus.call."""
        answer = self._send(topic, method, payload)
        try:
            return answer.result(timeout_s)
        except FutureTimeout as error:
            raise NoAnswer(f"{topic}.{method} gave no answer within {timeout_s} s") from error
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            raise NoAnswer(f"{topic}.{method} failed: {said}") from error

    def serve(
        self, topic: str, server: str, endpoints: Mapping[str, Endpoint], workers: int
    ) -> MemoryServer:
        """See Bus.serve."""
        del server  # turns go round by order of arrival
        serving = MemoryServer(self._broker, topic, endpoints, workers)
        self._broker.join(topic, serving)
        return serving

    def close(self) -> None:
        """See Bus.close."""
        self._closed = True

    def _send(self, topic: str, method: str, payload: Mapping[str, Any]) -> Future[dict[str, Any]]:
        if self._closed:
            raise BusUnavailable("this connection to the bus has been closed")
        message = _Message(method, msgspec.json.encode(payload), Future())
        self._broker.put(topic, message)
        return message.answer
