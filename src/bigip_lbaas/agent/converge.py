"""Brings one load balancer level on every device of the group, and says how it ended."""

from collections.abc import Callable, Sequence
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

Level = Callable[[Member, Task], None]  # brings one device level; raises what went wrong


@dataclass(frozen=True, slots=True)
class Ending:
    """How a task ended.

    applied: each device that was tried has it. refused: why it never will. later: why it is
    tried again; also set beside applied, when `unclean` devices (known_as) were not reached.
    fenced: the home belongs to someone else now.
    """

    applied: bool = False
    refused: str = ""
    later: str = ""
    unclean: tuple[str, ...] = ()
    fenced: bool = False


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


def judge(results: "dict[str, ProviderError | None]") -> Ending:
    """Return how the whole ended; results: device as it is known -> error, None when level."""
    errors: Sequence[ProviderError] = [error for error in results.values() if error is not None]
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
    return Ending(applied=True, unclean=unreached, later=_said(errors, ProviderError))


def _one(group: DeviceGroup, member: Member, task: Task, level: Level) -> ProviderError | None:
    try:
        level(member, task)
    except DeviceError as error:
        group.failed(member, error)
        return error
    except (LeaseExpired, RequestRejected) as error:
        return error
    group.answered(member)
    return None


def _said(errors: Sequence[ProviderError], *kinds: type[ProviderError]) -> str:
    return "; ".join(sorted({str(error) for error in errors if isinstance(error, kinds)}))
