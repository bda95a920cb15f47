"""What a partition holds, and the steps that change it, as plain values.

A State holds only attributes that we set, in the spelling in which a device takes them;
`ltm.canonical` brings a device's answers to the same spelling, so that states compare by ==.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Attributes = Mapping[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class ObjectPath:
    """Where an object lives: its collection below /mgmt/tm, its partition, its name."""

    collection: str
    partition: str
    name: str

    @property
    def full(self) -> str:
        """Return the full path, as other objects and the device's messages name it."""
        return f"/{self.partition}/{self.name}"


State = Mapping[ObjectPath, Attributes]


class Action(StrEnum):
    """What a step does."""

    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a transaction; a change names only the attributes that differ."""

    action: Action
    path: ObjectPath
    attributes: Attributes = field(default_factory=dict)


# of each pair a device keeps the one that was set last, and shows only that
FLAG_PAIRS = {"enabled": "disabled", "disabled": "enabled"}


def merge(attributes: Attributes, changes: Attributes) -> dict[str, Any]:
    """Return `attributes` after `changes`; a flag that is set takes its opposite away."""
    dropped = {FLAG_PAIRS[name] for name in changes if name in FLAG_PAIRS}
    return {**{k: v for k, v in attributes.items() if k not in dropped}, **changes}
