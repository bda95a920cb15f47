"""Asks the controllers what load balancers are to be, a page at a time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from bigip_lbaas.domain.errors import BusUnavailable, NoAnswer
from bigip_lbaas.domain.home import Home
from bigip_lbaas.domain.ids import AgentId, GroupNumber, LoadBalancerId, ProjectId
from bigip_lbaas.wire.messages import Assignment, Graphs, GraphsWanted, KnownGraph

PROJECTS_AT_ONCE = 50
IDS_AT_ONCE = 100


class NotSaid(Exception):
    """No controller says what is wanted, so nothing can be said of what is found."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some load balancers; unreadable: those that are known, and no more."""

    graphs: tuple[KnownGraph, ...]
    unreadable: tuple[LoadBalancerId, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of one life's homes. ask: calls a controller."""

    agent_id: AgentId
    group: GroupNumber
    epoch: str
    ask: Callable[[GraphsWanted], Graphs]

    def of(self, homes: Iterable[Home]) -> Iterator[Page]:
        """Yield all load balancers of these homes. Raises: NotSaid."""
        projects = sorted({home.project_id for home in homes})
        for start in range(0, len(projects), PROJECTS_AT_ONCE):
            yield from self._pages(tuple(projects[start : start + PROJECTS_AT_ONCE]), ())

    def these(
        self, project_ids: Iterable[ProjectId], ids: Sequence[LoadBalancerId]
    ) -> Iterator[Page]:
        """Yield these load balancers of these projects. Raises: NotSaid."""
        projects = tuple(sorted(set(project_ids)))
        for start in range(0, len(ids), IDS_AT_ONCE):
            yield from self._pages(projects, tuple(ids[start : start + IDS_AT_ONCE]))

    def any_settled(self, project_id: ProjectId) -> Assignment | None:
        """Return one load balancer of the project that nobody is changing. Raises: NotSaid."""
        for page in self._pages((project_id,), ()):
            for one in page.graphs:
                if one.settled:
                    return one.assignment
        return None

    def _pages(
        self, projects: tuple[ProjectId, ...], only: tuple[LoadBalancerId, ...]
    ) -> Iterator[Page]:
        after = ""
        while True:
            asked = GraphsWanted(self.agent_id, self.epoch, self.group, projects, after, only)
            try:
                answer = self.ask(asked)
            except (BusUnavailable, NoAnswer) as error:
                raise NotSaid(str(error)) from error
            if answer.refused:
                raise NotSaid(answer.refused)
            yield Page(answer.graphs, answer.unreadable)
            if not answer.more:
                return
            after = answer.last
