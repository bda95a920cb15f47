"""Two units that know each other: which of them is active.

`decide` is the rule, pure; `Pair` asks the other unit over its control port and acts on the rule.
A unit becomes active when the other is off or silent; the first by name is preferred when neither
is; nobody gives back what it has while it is healthy.
"""

import http.client
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit

from bigip_sim.standing import Standing

ASK_EVERY_S = 0.2
ANSWER_LIMIT_S = 0.5
SILENCE_S = 0.6  # without an answer for so long the other unit counts as gone


class Peer(Enum):
    """What the other unit last said."""

    SILENT = "silent"
    OFF = "off"
    STANDBY = "standby"
    ACTIVE = "active"


def decide(*, active: bool, first: bool, peer: Peer, silent_s: float) -> bool:
    """Return whether this unit is active from now on.

    `first` is whether its name sorts before the other's; `silent_s` how long the other has not
    answered.
    """
    if peer is Peer.OFF:
        return True
    if peer is Peer.SILENT:
        return active or silent_s >= SILENCE_S
    if peer is Peer.ACTIVE:
        return active and first
    return active or first


@dataclass(frozen=True, slots=True)
class Address:
    """Where the other unit's control port is."""

    name: str
    url: str
    host: str
    port: int

    @classmethod
    def read(cls, name: str, url: str) -> "Address":
        """Read a control URL; ValueError says what is wrong with it."""
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname or not parts.port:
            raise ValueError(f"a peer is NAME=http://HOST:PORT of its control port, not {url!r}")
        return cls(name, url, parts.hostname, parts.port)


class Pair:
    """This unit's part of a pair; `on_change` is called with whether it is active."""

    def __init__(self, name: str, peer: Address, on_change: Callable[[bool], None]) -> None:
        self._first = name < peer.name
        self._address = peer
        self._on_change = on_change
        self._powered = True
        self._active = False
        self._peer = Peer.SILENT
        self._heard_at = time.monotonic()
        self._stopping = threading.Event()
        self._deciding = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="pair", daemon=True)

    @property
    def standing(self) -> Standing:
        """Return who is active."""
        known = {Peer.ACTIVE: True, Peer.STANDBY: False}
        return Standing(self._active, self._address.name, known.get(self._peer))

    def start(self) -> None:
        """Begin to watch the other unit."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching."""
        self._stopping.set()
        if self._thread.ident is not None:  # a start that failed half way
            self._thread.join()

    def power(self, *, on: bool) -> None:
        """A unit without power is not active; with power again it looks first."""
        with self._deciding:
            self._powered = on
            self._heard_at = time.monotonic()
            if not on:
                self._become(active=False)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._peer = self._ask()
            now = time.monotonic()
            if self._peer is not Peer.SILENT:
                self._heard_at = now
            with self._deciding:
                if self._powered:
                    self._become(
                        active=decide(
                            active=self._active,
                            first=self._first,
                            peer=self._peer,
                            silent_s=now - self._heard_at,
                        )
                    )
            self._stopping.wait(ASK_EVERY_S)

    def _become(self, *, active: bool) -> None:
        if active != self._active:
            self._active = active
            self._on_change(active)

    def _ask(self) -> Peer:
        connection = http.client.HTTPConnection(
            self._address.host, self._address.port, timeout=ANSWER_LIMIT_S
        )
        try:
            connection.request("GET", "/standing")
            told = json.loads(connection.getresponse().read())
            if not told["powered"]:
                return Peer.OFF
            return Peer.ACTIVE if told["active"] else Peer.STANDBY
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
            return Peer.SILENT
        finally:
            connection.close()
