"""Takes partitions of ours away that belong to no home; one with content is reported.

What load balancers such a one has goes if neither controllers nor the API know them; anything else
in it is left. Only the agent that has the home of what projects share does it, and only what
controllers have said twice to be nobody's. It names the very stamps that it has seen: where anyone
has written since, the device refuses, and it deletes no partition in which anything is.
"""

import logging
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import partial

from bigip_lbaas.agent.group import DeviceGroup, Member
from bigip_lbaas.agent.inventory import seen_in
from bigip_lbaas.agent.life import Life
from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.domain.errors import (
    BusUnavailable,
    DeviceError,
    DeviceRefused,
    LeaseExpired,
    NoAnswer,
    StampRefused,
)
from bigip_lbaas.domain.home import SHARED, Home, Stamp
from bigip_lbaas.domain.ids import ProjectId
from bigip_lbaas.icontrol.port import PartitionStamps
from bigip_lbaas.ltm.kinds import DATA_GROUP
from bigip_lbaas.ltm.names import GUARD, Naming
from bigip_lbaas.ltm.state import Action, ObjectPath, State, Step
from bigip_lbaas.wire.messages import Homeless, Sightings, StraySearch

LOG = logging.getLogger(__name__)

ASKED_AT_ONCE = 500  # projects, or load balancers
NAMED = 5
LEFT = "it is left as it is"


@dataclass
class Strays:
    """What was found to be nobody's the last time, for a thread of its own.

    ask: has a controller say which projects have no home. send: tells them of load balancers. A
    partition is a suspect with the stamps that it had; it is taken away when the next look finds
    it just so.
    """

    settings: AgentSettings
    group: DeviceGroup
    life: Life
    naming: Naming
    ask: Callable[[StraySearch], Homeless]
    send: Callable[[Sightings], None]
    _epoch: str = ""
    _suspects: dict[tuple[str, ProjectId], PartitionStamps] = field(default_factory=dict)
    _said: set[str] = field(default_factory=set)
    _to_say: list[str] = field(default_factory=list)

    def sweep_once(self) -> None:
        """Look at each device that answers; take away what was a suspect before."""
        epoch, home = self.life.epoch, self.life.home_of(SHARED)
        if home is None or epoch != self._epoch:
            self._epoch = epoch
            self._suspects.clear()
            self._said.clear()
        if home is None:
            return
        found = {
            member.device.name: self._found(member) for member in self.group.reachable_written()
        }
        try:
            homeless = self._homeless(epoch, sorted({id_ for ids in found.values() for id_ in ids}))
        except (BusUnavailable, NoAnswer) as error:
            LOG.info("%s: no controller says what is nobody's: %s", self.settings.agent_id, error)
            return
        before, self._suspects = self._suspects, {}
        for member in self.group.members:
            theirs = homeless & found.get(member.device.name, frozenset())
            if theirs:
                self._attempt(member, partial(self._sweep, member, home, theirs, before))

    def _found(self, member: Member) -> frozenset[ProjectId]:
        """Return the projects of the partitions that are named as ours."""
        names: list[str] = []
        self._attempt(member, lambda: names.extend(member.device.partitions()))
        return frozenset(
            ProjectId(name.rpartition("_")[2]) for name in names if self.naming.owns(name)
        )

    def _attempt(self, member: Member, work: Callable[[], None]) -> None:
        try:
            work()
        except DeviceError as error:
            self.group.failed(member, error)
        except LeaseExpired as error:
            LOG.info("%s: %s", self.settings.agent_id, error)

    def _homeless(self, epoch: str, projects: list[ProjectId]) -> set[ProjectId]:
        own = {home.project_id for home in self.life.homes()}
        asked = [id_ for id_ in projects if id_ not in own]
        homeless: set[ProjectId] = set()
        for start in range(0, len(asked), ASKED_AT_ONCE):
            some, said = tuple(asked[start : start + ASKED_AT_ONCE]), tuple(self._to_say)
            agent_id, group = self.settings.agent_id, self.settings.group
            answer = self.ask(StraySearch(agent_id, epoch, group, some, said))
            homeless |= set(answer.projects)
            del self._to_say[: len(said)]
        return homeless

    def _sweep(
        self,
        member: Member,
        home: Home,
        homeless: Collection[ProjectId],
        before: dict[tuple[str, ProjectId], PartitionStamps],
    ) -> None:
        """Take away those that are as they were at the look before; remember the others."""
        device, stamps = member.device, member.device.all_stamps()
        again = []
        for id_ in sorted(homeless):
            key = (device.name, id_)
            self._suspects[key] = stamps.get(self.naming.name(id_), PartitionStamps())
            for name in self._suspects[key].names:
                if (stamp := Stamp.parse(name)) is not None:
                    self.life.see(stamp.fence)
            if before.get(key) == self._suspects[key]:
                again.append(id_)
        if len(again) > self.settings.purge_limit:
            self._tell(
                f"{device.name} has {len(again)} partitions of ours that belong to no project, more"
                f" than purge_limit ({self.settings.purge_limit}): none was taken away"
            )
            return
        for id_ in again:
            why_not = self._take_away(member, home, id_)
            if why_not:
                partition = self.naming.name(id_)
                self._tell(
                    f"{device.name}: partition {partition} belongs to no project, and {why_not}"
                )

    def _take_away(self, member: Member, home: Home, id_: ProjectId) -> str:
        """Take guard, stamps and partition away; return why not, empty when it is gone."""
        device, partition = member.device, self.naming.name(id_)
        found = self._suspects[device.name, id_]
        strange = [name for name in found.names if Stamp.parse(name) is None]
        if strange:
            names = ", ".join(strange)
            return f"has stamps that this version cannot read ({names}): {LEFT}"
        content = device.read(partition)
        if content:
            return self._content(content)
        steps = tuple(_out(partition, found))
        try:
            self.life.may_write_to(home, self._epoch)
            if steps:
                device.commit(steps, [step.path.full for step in steps])
            self.life.may_write_to(home, self._epoch)
            device.delete_partition(partition)
        except StampRefused:
            return ""  # somebody is at work there by now
        except DeviceRefused as refused:
            return f"the device keeps it ({refused.said}): {LEFT}"
        del self._suspects[device.name, id_]
        LOG.warning("%s: partition %s belonged to no project and is gone", device.name, partition)
        return ""

    def _content(self, content: State) -> str:
        """Have the controllers see to its load balancers; return what is said of it."""
        seen = tuple(seen_in(content, self.naming).values())
        if not seen or self.settings.audit_policy != "repair":
            return f"has {len(content)} objects: {LEFT}"
        some = seen[:ASKED_AT_ONCE]
        self.send(Sightings(self.settings.agent_id, self.settings.group, some, twice=True))
        named = ", ".join(one.load_balancer_id for one in seen[:NAMED])
        more = f" and {len(seen) - NAMED} more" if len(seen) > NAMED else ""
        return f"has load balancers {named}{more}: they go if the API does not know them"

    def _tell(self, said: str) -> None:
        """Say something once in a life: in the log, and to the controllers at the next look."""
        if said not in self._said:
            LOG.warning("%s", said)
            self._said.add(said)
            self._to_say.append(said)


def _out(partition: str, found: PartitionStamps) -> Iterator[Step]:
    for name in (*found.names, *([GUARD] if found.guard else ())):
        yield Step(Action.DELETE, ObjectPath(DATA_GROUP, partition, name))
