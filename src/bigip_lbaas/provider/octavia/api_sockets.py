"""The sockets of the API's driver agent, and what is asked for over them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octavia_lib.api.drivers import driver_lib, exceptions
from oslo_config import cfg

from bigip_lbaas.domain.errors import RequestRejected
from bigip_lbaas.domain.graph import ServiceGraph
from bigip_lbaas.provider.octavia.outbox import Document, api_graph


@dataclass(frozen=True, slots=True)
class Sockets:
    """Where the API's driver agent listens."""

    status: str = driver_lib.DEFAULT_STATUS_SOCKET
    stats: str = driver_lib.DEFAULT_STATS_SOCKET
    get: str = driver_lib.DEFAULT_GET_SOCKET


class PatientLibrary:
    """octavia-lib's DriverLibrary, opened when its sockets are there.

    Its own constructor waits up to two minutes for them and cannot be stopped meanwhile.
    """

    def __init__(self, sockets: Sockets) -> None:
        """Keep the paths; nothing is opened."""
        self._sockets = sockets

    def update_loadbalancer_status(self, status: Document) -> None:
        """See DriverLibrary."""
        missing = self._missing()
        if missing:
            raise exceptions.UpdateStatusError(fault_string=missing)
        self._library().update_loadbalancer_status(status)

    def get_loadbalancer(self, loadbalancer_id: str) -> Any:
        """See DriverLibrary."""
        return self._reading().get_loadbalancer(loadbalancer_id)

    def get_pool(self, pool_id: str) -> Any:
        """See DriverLibrary."""
        return self._reading().get_pool(pool_id)

    def _reading(self) -> Any:
        missing = self._missing()
        if missing:
            raise exceptions.DriverError(operator_fault_string=missing) from OSError(missing)
        return self._library()

    def _missing(self) -> str:
        for path in (self._sockets.status, self._sockets.stats, self._sockets.get):
            if not Path(path).exists():
                return f"the socket {path} is not there; is octavia-driver-agent running?"
        return ""

    def _library(self) -> Any:
        return driver_lib.DriverLibrary(
            self._sockets.status, self._sockets.stats, self._sockets.get
        )


@dataclass(frozen=True, slots=True)
class ApiOwners:
    """Finds out whose a pool is that only the API knows."""

    library: PatientLibrary

    def of_pool(self, pool_id: str) -> ServiceGraph | None:
        """Return the API's own graph of the load balancer that the pool is under, if there is one.

        Raises RequestRejected when the API does not answer, or has what we have no word for.
        """
        try:
            pool = self.library.get_pool(pool_id)
            if pool is None:
                return None
            return api_graph(self.library.get_loadbalancer(pool.loadbalancer_id))
        except (exceptions.DriverError, exceptions.DriverAgentTimeout) as error:
            raise RequestRejected(
                f"The pool {pool_id} cannot be looked up right now; try again in a minute.",
                f"the database has no pool {pool_id}, and the API's get socket did not tell whose"
                f" it is: {error.__cause__ or error}",
            ) from error


def sockets_of_octavia() -> Sockets:
    """Return where the driver agent listens, by the configuration of the process around us."""
    paths = {
        kind: option_of_octavia("driver_agent", f"{kind}_socket_path")
        for kind in ("status", "stats", "get")
    }
    return Sockets(**{kind: path for kind, path in paths.items() if path})


def option_of_octavia(group: str, option: str) -> Any:
    """Return an option of the process around us, None when it has no such option."""
    try:
        return cfg.CONF[group][option]
    except (cfg.NoSuchOptError, cfg.NoSuchGroupError):
        return None
