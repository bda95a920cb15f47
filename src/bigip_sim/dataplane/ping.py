"""ICMP echo to members that gateway-icmp and icmp monitors look after.

Without the right to open such a socket, loopback addresses count as answering and others do not;
`Pinger.limited` says so.
"""

import os
import select
import socket
import struct
import time
from collections.abc import Iterable

WAIT_S = 0.5
_ECHO_REQUEST, _ECHO_REPLY = 8, 0


class Pinger:
    """Sends echo requests and collects the answers."""

    def __init__(self) -> None:
        self._socket, self._raw = _open_socket()
        self._sequence = 0
        self._identity = os.getpid() & 0xFFFF

    @property
    def limited(self) -> str:
        """Return why answers are assumed, or an empty string."""
        if self._socket is not None:
            return ""
        return "no right to send ICMP: loopback members of ping monitors count as up"

    def ping(self, addresses: Iterable[str]) -> set[str]:
        """Return those of the addresses that answer within `WAIT_S`."""
        wanted = set(addresses)
        if self._socket is None:
            return {a for a in wanted if a.startswith("127.") or a == "::1"}
        self._sequence = (self._sequence + 1) & 0xFFFF
        packet = self._packet()
        waiting = set()
        for address in wanted:
            try:
                self._socket.sendto(packet, (address, 0))
            except OSError:
                continue  # unreachable from here: no answer
            waiting.add(address)
        answered: set[str] = set()
        deadline = time.monotonic() + WAIT_S
        while waiting - answered and (left := deadline - time.monotonic()) > 0:
            if select.select([self._socket], [], [], left)[0]:
                answered |= self._receive() & waiting
        return answered

    def close(self) -> None:
        """Let the socket go."""
        if self._socket is not None:
            self._socket.close()

    def _packet(self) -> bytes:
        head = struct.pack("!BBHHH", _ECHO_REQUEST, 0, 0, self._identity, self._sequence)
        checksum = _checksum(head)
        return struct.pack("!BBHHH", _ECHO_REQUEST, 0, checksum, self._identity, self._sequence)

    def _receive(self) -> set[str]:
        assert self._socket is not None
        data, (address, _) = self._socket.recvfrom(1024)
        if self._raw:
            data = data[(data[0] & 0x0F) * 4 :]
        if len(data) < 8:
            return set()
        kind, _code, _sum, identity, sequence = struct.unpack("!BBHHH", data[:8])
        ours = sequence == self._sequence and (identity == self._identity or not self._raw)
        return {address} if kind == _ECHO_REPLY and ours else set()


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
