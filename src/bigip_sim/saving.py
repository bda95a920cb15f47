"""The saved configuration, which is what a device boots with, beside the one that is running.

Source: iControl REST reference, section 3.11 (`sys config save`). What `load` answers, and that a
configuration which does not fit together leaves the device without one, is unverified.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from bigip_sim import refusals
from bigip_sim.configuration import Configuration
from bigip_sim.refusals import RefusedError
from bigip_sim.tree import Item, Key

log = logging.getLogger(__name__)
Body = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Picture:
    """A configuration as it was at one moment."""

    items: Mapping[Key, Item]
    generation: int


class Saved:
    """What one device has saved: its boot configuration, and files of other names."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._lock = threading.Lock()
        self._factory = self._boot = self._running()
        self._files: dict[str, Picture] = {}  # not kept in the state directory
        self._keep: Callable[[Picture], None] = lambda _picture: None

    @property
    def boot(self) -> Picture:
        """Return what the device would boot with now."""
        return self._boot

    def remember(self, picture: Picture, keep: Callable[[Picture], None]) -> None:
        """Take what an earlier life saved, and call `keep` with whatever is saved from now on."""
        self._boot = picture
        self._keep = keep

    def rewrite(self, change: Callable[[Mapping[Key, Item]], Mapping[Key, Item]]) -> None:
        """Change whatever was saved, as if it had always been so."""
        with self._lock:
            self._factory, self._boot = (
                replace(picture, items=change(picture.items))
                for picture in (self._factory, self._boot)
            )
            self._files = {
                name: replace(picture, items=change(picture.items))
                for name, picture in self._files.items()
            }
            self._keep(self._boot)

    def save(self, body: Body) -> None:
        """POST sys/config save, of everything or of the partitions that are named."""
        options = _options(body)
        picture = self._running()
        with self._lock:
            if "file" in options:
                self._files[str(options["file"])] = picture
                return
            partitions = _words(options.get("partitions"))
            if partitions and "all" not in partitions:
                picture = _merged(self._boot, picture, partitions)
            self._boot = picture
            self._keep(picture)

    def keep_cluster(self) -> None:
        """Let the device boot with the cluster that it is in now, whatever else was not saved."""
        running = self._running().items
        with self._lock:
            others = {k: i for k, i in self._boot.items.items() if not _is_of_cluster(k)}
            members = {k: i for k, i in running.items() if _is_of_cluster(k)}
            self._boot = replace(self._boot, items={**others, **members})
            self._keep(self._boot)

    def load(self, body: Body) -> None:
        """POST sys/config load: the saved configuration, a file's, or the factory's."""
        options = _options(body)
        if "merge" in options or body.get("name") == "merge":
            raise RefusedError(501, "bigip-sim does not merge configurations", refusals.ICRD)
        if body.get("name") == "default" or "default" in options:
            picture = self._factory
        elif "file" in options:
            found = self._files.get(str(options["file"]))
            if found is None:
                text = f"Configuration error: there is no file {options['file']}"  # unverified
                raise RefusedError(400, f"01070734:3: {text}")
            picture = found
        else:
            picture = self._boot
        self._configuration.become(picture.items, by_client=True)

    def become(self, items: Mapping[Key, Item]) -> None:
        """Run what an archive holds over the factory's configuration, and save it."""
        self._configuration.become({**self._factory.items, **items})
        self.save({})

    def boots(self) -> None:
        """Run what was saved, as a device does that has lost its power."""
        try:
            self._configuration.become(self._boot.items)
        except RefusedError as refusal:
            log.warning("the saved configuration does not load: %s", refusal.message)
            self._configuration.become(self._factory.items)

    def unsaved(self) -> int:
        """Return how many objects a reboot would lose or bring back, for the control API."""
        running, boot = self._running().items, self._boot.items
        return sum(running.get(key) != boot.get(key) for key in {*running, *boot})

    def _running(self) -> Picture:
        with self._configuration.reading() as tree:
            return Picture(dict(tree.items), tree.generation)


def _merged(old: Picture, new: Picture, partitions: frozenset[str]) -> Picture:
    items = {key: item for key, item in old.items.items() if _partition(key) not in partitions}
    items.update((k, item) for k, item in new.items.items() if _partition(k) in partitions)
    return Picture(items, new.generation)


def _is_of_cluster(key: Key) -> bool:
    return key.family.startswith("cm/")


def _partition(key: Key) -> str:
    """Return whose configuration file an object is in; what has no partition is in Common's."""
    path = key.owner or key.name
    if key.family == "auth/partition":
        return path
    return path[1:].partition("/")[0] or "Common" if path.startswith("/") else "Common"


def _options(body: Body) -> Mapping[str, object]:
    """Read `options`, which is a list of mappings of one entry each."""
    given = body.get("options", ())
    entries = given if isinstance(given, list) else [given]
    return {str(k): v for entry in entries if isinstance(entry, Mapping) for k, v in entry.items()}


def _words(value: object) -> frozenset[str]:
    return frozenset(str(value or "").replace("{", " ").replace("}", " ").split())
