"""Makes what a lab needs on the servers, two databases and an exchange, and takes it away again."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import kombu.exceptions
import oslo_messaging
from kombu.connection import Connection as BrokerConnection
from kombu.transport import pyamqp
from sqlalchemy import URL, Connection, create_engine, exc, make_url, text

from bigip_lbaas.bus import topics
from bigip_lbaas.bus.oslo import private_conf, without_password
from bigip_lbaas.domain.errors import ConfigurationRefused, ProviderError
from bigip_lbaas.domain.ids import EnvironmentName
from bigip_lbaas.store.engines import DRIVERS, place_of
from bigip_lbaas.store.faults import translated

LOCK_TIMEOUT_S = 10
ADMINISTRATION = {"mysql": "mysql", "postgresql": "postgres"}  # databases that are always there


@dataclass(frozen=True, slots=True)
class Belongings:
    """What a lab has on servers; a file in its directory remembers it from before it is made.

    ours, octavia: names of databases. exchange: of the broker; environment: in the queues' names,
    which are one broker's, whatever the exchange. agents: their ids, controllers: their hosts;
    queues are called by both.
    """

    server: str
    broker: str
    ours: str
    octavia: str
    exchange: str
    environment: str
    agents: tuple[str, ...]
    controllers: tuple[str, ...]

    @property
    def our_url(self) -> str:
        """Return the URL of the database of controllers and drivers."""
        return _url(self.server, self.ours).render_as_string(hide_password=False)

    @property
    def octavia_url(self) -> str:
        """Return the URL of Octavia's database."""
        return _url(self.server, self.octavia).render_as_string(hide_password=False)

    def write(self, path: Path) -> None:
        """Remember them; URLs may have passwords."""
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Belongings | None":
        """Return what an earlier lab in that directory has left, None when it left nothing."""
        if not path.exists():
            return None
        found = json.loads(path.read_text(encoding="utf-8"))
        lists = {name: tuple(found[name]) for name in ("agents", "controllers")}
        return cls(**{**found, **lists})

    def make(self) -> None:
        """Make the databases; whoever first uses exchange and queues makes them. ProviderError."""
        with _server(self.server) as connection:
            for name in (self.ours, self.octavia):
                connection.execute(text(f"CREATE DATABASE {name}"))

    def remove(self) -> None:
        """Take everything away; what is not there is no complaint. Raises ProviderError."""
        with _server(self.server) as connection:
            if connection.dialect.name == "mysql":  # somebody's open transaction keeps a database
                connection.execute(text(f"SET SESSION lock_wait_timeout = {LOCK_TIMEOUT_S}"))
            force = " WITH (FORCE)" if connection.dialect.name == "postgresql" else ""
            for name in (self.ours, self.octavia):
                connection.execute(text(f"DROP DATABASE IF EXISTS {name}{force}"))
        try:
            self._clear_broker()
        except (kombu.exceptions.KombuError, OSError, *pyamqp.Transport.connection_errors) as error:
            raise ProviderError(
                f"exchange {self.exchange} at {without_password(self.broker)} could not be taken"
                f" away: {error}; run 'bigip-lbaas down' again when the broker answers"
            ) from error

    def _clear_broker(self) -> None:
        environment = EnvironmentName(self.environment)
        work, beats = topics.global_queue(environment), topics.heartbeat_queue(environment)
        served = [(topic, host) for topic in (work, beats) for host in self.controllers]
        served += [(topics.agent_queue(environment, agent), agent) for agent in self.agents]
        connecting = BrokerConnection(  # type: ignore[no-untyped-call]  # kombu has no types
            _amqp(self.broker), connect_timeout=5
        )
        with connecting as connection:
            channel = connection.default_channel
            for topic, server in served:
                for queue in (topic, f"{topic}.{server}"):
                    channel.queue_delete(queue)
                channel.exchange_delete(f"{topic}_fanout")
            channel.exchange_delete(self.exchange)


def _url(server: str, database: str) -> URL:
    """Return the URL of a database there. Raises ConfigurationRefused."""
    try:
        url = make_url(server)
    except (exc.ArgumentError, ValueError) as error:
        raise ConfigurationRefused(
            "the database server's URL cannot be read: write it as mysql://user:password@host or"
            " postgresql://user:password@host"
        ) from error
    driver = DRIVERS.get(url.drivername.partition("+")[0])
    if driver is None or driver.startswith("sqlite"):
        raise ConfigurationRefused(
            f"--database {url.drivername}: processes of their own share a server: give mariadb,"
            " postgresql, or the URL of such a server"
        )
    return url.set(drivername=driver, database=database)


@contextmanager
def _server(server: str) -> Iterator[Connection]:
    """Connect as who may make databases; each statement is its own transaction."""
    kind = _url(server, "any").get_backend_name()
    url = _url(server, ADMINISTRATION[kind])
    engine = create_engine(url, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 5})
    try:
        with translated(place_of(url)), engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _amqp(transport_url: str) -> str:
    """Return the first host of a transport URL as kombu reads it."""
    parsed = oslo_messaging.TransportURL.parse(private_conf(), transport_url)
    host = parsed.hosts[0]
    return str(
        URL.create(
            "amqp", host.username, host.password, host.hostname, host.port, parsed.virtual_host
        ).render_as_string(hide_password=False)
    )
