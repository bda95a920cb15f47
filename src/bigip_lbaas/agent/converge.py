"""Brings one load balancer level on every device of the group, and says how it ended."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from bigip_lbaas.agent.group import DeviceGroup, Member
from bigip_lbaas.agent.inbox import Task
from bigip_lbaas.domain.errors import (
    DeviceError,
    DeviceRefused,
    DeviceUnreachable,
    FencedOff,
    LeaseExpired,
    ProviderError,
    RequestRejected,
)

# brings one device level; True: the home's partition is gone there; raises what went wrong
Level = Callable[[Member, Task], bool]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a task ended.

    applied: each device that was tried has it. refused: why it never will. later: why it is
    tried again; also set beside applied, when `unclean` devices (known_as) were not reached.
    fenced: the home belongs to someone else now. ended: the home's partition is gone everywhere.
    """

    applied: bool = False
    refused: str = ""
    later: str = ""
    unclean: tuple[str, ...] = ()
    fenced: bool = False
    ended: bool = False


def converge(group: DeviceGroup, task: Task, level: Level, pool: Executor) -> Ending:
    """Bring every device of the group level, all at the same time."""
    reachable = group.reachable()
    results = dict(
        zip(
            (member.known_as for member in reachable),
            pool.map(lambda member: _one(group, member, task, level), reachable),
            strict=True,
        )
    )
    skipped = {
        member.known_as: DeviceUnreachable(member.device.name, member.said or "left alone")
        for member in group.members
        if member not in reachable
    }
    return judge({**results, **skipped})


def judge(results: Mapping[str, bool | ProviderError]) -> Ending:
    """Return how the whole ended; results: device as it is known -> partition gone, or error."""
    errors = [error for error in results.values() if not isinstance(error, bool)]
    if any(isinstance(error, FencedOff) for error in errors):
        return Ending(fenced=True, later=_said(errors, FencedOff))
    refusals = (DeviceRefused, RequestRejected)
    if any(isinstance(error, refusals) for error in errors):
        return Ending(refused=_said(errors, *refusals))
    unreached = tuple(
        sorted(name for name, error in results.items() if isinstance(error, DeviceUnreachable))
    )
    others = [error for error in errors if not isinstance(error, DeviceUnreachable)]
    if others or len(unreached) == len(results):
        return Ending(later=_said(errors, ProviderError))
    return Ending(
        applied=True,
        unclean=unreached,
        later=_said(errors, ProviderError),
        ended=all(result is True for result in results.values()),
    )


def _one(group: DeviceGroup, member: Member, task: Task, level: Level) -> bool | ProviderError:
    try:
        gone = level(member, task)
    except DeviceError as error:
        group.failed(member, error)
        return error
    except (LeaseExpired, RequestRejected) as error:
        return error
    group.answered(member)
    return gone


def _said(errors: Sequence[ProviderError], *kinds: type[ProviderError]) -> str:
    return "; ".join(sorted({str(error) for error in errors if isinstance(error, kinds)}))
