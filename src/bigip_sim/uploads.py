"""Files that clients put on the device in chunks, and fetch from it the same way.

Source: iControl REST reference, section 3.10. They live in memory, and in the state directory if
there is one; those below /var/config/rest vanish at a reboot.
"""

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

DOWNLOADS = "/var/config/rest/downloads"  # where uploads go; a client's download reads here too
_RANGE = re.compile(r"(?:bytes )?(\d+)-(\d+)/(\d+)")
_VOLATILE = "/var/config/rest/"
Json = dict[str, object]
Keep = Callable[[str, bytes | None], None]  # path and content of what is there now; None: gone


class Span(NamedTuple):
    """A Content-Range: first and last byte, both included, and the size of the whole."""

    first: int
    last: int
    total: int

    @property
    def length(self) -> int:
        """Return how many bytes it covers."""
        return self.last - self.first + 1


class BadRangeError(ValueError):
    """A Content-Range that is missing, unreadable, or not that of the bytes that came."""


@dataclass(slots=True)
class _Coming:
    """A file of which not every chunk has come."""

    total: int
    chunks: dict[int, bytes] = field(default_factory=dict)  # first byte -> bytes

    @property
    def missing(self) -> int:
        return self.total - sum(map(len, self.chunks.values()))


class Uploads:
    """The files of one device that came over REST, by their path on the device."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}
        self._coming: dict[str, _Coming] = {}
        self._lock = threading.Lock()
        self._keep: Keep = lambda _path, _content: None

    def remember(self, files: Mapping[str, bytes], keep: Keep) -> None:
        """Take the files of an earlier life, and call `keep` with whatever becomes of them."""
        self._files.update(files)
        self._keep = keep

    def read(self, path: str) -> bytes | None:
        """Return a whole file by path or URL (`file:/…`, `file:///…`); None: not there."""
        with self._lock:
            return self._files.get(f"/{path.removeprefix('file:').lstrip('/')}")

    def write(self, path: str, content: bytes) -> None:
        """Put a whole file there, as the device's own commands do."""
        with self._lock:
            self._put(path, content)

    def remove(self, path: str) -> bool:
        """Delete a file; returns whether there was one."""
        with self._lock:
            return self._drop(path)

    def paths(self) -> list[str]:
        """Return the paths of all whole files."""
        with self._lock:
            return sorted(self._files)

    def take(self, path: str, span: Span, chunk: bytes) -> Json:
        """Take one chunk of an upload; the first byte begins the file anew.

        That chunks may come in any order is unverified.
        """
        if len(chunk) != span.length:
            raise BadRangeError(f"{len(chunk)} bytes came for the range {span.first}-{span.last}")
        with self._lock:
            coming = self._coming.get(path)
            if coming is None or span.first == 0 or coming.total != span.total:
                coming = self._coming[path] = _Coming(span.total)
            coming.chunks[span.first] = chunk
            used = {str(first): len(part) for first, part in sorted(coming.chunks.items())}
            missing = max(coming.missing, 0)
            if not missing:
                del self._coming[path]
                self._put(path, b"".join(part for _, part in sorted(coming.chunks.items())))
        return {"remainingByteCount": missing, "usedChunks": used, "totalByteCount": span.total}

    def reboot(self) -> None:
        """Forget what does not survive a reboot."""
        with self._lock:
            self._coming.clear()
            for path in [path for path in self._files if path.startswith(_VOLATILE)]:
                self._drop(path)

    def _put(self, path: str, content: bytes) -> None:
        self._files[path] = content
        self._keep(path, content)

    def _drop(self, path: str) -> bool:
        was_there = self._files.pop(path, None) is not None
        if was_there:
            self._keep(path, None)
        return was_there


def read_range(text: str) -> Span:
    """Read `0-1677/1678`; the words of the refusals are unverified."""
    found = _RANGE.fullmatch(text.strip())
    if found is None:
        raise BadRangeError(f"Content-Range header is missing or invalid: {text!r}")
    span = Span(*map(int, found.groups()))
    if not span.first <= span.last < span.total:
        raise BadRangeError(f"Content-Range {text} does not lie within the file")
    return span


def read_wish(text: str | None, size: int) -> Span:
    """Read which part of a file of so many bytes a download asks for; without a range, all of it.

    Clients do not know the size when they begin and say 0, or one too few: it is not looked at.
    """
    whole = Span(0, max(size - 1, 0), size)
    if text is None:
        return whole
    found = _RANGE.fullmatch(text.strip())
    if found is None:
        raise BadRangeError(f"Content-Range header is invalid: {text!r}")
    first, last = int(found[1]), min(int(found[2]), whole.last)
    if first > last:
        raise BadRangeError(f"Content-Range {text} does not lie within the file")
    return Span(first, last, size)
