"""Shares the homes of an agent that is gone among the live agents of its device group."""

from collections.abc import Iterable, Mapping

from bigip_lbaas.domain.ids import AgentId, ProjectId


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
