"""Carries datagrams from UDP virtual servers to pool members, and the answers back.

HAProxy cannot (iControl REST reference, section 5.1). A session is a client's address and port; it
keeps its member until it has been idle for as long as the udp profile says. With nobody to serve
it a datagram is dropped.
"""

import asyncio
import contextlib
import ipaddress
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bigip_sim.dataplane.parts import Datagrams
from bigip_sim.traffic import Counters

LARGEST = 65535
AT_ONCE = 64  # datagrams read before others have their turn
SWEEP_S = 1.0
_Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Choice:
    """A pool member as a datagram may find it."""

    id: str
    address: str
    port: int
    weight: int  # 0: only sessions that persist
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Choices:
    """Whom the datagrams of a pool may go to."""

    members: tuple[Choice, ...] = ()
    least: bool = False  # by fewest sessions, not in turn


@dataclass(slots=True)
class Tally:
    """What has been carried for one virtual server or member."""

    bytes_in: int = 0
    bytes_out: int = 0
    current: int = 0
    maximum: int = 0
    total: int = 0

    def begin(self) -> None:
        """Count a session that begins."""
        self.current += 1
        self.total += 1
        self.maximum = max(self.maximum, self.current)

    def counters(self) -> Counters:
        """Return it as it is told."""
        return Counters(self.bytes_in, self.bytes_out, self.current, self.maximum, self.total, 0)


@dataclass(slots=True)
class _Session:
    client: _Address
    member: Choice
    socket: socket.socket
    used_at: float


class Forwarder:
    """All UDP virtual servers of a device; belongs to one event loop, but for `counters`."""

    def __init__(self) -> None:
        self._listeners: dict[Datagrams, _Listener] = {}
        self._tallies: dict[str, Tally] = {}
        self._choices: Mapping[str, Choices] = {}
        self._sweeping: asyncio.Task[None] | None = None

    async def listen(self, wanted: tuple[Datagrams, ...]) -> dict[str, str]:
        """Listen for these and no others; returns why not, by virtual server."""
        for gone in self._listeners.keys() - set(wanted):
            self._listeners.pop(gone).close()
        problems = {}
        for one in wanted:
            if one in self._listeners:
                continue
            try:
                listener = _Listener(one, self._tally, lambda pool: self._choices.get(pool))
            except OSError as error:
                place = f"{one.address}:{one.port}"
                problems[one.virtual] = f"does not listen on {place} for UDP: {error.strerror}"
            else:
                self._listeners[one] = listener
        if self._listeners and self._sweeping is None:
            self._sweeping = asyncio.create_task(self._sweep())
        elif not self._listeners and self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        return problems

    async def choose(self, choices: Mapping[str, Choices]) -> None:
        """Take over whom the datagrams of each pool may go to."""
        self._choices = choices

    def counters(self) -> dict[str, Counters]:
        """Return what has been carried, by virtual server and member id."""
        return {name: tally.counters() for name, tally in list(self._tallies.items())}

    @property
    def listening(self) -> int:
        """Return how many virtual servers are listened for."""
        return len(self._listeners)

    def _tally(self, name: str) -> Tally:
        return self._tallies.setdefault(name, Tally())

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            now = time.monotonic()
            for listener in self._listeners.values():
                listener.sweep(now)


class _Listener:
    """One virtual server's socket and its sessions."""

    def __init__(
        self,
        about: Datagrams,
        tally: Callable[[str], Tally],
        choices: Callable[[str], Choices | None],
    ) -> None:
        self._about = about
        self._choices = choices
        self._tally_of = tally
        self._tally = tally(about.id)
        self._sessions: dict[tuple[_Address, str], _Session] = {}
        self._kept: dict[str, tuple[str, float]] = {}  # client's address -> member, until when
        self._turns: dict[str, float] = {}  # member -> what it is owed
        family = socket.AF_INET6 if ":" in about.address else socket.AF_INET
        self._family = family
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        try:
            self._socket.bind((about.address, about.port))
        except OSError:
            self._socket.close()
            raise
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._receive)

    def close(self) -> None:
        self._loop.remove_reader(self._socket)
        self._socket.close()
        for session in list(self._sessions.values()):
            self._end(session)

    def sweep(self, now: float) -> None:
        """End sessions that have been idle for too long."""
        for session in [s for s in self._sessions.values() if self._idle(s, now)]:
            self._end(session)
        self._kept = {c: kept for c, kept in self._kept.items() if kept[1] > now}

    def _idle(self, session: _Session, now: float) -> bool:
        return now - session.used_at >= self._about.idle_s

    def _receive(self) -> None:
        for _ in range(AT_ONCE):
            try:
                data, sender = self._socket.recvfrom(LARGEST)
            except OSError:
                return
            self._forward(data, (sender[0], sender[1]), time.monotonic())

    def _forward(self, data: bytes, client: _Address, now: float) -> None:
        choices = self._choices(self._about.pool) or Choices()
        session = None if self._about.each else self._sessions.get((client, ""))
        if session is not None and (
            self._idle(session, now) or all(m.id != session.member.id for m in choices.members)
        ):
            self._end(session)
            session = None
        if session is None:
            member = self._member(client[0], choices, now)
            if member is None:
                return
            session = self._sessions.get((client, member.id)) if self._about.each else None
            session = session or self._begin(client, member)
            if session is None:
                return
        session.used_at = now
        self._tally.bytes_in += len(data)
        self._tally_of(session.member.id).bytes_in += len(data)
        with contextlib.suppress(OSError):  # the member's port is closed: the datagram is lost
            session.socket.send(data)

    def _member(self, client: str, choices: Choices, now: float) -> Choice | None:
        client = _masked(client, self._about.source_bits)
        kept = self._kept.get(client) if self._about.by_source else None
        member = None
        if kept is not None and kept[1] > now:
            member = next((m for m in choices.members if m.id == kept[0]), None)
        if member is None:
            member = self._balanced(choices)
        if member is not None and self._about.by_source:
            self._kept[client] = (member.id, now + self._about.by_source)
        return member

    def _balanced(self, choices: Choices) -> Choice | None:
        open_to = [
            m
            for m in choices.members
            if m.weight and not (m.limit and self._tally_of(m.id).current >= m.limit)
        ]
        if not open_to:
            return None
        if choices.least:
            return min(open_to, key=lambda m: self._tally_of(m.id).current / m.weight)
        # Smooth weighted round robin: each is owed its weight, and who is owed most has its turn.
        whole = sum(m.weight for m in open_to)
        self._turns = {m.id: self._turns.get(m.id, 0.0) + m.weight for m in open_to}
        chosen = max(open_to, key=lambda m: self._turns[m.id])
        self._turns[chosen.id] -= whole
        return chosen

    def _begin(self, client: _Address, member: Choice) -> _Session | None:
        if self._about.limit and len(self._sessions) >= self._about.limit:
            return None
        talk = socket.socket(self._family, socket.SOCK_DGRAM)
        talk.setblocking(False)
        try:
            talk.connect((member.address, member.port))
        except OSError:
            talk.close()
            return None
        session = _Session(client, member, talk, time.monotonic())
        self._sessions[client, member.id if self._about.each else ""] = session
        self._loop.add_reader(talk, self._answer, session)
        self._tally.begin()
        self._tally_of(member.id).begin()
        return session

    def _answer(self, session: _Session) -> None:
        try:
            data = session.socket.recv(LARGEST)
        except OSError:
            return  # nobody listens there any more; the next datagram may find somebody
        session.used_at = time.monotonic()
        self._tally.bytes_out += len(data)
        self._tally_of(session.member.id).bytes_out += len(data)
        with contextlib.suppress(OSError):
            self._socket.sendto(data, session.client)

    def _end(self, session: _Session) -> None:
        name = (session.client, session.member.id if self._about.each else "")
        self._sessions.pop(name, None)
        self._loop.remove_reader(session.socket)
        session.socket.close()
        self._tally.current -= 1
        self._tally_of(session.member.id).current -= 1


def _masked(address: str, bits: int) -> str:
    """Return as much of an address as counts."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    network = ipaddress.ip_network((parsed, min(bits, parsed.max_prefixlen)), strict=False)
    return str(network.network_address)
