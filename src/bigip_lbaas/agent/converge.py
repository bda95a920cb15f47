"""Brings load balancers and homes level on every device of the group; says how each ended."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass

from bigip_lbaas.agent.group import DeviceGroup, Member
from bigip_lbaas.agent.inbox import Known, Task
from bigip_lbaas.bus.request_ids import carried
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
from bigip_lbaas.domain.ids import AgentId
from bigip_lbaas.wire.messages import Outcome

# so often the whole group waits for a device that is busy; then it counts as not reached
TRIES_FOR_A_BUSY_DEVICE = 3

NO_SOURCE = (
    "the controllers have not said yet which device of the group is written: they choose one that"
    " all agents of the group name, and that answers"
)

# Does tasks on one device; returns, by their keys, why some were refused, or True where the home's
# partition is gone; who is not named is done. Raises what went wrong for all.
Do = Callable[[Member, Sequence[Task]], Mapping[str, bool | ProviderError]]


Done = Mapping[str, bool | ProviderError] | ProviderError
_FAILED = (DeviceUnreachable, DeviceBusy, LeaseExpired)  # who did not get to it


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
    """What it took, together with what shared its transactions."""

    took_s: float = 0.0
    requests: int = 0


def converge(
    group: DeviceGroup, tasks: Sequence[Task], do: Do, pool: Executor
) -> tuple[Ending, ...]:
    """Do tasks on every device of the group, on all at the same time; return how each ended."""
    if not group.written():
        return tuple(Ending(later=NO_SOURCE) for _ in tasks)
    reachable = group.reachable_written()

    def level(member: Member) -> Done:
        return _done(group, member, tasks, do)

    work = carried(level)
    found = _awaited(
        group, {member.known_as: (member, pool.submit(work, member)) for member in reachable}
    )
    away = _left_alone(group, reachable)

    def ending(task: Task) -> Ending:
        results: dict[str, bool | ProviderError] = {**away}
        for name, done in found.items():
            results[name] = done if isinstance(done, ProviderError) else done.get(task.key, False)
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
        mark=assignment.mark,
    )


def known_instead(task: Task, known: Known, agent_id: AgentId) -> Outcome | None:
    """Return what controllers are told who send an older revision than one that we know of."""
    assignment = task.assignment
    if assignment is None:
        return None
    return Outcome(
        assignment.load_balancer_id,
        known.revision,
        agent_id,
        task.epoch,
        task.home.fence,
        applied=False,
        request_id=assignment.request_id,
        retrying=True,
        mark=known.mark,
    )


def _done(group: DeviceGroup, member: Member, tasks: Sequence[Task], do: Do) -> Done:
    try:
        done = do(member, tasks)
    except DeviceError as error:
        group.failed(member, error)
        return error
    except (LeaseExpired, RequestRejected) as error:
        return error
    group.answered(member)
    return done


def _awaited(
    group: DeviceGroup, asked: Mapping[str, tuple[Member, "Future[Done]"]]
) -> dict[str, Done]:
    """Return what was done where; who is slower than others that have done it, is not waited for.

    It goes on there meanwhile, and the device gets no other work before that has ended.
    """
    left = {work for _, work in asked.values()}
    has_one = False
    while left:
        ended, left = wait(left, group.settings.slow_s if has_one else None, FIRST_COMPLETED)
        if has_one and not ended:
            break
        has_one = has_one or any(not isinstance(work.result(), _FAILED) for work in ended)
    return {
        name: group.go_on_without(member, work) if work in left else work.result()
        for name, (member, work) in asked.items()
    }


def _left_alone(group: DeviceGroup, reachable: Sequence[Member]) -> dict[str, DeviceUnreachable]:
    return {
        member.known_as: DeviceUnreachable(member.device.name, member.why_left_alone)
        for member in group.written()
        if member not in reachable
    }


def _said(errors: Sequence[ProviderError], *kinds: type[ProviderError]) -> str:
    return "; ".join(sorted({str(error) for error in errors if isinstance(error, kinds)}))
