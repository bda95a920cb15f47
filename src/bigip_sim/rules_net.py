"""What a device refuses in networks. Source: iControl REST reference, sections 3.2 and 3.12.

Of the texts only those of section 3.2 are known, in part; the others are unverified.
"""

import ipaddress

from bigip_sim import refusals
from bigip_sim.refusals import RefusedError
from bigip_sim.shapes_net import domain_item
from bigip_sim.tree import Draft, Item, Key


def check_self(draft: Draft, item: Item) -> None:
    """The VLAN of a self IP is in the route domain of its address; routes find their gateways."""
    number = str(item.own["~place"]).rpartition("%")[2]
    domain = domain_item(draft, number)
    vlans = domain.own.get("vlans") if domain is not None else ()
    if not isinstance(vlans, list | tuple) or item.own["vlan"] not in vlans:
        name = domain.key.name if domain is not None else number
        text = (
            f"The vlan ({item.own['vlan']}) for self IP ({item.key.name}) must be one of the vlans "
            f"in the associated route domain ({name})"
        )
        raise refusals.configuration_error(text)
    check_gateways(draft)


def check_domain(draft: Draft, item: Item) -> None:
    """A route domain that gains or loses VLANs still fits their self IPs."""
    old = draft.base.get(item.key)
    for own in (item.own, old.own if old is not None else {}):
        vlans = own.get("vlans")
        for vlan in vlans if isinstance(vlans, list | tuple) else ():
            for user in draft.users(Key("net/vlan", "", str(vlan))):
                if user.kind == "net/self":
                    check_self(draft, user)


def check_domain_gone(draft: Draft, old: Item) -> None:
    """A route domain goes only without VLANs and tunnels."""
    vlans = old.own.get("vlans")
    for vlan in vlans if isinstance(vlans, list | tuple) else ():
        found = draft.get(Key("net/vlan", "", str(vlan)))
        elsewhere = any(vlan in _vlans(d) for d in draft.of_kind("net/route-domain"))
        if found is not None and not elsewhere:
            raise refusals.in_use("route domain", old.key.name, "VLAN", str(vlan))


def _vlans(domain: Item) -> tuple[str, ...]:
    vlans = domain.own.get("vlans")
    return tuple(vlans) if isinstance(vlans, list | tuple) else ()


def check_gateways(draft: Draft) -> None:
    """Every gateway is in the network of a self IP of its route domain.

    That a self IP stays while a gateway is reached through it alone is unverified.
    """
    for route in draft.of_kind("net/route"):
        check_route(draft, route)


def check_route(draft: Draft, item: Item) -> None:
    """A gateway is directly connected; code and text are unverified."""
    gateway = item.own.get("~gateway")
    if gateway is None:
        return
    text, _, domain = str(gateway).rpartition("%")
    address = ipaddress.ip_address(text)
    if address.is_link_local:
        return
    for own_address in draft.of_kind("net/self"):
        here = str(own_address.own["~place"]).rpartition("%")[2]
        network = ipaddress.ip_network(str(own_address.own["~network"]))
        if here == domain and address in network:
            return
    said = f"01070330:3: Static route gateway {item.own['gw']} is not directly connected via an "
    raise RefusedError(400, f"{said}interface.")
