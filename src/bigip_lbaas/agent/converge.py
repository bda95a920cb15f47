"""Brings one load balancer level on every device of the group, and says how it ended."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from bigip_lbaas.agent.group import DeviceGroup, Member
from bigip_lbaas.agent.inbox import Task
from bigip_lbaas.domain.errors import (
    DeviceBusy,
    DeviceError,
    DeviceRefused,
    DeviceUnreachable,
    FencedOff,
    LeaseExpired,
    ProviderError,
    RequestRejected,
)
from bigip_lbaas.domain.ids import AgentId, ProjectId
from bigip_lbaas.wire.messages import Outcome

# so often the whole group waits for a device that is busy; then it counts as not reached
TRIES_FOR_A_BUSY_DEVICE = 3

# brings one device level; True: the home's partition is gone there; raises what went wrong
Level = Callable[[Member, Task], bool]

# stamps homes on one device; returns those refused, and why; raises what went wrong for all
Stamp = Callable[[Member, Sequence[Task]], Mapping[ProjectId, ProviderError]]


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


@dataclass(frozen=True, slots=True)
class Work:
    """What it took."""

    took_s: float = 0.0
    requests: int = 0


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
    return judge({**results, **_left_alone(group, reachable)}, task.tries)


def stamp_all(
    group: DeviceGroup, tasks: Sequence[Task], stamp: Stamp, pool: Executor
) -> tuple[Ending, ...]:
    """Put our stamps into the partitions of homes, on every device; return how each home ended."""
    reachable = group.reachable()
    found = dict(
        zip(
            (member.known_as for member in reachable),
            pool.map(lambda member: _stamped(group, member, tasks, stamp), reachable),
            strict=True,
        )
    )
    away = _left_alone(group, reachable)

    def ending(task: Task) -> Ending:
        results: dict[str, bool | ProviderError] = {**away}
        for name, refused in found.items():
            if isinstance(refused, ProviderError):
                results[name] = refused
            else:
                results[name] = refused.get(task.home.project_id, False)
        return judge(results, task.tries)

    return tuple(ending(task) for task in tasks)


def judge(results: Mapping[str, bool | ProviderError], tries: int = 0) -> Ending:
    """Return how the whole ended; results: device as it is known -> partition gone, or error.

    tries: how often it has been tried before. A device that stays busy does not hold up the others
    for ever: after a few tries it is one that was not reached, and is brought level later.
    """
    errors = [error for error in results.values() if not isinstance(error, bool)]
    if any(isinstance(error, FencedOff) for error in errors):
        return Ending(fenced=True, later=_said(errors, FencedOff))
    refusals = (DeviceRefused, RequestRejected)
    if any(isinstance(error, refusals) for error in errors):
        return Ending(refused=_said(errors, *refusals))
    away: tuple[type[ProviderError], ...] = (DeviceUnreachable,)
    if tries >= TRIES_FOR_A_BUSY_DEVICE:
        away = (DeviceUnreachable, DeviceBusy)
    unreached = tuple(sorted(name for name, error in results.items() if isinstance(error, away)))
    others = [error for error in errors if not isinstance(error, away)]
    if others or len(unreached) == len(results):
        return Ending(later=_said(errors, ProviderError))
    return Ending(
        applied=True,
        unclean=unreached,
        later=_said(errors, ProviderError),
        ended=all(result is True for result in results.values()),
    )


def outcome_of(task: Task, ending: Ending, agent_id: AgentId, work: Work) -> Outcome | None:
    """Return what the controllers are told of an ending; None for a task of theirs that is none."""
    assignment = task.assignment
    if assignment is None:
        return None
    error = ending.refused or ending.later
    if ending.fenced:
        error = f"{error}; another agent owns the home there, so nothing was written to it"
    return Outcome(
        assignment.load_balancer_id,
        assignment.revision,
        agent_id,
        task.epoch,
        task.home.fence,
        applied=ending.applied,
        request_id=assignment.request_id,
        error=error,
        retrying=not ending.applied and not ending.refused,
        unclean=ending.unclean,
        let_go=task.home.fence if ending.ended and assignment.home_is_ending else None,
        took_s=work.took_s,
        requests=work.requests,
        tried_to_end=assignment.home_is_ending,
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


def _stamped(
    group: DeviceGroup, member: Member, tasks: Sequence[Task], stamp: Stamp
) -> Mapping[ProjectId, ProviderError] | ProviderError:
    try:
        refused = stamp(member, tasks)
    except DeviceError as error:
        group.failed(member, error)
        return error
    except LeaseExpired as error:
        return error
    group.answered(member)
    return refused


def _left_alone(group: DeviceGroup, reachable: Sequence[Member]) -> dict[str, DeviceUnreachable]:
    return {
        member.known_as: DeviceUnreachable(member.device.name, member.said or "left alone")
        for member in group.members
        if member not in reachable
    }


def _said(errors: Sequence[ProviderError], *kinds: type[ProviderError]) -> str:
    return "; ".join(sorted({str(error) for error in errors if isinstance(error, kinds)}))
