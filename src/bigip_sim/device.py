"""One simulated BIG-IP: its configuration, its account, its statistics and its faults."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from bigip_sim import ephemerals, renaming, roles, trust
from bigip_sim.auth import Sessions
from bigip_sim.catalogue import display
from bigip_sim.clock import Clock
from bigip_sim.cluster import Cluster
from bigip_sim.configuration import Configuration
from bigip_sim.faults.acting import Faults
from bigip_sim.health import Probes
from bigip_sim.hosts import Hosts
from bigip_sim.journal import Journal
from bigip_sim.later import Later
from bigip_sim.meter import Meter
from bigip_sim.performance import Performance
from bigip_sim.refusals import RefusedError, not_found
from bigip_sim.routes import find
from bigip_sim.saving import Saved
from bigip_sim.sources import Sources
from bigip_sim.standing import Standing
from bigip_sim.state import StateDirectory
from bigip_sim.surroundings import Surroundings
from bigip_sim.system import Identity, System
from bigip_sim.tasks import Tasks
from bigip_sim.totals import Totals
from bigip_sim.traffic import HandRates, Idle, Traffic
from bigip_sim.transactions import Transactions
from bigip_sim.tree import Tree
from bigip_sim.uploads import Uploads


@dataclass(frozen=True, slots=True)
class Account:
    """The account that may use REST."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"Account({self.username!r})"


class Plane(Traffic, Probes, Protocol):
    """Traffic and monitors, from one place."""


class Device:
    """Holds the parts of one device together; no socket of its own."""

    def __init__(
        self,
        identity: Identity,
        account: Account,
        state: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        directory = StateDirectory(state) if state is not None else None
        identity = directory.adopt(identity) if directory is not None else identity
        self.identity: Identity = identity
        self.account = account
        self.clock = clock = Clock(clock)
        self._started_at = clock()
        self.uploads = Uploads()
        self.hosts = Hosts()
        self.configuration = Configuration(self._surroundings())
        self.configuration.adopt(lambda draft: trust.install(draft, identity))
        self.faults = Faults(missing=self._as_if_missing)
        self.journal = Journal(clock.true)
        self.hand = HandRates(time.monotonic)
        self.idle = Idle()
        self.plane: Plane = self.idle
        self.sessions = Sessions(
            account.username, account.password, clock, identity.version, self._password_of
        )
        self.later = Later()
        self.tasks = Tasks(self)
        self.transactions = Transactions(
            self.configuration, clock.true, identity.version, self.faults, self.later
        )
        self.meter = Meter(lambda: self.plane, self.hand)
        self.configuration.on_change(self.meter.forget)
        self.performance = Performance(self.meter, clock, identity.version)
        self.totals = Totals(self.meter, identity.version)
        self.saved = Saved(self.configuration)
        self.reboots: Callable[[], None] = self._without_power  # what has sockets says how
        self._loses_unsaved = False
        self._state = directory
        if directory is not None:
            directory.restore(self.configuration, self.saved, identity)
            directory.restore_files(self.uploads)
        self.cluster = Cluster(self.configuration, identity, clock)
        self.cluster.sync.saves = lambda: self.saved.save({"command": "save"})
        self.cluster.keeps = self.saved.keep_cluster
        self.system = System(identity, self.cluster, clock)
        self.configuration.on_commit(self.journal.note)

    def _as_if_missing(self, path: str) -> RefusedError | None:
        """Return how an object would be missed that this path names and that is there."""
        target = find(path.removeprefix("/mgmt/tm/").strip("/"))
        if target is None or target.name is None:
            return None
        key = target.kind.key(target.name, target.owner)
        if self.configuration.tree.get(key) is None:
            return None
        return not_found(target.kind.human, display(target.kind, key))

    def _surroundings(self) -> Surroundings:
        me = self.identity
        return Surroundings(
            me.version,
            self.clock,
            self.uploads.read,
            me.name,
            me.address,
            me.build,
            self.hosts.addresses,
        )

    def look_names_up(self) -> None:
        """Let what comes of names be as the resolver says now."""
        self.configuration.adopt(lambda draft: ephemerals.settle(draft, anyway=True))

    def _password_of(self, user: str) -> str | None:
        return roles.password_of(self.configuration.tree, user)

    def standing(self) -> Standing:
        """Return how it stands in its cluster."""
        return self.cluster.standing()

    def sources(self, tree: Tree, version: str = "") -> Sources:
        """Return what statistics of a tree are made from, as a release would tell them."""
        version = version or self.identity.version
        return Sources(tree, self.plane, self.meter, self.cluster, version)

    def close(self) -> None:
        """End what goes on in the background, and let the files go."""
        self.faults.release()
        self.later.stop()
        self.journal.close()
        if self._state is not None:
            self._state.close()

    def uptime_s(self) -> float:
        """Return how long the device has been on, in seconds."""
        return max(self.clock() - self._started_at, 0.0)

    def rename(self, name: str) -> None:
        """Have another name from now on, also in what was saved."""
        old, self.identity = self.identity.name, replace(self.identity, name=name)
        self.cluster.rename(self.identity)
        self.system.identity = self.identity
        if self._state is not None:
            self._state.rename(name)
        self.saved.rewrite(lambda items: renaming.renamed(items, old, name))

    def begin_to_count(self) -> None:
        """Let every counter begin at 0, as at boot and at failover (section 4.1)."""
        with self.configuration.reading() as tree:
            self.meter.restart(tree)

    def interrupt(self) -> None:
        """End what is under way: faults that take time, logins, open transactions."""
        self.faults.release()
        self.sessions.end_all()
        self.transactions.forget_all()

    def lose_power(self, *, loses_unsaved: bool = False) -> None:
        """Forget what does not survive without power: logins, open transactions, uploads.

        A real device loses what was not saved as well, which here is asked for.
        """
        self.interrupt()
        self.uploads.reboot()
        self._loses_unsaved = loses_unsaved

    def _without_power(self) -> None:
        self.lose_power(loses_unsaved=True)
        self.regain_power()

    def regain_power(self) -> None:
        """Be ready to answer again."""
        if self._loses_unsaved:
            self.saved.boots()
        self.begin_to_count()
        self._started_at = self.clock()
        self.faults.hold()
