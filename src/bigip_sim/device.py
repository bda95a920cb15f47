"""One simulated BIG-IP: its configuration, its account, its statistics and its faults."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bigip_sim.auth import Sessions
from bigip_sim.catalogue import display
from bigip_sim.configuration import Configuration
from bigip_sim.faults.acting import Faults
from bigip_sim.journal import Journal
from bigip_sim.later import Later
from bigip_sim.performance import Performance
from bigip_sim.refusals import RefusedError, not_found
from bigip_sim.routes import find
from bigip_sim.standing import Standing
from bigip_sim.state import StateFile
from bigip_sim.statistics import Plane
from bigip_sim.surroundings import Surroundings
from bigip_sim.system import Identity, System
from bigip_sim.tasks import Tasks
from bigip_sim.traffic import HandRates, Idle
from bigip_sim.transactions import Transactions
from bigip_sim.tree import Item, Key
from bigip_sim.uploads import Uploads


@dataclass(frozen=True, slots=True)
class Account:
    """The account that may use REST."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"Account({self.username!r})"


class Device:
    """Holds the parts of one device together; no socket of its own."""

    def __init__(
        self,
        identity: Identity,
        account: Account,
        state_file: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._state = StateFile(state_file) if state_file is not None else None
        if self._state is not None:
            identity = self._state.adopt(identity)
        self.identity: Identity = identity
        self.account = account
        self.clock = clock
        self._started_at = clock()
        self.uploads = Uploads()
        self.configuration = Configuration(
            Surroundings(identity.version, clock, self.uploads.read, identity.name)
        )
        self.faults = Faults(missing=self._as_if_missing)
        self.journal = Journal(clock)
        self.hand = HandRates(time.monotonic)
        self.idle = Idle()
        self.plane: Plane = self.idle
        self.standing: Callable[[], Standing] = Standing
        self.sessions = Sessions(account.username, account.password, clock, identity.version)
        self.later = Later()
        self.tasks = Tasks(self)
        self.transactions = Transactions(
            self.configuration, clock, identity.version, self.faults, self.later
        )
        self.performance = Performance(lambda: self.plane, self.hand, identity.version)
        self.system = System(identity, lambda: self.standing())
        if self._state is not None:
            self._state.restore(self.configuration, identity)
            self.configuration.on_change(self._keep)

    def _keep(self, changed: Mapping[Key, Item | None]) -> None:
        if self._state is not None and self._state.append(
            changed, self.configuration.tree.generation
        ):
            self._state.write_whole(self.configuration, self.identity)

    def _as_if_missing(self, path: str) -> RefusedError | None:
        """Return how an object would be missed that this path names and that is there."""
        target = find(path.removeprefix("/mgmt/tm/").strip("/"))
        if target is None or target.name is None:
            return None
        key = target.kind.key(target.name, target.owner)
        if self.configuration.tree.get(key) is None:
            return None
        return not_found(target.kind.human, display(target.kind, key))

    def close(self) -> None:
        """End what goes on in the background, and let the state file go."""
        self.faults.release()
        self.later.stop()
        if self._state is not None:
            self._state.close()

    def uptime_s(self) -> float:
        """Return how long the device has been on, in seconds."""
        return max(self.clock() - self._started_at, 0.0)

    def lose_power(self) -> None:
        """Forget what does not survive without power: logins, open transactions, uploads."""
        self.faults.release()
        self.sessions.end_all()
        self.transactions.forget_all()
        self.uploads.reboot()

    def regain_power(self) -> None:
        """Be ready to answer again."""
        self._started_at = self.clock()
        self.faults.hold()
