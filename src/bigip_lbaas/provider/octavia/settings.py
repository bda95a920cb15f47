"""Reads the driver's own section of the API's configuration: one section per provider name."""

import re
from dataclasses import dataclass
from typing import Any

from oslo_config import cfg

from bigip_lbaas.domain.errors import ConfigurationRefused
from bigip_lbaas.domain.ids import EnvironmentName
from bigip_lbaas.provider.octavia.door import Door
from bigip_lbaas.provider.octavia.refuse import Leniency

# one that ends so would have another one's queue of heartbeats for its own of requests
_ENVIRONMENT = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(?<!_heartbeat)")

FIRST = "f5"  # the name under which the driver itself comes

OPTIONS = (
    cfg.StrOpt(
        "environment_prefix",
        default="Project",
        help="Name of the environment: its queues, agents and partitions carry it.",
    ),
    cfg.StrOpt(
        "transport_url",
        secret=True,
        help="The message broker that drivers, controllers and agents of this environment share,"
        " such as rabbit://user:password@host:5672/bigip_lbaas. Octavia's own is never used.",
    ),
    cfg.StrOpt(
        "control_exchange",
        default="bigip_lbaas",
        help="The exchange of that broker in which this environment's queues live.",
    ),
    cfg.StrOpt(
        "database_connection",
        secret=True,
        help="The database that drivers and controllers of this environment share, such as"
        " mysql+pymysql://user:password@host/bigip_lbaas. Octavia's own is never used.",
    ),
    cfg.BoolOpt(
        "report_operating_status",
        default=True,
        help="Tell Octavia operating statuses too; otherwise they stay as Octavia created them.",
    ),
    cfg.StrOpt(
        "foreign_metadata",
        default="ignore",
        help="What to do with flavor and availability zone metadata of other drivers, such as"
        " loadbalancer_topology: ignore or refuse.",
    ),
    cfg.StrOpt(
        "no_capacity",
        default="error",
        help="What happens to a new load balancer when every device group is full. error: it is"
        " accepted, and ends in ERROR with the reason. reject: a controller is asked first (it has"
        " two seconds to answer), and the API refuses the request with the reason.",
    ),
    cfg.StrOpt(
        "listener_timeouts",
        default="refuse",
        help="What to do with listener timeouts that differ from Octavia's defaults, which this"
        " driver cannot set yet: ignore or refuse.",
    ),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """One provider's settings, checked."""

    environment: EnvironmentName
    transport_url: str
    control_exchange: str
    database_connection: str
    report_operating_status: bool
    leniency: Leniency
    asks_for_room: bool = False

    def open_door(self) -> Door:
        """Open the way in: the database and the bus."""
        # Heavy, and not needed by a process that hands its drivers a door.
        from bigip_lbaas.bus.oslo import OsloBus, private_conf
        from bigip_lbaas.provider.octavia.api_sockets import (
            ApiOwners,
            PatientLibrary,
            sockets_of_octavia,
        )
        from bigip_lbaas.store.sql import SqlStore

        bus = OsloBus(private_conf(), self.transport_url, self.control_exchange)
        store = SqlStore(self.database_connection)
        owners = ApiOwners(PatientLibrary(sockets_of_octavia()))
        return Door(store, bus, self.environment, self.leniency, owners.of_pool, self.asks_for_room)


def read_settings(name: str, conf: Any = cfg.CONF) -> Settings:
    """Return the settings of the section [name]. Raises ConfigurationRefused, naming the option."""
    conf.register_opts(OPTIONS, group=name)
    section = conf[name]
    where = conf.get_location("environment_prefix", group=name).location
    if name != FIRST and where is cfg.Locations.opt_default:
        raise ConfigurationRefused(
            f"[{name}] environment_prefix is not set: each provider beside {FIRST} needs one of"
            " its own"
        )
    return Settings(
        environment=_environment(name, section.environment_prefix),
        transport_url=_required(name, section, "transport_url"),
        control_exchange=_required(name, section, "control_exchange"),
        database_connection=_required(name, section, "database_connection"),
        report_operating_status=section.report_operating_status,
        leniency=Leniency(
            foreign_metadata=_ignores(name, section, "foreign_metadata"),
            timeouts=_ignores(name, section, "listener_timeouts"),
        ),
        asks_for_room=_chosen(name, section, "no_capacity", ("error", "reject")) == "reject",
    )


def _environment(name: str, value: str) -> EnvironmentName:
    if not _ENVIRONMENT.fullmatch(value):
        raise ConfigurationRefused(
            f"[{name}] environment_prefix = {value!r}: begin with a letter, use only letters,"
            " digits, '_' and '-', and do not end in _heartbeat"
        )
    return EnvironmentName(value)


def _required(name: str, section: Any, option: str) -> str:
    value = section[option]
    if not value:
        raise ConfigurationRefused(f"[{name}] {option} is not set; the driver cannot work without")
    return str(value)


def _ignores(name: str, section: Any, option: str) -> bool:
    return _chosen(name, section, option, ("ignore", "refuse")) == "ignore"


def _chosen(name: str, section: Any, option: str, words: tuple[str, str]) -> str:
    value = str(section[option])
    if value not in words:
        raise ConfigurationRefused(f"[{name}] {option} = {value!r}: must be {' or '.join(words)}")
    return value
