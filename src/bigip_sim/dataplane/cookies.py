"""The value of the cookie that BIG-IP inserts for a member.

Sources: iControl REST reference, section 5.1: 127.2.0.1:8001 is 16777855.16671.0000; for IPv6 and
for members in a route domain the examples of the manufacturer's article K6917, as tools quote them
that decode such cookies.
"""

import ipaddress


def cookie_value(address: str, port: int, route_domain: str = "") -> str:
    """Return the encoded address and port.

    In route domain 0 the bytes of the port, and of an IPv4 address, are reversed.
    """
    parsed = ipaddress.ip_address(address)
    if route_domain not in {"", "0"}:
        packed = parsed.packed if parsed.version == 6 else b"\0" * 10 + b"\xff\xff" + parsed.packed
        return f"rd{route_domain}o{packed.hex()}o{port}"
    swapped = int.from_bytes(port.to_bytes(2, "big"), "little")
    if parsed.version == 6:
        return f"vi{parsed.packed.hex()}.{swapped}"
    number = int.from_bytes(parsed.packed, "little")
    return f"{number}.{swapped}.0000"
