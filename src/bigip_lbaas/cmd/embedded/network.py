"""Octavia's network driver for a machine without a network service: VIPs are loopback addresses."""

import ipaddress
import uuid
from typing import Any, NoReturn

from octavia.common import constants, data_models
from octavia.db import api as db_api
from octavia.db import models
from octavia.network import base
from octavia.network import data_models as network_models
from sqlalchemy import select

from bigip_lbaas.cmd.embedded.shim import LOOPBACK, id_of

CIDR = ipaddress.ip_network("127.0.0.0/8")
POOL = ipaddress.ip_network("127.77.0.0/16")
LOOPBACK_ID = id_of(LOOPBACK)


class _AnySubnet(tuple[str, ...]):
    """The subnets of the one network: whatever a client calls a subnet, it is part of it."""

    __slots__ = ()

    def __contains__(self, _subnet_id: object) -> bool:
        return True


def _not_here(*_args: Any, **_kwargs: Any) -> NoReturn:
    raise base.NetworkException("There is no network service here; VIPs are loopback addresses.")


class LoopbackNetworkDriver(base.AbstractNetworkDriver):
    """Gives each load balancer an address in 127.0.0.0/8: the one asked for, or a free one."""

    def allocate_vip(self, load_balancer: Any) -> tuple[Any, list[Any]]:
        """Return the VIP as asked for, its address chosen where none was given."""
        vip = load_balancer.vip
        address = _loopback(vip.ip_address) if vip.ip_address else _free_address()
        return (
            data_models.Vip(
                ip_address=address,
                subnet_id=vip.subnet_id or LOOPBACK_ID,
                network_id=vip.network_id or LOOPBACK_ID,
                port_id=vip.port_id or str(uuid.uuid4()),
                load_balancer_id=load_balancer.id,
            ),
            list(load_balancer.additional_vips),
        )

    def deallocate_vip(self, vip: Any) -> None:
        """Have nothing to give back: the address is free when its load balancer is deleted."""

    def get_network(self, network_id: str, context: Any = None) -> Any:  # noqa: ARG002
        """Return the one network, by whatever id it is called."""
        subnets = _AnySubnet((LOOPBACK_ID,))
        return network_models.Network(id=network_id, name=LOOPBACK, subnets=subnets)

    def get_subnet(self, subnet_id: str, context: Any = None) -> Any:  # noqa: ARG002
        """Return the one subnet, by whatever id it is called."""
        return network_models.Subnet(
            id=subnet_id, name=LOOPBACK, network_id=LOOPBACK_ID, cidr=str(CIDR), ip_version=4
        )

    def get_port(self, port_id: str, context: Any = None) -> Any:  # noqa: ARG002
        """Say that there is no such port: none exists before its load balancer."""
        raise base.PortNotFound(f"Port {port_id} does not exist; give a subnet instead.")

    def get_security_group_by_id(self, sg_id: str, context: Any = None) -> Any:  # noqa: ARG002
        """Say that there is no such security group."""
        raise base.SecurityGroupNotFound(f"Security group {sg_id} does not exist.")

    def get_network_ip_availability(self, network: Any) -> Any:
        """Say that there is room."""
        room = {"subnet_id": LOOPBACK_ID, "total_ips": POOL.num_addresses, "used_ips": 0}
        return network_models.Network_IP_Availability(
            network_id=network.id, subnet_ip_availability=[room]
        )

    def qos_enabled(self) -> bool:
        """Say that there is no quality of service."""
        return False

    # What only virtual appliances need.
    create_port = delete_port = unplug_vip = unplug_network = plug_fixed_ip = _not_here
    unplug_fixed_ip = get_plugged_networks = get_network_by_name = get_subnet_by_name = _not_here
    get_port_by_name = get_port_by_net_id_device_id = get_security_group = _not_here
    failover_preparation = plug_port = get_network_configs = update_vip_sg = _not_here
    update_aap_port_sg = plug_aap_port = unplug_aap_port = set_port_admin_state_up = _not_here


def _loopback(address: str) -> str:
    """Return the address if it is a loopback address, else have the API answer 400."""
    if ipaddress.ip_address(address) in CIDR:
        return address
    raise _refusal(f"VIP address {address} is outside {CIDR}; this cloud is one machine only.")


def _free_address() -> str:
    """Return the lowest address of the pool that was never used, else one that is free again."""
    with db_api.get_session().begin() as transaction:
        rows = transaction.session.execute(
            select(models.Vip.ip_address, models.LoadBalancer.provisioning_status).join(
                models.LoadBalancer, models.LoadBalancer.id == models.Vip.load_balancer_id
            )
        ).all()
    ever = {address for address, _status in rows}
    now = {address for address, status in rows if status != constants.DELETED}
    for used in (ever, now):
        for host in map(str, POOL.hosts()):
            if host not in used:
                return host
    raise _refusal(f"Every address of {POOL} is taken; give a VIP address yourself.")


def _refusal(sentence: str) -> Exception:
    refusal: Exception = base.AllocateVIPException(sentence, orig_msg=sentence, orig_code=400)
    return refusal
