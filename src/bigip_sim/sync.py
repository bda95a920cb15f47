"""Config sync of one unit: marks what clients change, sends it to the others, takes what they send.

Which state of a device group's configuration a unit has stands in its membership of the group,
where it is saved and restored with everything else. A group that syncs by itself is sent what has
changed; by command, or where the other has another state, the whole. A conflict (both have changed)
is left to a command, except in device_trust_group, where the later change wins.

Source: iControl REST reference, section 3.11; what happens on a conflict is unverified.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bigip_sim.configuration import Configuration
from bigip_sim.membership import (
    TRUST_GROUP,
    failover_group,
    groups_of,
    member_key,
    members,
    names,
    path_of,
)
from bigip_sim.refusals import RefusedError, configuration_error
from bigip_sim.sync_content import belonging, group_of, prune, take, written
from bigip_sim.sync_marks import mark, marks_of, read_commit, share
from bigip_sim.sync_status import Commit, Member, newest
from bigip_sim.tree import Draft, Item, Key, Tree

log = logging.getLogger(__name__)

HISTORY = 1000  # changes kept, to send only what is new
Json = Mapping[str, Any]


class Others(Protocol):
    """The other units, as sync needs them."""

    def member(self, name: str, group: str) -> Member:
        """Return what another unit, by host name, last said of its state in a group."""

    def post(self, name: str, path: str, body: Json) -> Json | None:
        """Ask another unit; None when it does not answer."""

    def synced(self, name: str, group: str, commit: Commit | None) -> None:
        """Another unit has taken over this state."""

    def changed(self) -> None:
        """Something has changed that the others should hear."""


@dataclass(frozen=True, slots=True)
class _Change:
    before: Commit | None
    keys: frozenset[Key]


class _Asked:
    """One command to synchronise; each is its own."""

    def __init__(self, whole: bool) -> None:
        self.whole = whole


class Sync:
    """One unit's part in the synchronisation of its device groups."""

    def __init__(
        self, configuration: Configuration, name: str, clock: Callable[[], float], others: Others
    ) -> None:
        self._configuration = configuration
        self._name = name
        self._clock = clock
        self._others = others
        self._history: dict[str, list[_Change]] = {}
        self._asked: dict[str, _Asked] = {}  # group -> what a command has asked for
        self._failures: dict[str, str] = {}
        self._refused: dict[tuple[str, str], Commit | None] = {}
        self._lock = threading.Lock()  # over what has been asked
        self._jobs: deque[Callable[[Draft], None]] = deque()
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self.saves: Callable[[], None] = _nothing  # saves the configuration, as a command does
        self.sponsor = ""  # who has let this unit into its trust domain, and will tell it the rest
        configuration.before_commit(self._stamp)
        configuration.on_change(lambda _changed: self.look())

    def rename(self, name: str) -> None:
        """Let this unit have another name."""
        self._name = name

    def start(self) -> None:
        """Begin to send; called again it does nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="sync", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End when what is being sent has been sent."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def look(self) -> None:
        """See whether there is something to send."""
        self._wake.set()

    def adopt(self, change: Callable[[Draft], None]) -> None:
        """Change the configuration when nobody else does, without waiting for it."""
        self._jobs.append(change)
        self._wake.set()

    def me(self, group: str) -> Member:
        """Return this unit's state in a device group."""
        commit, shared = marks_of(self._configuration.tree, group, self._name)
        failure, syncing = self._failures.get(group, ""), group in self._asked
        return Member(self._name, True, commit, shared, syncing, failure)

    def all(self, group: str) -> list[Member]:
        """Return every member of a device group with what is known of it, this unit included."""
        with self._configuration.reading() as tree:
            everyone = names(tree, group)
        return [
            self.me(group) if name == self._name else self._others.member(name, group)
            for name in everyone
        ]

    def to_group(self, name: str, *, whole: bool) -> None:
        """`config-sync to-group`: this unit's configuration is what the others get."""
        group = self._find(name)
        mine, theirs = self.me(group).commit, newest(self.all(group))
        if mine is None or (theirs is not None and theirs.commit != mine):
            commit = self.new_commit()
            shared = self.me(group).shared
            self._configuration.adopt(lambda draft: mark(draft, group, self._name, commit, shared))
        with self._lock:
            self._asked[group] = _Asked(whole)
            self._failures.pop(group, None)
            self._refused.clear()
        self.start()
        self.look()

    def from_group(self, name: str, *, needs_push: bool) -> None:
        """`config-sync from-group`: the member with the latest state is asked to send it."""
        group = self._find(name)
        if needs_push and self.me(group).shared is None:
            text = f"config-sync from-group {name} is not allowed until a push has been done first"
            raise configuration_error(text)  # the sentence is known, its code is unverified
        others = [m for m in self.all(group) if m.name != self._name and m.connected]
        latest = newest(others)
        if latest is not None:
            self._others.post(latest.name, "/cluster/push", {"group": group})

    def take(self, body: Json) -> Json:
        """Take over what another unit has sent; answers what came of it."""
        group, sender = str(body["group"]), str(body["from"])
        commit = read_commit(body["commit"])
        with self._configuration.reading() as tree:
            is_known = path_of(sender) in members(tree, group)
        if sender != self.sponsor and not is_known:
            return {"refused": f"{sender} is not in {group} here"}
        self._others.synced(sender, group, commit)
        mine = self.me(group)
        if body["since"] is not None and read_commit(body["since"]) != mine.commit:
            return {"needs": "whole"}
        if not body["asked"] and self._would_lose(body, group, mine):
            return {"keeps": "what it has"}
        try:
            self._configuration.adopt(lambda draft: self._lay(draft, body, group, commit))
        except RefusedError as refusal:
            self._failures[group] = refusal.message
            self._others.changed()
            return {"refused": refusal.message}
        self._failures.pop(group, None)
        self._history.pop(group, None)
        self.sponsor = ""
        item = self._configuration.tree.get(Key("cm/device-group", "", group))
        if not body["asked"] and item is not None and item.own.get("saveOnAutoSync") == "true":
            self.saves()
        self._others.changed()
        return {"done": True}

    def _would_lose(self, body: Json, group: str, mine: Member) -> bool:
        """Whether a state that comes unasked is older than this unit's, or not built on it.

        The sender cannot know: it may have looked before this unit's last change.
        """
        commit = read_commit(body["commit"])
        if mine.commit is not None and (commit is None or commit <= mine.commit):
            return True
        return body["since"] is None and mine.changed and group != TRUST_GROUP

    def _lay(self, draft: Draft, body: Json, group: str, commit: Commit | None) -> None:
        sent = take(draft, body["objects"], body["gone"])
        if body["since"] is None:
            prune(draft, sent, group, failover_group(draft, self._name))
        mark(draft, group, self._name, commit, commit)

    def _find(self, name: str) -> str:
        path = path_of(name)
        with self._configuration.reading() as tree:
            is_mine = path_of(self._name) in members(tree, path)
        if not is_mine:
            raise configuration_error(f"Device group ({name}) not found in device group sync")
        return path

    def _stamp(self, draft: Draft) -> None:
        """Note in the membership that a client has changed what a device group shares."""
        shared = [g.key.name for g in groups_of(draft.base, self._name)]
        shared = [g for g in shared if g != TRUST_GROUP or len(members(draft.base, g)) > 1]
        if not shared:
            return
        otherwise = failover_group(draft.base, self._name)
        touched: dict[str, set[Key]] = {}
        for key, item in draft.changed.items():
            before = draft.base.get(key)
            for tree, each in ((draft, item), (draft.base, before)):
                if each is not None:
                    touched.setdefault(group_of(tree, each, otherwise), set()).add(key)
        for group in shared:
            before_commit, common = marks_of(draft.base, group, self._name)
            if member_key(group, self._name) in draft.changed:  # marks of long ago were loaded
                mark(draft, group, self._name, before_commit, common)
            if group in touched:
                change = _Change(before_commit, frozenset(touched[group]))
                self._history.setdefault(group, []).append(change)
                del self._history[group][:-HISTORY]
                commit = self.new_commit()
                mark(draft, group, self._name, commit, common)
                self._failures.pop(group, None)

    def new_commit(self) -> Commit:
        """Return the name of a state that this unit makes now."""
        return Commit(int(self._clock() * 1_000_000), self._name)

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            if self._stopping:
                return
            while self._jobs:
                try:
                    self._configuration.adopt(self._jobs.popleft())
                except RefusedError as refusal:
                    log.warning("what another device told of itself is left out: %s", refusal)
            with self._configuration.reading() as tree:
                groups = groups_of(tree, self._name)
            for group in groups:
                self._tend(group)

    def _tend(self, group: Item) -> None:
        name = group.key.name
        asked = self._asked.get(name)
        is_asked = asked is not None
        whole = (asked is not None and asked.whole) or group.own.get("fullLoadOnSync") == "true"
        everyone = self.all(name)
        mine = next((member for member in everyone if member.name == self._name), None)
        if mine is None:  # it has left the group meanwhile
            return
        sent, refused = None, False
        for other in everyone:
            if other.name == self._name or not other.connected:
                continue
            if not is_asked and not self._is_mine_to_send(group, mine, other, everyone):
                continue
            self._refused[name, other.name] = mine.commit
            commit, answer = self._send(other, name, whole=whole, asked=is_asked)
            refused = refused or "refused" in answer
            if "done" in answer:
                sent = commit
                self._others.synced(other.name, name, commit)
        if sent is not None and not refused:
            self._configuration.adopt(lambda draft: share(draft, name, self._name, sent))
        if is_asked:
            with self._lock:
                if self._asked.get(name) is asked:  # nobody has asked again meanwhile
                    del self._asked[name]
        if is_asked or sent is not None:
            self._others.changed()

    def _is_mine_to_send(
        self, group: Item, mine: Member, other: Member, everyone: Sequence[Member]
    ) -> bool:
        """Whether a group that syncs by itself has this unit send to another one."""
        is_trust = group.key.name == TRUST_GROUP
        if not is_trust and group.own.get("autoSync") != "enabled":
            return False
        if mine.commit is None or other.commit == mine.commit:
            return False
        if self._refused.get((group.key.name, other.name)) == mine.commit:
            return False  # it was sent this already
        latest = newest(everyone)
        if latest is None or latest.commit != mine.commit:
            return False
        holders = [m.name for m in everyone if m.connected and m.commit == mine.commit]
        if (mine.commit.by if mine.commit.by in holders else min(holders)) != self._name:
            return False
        if is_trust:
            return True
        if mine.shared is None and other.shared is None:
            return False  # the first time takes a command: unverified
        return not (mine.changed and other.changed)

    def _send(
        self, other: Member, group: str, *, whole: bool, asked: bool
    ) -> tuple[Commit | None, Json]:
        """Send what is new, or everything; returns the state that was sent and the answer.

        What does not fit as news may fit as a whole; that a device tries this too is unverified.
        """
        body = None if whole else self._news(group, other.commit)
        if body is not None:
            body = {**body, "asked": asked}
            answer = self._others.post(other.name, "/cluster/sync", body) or {}
            if "needs" not in answer and "refused" not in answer:
                return read_commit(body["commit"]), answer
        body = {**self._whole(group), "asked": asked}
        answer = self._others.post(other.name, "/cluster/sync", body) or {}
        return read_commit(body["commit"]), answer

    def _news(self, group: str, since: Commit | None) -> Json | None:
        """Return what has changed since a state, or None if that is not known any more."""
        history = self._history.get(group, [])
        start = next((n for n, change in enumerate(history) if change.before == since), None)
        if start is None or since is None:
            return None
        with self._configuration.reading() as tree:
            history = self._history.get(group, [])
            keys = {key for change in history[start:] for key in change.keys}
            otherwise = failover_group(tree, self._name)
            present = [item for key in keys if (item := tree.get(key)) is not None]
            kept = belonging(tree, present, group, otherwise)
            gone = keys - {item.key for item in kept}
            return self._body(tree, group, kept, [list(key) for key in gone], since)

    def _whole(self, group: str) -> Json:
        with self._configuration.reading() as tree:
            otherwise = failover_group(tree, self._name)
            items = belonging(tree, tree.items.values(), group, otherwise)
            return self._body(tree, group, items, [], None)

    def _body(
        self,
        tree: Tree,
        group: str,
        items: Sequence[Item],
        gone: Sequence[Sequence[str]],
        since: Commit | None,
    ) -> Json:
        return {
            "from": self._name,
            "group": group,
            "commit": marks_of(tree, group, self._name)[0],
            "since": since,
            "objects": written(items),
            "gone": gone,
        }


def _nothing() -> None:
    """Save nothing: nobody has said how."""
