"""Renders a service graph as the objects that a device must have for it. Pure.

Where the two sides differ, this is what we do:

* A member that is administratively down, or whose pool is, is forced offline: running connections
  may end, nothing new comes, persistent clients move too.
* A member of weight 0 is disabled: it takes no new clients, persistent ones may go on.
* An administratively down load balancer disables its virtual address and every virtual server;
  a down health monitor is kept but not attached.
* A pool that no listener uses is rendered all the same.
* Projects are spread over the traffic groups that the operator names, by a digest of their ids as
  the old agent did: all of a project fails over together, and what was made by it stays in place.
* Every object but nodes says in its description whose it is, so that it can be found when no
  graph names it any more. Names and descriptions that users give never reach a device.
"""

from dataclasses import dataclass
from hashlib import md5
from typing import Any

from bigip_lbaas.domain.errors import RequestRejected
from bigip_lbaas.domain.graph import (
    Algorithm,
    Listener,
    ListenerProtocol,
    Member,
    Pool,
    ServiceGraph,
)
from bigip_lbaas.domain.ids import LoadBalancerId, ProjectId
from bigip_lbaas.ltm import kinds
from bigip_lbaas.ltm.addresses import destination, one_host_mask, with_port
from bigip_lbaas.ltm.names import Naming
from bigip_lbaas.ltm.state import Attributes, ObjectPath, State
from bigip_lbaas.reconcile.monitors import MONITOR_COLLECTIONS, monitor_attributes

# The layer 4 profile passes bytes through; requests can only be told apart with the http profile.
PROFILES = {
    ListenerProtocol.HTTP: ("/Common/http", "/Common/oneconnect", "/Common/tcp"),
    ListenerProtocol.TCP: ("/Common/fastL4",),
    ListenerProtocol.HTTPS: ("/Common/fastL4",),
}

# algorithm -> the mode when all weights are alike, the mode when they differ
BALANCING_MODES = {
    Algorithm.ROUND_ROBIN: ("round-robin", "ratio-member"),
    Algorithm.LEAST_CONNECTIONS: ("least-connections-member", "ratio-least-connections-member"),
    # a client stays with its member by persistence; the mode chooses for clients not seen yet
    Algorithm.SOURCE_IP: ("least-connections-member", "ratio-least-connections-member"),
}
MARK = "load balancer "  # so begin our descriptions
TRAFFIC_GROUP_1 = "/Common/traffic-group-1"  # every device has it
SOURCE_PERSISTENCE = ({"name": "/Common/source_addr"},)


@dataclass(frozen=True, slots=True)
class RenderSettings:
    """What a device group's operator decides about all load balancers.

    snat: "automap" (servers see an address of the device) or "none" (they see the client's, and
    must route their answers through the device). traffic_groups: full paths; their order is no
    matter.
    """

    traffic_groups: tuple[str, ...] = (TRAFFIC_GROUP_1,)
    snat: str = "automap"

    def traffic_group_of(self, project_id: ProjectId) -> str:
        """Return the traffic group that virtual addresses of a project are in."""
        among = sorted(self.traffic_groups)
        digest = md5(project_id.encode(), usedforsecurity=False).hexdigest()
        return among[int(digest, 16) % len(among)]


def describe(load_balancer_id: str) -> str:
    """Return the description that marks an object as part of a load balancer."""
    return f"{MARK}{load_balancer_id}"


def described(description: str) -> LoadBalancerId | None:
    """Return the load balancer that a description marks an object as part of, if it does."""
    id_ = description.removeprefix(MARK)
    return LoadBalancerId(id_) if id_ and id_ != description else None


def render(graph: ServiceGraph, naming: Naming, settings: RenderSettings) -> State:
    """Return every object that `graph` needs on a device, except nodes.

    Nodes come into being with the members that use their addresses.
    Raises: RequestRejected when something in the graph has no spelling on a device.
    """
    try:
        return _Rendering(graph, naming, settings).state()
    except ValueError as error:
        raise RequestRejected(
            "The load balancer contains a value that the device cannot take.",
            f"load balancer {graph.id} cannot be rendered: {error}",
        ) from error


@dataclass(frozen=True, slots=True)
class _Rendering:
    """One graph on its way to a state."""

    graph: ServiceGraph
    naming: Naming
    settings: RenderSettings

    def state(self) -> State:
        state: dict[ObjectPath, Attributes] = {}
        for pool in self.graph.pools:
            if pool.monitor:
                collection = MONITOR_COLLECTIONS[pool.monitor.type]
                attributes = monitor_attributes(pool.monitor)
                state[self._path(collection, pool.monitor.id)] = self._marked(attributes)
            state[self._path(kinds.POOL, pool.id)] = self._marked(self._pool(pool))
        state[self._path(kinds.VIRTUAL_ADDRESS, self.graph.id)] = self._marked(self._address())
        for listener in self.graph.listeners:
            path = self._path(kinds.VIRTUAL, listener.id)
            state[path] = self._marked(self._virtual(listener))
        return state

    def _path(self, collection: str, id_: str) -> ObjectPath:
        partition = self.naming.name(self.graph.project_id)
        return ObjectPath(collection, partition, self.naming.name(id_))

    def _marked(self, attributes: Attributes) -> Attributes:
        return {"description": describe(self.graph.id), **attributes}

    def _address(self) -> Attributes:
        return {
            "address": self.graph.vip_address,
            "enabled": "yes" if self.graph.admin_state_up else "no",
            "autoDelete": "false",  # else the device removes it with its last virtual server
            "trafficGroup": self.settings.traffic_group_of(self.graph.project_id),
        }

    def _virtual(self, listener: Listener) -> Attributes:
        vip = self.graph.vip_address
        pool = self.graph.pool(listener.default_pool_id) if listener.default_pool_id else None
        keeps_clients = pool is not None and pool.algorithm is Algorithm.SOURCE_IP
        is_up = self.graph.admin_state_up and listener.admin_state_up
        return {
            "destination": destination(
                self.naming.name(self.graph.project_id), vip, listener.protocol_port
            ),
            "mask": one_host_mask(vip),
            "ipProtocol": "tcp",
            "enabled" if is_up else "disabled": True,
            "connectionLimit": max(0, listener.connection_limit),  # 0 is no limit on a device
            "profiles": tuple({"name": name} for name in PROFILES[listener.protocol]),
            "sourceAddressTranslation": {"type": self.settings.snat},
            "pool": self._path(kinds.POOL, pool.id).full if pool else "",
            "persist": SOURCE_PERSISTENCE if keeps_clients else (),
        }

    def _pool(self, pool: Pool) -> Attributes:
        alike, different = BALANCING_MODES[pool.algorithm]
        monitor = pool.monitor
        attached = monitor is not None and monitor.admin_state_up
        members = (_member(member, pool.admin_state_up) for member in pool.members)
        return {
            "loadBalancingMode": (
                different if any(member.weight > 1 for member in pool.members) else alike
            ),
            "monitor": (
                self._path(MONITOR_COLLECTIONS[monitor.type], monitor.id).full
                if monitor and attached
                else ""
            ),
            "members": tuple(sorted(members, key=lambda member: str(member["name"]))),
        }


def _member(member: Member, pool_is_up: bool) -> dict[str, Any]:
    """Return one entry of a pool's member list.

    Source: iControl REST reference, "session/state: what you write vs. what you read". That a
    ratio above 100 is taken is unverified.
    """
    takes_new = pool_is_up and member.admin_state_up and member.weight > 0
    forced = not (pool_is_up and member.admin_state_up)
    return {
        "name": with_port(member.address, member.protocol_port),
        "address": member.address,
        "ratio": max(1, member.weight),
        "session": "user-enabled" if takes_new else "user-disabled",
        "state": "user-down" if forced else "user-up",
    }
