"""Which state of a device group a unit has, as its membership of the group keeps it.

Marks are saved and restored with the membership, but are no change of it, and stay on their device.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bigip_sim.membership import member_key
from bigip_sim.sync_status import Commit, Member
from bigip_sim.tree import Draft, Tree

Json = Mapping[str, Any]


def begin(draft: Draft, group: str, name: str) -> None:
    """Let a unit start from the state that all members of a group start from."""
    if marks_of(draft, group, name)[0] is None:
        start = Commit(0, "")
        mark(draft, group, name, start, start)


def told(member: Member) -> Json:
    """Return a member's state as units tell it to each other."""
    return {
        "commit": member.commit,
        "shared": member.shared,
        "syncing": member.syncing,
        "failure": member.failure,
    }


def heard(name: str, body: Json, *, connected: bool) -> Member:
    """Read what `told` returned; what another unit does not tell it does not have."""
    commit, shared = read_commit(body.get("commit")), read_commit(body.get("shared"))
    syncing, failure = body.get("syncing") is True, str(body.get("failure", ""))
    return Member(name, connected, commit, shared, syncing, failure)


def marks_of(tree: Tree | Draft, group: str, name: str) -> tuple[Commit | None, Commit | None]:
    """Return the state that a unit has, and the last that it had in common with another."""
    item = tree.get(member_key(group, name))
    own = item.own if item is not None else {}
    return read_commit(own.get("~syncCommit")), read_commit(own.get("~syncShared"))


def mark(draft: Draft, group: str, name: str, commit: Commit | None, shared: Commit | None) -> None:
    """Write a unit's state into its membership; that is no change of the membership."""
    key = member_key(group, name)
    item = draft.get(key)
    if item is not None:
        marks = {"~syncCommit": commit and list(commit), "~syncShared": shared and list(shared)}
        draft.changed[key] = replace(item, own={**item.own, **marks})


def share(draft: Draft, group: str, name: str, shared: Commit) -> None:
    """Note that another unit has this state too."""
    mark(draft, group, name, marks_of(draft, group, name)[0], shared)


def read_commit(value: object) -> Commit | None:
    """Read a state as JSON has it; None if it is none."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        return None
    return Commit(int(value[0]), str(value[1]))
