"""A device's configurations on disk: the one that runs, and the one that was saved.

Each is a file of lines: one that holds it whole, then one for each change. A change is one line
written at once, so a process that is killed leaves whole changes, and what a commit costs does not
grow with the configuration. A line cut short by a crash is left out.
"""

import json
import logging
import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote, unquote

from bigip_sim.catalogue import KINDS
from bigip_sim.configuration import Configuration
from bigip_sim.refusals import RefusedError
from bigip_sim.saving import Picture, Saved
from bigip_sim.system import Identity
from bigip_sim.tree import Item, Key
from bigip_sim.uploads import Uploads

log = logging.getLogger(__name__)

FORMAT = 1
CHANGES_UNTIL_WHOLE = 5000  # then the file is written anew, so that it does not grow for ever
RUNNING, SAVED, NAMES, FILES = "running", "saved", "names", "files"
NEW = "new"  # beside files, whose names are paths and begin with a quoted slash


class StateError(Exception):
    """A state that cannot be used; the message says which and why."""


class StateDirectory:
    """What one device keeps. A start goes on from what ran; a reboot begins with what was saved."""

    def __init__(self, path: Path) -> None:
        try:
            path.mkdir(exist_ok=True)
        except OSError as error:
            text = f"the state directory {path} cannot be made: {error.strerror}"
            raise StateError(text) from error
        self._names = path / NAMES
        self._files = path / FILES
        self._running = StateFile(path / RUNNING)
        self._saved = StateFile(path / SAVED)

    def adopt(self, identity: Identity) -> Identity:
        """Return the identity with the serial number and the name that the device had before."""
        serial = self._running.serial or identity.serial
        given, name = self._read_names()
        self._given = identity.name
        return replace(
            identity, serial=serial, name=name if given == identity.name else self._given
        )

    def rename(self, name: str) -> None:
        """Keep another name than the one that the device is started with."""
        self._names.write_text(f"{self._given}\n{name}\n", encoding="utf-8")

    def _read_names(self) -> tuple[str, str]:
        """Return the name that the device was started with when it was renamed, and to which."""
        lines = self._names.read_text(encoding="utf-8").split() if self._names.exists() else []
        return (lines[0], lines[1]) if len(lines) == 2 else ("", "")

    def restore(self, configuration: Configuration, saved: Saved, identity: Identity) -> None:
        """Put what was kept into a fresh configuration, and keep what becomes of it."""
        with configuration.reading() as tree:
            fresh = dict(tree.items)
        kept = self._saved.picture()
        whole = replace(kept, items={**fresh, **kept.items})
        saved.remember(whole, lambda picture: self._saved.write_whole(picture, identity.serial))
        picture = self._running.picture()
        try:
            configuration.restore(picture.items.values(), picture.generation)
        except RefusedError as error:
            text = f"{self._running.path} does not fit together: {error.message}"
            raise StateError(text) from error
        self._running.write_whole(_picture(configuration), identity.serial)

        def keep(changed: Mapping[Key, Item | None]) -> None:
            if self._running.append(changed, configuration.tree.generation):
                self._running.write_whole(_picture(configuration), identity.serial)

        configuration.on_change(keep)

    def restore_files(self, uploads: Uploads) -> None:
        """Put the files that came over REST back, and keep what becomes of them."""
        try:
            self._files.mkdir(exist_ok=True)
            kept = {
                unquote(file.name): file.read_bytes()
                for file in self._files.iterdir()
                if file.name != NEW
            }
        except OSError as error:
            raise StateError(f"{self._files} cannot be read: {error.strerror}") from error
        uploads.remember(kept, self._keep_file)

    def _keep_file(self, path: str, content: bytes | None) -> None:
        file = self._files / quote(path, safe="")
        try:
            if content is None:
                file.unlink(missing_ok=True)
                return
            beside = self._files / NEW
            beside.write_bytes(content)
            beside.replace(file)
        except OSError as error:
            log.warning("%s outlives no new start, it cannot be kept: %s", path, error.strerror)

    def close(self) -> None:
        """Let the files go."""
        self._running.close()
        self._saved.close()


class StateFile:
    """One configuration."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._file: TextIO | None = None
        self._changes = 0
        self._lines = self._read()
        serial = self._lines[0].get("serial") if self._lines else None
        self.serial = serial if isinstance(serial, str) else ""

    def picture(self) -> Picture:
        """Return what is in the file, once; it holds only what differs from a fresh device."""
        items: dict[Key, Item] = {}
        generation = 0
        try:
            for line in self._lines:
                items.update((item.key, item) for item in map(as_item, line["objects"]))
                for family, owner, name in line["gone"]:
                    items.pop(Key(family, owner, name), None)
                generation = int(line["generation"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StateError(f"{self.path} holds no configuration of bigip-sim") from error
        self._lines = []
        return Picture(items, generation)

    def write_whole(self, picture: Picture, serial: str) -> None:
        """Write everything beside, then put it in the place of what was there."""
        items = [item for item in picture.items.values() if is_own(item)]
        line = as_line(items, (), picture.generation)
        line.update(format=FORMAT, serial=serial)
        beside = self.path.with_name(f"{self.path.name}.new")
        with self._lock:
            self._close()
            try:
                beside.write_text(f"{json.dumps(line)}\n", encoding="utf-8")
                beside.replace(self.path)
                self._file = self.path.open("a", encoding="utf-8")
            except OSError as error:
                raise StateError(f"the state file cannot be written: {error}") from error
            self._changes = 0

    def append(self, changed: Mapping[Key, Item | None], generation: int) -> bool:
        """Write one change; returns whether it is time to write everything anew."""
        present = [item for item in changed.values() if item is not None]
        gone = [key for key, item in changed.items() if item is None]
        with self._lock:
            if self._file is None:
                return False
            self._file.write(f"{json.dumps(as_line(present, gone, generation))}\n")
            self._file.flush()
            self._changes += 1
            return self._changes >= CHANGES_UNTIL_WHOLE

    def close(self) -> None:
        """Let the file go."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _read(self) -> list[dict[str, Any]]:
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            raise StateError(f"the state file {self.path} cannot be read: {error}") from error
        whole = text.splitlines() if text.endswith("\n") else text.splitlines()[:-1]
        try:
            lines = [json.loads(line) for line in whole]
        except ValueError as error:
            raise StateError(f"the state file {self.path} cannot be read: {error}") from error
        if text and (not lines or not _is_head(lines[0])):
            raise StateError(f"{self.path} is no state file of this version of bigip-sim")
        return lines


def _picture(configuration: Configuration) -> Picture:
    with configuration.reading() as tree:
        return Picture(dict(tree.items), tree.generation)


def _is_head(line: object) -> bool:
    return isinstance(line, dict) and line.get("format") == FORMAT


def is_own(item: Item) -> bool:
    """Whether an object is worth saving: made or changed since the device was fresh."""
    return not item.builtin or item.generation != item.born


def as_line(items: Iterable[Item], gone: Iterable[Key], generation: int) -> dict[str, Any]:
    """Return what changed as one line of JSON holds it."""
    return {
        "generation": generation,
        "objects": [
            [i.kind, i.key.owner, i.key.name, i.born, i.generation, i.builtin, dict(i.own)]
            for i in items
        ],
        "gone": [list(key) for key in gone],
    }


def as_item(entry: list[Any]) -> Item:
    """Read an object of such a line; ValueError, TypeError or KeyError if it is none."""
    kind, owner, name, born, generation, builtin, own = entry
    if not isinstance(born, int) or not isinstance(generation, int) or not isinstance(own, dict):
        raise TypeError("an object without generation or attributes")
    key = Key(KINDS[str(kind)].of_family, str(owner), str(name))
    return Item(key, str(kind), own, born, generation, bool(builtin))
