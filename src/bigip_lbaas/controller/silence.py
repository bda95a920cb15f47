"""Counts how long each agent has been silent, on this controller's own monotonic clock."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.domain.ids import AgentId
from bigip_lbaas.store.records import Agent


def silence_of(agent: Agent, settings: ControllerSettings) -> float:
    """Return how long an agent must be silent before its homes are taken, by what it was told."""
    return settings.silence_s if agent.silence_s is None else agent.silence_s


@dataclass
class SilenceWatch:
    """Remembers when each agent's beat was seen to change.

    The silence counts from when the change was *seen*: a controller that has just started first
    watches for a whole silence, and no two clocks are compared.
    """

    settings: ControllerSettings
    _seen: dict[AgentId, tuple[str, int, float]] = field(default_factory=dict)

    def silent(self, agents: Iterable[Agent], now_s: float) -> tuple[Agent, ...]:
        """Return those agents whose beat has not changed for longer than each one's silence."""
        alive = {agent.id: agent for agent in agents if agent.alive}
        for gone in self._seen.keys() - alive.keys():
            del self._seen[gone]
        found = []
        for agent in alive.values():
            epoch, beat, since_s = self._seen.get(agent.id, ("", -1, now_s))
            if (epoch, beat) != (agent.epoch, agent.beat):
                since_s = now_s
                self._seen[agent.id] = (agent.epoch, agent.beat, now_s)
            if now_s - since_s > silence_of(agent, self.settings):
                found.append(agent)
        return tuple(found)


@dataclass
class Waits:
    """Remembers since when this controller has seen something wait.

    A wait counts from when it was first seen *here*, so a restart of everything turns no
    waiting request into an error.
    """

    _since: dict[tuple[str, int], float] = field(default_factory=dict)

    def waited_s(self, subject: str, revision: int, now_s: float) -> float:
        """Return for how long it has been seen waiting at that revision."""
        return now_s - self._since.setdefault((subject, revision), now_s)

    def keep_only(self, present: Iterable[tuple[str, int]]) -> None:
        """Forget whatever does not wait any more."""
        keep = set(present)
        for gone in self._since.keys() - keep:
            del self._since[gone]

    def restart(self, subject: str, revision: int, now_s: float) -> None:
        """Count from now on."""
        self._since[subject, revision] = now_s
