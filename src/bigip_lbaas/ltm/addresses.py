"""How a device spells an address with a port, and takes it apart again."""

from ipaddress import ip_address

MASK_OF_ONE_HOST = {4: "255.255.255.255", 6: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}


def with_port(address: str, port: int) -> str:
    """Return `address` and `port` in one word: a dot stands before the port of an IPv6 one."""
    return f"{address}{'.' if ':' in address else ':'}{port}"


def without_port(word: str) -> str:
    """Return the address, or node name, of a word that `with_port` spells."""
    return word.rpartition("." if word.count(":") > 1 else ":")[0]


def destination(partition: str, address: str, port: int) -> str:
    """Return the destination of a virtual server."""
    return f"/{partition}/{with_port(address, port)}"


def address_of(destination_: str) -> str:
    """Return the address in a virtual server's destination."""
    return without_port(destination_.rpartition("/")[2])


def one_host_mask(address: str) -> str:
    """Return the mask that covers `address` alone."""
    return MASK_OF_ONE_HOST[ip_address(address).version]


def is_address(text: str) -> bool:
    """Return whether `text` is an IPv4 or IPv6 address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
