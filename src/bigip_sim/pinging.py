"""What `ping` prints on the device; the text is that of a Linux host.

Nothing is sent: loopback, the device's own addresses and its nodes answer at once, but for virtual
addresses that are disabled or keep silent (`icmpEcho`), and nodes that their monitors have found
down; everybody else is silent.
"""

import ipaddress
from collections.abc import Iterator, Sequence

from bigip_sim import health
from bigip_sim.health import Probes
from bigip_sim.tree import Tree

_WITH_VALUE = frozenset({"-c", "-i", "-I", "-s", "-W", "-w", "-t"})
_MOST = 10  # answers that are told
_OWN = ("net/self", "ltm/virtual-address", "ltm/snat-translation")


def ping(tree: Tree, probes: Probes, words: Sequence[str]) -> tuple[str, bool]:
    """Return what is printed, and whether somebody has answered."""
    count, target, rest = 1, "", iter(words)
    for word in rest:
        if word in _WITH_VALUE:
            value = next(rest, "")
            count = min(int(value), _MOST) if word == "-c" and value.isdigit() else count
        elif not word.startswith("-"):
            target = word
    bare = target.partition("%")[0]
    try:
        address = str(ipaddress.ip_address(bare))
    except ValueError:
        return f"ping: unknown host {target}\n", False
    answers = count if address in set(_answering(tree, probes)) or _is_here(address) else 0
    lines = [f"PING {address} ({address}) 56(84) bytes of data."]
    lines += [
        f"64 bytes from {address}: icmp_seq={number} ttl=64 time=0.050 ms"
        for number in range(1, answers + 1)
    ]
    lost = 100 - 100 * answers // count if count else 0
    lines += ["", f"--- {address} ping statistics ---"]
    took = f"{count} packets transmitted, {answers} received, {lost}% packet loss, time 0ms"
    lines.append(took)
    return "\n".join(lines) + "\n", bool(answers)


def _is_here(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback


def _answering(tree: Tree, probes: Probes) -> Iterator[str]:
    for kind in _OWN:
        for item in tree.of_kind(kind):
            if item.own.get("icmpEcho") == "disabled" or item.own.get("enabled") == "no":
                continue
            yield str(item.own.get("address", "")).partition("/")[0].partition("%")[0]
    for node in tree.of_kind("ltm/node"):
        if health.of_node(node, probes).state not in {"down", "user-down"}:
            yield str(node.own.get("address", "")).partition("%")[0]
