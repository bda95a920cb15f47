"""Reads which load balancers the group's devices have, so that a controller can miss some."""

import logging
import threading
from collections.abc import Callable

from bigip_lbaas.agent.group import DeviceGroup, Member
from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.domain.errors import DeviceError
from bigip_lbaas.domain.ids import LoadBalancerId, ProjectId
from bigip_lbaas.ltm.kinds import VIRTUAL_ADDRESS
from bigip_lbaas.ltm.names import Naming
from bigip_lbaas.ltm.state import State
from bigip_lbaas.reconcile.render import describe
from bigip_lbaas.wire.messages import Sighting, Sightings

LOG = logging.getLogger(__name__)
AT_ONCE = 500  # in a message; each is about 120 bytes


class Inventory:
    """Taken when a life of the agent begins and when a device returns; for a thread of its own."""

    def __init__(
        self,
        settings: AgentSettings,
        group: DeviceGroup,
        naming: Naming,
        send: Callable[[Sightings], None],
    ) -> None:
        """Keep what is given; whoever has the thread calls wait and take in turn."""
        self._settings = settings
        self._group = group
        self._naming = naming
        self._send = send
        self._due = threading.Event()
        self._stopped = False
        self._missed = False  # a device that did not answer: it is asked again

    @property
    def is_due(self) -> bool:
        """Return whether one has been asked for and not been taken."""
        return self._due.is_set()

    def ask(self) -> None:
        """Have one taken soon."""
        self._due.set()

    def stop(self) -> None:
        """Wait for nothing any more."""
        self._stopped = True
        self._due.set()

    def wait(self) -> bool:
        """Wait until one is due; return False when it is time to stop."""
        self._due.wait(self._settings.retry_most_s if self._missed else None)
        return not self._stopped

    def take(self) -> None:
        """Read every device that can be reached, and send what is there."""
        self._due.clear()
        self._missed = False
        found: dict[LoadBalancerId, Sighting] = {}
        for member in self._group.reachable_written():
            found |= self._read(member)
        all_found = tuple(found.values())
        for start in range(0, len(all_found), AT_ONCE):
            some = all_found[start : start + AT_ONCE]
            self._send(Sightings(self._settings.agent_id, self._settings.group, some))

    def _read(self, member: Member) -> dict[LoadBalancerId, Sighting]:
        """Return what bears our names and our mark; an older agent's objects bear only names."""
        try:
            there = member.device.virtual_addresses()
        except DeviceError as error:
            LOG.warning("%s; what it has is looked at later", error)
            self._group.failed(member, error)
            self._missed = True
            return {}
        return seen_in(there, self._naming)


def seen_in(objects: State, naming: Naming) -> dict[LoadBalancerId, Sighting]:
    """Return the load balancers whose own object is among these, with our names and our mark."""
    found = {}
    for path, attributes in objects.items():
        project, id_ = naming.id_of(path.partition), naming.id_of(path.name)
        if path.collection != VIRTUAL_ADDRESS or not project or not id_:
            continue
        if attributes.get("description") == describe(id_):
            address = str(attributes.get("address", "")).partition("%")[0]
            lb = LoadBalancerId(id_)
            found[lb] = Sighting(lb, ProjectId(project), address)
    return found
