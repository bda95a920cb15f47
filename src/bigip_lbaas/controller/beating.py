"""Writes heartbeats down, all that come within a moment in one transaction, and answers them."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any

from bigip_lbaas.controller.books import is_live
from bigip_lbaas.controller.homes import as_home, homes_of, live_agents, load_of
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.controller.shares import shares_of
from bigip_lbaas.controller.silence import silence_of
from bigip_lbaas.controller.sources import note_sights
from bigip_lbaas.domain.home import Fence
from bigip_lbaas.domain.ids import AgentId
from bigip_lbaas.scheduling.heartbeats import Pace, pace_for, silence_for
from bigip_lbaas.scheduling.takeover import surplus
from bigip_lbaas.store import records
from bigip_lbaas.store.fences import begin_anew, strange_fence
from bigip_lbaas.store.port import OneOf, Store, Transaction
from bigip_lbaas.store.versions import books_changed
from bigip_lbaas.wire.messages import Heartbeat, HeartbeatAnswer

BEATS_PER_LOOK = 10  # heartbeats of an agent until it is compared with others of its group again

Waiting = tuple[Heartbeat, "Future[HeartbeatAnswer]"]


@dataclass
class HeartbeatBatches:
    """Gathers heartbeats for a moment, so that a large fleet costs no more commits than a small.

    monotonic_s: a clock that only grows. Each heartbeat is answered after it has been committed.
    """

    store: Store
    settings: ControllerSettings
    monotonic_s: Callable[[], float]
    random_hex: Callable[[], str]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _pause: threading.Event = field(default_factory=threading.Event)  # never set: only waited for
    _waiting: list[Waiting] = field(default_factory=list)
    _last_s: float = float("-inf")

    def answer(self, heartbeat: Heartbeat) -> HeartbeatAnswer:
        """Return the answer to a heartbeat once it has been written down with its like.

        The first to come waits for the others and writes for all. Raises what the store raises.
        """
        mine: Future[HeartbeatAnswer] = Future()
        with self._lock:
            self._waiting.append((heartbeat, mine))
            leads = len(self._waiting) == 1
        if leads:
            with self._turn:  # one batch after the other
                self._gather()
                with self._lock:
                    batch, self._waiting = self._waiting, []
                self._write(batch)
        return mine.result()

    def _gather(self) -> None:
        """Wait until the next batch is due; at once when the last one was long ago."""
        due_s = self._last_s + self.settings.heartbeat_gather_s
        now_s = self.monotonic_s()
        if now_s < due_s:
            self._pause.wait(due_s - now_s)
        self._last_s = self.monotonic_s()

    def _write(self, batch: Sequence[Waiting]) -> None:
        heartbeats = [heartbeat for heartbeat, _ in batch]
        try:
            answers = self.store.write(
                lambda tx: beat(tx, self.settings, heartbeats, self.random_hex)
            )
        except Exception as error:  # noqa: BLE001 - each of those who wait is told
            for _, waits in batch:
                waits.set_exception(error)
        else:
            for (_, waits), answer in zip(batch, answers, strict=True):
                waits.set_result(answer)


def beat(
    tx: Transaction,
    settings: ControllerSettings,
    heartbeats: Sequence[Heartbeat],
    random_hex: Callable[[], str],
) -> tuple[HeartbeatAnswer, ...]:
    """Write heartbeats down and answer each; one of an ended epoch renews nothing.

    One that tells of a fence which this database never gave out ends all of them.
    """
    ids = tuple(sorted({one.agent_id for one in heartbeats}))
    agents = _agents_of_one_history(tx, settings, heartbeats, ids, random_hex)
    pace, known = pace_of(tx, settings), _homes_known(tx, settings, ids)
    current = [one for one in heartbeats if _is_current(agents.get(one.agent_id), one)]
    sources, shares = note_sights(tx, settings, current), shares_of(tx, settings, agents.values())
    changed: dict[AgentId, records.Agent] = {}
    news = set()  # groups in which one is heard of again, or may be silent for another time
    answers = []
    for heartbeat in heartbeats:
        agent = agents.get(heartbeat.agent_id)
        if agent is None or not _is_current(agent, heartbeat):
            answers.append(HeartbeatAnswer(epoch_ended=True))
            continue
        after = _heard(agent, heartbeat, pace, settings, tx.now())
        if not is_live(agent, tx.now(), settings) or after.silence_s != agent.silence_s:
            news.add(agent.group)
        if after != agent:
            agents[agent.id] = changed[agent.id] = after
        has_them = known[agent.id] == (heartbeat.homes, heartbeat.highest)
        answers.append(
            HeartbeatAnswer(
                interval_s=pace.interval_s,
                lease_s=pace.lease_s,
                store_time=tx.now(),
                homes=None if has_them else homes_of(tx, settings, agent.id),
                admin_state_up=agent.admin_state_up,
                let_go=bool(known[agent.id][0]) and is_to_let_go(tx, settings, agent),
                surplus=surplus_of(tx, settings, agent, heartbeat) if has_them else 0,
                source=sources.get(agent.id, ""),
                shares=shares[agent.id],
            )
        )
    tx.put_all(tuple(changed.values()))
    books_changed(tx, settings.environment, news)
    return tuple(answers)


def _agents_of_one_history(
    tx: Transaction,
    settings: ControllerSettings,
    heartbeats: Sequence[Heartbeat],
    ids: Sequence[AgentId],
    random_hex: Callable[[], str],
) -> dict[AgentId, records.Agent]:
    """Return the agents, locked, after all have begun anew if a heartbeat tells of lost commits."""
    notice_lost_commits(tx, [one.seen for one in heartbeats], random_hex)
    agents = _locked_agents(tx, settings, ids)
    if _notice_lost_beats(tx, agents, heartbeats, random_hex) or _notice_lost_fences(
        tx, settings, heartbeats, random_hex
    ):
        return _locked_agents(tx, settings, ids)
    return agents


def _is_current(agent: records.Agent | None, heartbeat: Heartbeat) -> bool:
    return agent is not None and agent.alive and agent.epoch == heartbeat.epoch


def is_to_let_go(tx: Transaction, settings: ControllerSettings, agent: records.Agent) -> bool:
    """Return whether an operator has switched the agent off, and another can have its homes."""
    if agent.admin_state_up:
        return False
    return any(other.id != agent.id for other in live_agents(tx, settings, agent.group))


def surplus_of(
    tx: Transaction, settings: ControllerSettings, agent: records.Agent, heartbeat: Heartbeat
) -> int:
    """Return how many homes of this agent others of its group should have; asked now and then."""
    if heartbeat.beat % BEATS_PER_LOOK or heartbeat.homes < 2 or not agent.admin_state_up:
        return 0
    live = live_agents(tx, settings, agent.group)
    others = load_of(tx, settings, [other.id for other in live if other.id != agent.id])
    return surplus(heartbeat.homes, others.values()) if others else 0


def notice_lost_commits(
    tx: Transaction, seen: Sequence[Fence | None], random_hex: Callable[[], str]
) -> None:
    """Begin anew when somebody has seen a fence that this database cannot have given out."""
    strange = strange_fence(tx, seen)
    if strange is not None:
        why = f"an agent has seen fence {strange.number}.{strange.nonce}, which is not known here"
        begin_anew(tx, strange.number, why, random_hex)


def _locked_agents(
    tx: Transaction, settings: ControllerSettings, ids: Sequence[AgentId]
) -> dict[AgentId, records.Agent]:
    some = OneOf("id", tuple(ids))
    rows = tx.select(records.Agent, some, environment=settings.environment, lock=True)
    return {row.id: row for row in rows}


def _notice_lost_beats(
    tx: Transaction,
    agents: Mapping[AgentId, records.Agent],
    heartbeats: Sequence[Heartbeat],
    random_hex: Callable[[], str],
) -> bool:
    """Begin anew when a heartbeat that was answered, and so committed, is no longer written down.

    This tells of lost commits also when no fence was among them.
    """
    for one in heartbeats:
        agent = agents.get(one.agent_id)
        if agent is not None and agent.epoch == one.epoch and agent.beat < one.answered:
            why = (
                f"heartbeat {one.answered} of agent {agent.id} was committed, and the database"
                f" knows of {agent.beat} only"
            )
            seen = (each.seen.number for each in heartbeats if each.seen)
            begin_anew(tx, max(seen, default=0), why, random_hex)
            return True
    return False


def _notice_lost_fences(
    tx: Transaction,
    settings: ControllerSettings,
    heartbeats: Sequence[Heartbeat],
    random_hex: Callable[[], str],
) -> bool:
    """Begin anew when a device has a stamp that is not below the fence of the partition's home.

    Nobody would ever write there again: the number may have been drawn since for another home, so
    that as a number it is no news.
    """
    for above in (one.above for one in heartbeats if one.above):
        home, fence = above.home, above.fence
        row = tx.get(records.Home, settings.environment, home.project_id, home.group)
        if row is not None and as_home(row) == home and fence.number >= home.fence.number:
            why = (
                f"a device has stamp {fence.number}.{fence.nonce} of project {home.project_id},"
                f" whose home has fence {home.fence.number}.{home.fence.nonce}"
            )
            begin_anew(tx, fence.number, why, random_hex)
            return True
    return False


def pace_of(tx: Transaction, settings: ControllerSettings) -> Pace:
    """Return how the agents of an environment are to beat, by how many there are."""
    alive = tx.count(records.Agent, "alive", environment=settings.environment).get(True, 0)
    wanted = Pace(settings.heartbeat_interval_s, settings.lease_s)
    return pace_for(alive, wanted, settings.heartbeats_a_second)


def _heard(
    agent: records.Agent,
    heartbeat: Heartbeat,
    pace: Pace,
    settings: ControllerSettings,
    now: float,
) -> records.Agent:
    """Return the agent's row with this heartbeat in it."""
    before_s = silence_of(agent, settings)
    margin_s = settings.takeover_margin_s
    if heartbeat.lease_s is None:  # it is too old to say; a lease once granted may still be held
        silence_s = max(before_s, silence_for(pace.lease_s, 0.0, margin_s))
    else:
        silence_s = silence_for(pace.lease_s, heartbeat.lease_s, margin_s)
    if heartbeat.beat > agent.beat:
        return replace(agent, beat=heartbeat.beat, beat_at=now, silence_s=silence_s)
    return replace(agent, silence_s=max(before_s, silence_s))


def _homes_known(
    tx: Transaction, settings: ControllerSettings, ids: Sequence[AgentId]
) -> dict[AgentId, tuple[int, Fence | None]]:
    """Return each agent -> how many homes it has, and the highest fence of them."""
    where: dict[str, Any] = {"environment": settings.environment}
    of_these = OneOf("agent_id", tuple(ids))
    numbers = tx.highest(records.Home, "fence_number", "agent_id", of_these, **where)
    highest = {
        row.agent_id: Fence(row.fence_number, row.fence_nonce)
        for row in tx.select(
            records.Home, of_these, OneOf("fence_number", tuple(numbers.values())), **where
        )
        if row.fence_number == numbers.get(row.agent_id)
    }
    many = load_of(tx, settings, ids)
    return {agent_id: (many[agent_id], highest.get(agent_id)) for agent_id in ids}
