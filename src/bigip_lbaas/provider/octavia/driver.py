"""The Octavia provider driver: translates a request, has it accepted, returns."""
# ruff: noqa: ARG002 - the methods' arguments are octavia-lib's, whether we need them or not

import os
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from octavia_lib.api.drivers import exceptions, provider_base
from oslo_context import context

from bigip_lbaas.domain import edit
from bigip_lbaas.domain.edit import Edited
from bigip_lbaas.domain.errors import (
    AddressTaken,
    ConcurrentUpdate,
    ConfigurationRefused,
    RequestRejected,
    StoreUnavailable,
    UnsupportedOption,
)
from bigip_lbaas.domain.graph import ServiceGraph
from bigip_lbaas.domain.ids import RequestId
from bigip_lbaas.provider.octavia import refuse, translate
from bigip_lbaas.provider.octavia.door import Door
from bigip_lbaas.provider.octavia.settings import FIRST, read_settings
from bigip_lbaas.wire.codec import Unreadable

DEFAULT_NAME = FIRST

_lock = threading.Lock()
_doors: dict[str, tuple[int, Door]] = {}  # provider name -> process id, its door


def connect(name: str, door: Door) -> None:
    """Give every driver of that provider name a door that is open already."""
    with _lock:
        _doors[name] = (os.getpid(), door)


def disconnect(name: str) -> None:
    """Forget the provider's door; what opened it closes it."""
    with _lock:
        _doors.pop(name, None)


def _door(name: str) -> Door:
    """Return the provider's door, opened at first use; a forked process opens its own."""
    with _lock:
        pid, door = _doors.get(name, (0, None))
        if door is None or pid != os.getpid():
            door = read_settings(name).open_door()
            _doors[name] = (os.getpid(), door)
        return door


@contextmanager
def _faults() -> Iterator[None]:
    """Turn our errors into those that the API shows to its user and writes to its log."""
    try:
        yield
    except UnsupportedOption as error:
        raise exceptions.UnsupportedOptionError(**_sentences(error)) from error
    except AddressTaken as error:
        raise exceptions.Conflict(**_sentences(error)) from error
    except RequestRejected as error:
        raise exceptions.DriverError(**_sentences(error)) from error
    except (ConcurrentUpdate, StoreUnavailable) as error:
        raise exceptions.DriverError(
            user_fault_string="The load balancing service cannot take requests right now;"
            " try again in a minute.",
            operator_fault_string=f"the database did not take the request: {error}",
        ) from error
    except Unreadable as error:
        raise exceptions.DriverError(
            user_fault_string="This load balancer cannot be changed; tell the operator.",
            operator_fault_string=f"damaged, or written by a newer program: {error}",
        ) from error
    except ConfigurationRefused as error:
        raise exceptions.DriverError(
            user_fault_string="The load balancing service is not set up correctly;"
            " tell its operator.",
            operator_fault_string=str(error),
        ) from error


def _sentences(error: RequestRejected) -> dict[str, str]:
    return {"user_fault_string": error.fault, "operator_fault_string": error.detail}


def _request_id() -> RequestId:
    """Return the id that the API gave this request, else a new one."""
    current = context.get_current()
    given = getattr(current, "request_id", None)
    return RequestId(given or f"req-{uuid.uuid4()}")


class BigipProviderDriver(provider_base.ProviderDriver):
    """What Octavia builds anew for each request; it costs nothing and keeps nothing."""

    name = DEFAULT_NAME  # Octavia sets the name under which it loaded the driver

    def create_vip_port(
        self,
        loadbalancer_id: str,
        project_id: str,
        vip_dictionary: Any,
        additional_vip_dicts: Any = None,
    ) -> Any:
        """Leave the VIP's port to Octavia's own network driver."""
        raise exceptions.NotImplementedError(
            user_fault_string="This provider leaves the VIP port to Octavia.",
            operator_fault_string="create_vip_port is left to Octavia's network driver.",
        )

    def loadbalancer_create(self, loadbalancer: Any) -> None:
        """Accept a load balancer with all under it."""
        with _faults():
            door = _door(self.name)
            graph = translate.service_graph(loadbalancer, door.leniency)
            demands = translate.demands(loadbalancer, door.leniency)
            door.create(graph, demands, _request_id())

    def loadbalancer_delete(self, loadbalancer: Any, cascade: bool = False) -> None:
        """Accept that a load balancer goes, with whatever is under it."""
        with _faults():
            below = translate.objects_below(loadbalancer)
            _door(self.name).delete(loadbalancer.loadbalancer_id, below, _request_id())

    def loadbalancer_failover(self, loadbalancer_id: str) -> None:
        """Have the load balancer configured again, or placed if it found no place before."""
        with _faults():
            _door(self.name).failover(loadbalancer_id, _request_id())

    def loadbalancer_update(self, old_loadbalancer: Any, new_loadbalancer: Any) -> None:
        """Accept a change of the load balancer itself."""
        with _faults():
            values = translate.plain(new_loadbalancer)
            refuse.check_load_balancer(values)
            name = values["name"] or "" if "name" in values else None
            _door(self.name).edit(
                values["loadbalancer_id"],
                lambda graph: edit.put_load_balancer(
                    graph, name=name, admin_state_up=values.get("admin_state_up")
                ),
                _request_id(),
            )

    def listener_create(self, listener: Any) -> None:
        """Accept a new listener."""
        with _faults():
            door = _door(self.name)
            new = translate.listener(listener, door.leniency)
            door.edit(
                listener.loadbalancer_id,
                lambda graph: edit.put_listener(graph, new),
                _request_id(),
            )

    def listener_delete(self, listener: Any) -> None:
        """Accept that a listener goes."""
        with _faults():
            _door(self.name).edit(
                listener.loadbalancer_id,
                lambda graph: edit.drop_listener(graph, listener.listener_id),
                _request_id(),
            )

    def listener_update(self, old_listener: Any, new_listener: Any) -> None:
        """Accept a change of a listener."""
        with _faults():
            door = _door(self.name)

            def change(graph: ServiceGraph) -> Edited:
                before = edit.find_listener(graph, new_listener.listener_id)
                after = translate.listener(new_listener, door.leniency, before)
                return edit.put_listener(graph, after)

            door.edit(old_listener.loadbalancer_id, change, _request_id())

    def pool_create(self, pool: Any) -> None:
        """Accept a new pool, and make it its listener's default pool if it names one."""
        with _faults():
            new = translate.whole_pool(pool)
            listener_id = translate.plain(pool).get("listener_id")
            _door(self.name).edit(
                pool.loadbalancer_id,
                lambda graph: edit.put_pool(graph, new, listener_id),
                _request_id(),
            )

    def pool_delete(self, pool: Any) -> None:
        """Accept that a pool goes, with its members and its health monitor."""
        with _faults():
            _door(self.name).edit(
                pool.loadbalancer_id,
                lambda graph: edit.drop_pool(graph, pool.pool_id),
                _request_id(),
            )

    def pool_update(self, old_pool: Any, new_pool: Any) -> None:
        """Accept a change of a pool itself."""
        with _faults():

            def change(graph: ServiceGraph) -> Edited:
                before = edit.find_pool(graph, new_pool.pool_id)
                return edit.put_pool(graph, translate.pool(new_pool, before))

            _door(self.name).edit(old_pool.loadbalancer_id, change, _request_id())

    def member_create(self, member: Any) -> None:
        """Accept a new member."""
        with _faults():
            new = translate.member(member)
            self._edit_pool(
                member.pool_id, lambda graph: edit.put_member(graph, member.pool_id, new)
            )

    def member_delete(self, member: Any) -> None:
        """Accept that a member goes."""
        with _faults():
            self._edit_pool(
                member.pool_id,
                lambda graph: edit.drop_member(graph, member.pool_id, member.member_id),
            )

    def member_update(self, old_member: Any, new_member: Any) -> None:
        """Accept a change of a member."""
        with _faults():
            pool_id = old_member.pool_id

            def change(graph: ServiceGraph) -> Edited:
                before = edit.find_member(graph, pool_id, new_member.member_id)
                return edit.put_member(graph, pool_id, translate.member(new_member, before))

            self._edit_pool(pool_id, change)

    def member_batch_update(self, pool_id: str, members: Any) -> None:
        """Accept that a pool has exactly these members.

        The API passes the untouched ones too when it was asked only to add.
        """
        with _faults():
            wanted = [translate.member(member) for member in members]
            self._edit_pool(pool_id, lambda graph: edit.put_members(graph, pool_id, wanted))

    def health_monitor_create(self, healthmonitor: Any) -> None:
        """Accept a new health monitor."""
        with _faults():
            new = translate.monitor(healthmonitor)
            pool_id = healthmonitor.pool_id
            self._edit_pool(pool_id, lambda graph: edit.put_monitor(graph, pool_id, new))

    def health_monitor_delete(self, healthmonitor: Any) -> None:
        """Accept that a health monitor goes."""
        with _faults():
            pool_id, monitor_id = healthmonitor.pool_id, healthmonitor.healthmonitor_id
            self._edit_pool(pool_id, lambda graph: edit.drop_monitor(graph, pool_id, monitor_id))

    def health_monitor_update(self, old_healthmonitor: Any, new_healthmonitor: Any) -> None:
        """Accept a change of a health monitor."""
        with _faults():
            pool_id = old_healthmonitor.pool_id

            def change(graph: ServiceGraph) -> Edited:
                before = edit.find_monitor(graph, pool_id, new_healthmonitor.healthmonitor_id)
                after = translate.monitor(new_healthmonitor, before)
                return edit.put_monitor(graph, pool_id, after)

            self._edit_pool(pool_id, change)

    def l7policy_create(self, l7policy: Any) -> None:
        """Refuse: L7 policies are not offered."""
        _refuse_l7("L7 policies")

    def l7policy_delete(self, l7policy: Any) -> None:
        """Refuse: L7 policies are not offered."""
        _refuse_l7("L7 policies")

    def l7policy_update(self, old_l7policy: Any, new_l7policy: Any) -> None:
        """Refuse: L7 policies are not offered."""
        _refuse_l7("L7 policies")

    def l7rule_create(self, l7rule: Any) -> None:
        """Refuse: L7 rules are not offered."""
        _refuse_l7("L7 rules")

    def l7rule_delete(self, l7rule: Any) -> None:
        """Refuse: L7 rules are not offered."""
        _refuse_l7("L7 rules")

    def l7rule_update(self, old_l7rule: Any, new_l7rule: Any) -> None:
        """Refuse: L7 rules are not offered."""
        _refuse_l7("L7 rules")

    def get_supported_flavor_metadata(self) -> dict[str, str]:
        """Return the flavor keys that count here, each with its description."""
        return dict(refuse.METADATA)

    def validate_flavor(self, flavor_metadata: Any) -> None:
        """Refuse a flavor with keys that mean nothing here."""
        with _faults():
            refuse.group_tags(flavor_metadata or {}, _door(self.name).leniency, "flavor")

    def get_supported_availability_zone_metadata(self) -> dict[str, str]:
        """Return the availability zone keys that count here, each with its description."""
        return dict(refuse.METADATA)

    def validate_availability_zone(self, availability_zone_metadata: Any) -> None:
        """Refuse an availability zone with keys that mean nothing here."""
        with _faults():
            metadata = availability_zone_metadata or {}
            refuse.group_tags(metadata, _door(self.name).leniency, "availability zone")

    def _edit_pool(self, pool_id: str, change: Callable[[ServiceGraph], Edited]) -> None:
        """Members and monitors name their pool only; the store knows whose it is."""
        _door(self.name).edit_below_pool(pool_id, change, _request_id())


def _refuse_l7(what: str) -> None:
    with _faults():
        raise refuse.refuse_l7(what)
