"""Shares homes among the live agents of their device group: when one is gone, or one has many."""

from collections.abc import Collection, Iterable, Mapping

from bigip_lbaas.domain.ids import AgentId, ProjectId

UNEVEN = 1.2  # an agent with so many times the mean, and one more, has too many


def share_out(
    homes: Iterable[ProjectId], agents: Mapping[AgentId, int]
) -> dict[ProjectId, AgentId]:
    """Give each home, whole, to the agent that has the fewest at that moment.

    homes: the projects whose homes in this device group have lost their agent. agents: each live
    agent of the group -> how many homes it has. Without a live agent nothing is given away: the
    work stays with the group. The order of neither argument matters.
    """
    have = dict(agents)
    given: dict[ProjectId, AgentId] = {}
    for home in sorted(set(homes)) if have else ():
        given[home] = min(have, key=lambda agent: (have[agent], agent))
        have[given[home]] += 1
    return given


def surplus(mine: int, others: Collection[int]) -> int:
    """Return how many homes an agent has above the mean of its group, 0 while that is not uneven.

    others: how many each other live agent has. A home that moves is stamped and read anew, so what
    a few homes would even out is not worth it; once they move, they all do.
    """
    homes, agents = mine + sum(others), 1 + len(others)
    mean = -(-homes // agents)
    return mine - mean if mine > UNEVEN * homes / agents + 1 else 0
