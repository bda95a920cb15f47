"""Decides what each member may take: by its administrator, its monitors, and its pool's groups.

Sources: iControl REST reference, sections 3.3 and 3.4. Groups of lower priority are used while
fewer members than `minActiveMembers` are available in those above; members of a resting group keep
the sessions that persist, as disabled ones do (unverified).
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from bigip_sim.dataplane.parts import Pool, Server, Tuning
from bigip_sim.dataplane.udp import Choice, Choices

State = Callable[[Server], str]  # up, down, checking, disabled (by recvDisable) or unchecked
_SERVING = frozenset({"up", "unchecked"})


@dataclass(frozen=True, slots=True)
class Stand:
    """How one member stands."""

    weight: int = 1  # 0: only sessions that persist go on
    held: bool = False  # nothing new at all


READY = Stand()


def steer(pool: Pool, state: State) -> dict[str, Stand]:
    """Return how the members of a pool stand, by server id."""
    found = {server.id: state(server) for server in pool.servers}
    lowest = current_group(pool, found)
    return {
        server.id: _stand(server, pool.tunings[server.id], found[server.id], lowest)
        for server in pool.servers
    }


def current_group(pool: Pool, found: dict[str, str]) -> int:
    """Return the lowest priority that is in use."""
    if pool.minimum < 1:
        return -1
    available: dict[int, int] = {}
    for name, tuning in pool.tunings.items():
        serves = not (tuning.disabled or tuning.offline) and found[name] in _SERVING
        available[tuning.group] = available.get(tuning.group, 0) + serves
    count, group = 0, -1
    for group in sorted(available, reverse=True):
        count += available[group]
        if count >= pool.minimum:
            break
    return group


def _stand(server: Server, tuning: Tuning, state: str, lowest: int) -> Stand:
    resting = tuning.disabled or state == "disabled" or tuning.group < lowest
    # A member that HAProxy itself watches is taken out by HAProxy.
    down = state in {"down", "checking"} and not server.native
    return Stand(0 if resting else tuning.weight, tuning.offline or down or state == "node-down")


def commands(
    backends: Collection[str], server: str, old: Stand | None, new: Stand
) -> Iterator[str]:
    """Yield what HAProxy has to be told so that a server stands as it should."""
    for backend in backends:
        if old is None or old.weight != new.weight:
            yield f"set server {backend}/{server} weight {new.weight}"
        if old is None or old.held != new.held:
            yield f"set server {backend}/{server} state {'maint' if new.held else 'ready'}"


def choices(pool: Pool, stands: Mapping[str, Stand], state: State) -> Choices:
    """Return whom datagrams may go to."""
    members = tuple(
        Choice(s.id, s.address, s.port, stands[s.id].weight, s.limit)
        for s in pool.servers
        if not stands[s.id].held and state(s) in {*_SERVING, "disabled"}
    )
    return Choices(members, pool.balance == "leastconn")
