"""The configuration on disk: one line that holds it whole, then one line for each change.

A change is one line written at once, so a process that is killed leaves whole changes, and what a
commit costs does not grow with the configuration. A line cut short by a crash is left out.
"""

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from bigip_sim.catalogue import KINDS
from bigip_sim.configuration import Configuration
from bigip_sim.refusals import RefusedError
from bigip_sim.system import Identity
from bigip_sim.tree import Item, Key

FORMAT = 1
CHANGES_UNTIL_WHOLE = 5000  # then the file is written anew, so that it does not grow for ever


class StateError(Exception):
    """A state file that cannot be used; the message says which and why."""


class StateFile:
    """One device's saved configuration."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._file: TextIO | None = None
        self._changes = 0
        self._lines = self._read()

    def adopt(self, identity: Identity) -> Identity:
        """Return the identity with the serial number that the device had before."""
        serial = self._lines[0].get("serial") if self._lines else None
        return replace(identity, serial=serial) if isinstance(serial, str) else identity

    def restore(self, configuration: Configuration, identity: Identity) -> None:
        """Put what was saved into a fresh configuration, and write it whole."""
        items: dict[Key, Item] = {}
        generation = 0
        try:
            for line in self._lines:
                items.update((item.key, item) for item in map(_item, line["objects"]))
                for family, owner, name in line["gone"]:
                    items.pop(Key(family, owner, name), None)
                generation = int(line["generation"])
            configuration.restore(items.values(), generation)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StateError(f"{self._path} holds no configuration of bigip-sim") from error
        except RefusedError as error:
            raise StateError(f"{self._path} does not fit together: {error.message}") from error
        self._lines = []
        self.write_whole(configuration, identity)

    def write_whole(self, configuration: Configuration, identity: Identity) -> None:
        """Write everything beside, then put it in the place of what was there."""
        with configuration.reading() as tree:
            items = [item for item in tree.items.values() if _is_own(item)]
            line = _line(items, (), tree.generation)
        line.update(format=FORMAT, serial=identity.serial)
        beside = self._path.with_name(f"{self._path.name}.new")
        with self._lock:
            self._close()
            try:
                beside.write_text(f"{json.dumps(line)}\n", encoding="utf-8")
                beside.replace(self._path)
                self._file = self._path.open("a", encoding="utf-8")
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
            self._file.write(f"{json.dumps(_line(present, gone, generation))}\n")
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
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            raise StateError(f"the state file {self._path} cannot be read: {error}") from error
        whole = text.splitlines() if text.endswith("\n") else text.splitlines()[:-1]
        try:
            lines = [json.loads(line) for line in whole]
        except ValueError as error:
            raise StateError(f"the state file {self._path} cannot be read: {error}") from error
        if text and (not lines or not _is_head(lines[0])):
            raise StateError(f"{self._path} is no state file of this version of bigip-sim")
        return lines


def _is_head(line: object) -> bool:
    return isinstance(line, dict) and line.get("format") == FORMAT


def _is_own(item: Item) -> bool:
    """Whether an object is worth saving: made or changed since the device was fresh."""
    return not item.builtin or item.generation != item.born


def _line(items: Iterable[Item], gone: Iterable[Key], generation: int) -> dict[str, Any]:
    return {
        "generation": generation,
        "objects": [
            [i.kind, i.key.owner, i.key.name, i.born, i.generation, i.builtin, dict(i.own)]
            for i in items
        ],
        "gone": [list(key) for key in gone],
    }


def _item(entry: list[Any]) -> Item:
    kind, owner, name, born, generation, builtin, own = entry
    if not isinstance(born, int) or not isinstance(generation, int) or not isinstance(own, dict):
        raise TypeError("an object without generation or attributes")
    key = Key(KINDS[str(kind)].of_family, str(owner), str(name))
    return Item(key, str(kind), own, born, generation, bool(builtin))
