"""Decides which names on a device are ours, and how they are spelled.

A name of ours is exactly `<prefix>_<id>`. An id has no underscore, so the last underscore of a
name is where the prefix ends, whatever underscores the prefix itself has: `dev_2_7f3c` belongs
to the prefix `dev_2` and to no other, least of all to `dev`.
"""

import re
from dataclasses import dataclass

GUARD = "stamp_guard"  # comes with a partition's first stamp and leaves with its last
STAMP_BEGINS = "stamp_"

_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z.-]*")
_PREFIX = re.compile(r"[A-Za-z][0-9A-Za-z_.-]*")


@dataclass(frozen=True, slots=True)
class Naming:
    """The names of one environment; prefix is what all of them begin with."""

    prefix: str

    def __post_init__(self) -> None:
        """Refuse a prefix that no device would take as the beginning of a name."""
        if not _PREFIX.fullmatch(self.prefix):
            raise ValueError(
                f"{self.prefix!r} cannot begin a name on a device: a letter, then letters, "
                "digits, '_', '.' or '-'"
            )

    def name(self, id_: str) -> str:
        """Return the name of the partition or object that stands for `id_`."""
        if not _ID.fullmatch(id_):
            raise ValueError(
                f"{id_!r} cannot be part of a name on a device: letters, digits, '.' and '-' only"
            )
        return f"{self.prefix}_{id_}"

    def owns(self, name: str) -> bool:
        """Return whether `name` is one that this environment gives, and no other does."""
        return self.id_of(name) is not None

    def id_of(self, name: str) -> str | None:
        """Return what `name` stands for, None when it is none of this environment's."""
        prefix, underscore, id_ = name.rpartition("_")
        is_ours = underscore and prefix == self.prefix and _ID.fullmatch(id_)
        return id_ if is_ours else None
