"""One device's configuration: reads see what is committed, writes happen whole or not at all."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol
from urllib.parse import urlsplit

from bigip_sim import builtins, ephemerals, rules
from bigip_sim.changes import Change, changes_of
from bigip_sim.edits import apply
from bigip_sim.refusals import busy
from bigip_sim.surroundings import Surroundings
from bigip_sim.tree import Draft, Item, Key, Tree
from bigip_sim.writes import Command

Listener = Callable[[Mapping[Key, Item | None]], None]
Reader = Callable[[tuple[Change, ...]], None]
Stamp = Callable[[Draft], None]


class Watch(Protocol):
    """Is told of each step of a commit, and may raise what lets it fail."""

    def begins(self) -> None:
        """The commit has begun."""

    def command(self, method: str, path: str) -> None:
        """This command is next; the path is below the host."""


class Nobody:
    """Watches nothing."""

    def begins(self) -> None:
        """Let it begin."""

    def command(self, method: str, path: str) -> None:
        """Let it be carried out."""


NOBODY = Nobody()


class Configuration:
    """The committed tree, with one writer at a time."""

    def __init__(self, about: Surroundings | None = None) -> None:
        self.about = about if about is not None else Surroundings()
        self.tree: Tree = rules.empty_tree()
        self.lock = threading.RLock()  # short: held to read, or to merge a draft
        self._committing = threading.Lock()  # of transactions only one is carried out at a time
        self._writing = threading.Lock()  # held for the whole of any change
        self._listeners: list[Listener] = []
        self._readers: list[Reader] = []
        self._stamps: list[Stamp] = []
        draft = Draft(self.tree, self.about)
        builtins.install(draft)
        draft.apply()

    def on_change(self, listener: Listener) -> None:
        """Call `listener` with what changed, after each change."""
        self._listeners.append(listener)

    def on_commit(self, reader: Reader) -> None:
        """Call `reader` with what each write has changed, field by field."""
        self._readers.append(reader)

    def before_commit(self, stamp: Stamp) -> None:
        """Let `stamp` add to what a client commits, when it is about to become real."""
        self._stamps.append(stamp)

    def write(self, command: Command) -> Key | None:
        """Carry out one request; it waits for a commit that is under way."""
        with self._writing:
            return self._carry_out((command,))[0]

    def commit(
        self,
        commands: Iterable[Command],
        *,
        keeps: bool = True,
        watch: Watch = NOBODY,
    ) -> None:
        """Carry out a transaction, or fail at once when another is being committed.

        That overlapping commits fail: iControl REST reference, section 1.7. `watch` may let
        it fail. With `keeps` false it is only validated.
        """
        if not self._committing.acquire(blocking=False):
            raise busy()
        try:
            with self._writing:
                watch.begins()
                self._carry_out(commands, keeps=keeps, watch=watch)
        finally:
            self._committing.release()

    def adopt(self, change: Callable[[Draft], None], *, checks: bool = True) -> None:
        """Carry out what no client has asked for, such as what another device has sent."""
        with self._writing:
            draft = Draft(self.tree, self.about)
            change(draft)
            ephemerals.settle(draft)
            if checks:
                rules.check(draft, is_whole=True)
            if draft.changed:
                self._make_real(draft)

    def _carry_out(
        self, commands: Iterable[Command], *, keeps: bool = True, watch: Watch = NOBODY
    ) -> list[Key | None]:
        draft = Draft(self.tree, self.about)
        keys: list[Key | None] = []
        for command in commands:
            watch.command(command.method, urlsplit(command.uri).path)
            keys.append(apply(draft, command))
        rules.settle(draft)
        rules.check(draft)
        if keeps:
            for stamp in self._stamps:
                stamp(draft)
            self._make_real(draft)
        return keys

    def _make_real(self, draft: Draft) -> None:
        changes = changes_of(draft) if self._readers else ()
        with self.lock:
            draft.apply()
        for listener in self._listeners:
            listener(draft.changed)
        for reader in self._readers:
            reader(changes)

    @contextmanager
    def reading(self) -> Iterator[Tree]:
        """Hold the tree still while it is read."""
        with self.lock:
            yield self.tree

    def become(self, items: Mapping[Key, Item], *, by_client: bool = False) -> None:
        """Run another configuration instead; RefusedError if it does not fit together."""
        Configuration(self.about).restore(items.values(), 0)
        with self._writing:
            draft = Draft(self.tree, self.about)
            draft.changed.update((key, None) for key in self.tree.items if key not in items)
            draft.changed.update(
                (key, item) for key, item in items.items() if self.tree.get(key) != item
            )
            for stamp in self._stamps if by_client else ():
                stamp(draft)
            self._make_real(draft)

    def restore(self, items: Iterable[Item], generation: int) -> None:
        """Put saved objects over the built-in ones; they must fit together."""
        draft = Draft(self.tree, self.about)
        for item in items:
            draft.changed[item.key] = item
        rules.check(draft)
        draft.generation = max(generation, draft.generation)
        with self.lock:
            draft.apply()
