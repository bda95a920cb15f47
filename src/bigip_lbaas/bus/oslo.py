"""The bus over oslo.messaging: RabbitMQ in a cloud, kombu's memory transport when embedded."""

import logging
import socket
import threading
from collections.abc import Mapping
from typing import Any

import kombu.exceptions
import oslo_messaging
from kombu.transport import pyamqp
from oslo_config import cfg
from oslo_messaging._metrics.client import oslo_messaging_metrics
from oslo_messaging._tracing.client import oslo_messaging_tracing

from bigip_lbaas.bus import kombu_memory
from bigip_lbaas.bus.port import Endpoint
from bigip_lbaas.bus.request_ids import request_id_of, working_on
from bigip_lbaas.domain.errors import BusUnavailable, ConfigurationRefused, NoAnswer

LOG = logging.getLogger(__name__)

CALL_MONITOR_TIMEOUT_S = 2  # a server that dies during a call is noticed this soon
CONNECT_TIMEOUT_S = 2.0
RECONNECT_WITHIN_S = 2.0  # a random part of it, or a whole fleet would come back at once
AMQP_PORT = 5672

# While a connection is made, oslo.messaging lets the libraries' own errors through (18.3.1).
UNREACHABLE = (
    oslo_messaging.MessagingException,
    kombu.exceptions.KombuError,
    *pyamqp.Transport.connection_errors,
    *pyamqp.Transport.channel_errors,
    OSError,
)


def private_conf() -> cfg.ConfigOpts:
    """Return oslo.messaging's options on an object of their own.

    oslo.messaging registers two of its groups on the global cfg.CONF only and fails without them
    elsewhere (seen with 18.3.1), so they are registered here.
    """
    conf = cfg.ConfigOpts()
    conf(args=[], project="bigip_lbaas", default_config_files=[], default_config_dirs=[])
    conf.register_opts(oslo_messaging_metrics, group="oslo_messaging_metrics")
    conf.register_opts(oslo_messaging_tracing, group="oslo_messaging_tracing")
    return conf


class OsloServer:
    """One oslo.messaging RPC server."""

    def __init__(self, server: oslo_messaging.MessageHandlingServer) -> None:
        """Keep a server that has been started."""
        self._server = server

    def stop(self) -> None:
        """Take nothing new and wait until what was taken is finished."""
        self._server.stop()
        self._server.wait()


class OsloBus:
    """One process's connection to the message broker named by a transport URL."""

    def __init__(self, conf: cfg.ConfigOpts, url: str, exchange: str) -> None:
        """Name the broker; nothing is sent yet.

        The URL and the exchange are our own settings: the host process's [DEFAULT] transport_url
        and control_exchange are never used by accident. Raises ConfigurationRefused when the URL
        names no transport.
        """
        self._exchange = exchange
        self._conf = conf
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, float | None], Any] = {}
        self._in_memory = url.startswith("kombu+memory:")
        self._was_reached = self._in_memory
        if self._in_memory:
            kombu_memory.install()
        try:
            self._url = _parsed(conf, url)
            self._transport = oslo_messaging.get_rpc_transport(conf, url=self._url)
        except (ValueError, oslo_messaging.MessagingException):
            # not chained: what the libraries say repeats the URL, or pieces of the password
            raise ConfigurationRefused(
                f"transport_url {without_password(url)}: no message broker is reached that way;"
                " give rabbit://user:password@host:5672/virtual_host"
            ) from None
        conf.set_default("kombu_reconnect_splay", RECONNECT_WITHIN_S, "oslo_messaging_rabbit")
        if self._in_memory:  # there is no connection whose heartbeat could be lost
            conf.set_default("heartbeat_timeout_threshold", 0, "oslo_messaging_rabbit")

    def cast(self, topic: str, method: str, payload: Mapping[str, Any]) -> None:
        """See Bus.cast. Gives up after one more try, since every message is only a hint."""
        try:
            self._client(topic, None).cast({}, method, payload=dict(payload))
        except UNREACHABLE as error:
            raise BusUnavailable(f"{method} could not be sent to {topic}: {error}") from error

    def call(
        self, topic: str, method: str, payload: Mapping[str, Any], timeout_s: float
    ) -> dict[str, Any]:
        """See Bus.call."""
        try:
            self._reach_broker()
            answer = self._client(topic, timeout_s).call({}, method, payload=dict(payload))
        except oslo_messaging.MessagingTimeout as error:
            raise NoAnswer(f"{topic}.{method} gave no answer within {timeout_s} s") from error
        except oslo_messaging.RemoteError as error:
            raise NoAnswer(f"{topic}.{method} failed: {error.value}") from error
        except UNREACHABLE as error:
            raise BusUnavailable(f"{method} could not be sent to {topic}: {error}") from error
        return dict(answer or {})

    def serve(
        self, topic: str, server: str, endpoints: Mapping[str, Endpoint], workers: int
    ) -> OsloServer:
        """See Bus.serve. Not more is prefetched than `workers` can take.

        Waits, and says so in the log, as long as the broker cannot be reached.
        """
        target = oslo_messaging.Target(exchange=self._exchange, topic=topic, server=server)
        with self._lock:
            serving = oslo_messaging.get_rpc_server(
                self._transport,
                target,
                [_dispatched(endpoints)],
                access_policy=oslo_messaging.DefaultRPCAccessPolicy,
            )
            self._conf.set_override("executor_thread_pool_size", workers)
            self._conf.set_default("rabbit_qos_prefetch_count", workers, "oslo_messaging_rabbit")
            serving.start()
        return OsloServer(serving)

    def close(self) -> None:
        """See Bus.close."""
        self._transport.cleanup()

    def _reach_broker(self) -> None:
        """Return if the broker takes connections, or once did. Raises OSError.

        A call's first step, the queue for its answer, would wait for the broker without an end.
        """
        if self._was_reached:
            return
        failures = []
        for host in self._url.hosts:
            where = (host.hostname, host.port or AMQP_PORT)
            try:
                socket.create_connection(where, CONNECT_TIMEOUT_S).close()
            except OSError as error:
                failures.append(f"{host.hostname}: {error}")
            else:
                self._was_reached = True
                return
        raise ConnectionError("; ".join(failures))

    def _client(self, topic: str, timeout_s: float | None) -> Any:
        with self._lock:
            client = self._clients.get((topic, timeout_s))
            if client is None:
                target = oslo_messaging.Target(exchange=self._exchange, topic=topic)
                # oslo.messaging's server monitors no shorter calls, and warns of each
                is_long = timeout_s is not None and timeout_s > CALL_MONITOR_TIMEOUT_S
                client = oslo_messaging.get_rpc_client(
                    self._transport,
                    target,
                    timeout=timeout_s,
                    call_monitor_timeout=CALL_MONITOR_TIMEOUT_S if is_long else None,
                    retry=1,
                )
                self._clients[topic, timeout_s] = client
            return client


def without_password(url: str) -> str:
    """Return the URL as it may be shown: whatever stands before its last @ is left out."""
    credentials, at, rest = url.rpartition("@")
    scheme, colon, _ = credentials.partition("://")
    return f"{scheme if colon else ''}{colon}***{at}{rest}" if at else url


def _parsed(conf: cfg.ConfigOpts, url: str) -> oslo_messaging.TransportURL:
    """Return the URL's parts. Raises ValueError or a MessagingException for what is none."""
    parsed = oslo_messaging.TransportURL.parse(conf, url)
    is_remote = not url.startswith("kombu+memory://")
    if "://" not in url or (is_remote and not any(host.hostname for host in parsed.hosts)):
        raise ValueError("no host")  # oslo.messaging would take it for a broker on this host
    return parsed


def _dispatched(endpoints: Mapping[str, Endpoint]) -> object:
    """Return an object whose methods oslo.messaging dispatches to the endpoints."""

    def dispatch(endpoint: Endpoint) -> Any:
        def method(_self: object, _context: object, payload: dict[str, Any]) -> Any:
            try:
                with working_on(request_id_of(payload)):
                    return endpoint(payload)
            except Exception as error:
                # oslo.messaging would raise a built-in error at the caller as that very error
                raise NoAnswer(f"{type(error).__name__}: {error}") from error

        return method

    return type("Endpoints", (), {name: dispatch(call) for name, call in endpoints.items()})()
