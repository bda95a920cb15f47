"""The dice of placement: they fall the same way each time the same is asked."""

from hashlib import sha256

from bigip_lbaas.domain.fleet import AgentState
from bigip_lbaas.domain.placement import Need
from bigip_lbaas.scheduling.judgement import Judgement


def choose_agent(need: Need, chosen: Judgement) -> tuple[AgentState, str]:
    """Take the project's home in the group; it has one even while only tombstones live there."""
    number = chosen.group.number
    for agent in chosen.agents:
        if agent.id == chosen.group.project_home:
            return agent, "is the project's home there"
    if len(chosen.agents) == 1:
        return chosen.agents[0], "is the only one there that can"
    agent = min(chosen.agents, key=lambda one: (throw(need, number, one.id), one.id))
    return agent, f"by dice among {len(chosen.agents)}"


def throw(need: Need, *names: object) -> bytes:
    """Throw dice that fall the same way for the same seed, load balancer and names."""
    text = "\0".join(str(part) for part in (need.seed, need.load_balancer_id, *names))
    return sha256(text.encode()).digest()
