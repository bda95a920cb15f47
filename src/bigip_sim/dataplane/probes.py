"""Monitors that HAProxy cannot carry out: pings, datagrams, several over one member, and others.

Source: iControl REST reference, section 3.4. That a udp monitor without `recv` is content with
silence, and discontent with a port that is closed, is unverified.
"""

import asyncio
import contextlib
import re
import socket
import ssl
import time
from collections.abc import Callable

from bigip_sim.dataplane.checks import Check
from bigip_sim.dataplane.ping import Pinger
from bigip_sim.dataplane.protocols import CONNECT, DATAGRAM, PING
from bigip_sim.dataplane.verdicts import BAD, DISABLES, GOOD, Target

READS = 5120  # bytes of an answer that are looked at: unverified
SILENCE_S = 0.5  # after which a datagram counts as taken
BEGIN_RATE = 200.0  # first probes per second
Report = Callable[[Target, float, str], None]


class Prober:
    """Asks its targets, each at its interval; belongs to one event loop."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._pinger = Pinger()
        self._tasks: dict[Target, asyncio.Task[None]] = {}
        self._tls = _trusting()

    @property
    def limited(self) -> str:
        """Return why answers to pings are assumed, or an empty string."""
        return self._pinger.limited

    async def watch(self, targets: frozenset[Target]) -> None:
        """Ask these from now on, and no others."""
        for target in self._tasks.keys() - targets:
            self._tasks.pop(target).cancel()
        for place, target in enumerate(targets - self._tasks.keys()):
            self._tasks[target] = asyncio.create_task(self._ask(target, place / BEGIN_RATE))

    def close(self) -> None:
        """Let sockets go; the loop has ended by now."""
        self._pinger.close()

    async def _ask(self, target: Target, wait_s: float) -> None:
        check = target.check
        await asyncio.sleep(wait_s)
        good_at = began = time.monotonic()
        up = False
        while True:
            turn = time.monotonic()
            outcome = await self._probe(target)
            now = time.monotonic()
            self._report(target, now, outcome)
            if outcome == BAD:
                up = up and now - good_at < check.timeout_s
                expires = (good_at if up else began) + check.timeout_s
                if now < expires < turn + check.interval_s:
                    await asyncio.sleep(expires - now)
                    self._report(target, time.monotonic(), BAD)
            else:
                up, good_at = True, now
            every = check.up_interval_s if up and check.up_interval_s else check.interval_s
            await asyncio.sleep(max(0.0, turn + every - time.monotonic()))

    async def _probe(self, target: Target) -> str:
        check = target.check
        try:
            async with asyncio.timeout(check.interval_s):
                if check.how == PING:
                    answers = await self._pinger.ping(target.address, check.interval_s)
                    return GOOD if answers else BAD
                if check.how == DATAGRAM:
                    return await _datagram(target)
                return await self._stream(target)
        except (OSError, TimeoutError):  # also what TLS says
            return BAD

    async def _stream(self, target: Target) -> str:
        check = target.check
        reader, writer = await asyncio.open_connection(
            target.address, target.port, ssl=self._tls if check.tls else None
        )
        try:
            if check.how == CONNECT:
                return GOOD
            writer.write(check.send)
            return await _answer(check, reader)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                writer.transport.abort()


async def _answer(check: Check, reader: asyncio.StreamReader) -> str:
    seen = b""
    with contextlib.suppress(TimeoutError):  # then what has come is all there is
        async with asyncio.timeout(check.interval_s * 0.9):
            while len(seen) < READS and (part := await reader.read(READS - len(seen))):
                seen += part
                if outcome := judge(check, seen, whole=False):
                    return outcome
    return judge(check, seen, whole=True) or BAD


async def _datagram(target: Target) -> str:
    check, loop = target.check, asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in target.address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        asking.setblocking(False)
        asking.connect((target.address, target.port))
        await loop.sock_sendall(asking, check.send or b"\0")
        if check.expect or check.disables:
            seen = await loop.sock_recv(asking, READS)
            return judge(check, seen, whole=True) or BAD
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(SILENCE_S, check.interval_s / 2)):
                await loop.sock_recv(asking, READS)  # a closed port is an error here
    return GOOD


def judge(check: Check, seen: bytes, *, whole: bool) -> str:
    """Return what an answer says, or nothing while more of it may come."""
    text = seen.decode("latin-1")
    if check.disables and _found(check.disables, text):
        return DISABLES
    if check.reverse:
        if _found(check.expect, text):
            return BAD
        return GOOD if whole and seen else ""
    return GOOD if seen and _found(check.expect or ".", text) else ""


def _found(pattern: str, text: str) -> bool:
    if not pattern:
        return False
    try:
        return re.search(pattern, text, re.DOTALL) is not None
    except re.error:
        return pattern in text


def _trusting() -> ssl.SSLContext:
    """Monitors verify no certificate by default."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
