"""ICMP echo to members that gateway-icmp and icmp monitors look after.

Without the right to open such a socket, loopback addresses count as answering and others do not;
`Pinger.limited` says so.
"""

import asyncio
import os
import socket
import struct

_ECHO_REQUEST, _ECHO_REPLY = 8, 0


class Pinger:
    """Sends echo requests; belongs to one event loop."""

    def __init__(self) -> None:
        self._socket, self._raw = _open_socket()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sequence = 0
        self._identity = os.getpid() & 0xFFFF
        self._waiting: dict[tuple[str, int], asyncio.Future[None]] = {}

    @property
    def limited(self) -> str:
        """Return why answers are assumed, or an empty string."""
        if self._socket is not None:
            return ""
        return "no right to send ICMP: loopback members of ping monitors count as up"

    async def ping(self, address: str, wait_s: float) -> bool:
        """Return whether an address answers in time."""
        if self._socket is None or ":" in address:
            return address.startswith("127.") or address == "::1"
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._socket.setblocking(False)
            self._loop.add_reader(self._socket, self._receive)
        self._sequence = (self._sequence + 1) & 0xFFFF
        place = (address, self._sequence)
        answered = self._waiting[place] = self._loop.create_future()
        try:
            self._socket.sendto(self._packet(), (address, 0))
            async with asyncio.timeout(wait_s):
                await answered
        except (OSError, TimeoutError):
            return False
        finally:
            del self._waiting[place]
        return True

    def close(self) -> None:
        """Let the socket go; the loop has ended by now."""
        if self._socket is not None:
            self._socket.close()

    def _packet(self) -> bytes:
        head = struct.pack("!BBHHH", _ECHO_REQUEST, 0, 0, self._identity, self._sequence)
        checksum = _checksum(head)
        return struct.pack("!BBHHH", _ECHO_REQUEST, 0, checksum, self._identity, self._sequence)

    def _receive(self) -> None:
        assert self._socket is not None
        try:
            data, (address, _) = self._socket.recvfrom(1024)
        except OSError:
            return  # told of something that is gone, or unreachable
        if self._raw:
            data = data[(data[0] & 0x0F) * 4 :]
        if len(data) < 8:
            return
        kind, _code, _sum, identity, sequence = struct.unpack("!BBHHH", data[:8])
        answered = self._waiting.get((address, sequence))
        ours = identity == self._identity or not self._raw
        if kind == _ECHO_REPLY and ours and answered is not None and not answered.done():
            answered.set_result(None)


def _open_socket() -> tuple[socket.socket | None, bool]:
    for kind in (socket.SOCK_RAW, socket.SOCK_DGRAM):
        try:
            return socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP), kind == socket.SOCK_RAW
        except OSError:
            continue
    return None, False


def _checksum(data: bytes) -> int:
    words: tuple[int, ...] = struct.unpack(f"!{len(data) // 2}H", data)
    total = sum(words)
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF
