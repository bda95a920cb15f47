"""One unit's part in a cluster: whom it hears, what it is active for, what it tells.

`election` decides who is active, `sync` what is sent; here both meet the clock, the other units'
control ports and the configuration, which says who belongs together.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from bigip_sim import membership, refusals, renaming, sync_marks, trust
from bigip_sim.cluster_answers import Report
from bigip_sim.configuration import Configuration
from bigip_sim.election import YIELD_S, Election, Group, Role, Seat
from bigip_sim.links import WORK_LIMIT_S, Address, Line, Link
from bigip_sim.membership import TRUST_GROUP, path_of
from bigip_sim.refusals import configuration_error
from bigip_sim.standing import Standing
from bigip_sim.sync import Sync
from bigip_sim.sync_status import Commit, Member, judge
from bigip_sim.system import Identity
from bigip_sim.tree import Draft, Item, Key
from bigip_sim.trust import Facts, Plan

Json = Mapping[str, Any]


class Cluster:
    """What a device is among others; alone, it is active for everything."""

    def __init__(
        self, configuration: Configuration, identity: Identity, clock: Callable[[], float]
    ) -> None:
        self._configuration = configuration
        self._identity = identity
        self._lock = threading.RLock()
        self._election = Election(identity.name, time.time_ns() // 1000, time.monotonic())
        self._links: dict[str, Link] = {}
        self._addresses: dict[str, Address] = {}
        self._states: dict[str, Json] = {}  # host name -> device group -> what it last told
        self._facts: dict[str, Facts] = {}
        self._listeners: list[Callable[[], None]] = []
        self._stood = (frozenset[str](), time.monotonic())
        self._is_running = False
        self.sync = Sync(configuration, identity.name, clock, self)
        self.keeps: Callable[[], None] = _nothing  # saves which cluster this is
        configuration.on_change(self._configured)
        self._arrange()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` when this unit may stand otherwise than before."""
        self._listeners.append(listener)

    def start(self) -> None:
        """Begin to tell and to hear."""
        self._is_running = True
        self._arrange()

    def stop(self) -> None:
        """End it."""
        self._is_running = False
        for link in self._links.values():
            link.stop()
        self.sync.stop()

    def rename(self, identity: Identity) -> None:
        """Let this unit have another name; nobody else must know it by the old one."""
        old = self._identity.name
        with self._lock:
            self._identity = identity
            self._election.rename(identity.name)
            self.sync.rename(identity.name)
        self._configuration.adopt(lambda draft: renaming.rename(draft, old, identity.name))

    def know(self, addresses: Mapping[str, str]) -> None:
        """Learn where other units' control ports are; ValueError for a URL that is none."""
        read = {name: Address.read(name, url) for name, url in addresses.items()}
        read.pop(self._identity.name, None)
        with self._lock:
            self._addresses.update(read)
        self._arrange()

    def address_of(self, name: str) -> Address | None:
        """Return where another unit's control port is, by host name."""
        return self._addresses.get(name)

    def form(self, plan: Plan, *, in_sync: bool) -> None:
        """Trust the devices of a plan, and be in its device group with them."""
        me = self._identity

        def change(draft: Draft) -> None:
            trust.form(draft, plan, me)
            if in_sync:
                sync_marks.begin(draft, path_of(plan.name), me.name)

        self._configuration.adopt(change)
        self.keeps()  # what a device is set up with is saved; only what comes later may not be

    def admit(self, name: str, *, is_authority: bool, username: str, password: str) -> None:
        """Let another device, by host name, into this one's trust domain."""
        if name not in self._addresses:
            # What a device answers when it cannot reach the other is unverified.
            raise configuration_error(f"Device ({name}) cannot be reached")
        if name in self._links:
            raise refusals.already_exists("device", path_of(name), "Common")
        me = asdict(Facts.of(self._identity))
        devices = {known: address.url for known, address in self._addresses.items()}
        told = {"username": username, "password": password, "facts": me, "devices": devices}
        answer = self.post(name, "/cluster/join", told) or {"refused": "it does not answer"}
        if "facts" not in answer:
            raise configuration_error(f"Device ({name}) refuses trust: {answer['refused']}")
        facts = Facts(**answer["facts"])
        commit = self.sync.new_commit()

        def change(draft: Draft) -> None:
            trust.add_device(draft, facts, is_authority=is_authority)
            sync_marks.mark(draft, TRUST_GROUP, self._identity.name, commit, None)

        self._configuration.adopt(change)

    def accept(self, sponsor: Facts, devices: Json) -> Json:
        """Join the trust domain of another device, which sends what belongs to it."""
        with self._configuration.reading() as tree:
            is_alone = len(membership.members(tree, TRUST_GROUP)) == 1
        if not is_alone or sponsor.name == self._identity.name:
            return {"refused": "it is in a trust domain already" if not is_alone else "same name"}
        self.sync.sponsor = sponsor.name
        self.know({str(name): str(url) for name, url in devices.items()})
        return {"facts": asdict(Facts.of(self._identity))}

    def expel(self, name: str) -> None:
        """Take another device out of the trust domain, and tell it if it answers."""
        with self._configuration.reading() as tree:
            if tree.get(membership.device_key(name)) is None or name == self._identity.name:
                raise refusals.not_found("device", path_of(name))
        commit = self.sync.new_commit()

        def change(draft: Draft) -> None:
            trust.drop_device(draft, name)
            sync_marks.mark(draft, TRUST_GROUP, self._identity.name, commit, None)

        self._configuration.adopt(change)
        self.post(name, "/cluster/leave", {"from": self._identity.name})

    def leave(self, sender: str) -> None:
        """Be alone again, because a device of the same trust domain says so."""
        if sender in self._links:
            self._configuration.adopt(lambda draft: trust.leave(draft, self._identity))

    def power(self, *, on: bool) -> None:
        """Lose power, or regain it."""
        with self._lock:
            self._election.power(time.monotonic(), on=on)
        self.tick()

    def force(self, *, offline: bool) -> None:
        """Take this unit out of service, or back into it."""
        with self._lock:
            self._election.force(time.monotonic(), offline=offline)
        self.tick()

    def stand_by(self, traffic_group: str = "", heir: str = "") -> None:
        """Give up one traffic group, or all, to another device if one is named."""
        now = time.monotonic()
        with self._lock:
            groups = [path_of(traffic_group)] if traffic_group else list(self.standing().active)
            self._election.stand_by(groups, heir.rpartition("/")[2], now)
        self.tick(tells=True)
        if not self._links:  # nobody is there to take it, nor to speak with meanwhile
            again = threading.Timer(YIELD_S, self.tick)
            again.daemon = True
            again.start()

    def exchange(self, told: Json) -> Json:
        """Answer another unit that tells of itself and asks."""
        seat = Seat.read(told["seat"])
        link = self._links.get(seat.name)
        if link is not None:
            link.was_heard()
        self._take(seat, told)
        return self.say(seat.name)

    def say(self, name: str) -> Json:
        """Return what to tell another unit."""
        with self._configuration.reading() as tree:
            paths = [group.key.name for group in membership.groups_of(tree, self._identity.name)]
        groups = {path: sync_marks.told(self.sync.me(path)) for path in paths}
        with self._lock:
            seat = self._election.seat(time.monotonic())
            saw = self._election.saw(name)
        return {
            "seat": seat.written(),
            "saw": saw,
            "facts": asdict(Facts.of(self._identity)),
            "groups": groups,
        }

    def hear(self, name: str, told: Json) -> None:
        """Take what another unit has answered; empty if it has not."""
        if told.get("seat", {}).get("name") == name:
            self._take(Seat.read(told["seat"]), told)
        else:
            self.tick()

    def tick(self, *, tells: bool = False) -> None:
        """Decide anew: time has passed, or something has changed."""
        changed = False
        with self._lock:
            while self._election.settle(time.monotonic()):
                changed = True
            active = self.standing().active
            if active != self._stood[0]:
                self._stood = (active, time.monotonic())
        if changed or tells:
            self.changed()
            for listener in self._listeners:
                listener()

    def standing(self) -> Standing:
        """Return how this unit stands."""
        now = time.monotonic()
        with self._lock:
            seat = self._election.seat(now)
            active = {group for group, role in seat.roles.items() if role is Role.ACTIVE}
            heard = {path_of(name): self._election.heard(name, now) for name in self._links}
        others = {path: _state(other) for path, other in heard.items()}
        elsewhere = {
            group: path
            for path, other in heard.items()
            for group, role in (other.roles.items() if other is not None else ())
            if role is Role.ACTIVE
        }
        me = path_of(self._identity.name)
        return Standing(me, frozenset(active), seat.powered, seat.offline, others, elsewhere)

    def since_s(self) -> float:
        """Return for how many seconds it has been active for what it is active for."""
        return time.monotonic() - self._stood[1]

    def traffic_groups(self) -> int:
        """Return how many traffic groups move between devices."""
        with self._configuration.reading() as tree:
            return len(membership.floating(tree))

    def report(self) -> Report:
        """Return what this unit knows of the others' configuration."""
        tree, me = self._configuration.tree, self._identity.name
        with self._configuration.reading():
            trusted = membership.names(tree, TRUST_GROUP)
            groups = {group.key.name: group for group in membership.groups_of(tree, me)}
        verdicts = {}
        for path in groups:
            everyone = self.sync.all(path)
            if len(everyone) > 1:
                verdicts[path] = judge(everyone, starts_in_sync=path == TRUST_GROUP)
        connections = {name: self._is_connected(name) for name in trusted if name != me}
        has_failover = any(groups[path].own.get("type") == "sync-failover" for path in verdicts)
        return Report(connections, verdicts, has_failover)

    def members(self, group: str) -> Sequence[Member]:
        """Return what is known of each device of a device group, this one included."""
        return self.sync.all(group)

    def member(self, name: str, group: str) -> Member:
        """Return what another unit last said of its state in a device group."""
        told = self._states.get(name, {}).get(group, {})
        return sync_marks.heard(name, told, connected=self._is_connected(name))

    def synced(self, name: str, group: str, commit: Commit | None) -> None:
        """Note that another unit has taken over this state, before it says so itself."""
        told = {**self._states.get(name, {}).get(group, {}), "commit": commit, "shared": commit}
        self._states[name] = {**self._states.get(name, {}), group: told}

    def post(self, name: str, path: str, body: Json) -> Json | None:
        """Ask another unit for something that may take it a while."""
        address = self._addresses.get(name)
        if address is None:
            return None
        line = Line(address, WORK_LIMIT_S)
        try:
            return line.post(path, body)
        finally:
            line.close()

    def changed(self) -> None:
        """Tell the others at once."""
        for link in list(self._links.values()):
            link.tell()

    def _is_connected(self, name: str) -> bool:
        with self._lock:
            seat = self._election.heard(name, time.monotonic())
        return seat is not None and seat.powered

    def _take(self, seat: Seat, told: Json) -> None:
        name, groups = seat.name, told.get("groups", {})
        is_new = self._states.get(name) != groups
        was = self._is_connected(name)
        with self._lock:
            self._election.hear(seat, int(told.get("saw", 0)), time.monotonic())
            self._states[name] = groups
        facts = Facts(**told["facts"])
        if self._facts.get(name) != facts:
            self._facts[name] = facts
            self.sync.adopt(lambda draft: trust.learn(draft, facts))
        if is_new or not was:
            self.sync.look()
        self.tick()

    def _configured(self, changed: Mapping[Key, Item | None]) -> None:
        if any(key.family.startswith("cm/") for key in changed):
            self._arrange()
            self.changed()

    def _arrange(self) -> None:
        """Take from the configuration who belongs together, and which traffic groups there are."""
        me = self._identity.name
        with self._configuration.reading() as tree:
            trusted = {
                path.rpartition("/")[2] for path in membership.members(tree, TRUST_GROUP)
            } - {me}
            group = membership.failover_group(tree, me)
            partners = {*membership.names(tree, group)} - {me}
            rules = {item.key.name: _rule(item) for item in membership.floating(tree)}
        with self._lock:
            self._watch(trusted)
            known = set(self._links)
            self._election.arrange(rules, known, partners, time.monotonic())
        self.tick()

    def _watch(self, trusted: set[str]) -> None:
        if not self._is_running:
            return
        for name in list(self._links):
            if name not in trusted or self._addresses.get(name) != self._links[name].address:
                self._links.pop(name).stop()
        for name in trusted - self._links.keys():
            address = self._addresses.get(name)
            if address is not None:
                self._links[name] = Link(address, self.say, self.hear)
                self._links[name].start()
                self.sync.start()


def _nothing() -> None:
    """Save nothing: nobody has said how."""


def _state(seat: Seat | None) -> str:
    """Return another unit's failover state. `forced-offline`: tests of f5-common-python."""
    if seat is None or not seat.powered:
        return "unknown"
    if seat.offline:
        return "forced-offline"
    return "active" if Role.ACTIVE in seat.roles.values() else "standby"


def _rule(item: Item) -> Group:
    order = item.own.get("haOrder")
    names = tuple(str(path).rpartition("/")[2] for path in order) if isinstance(order, list) else ()
    if item.own.get("autoFailbackEnabled") != "true":
        return Group(names)
    wait_s = item.own.get("autoFailbackTime", 60)
    return Group(names, float(wait_s) if isinstance(wait_s, int | float) else 60.0)
