"""Which unit is active for a traffic group: the rule, without clock, thread or socket.

Units tell each other their `Seat`. Two that hear each other are never both active for one traffic
group: a unit claims the group first, and takes it only when every other unit has answered *having
seen the claim*, none of them active and none claiming under a smaller name. Who claims is a matter
of preference (the traffic group's HA order, then the name), which the units need not agree on.

A unit becomes active when the one before is off, forced offline, told to stand by, or silent for
`SILENCE_S`. Nobody gives back what it has while it is healthy, unless the group fails back by
itself. That an HA order is followed: iControl REST reference, section 3.11; the rest is unverified.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

SILENCE_S = 0.6  # without an answer for so long a unit counts as gone
START_S = 2.0  # one that was never heard is waited for so long: it may be starting too
PATIENCE_S = 1.0  # a group without active unit for so long goes to whoever claims it first
YIELD_S = 2.0  # a unit told to stand by takes the group back if nobody has it by then


class Role(Enum):
    """What a unit is to one traffic group."""

    STANDBY = "standby"
    CLAIMS = "claims"
    ACTIVE = "active"
    YIELDS = "yields"  # told to stand by; somebody else should take it


@dataclass(frozen=True, slots=True)
class Group:
    """What the rule needs of a traffic group."""

    order: tuple[str, ...] = ()  # names of devices, the preferred one first
    failback_s: float | None = None  # healthy for so long, the first in order gets it back


@dataclass(frozen=True, slots=True)
class Seat:
    """What one unit says of itself; `version` goes up with every change and never back."""

    name: str
    version: int
    powered: bool = True
    offline: bool = False  # forced, until told otherwise
    fit_s: float = 0.0  # how long it could have been active
    roles: Mapping[str, Role] = field(default_factory=dict)
    heirs: Mapping[str, str] = field(default_factory=dict)  # group it yields -> who shall have it

    @property
    def fit(self) -> bool:
        """Whether it may be active at all."""
        return self.powered and not self.offline

    def role(self, group: str) -> Role:
        """Return its role; what it does not name it stands by for."""
        return self.roles.get(group, Role.STANDBY)

    def written(self) -> dict[str, object]:
        """Return it as JSON has it."""
        return {
            "name": self.name,
            "version": self.version,
            "powered": self.powered,
            "offline": self.offline,
            "fit_s": round(self.fit_s, 3),
            "roles": {group: role.value for group, role in self.roles.items()},
            "heirs": dict(self.heirs),
        }

    @classmethod
    def read(cls, told: Mapping[str, object]) -> "Seat":
        """Read what `written` returned; ValueError, TypeError or KeyError if it is none."""
        roles, heirs, fit_s = told["roles"], told["heirs"], told["fit_s"]
        if not isinstance(roles, Mapping) or not isinstance(heirs, Mapping):
            raise TypeError("roles and heirs are objects")
        if not isinstance(fit_s, int | float):
            raise TypeError("fit_s is a number")
        return cls(
            str(told["name"]),
            int(str(told["version"])),
            bool(told["powered"]),
            bool(told["offline"]),
            float(fit_s),
            {str(group): Role(role) for group, role in roles.items()},
            {str(group): str(name) for group, name in heirs.items()},
        )


@dataclass(frozen=True, slots=True)
class Heard:
    """What one other unit has said, and when."""

    since: float  # when it was last heard; at first, when listening to it began
    seat: Seat | None = None
    saw: int = 0  # the newest version of this unit's seat that the other had seen then


class Election:
    """One unit's part in it. Every method takes the time now, in seconds of a steady clock."""

    def __init__(self, name: str, version: int, now: float) -> None:
        self._seat = Seat(name, version)
        self._groups: dict[str, Group] = {}
        self._heard: dict[str, Heard] = {}
        self._voters: frozenset[str] = frozenset()
        self._fit_since = now
        self._lacking: dict[str, float] = {}  # group -> since when nobody has it
        self._yield_until: dict[str, float] = {}

    def rename(self, name: str) -> None:
        """Let this unit have another name; nobody else must know it by the old one."""
        self._seat = replace(self._seat, name=name)

    def seat(self, now: float) -> Seat:
        """Return what to tell the others."""
        fit_s = now - self._fit_since if self._seat.fit else 0.0
        return replace(self._seat, fit_s=fit_s)

    def saw(self, name: str) -> int:
        """Return the newest version heard of another unit."""
        heard = self._heard.get(name)
        return heard.seat.version if heard is not None and heard.seat is not None else 0

    def heard(self, name: str, now: float) -> Seat | None:
        """Return what another unit last said, or None when it is silent."""
        heard = self._heard.get(name)
        if heard is None or now - heard.since >= SILENCE_S:
            return None
        return heard.seat

    def arrange(
        self, groups: Mapping[str, Group], others: Iterable[str], voters: Iterable[str], now: float
    ) -> None:
        """Say which traffic groups there are, whom to hear, and which of them share the groups."""
        self._groups = dict(groups)
        self._heard = {name: self._heard.get(name, Heard(now)) for name in others}
        self._voters = frozenset(voters) & self._heard.keys()
        roles = {group: role for group, role in self._seat.roles.items() if group in groups}
        if roles != self._seat.roles:
            self._say(roles)

    def hear(self, seat: Seat, saw: int, now: float) -> None:
        """Take what another unit said; an older word that arrives late changes nothing."""
        known = self._heard.get(seat.name)
        if known is None:
            return
        if known.seat is not None and seat.version < known.seat.version:
            seat = known.seat
        self._heard[seat.name] = Heard(now, seat, max(saw, known.saw))

    def power(self, now: float, *, on: bool) -> None:
        """Without power a unit is nothing; with power again it listens first."""
        self._change(replace(self._seat, powered=on), now)

    def force(self, now: float, *, offline: bool) -> None:
        """Take the unit out of service, or back into it."""
        self._change(replace(self._seat, offline=offline), now)

    def stand_by(self, groups: Iterable[str], heir: str, now: float) -> None:
        """Give up what this unit is active for; with `heir`, that one shall have it."""
        roles, heirs = dict(self._seat.roles), dict(self._seat.heirs)
        for group in groups:
            if roles.get(group) is Role.ACTIVE:
                roles[group] = Role.YIELDS
                self._yield_until[group] = now + YIELD_S
                if heir:
                    heirs[group] = heir
        self._say(roles, heirs)

    def settle(self, now: float) -> bool:
        """Decide for every group; returns whether anything has changed, then ask once more."""
        roles = {group: self._decide(group, now) for group in self._groups}
        heirs = {g: h for g, h in self._seat.heirs.items() if roles.get(g) is Role.YIELDS}
        if roles == self._seat.roles and heirs == self._seat.heirs:
            return False
        self._say(roles, heirs)
        return True

    def _decide(self, group: str, now: float) -> Role:
        me, role = self._seat, self._seat.role(group)
        present, waits = self._present(now)
        if not me.fit:
            return Role.STANDBY
        holders = [seat.name for seat in present if seat.role(group) is Role.ACTIVE]
        if role is Role.ACTIVE:
            return self._hold(group, holders, present, now)
        if holders:
            self._lacking.pop(group, None)
            return Role.STANDBY
        lacking_s = now - self._lacking.setdefault(group, now)
        if role is Role.YIELDS and now < self._yield_until.get(group, now):
            return Role.YIELDS
        if waits or any(s.role(group) is Role.CLAIMS and s.name < me.name for s in present):
            return Role.STANDBY
        if lacking_s < PATIENCE_S and self._preferred(group, present) != me.name:
            return Role.STANDBY
        if role is not Role.CLAIMS or any(
            self._heard[seat.name].saw < me.version for seat in present
        ):
            return Role.CLAIMS
        return Role.ACTIVE

    def _hold(self, group: str, holders: list[str], present: list[Seat], now: float) -> Role:
        rule = self._groups[group]
        if any(name < self._seat.name for name in holders):
            return Role.STANDBY  # both were active out of each other's hearing
        if rule.failback_s is not None and rule.order:
            for seat in present:
                if seat.name == rule.order[0] and seat.fit and seat.fit_s >= rule.failback_s:
                    self._yield_until[group] = now + YIELD_S
                    return Role.YIELDS
        return Role.ACTIVE

    def _preferred(self, group: str, present: list[Seat]) -> str:
        """Return who should claim: whom somebody named, else the first in order, else by name."""
        fit = [seat for seat in present if seat.fit and seat.role(group) is not Role.YIELDS]
        names = [seat.name for seat in fit] + [self._seat.name]
        wanted = {seat.heirs.get(group, "") for seat in present}
        named = sorted(wanted.intersection(names))
        return named[0] if named else min(names, key=lambda n: _rank(self._groups[group], n))

    def _present(self, now: float) -> tuple[list[Seat], bool]:
        """Return who is heard, and whether somebody may still be there who was never heard."""
        voters = [self._heard[name] for name in self._voters]
        heard = [h.seat for h in voters if h.seat is not None and now - h.since < SILENCE_S]
        return heard, any(h.seat is None and now - h.since < START_S for h in voters)

    def _change(self, seat: Seat, now: float) -> None:
        if seat.fit and not self._seat.fit:
            self._fit_since = now
            self._heard = {name: Heard(now) for name in self._heard}  # listens first
            self._lacking.clear()
        self._seat = seat
        self._say({} if not seat.fit else seat.roles, {} if not seat.fit else seat.heirs)

    def _say(self, roles: Mapping[str, Role], heirs: Mapping[str, str] | None = None) -> None:
        heirs = self._seat.heirs if heirs is None else heirs
        version = self._seat.version + 1
        self._seat = replace(self._seat, version=version, roles=dict(roles), heirs=dict(heirs))


def _rank(group: Group, name: str) -> tuple[int, str]:
    order = group.order
    return (order.index(name) if name in order else len(order), name)
