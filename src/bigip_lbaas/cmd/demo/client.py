"""What a tenant does, with the real client library of the load-balancing API."""

import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import openstack

PAUSE_S = 0.05
SUBNET = str(uuid.uuid5(uuid.NAMESPACE_DNS, "loopback"))


@dataclass(frozen=True, slots=True)
class Ended:
    """How a request ended for the tenant. took_s: from the call until it was no longer PENDING."""

    id: str
    status: str
    took_s: float


def project_id(name: str) -> str:
    """Return the id of a project of that name."""
    return uuid.uuid5(uuid.NAMESPACE_DNS, name).hex


class Tenants:
    """The API, used as any project."""

    def __init__(self, endpoint: str) -> None:
        """Connect without authentication."""
        connection = openstack.connect(
            auth_type="none", auth={"endpoint": endpoint}, region_name="embedded"
        )
        self._api: Any = connection.load_balancer

    def create(
        self, project: str, name: str, vip: tuple[str, int], members: Iterable[tuple[str, int]]
    ) -> Ended:
        """Create a load balancer with listener, pool, members and monitor in one call."""
        address, port = vip
        begun_s = time.monotonic()
        pool = {
            "name": f"{name}-pool",
            "protocol": "HTTP",
            "lb_algorithm": "ROUND_ROBIN",
            "members": [
                {"address": member, "protocol_port": member_port} for member, member_port in members
            ],
            "healthmonitor": {
                "type": "HTTP",
                "delay": 1,
                "timeout": 1,
                "max_retries": 1,
                "url_path": "/",
            },
        }
        listener = {
            "name": f"{name}-listener",
            "protocol": "HTTP",
            "protocol_port": port,
            "default_pool": pool,
        }
        made = self._api.create_load_balancer(
            name=name,
            project_id=project_id(project),
            vip_subnet_id=SUBNET,
            vip_address=address,
            listeners=[listener],
        )
        return self.wait(made.id, begun_s)

    def add_member(self, load_balancer_id: str, member: tuple[str, int]) -> Ended:
        """Add a member to the load balancer's only pool."""
        begun_s = time.monotonic()
        pool = next(self._api.pools(loadbalancer_id=load_balancer_id))
        self._api.create_member(pool.id, address=member[0], protocol_port=member[1])
        return self.wait(load_balancer_id, begun_s)

    def delete(self, load_balancer_id: str) -> Ended:
        """Delete a load balancer with all under it."""
        begun_s = time.monotonic()
        self._api.delete_load_balancer(load_balancer_id, cascade=True)
        return self.wait(load_balancer_id, begun_s)

    def statuses(self, load_balancer_id: str) -> tuple[str, ...]:
        """Return the distinct provisioning statuses of a load balancer and its children."""
        tree = self._api.get(f"/lbaas/loadbalancers/{load_balancer_id}/status").json()
        found: set[str] = set()
        _collect(tree, found)
        return tuple(sorted(found))

    def wait(self, load_balancer_id: str, begun_s: float, within_s: float = 40.0) -> Ended:
        """Wait until the load balancer is no longer PENDING, or gone."""
        status = "PENDING"
        while status.startswith("PENDING") and time.monotonic() - begun_s < within_s:
            found = self._api.find_load_balancer(load_balancer_id)
            status = found.provisioning_status if found else "DELETED"
            if status.startswith("PENDING"):
                time.sleep(PAUSE_S)
        return Ended(load_balancer_id, status, time.monotonic() - begun_s)


def _collect(tree: Any, found: set[str]) -> None:
    if isinstance(tree, dict):
        if "provisioning_status" in tree:
            found.add(tree["provisioning_status"])
        for value in tree.values():
            _collect(value, found)
    elif isinstance(tree, list):
        for value in tree:
            _collect(value, found)
