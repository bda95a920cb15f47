"""Keeps which device of a group is written, where the others follow by their own sync.

A change goes in two steps. First nobody writes: the group's epochs end, so every agent begins anew
and its homes get new fences, and is told no device. Once nobody can hold a lease of before, and the
sync has ended or the old source cannot be reached, all are told the new one.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bigip_lbaas.controller.books import is_live
from bigip_lbaas.controller.homes import agent_of_epoch
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.domain.cluster import EACH, EQUAL, SYNC, Way
from bigip_lbaas.domain.ids import AgentId, GroupNumber, LoadBalancerId
from bigip_lbaas.scheduling.sources import Views, choose_source, is_level, why_lost
from bigip_lbaas.store import records
from bigip_lbaas.store.cluster_records import ClusterSource, ClusterView
from bigip_lbaas.store.events import record_event
from bigip_lbaas.store.port import OneOf, Transaction
from bigip_lbaas.store.records import ENDED_WELL
from bigip_lbaas.wire.messages import Heartbeat, Ready, Registration

AT_ONCE = 256  # load balancers in a condition


def ways(tx: Transaction, settings: ControllerSettings) -> dict[AgentId, Way]:
    """Return how those agents have their devices written that do not write each."""
    rows = tx.select(ClusterView, environment=settings.environment)
    return {row.agent_id: Way(row.device_sync, row.device_set) for row in rows}


def note_view(tx: Transaction, settings: ControllerSettings, said: Registration) -> None:
    """Write down how an agent that begins a life has its devices written."""
    if (said.device_sync, said.device_set) == (EACH, EQUAL):
        tx.delete(ClusterView, settings.environment, said.agent_id)
        return
    source = tx.get(ClusterSource, settings.environment, said.group)
    number = source.number if source else 0
    tx.put(
        ClusterView(
            settings.environment,
            said.agent_id,
            said.group,
            said.device_sync,
            said.device_set,
            number,
        )
    )


def note_sights(
    tx: Transaction, settings: ControllerSettings, heartbeats: Sequence[Heartbeat]
) -> Mapping[AgentId, str]:
    """Write down how agents see their devices; return which one each of them is to write."""
    told = {one.agent_id: one.sees for one in heartbeats if one.sees}
    if not told:
        return {}
    where: dict[str, Any] = {"environment": settings.environment}
    views = tx.select(ClusterView, OneOf("agent_id", tuple(sorted(told))), **where)
    tx.put_all(
        tuple(
            replace(view, sees=told[view.agent_id])
            for view in views
            if view.sees != told[view.agent_id]
        )
    )
    groups = OneOf("group", tuple(sorted({view.group for view in views})))
    sources = {row.group: row for row in tx.select(ClusterSource, groups, **where)}
    return {
        view.agent_id: sources[view.group].source
        for view in views
        if view.group in sources and view.number == sources[view.group].number
    }


def has_sources(tx: Transaction, settings: ControllerSettings) -> bool:
    """Return whether there is any group of which only one device is written."""
    where: dict[str, Any] = {"environment": settings.environment}
    return bool(tx.select(ClusterView, device_sync=SYNC, limit=1, **where))


def tend_sources(
    tx: Transaction, settings: ControllerSettings, random_hex: Callable[[], str]
) -> None:
    """Choose a device to be written where there is none, and another one where it is lost."""
    tx.put(records.Environment(settings.environment))  # agents that register wait, or come before
    where: dict[str, Any] = {"environment": settings.environment}
    rows: dict[GroupNumber, list[ClusterView]] = defaultdict(list)
    for view in tx.select(ClusterView, device_sync=SYNC, **where):
        rows[view.group].append(view)
    for group, views in sorted(rows.items()):
        source = tx.get(ClusterSource, settings.environment, group, lock=True)
        agents = tx.select(records.Agent, group=group, alive=True, **where)
        live = {agent.id for agent in agents if is_live(agent, tx.now(), settings)}
        seen = {view.agent_id: view.sees for view in views if view.agent_id in live and view.sees}
        source = source or ClusterSource(settings.environment, group)
        if source.source:
            _look_after(tx, settings, source, seen, random_hex)
        elif not source.number:
            _choose_first(tx, settings, source, seen)
        elif _have_stopped(source, views, {agent.id for agent in agents}):
            _end_change(tx, settings, source, seen)


def _choose_first(
    tx: Transaction, settings: ControllerSettings, source: ClusterSource, seen: Views
) -> None:
    """Nobody was told a device yet, so nobody has to stop."""
    first = choose_source(seen)
    if first is not None:
        tx.put(replace(source, source=first, since_at=tx.now()))
        _say(tx, settings, source.group, f"device {first} is written, the others follow")


def _look_after(
    tx: Transaction,
    settings: ControllerSettings,
    source: ClusterSource,
    seen: Views,
    random_hex: Callable[[], str],
) -> None:
    why, besides = why_lost(source.source, seen, settings.source_patience_s), (source.source,)
    if why is not None:
        successor = choose_source(seen, besides)
    elif source.wanted not in ("", source.source) and _is_reached(source.wanted, seen):
        successor, why = source.wanted, "an operator asked for it"
    else:
        return
    if successor is None:
        return  # there is no other: the work waits for this one
    agents = tx.select(
        records.Agent, environment=settings.environment, group=source.group, lock=True
    )
    tx.put_all(tuple(replace(agent, epoch=random_hex()) for agent in agents))
    tx.put(
        replace(
            source,
            source="",
            next=successor,
            left=source.source,
            wanted="",
            number=source.number + 1,
            since_at=tx.now(),
        )
    )
    compared = _compare_all(tx, settings, source.group)
    text = f"{why}, so {successor} is written as soon as all agents have stopped;"
    _say(tx, settings, source.group, f"{text} {compared} load balancers are compared with it")


def _have_stopped(
    source: ClusterSource, views: Collection[ClusterView], alive: Collection[AgentId]
) -> bool:
    """Return whether every agent that may hold a lease has begun anew since the change began."""
    numbers = {view.agent_id: view.number for view in views}
    return all(numbers.get(agent_id, source.number) == source.number for agent_id in alive)


def _end_change(
    tx: Transaction, settings: ControllerSettings, source: ClusterSource, seen: Views
) -> None:
    """Tell all the new source, once there is nothing that the old one would still send to it."""
    waited_s = tx.now() - source.since_at
    is_cut_off = why_lost(source.left, seen, settings.source_patience_s) is not None
    has_ended = is_level((source.left, source.next), seen)
    if not (is_cut_off or has_ended or waited_s > settings.source_patience_s):
        return
    besides = (source.left,) if is_cut_off else ()
    chosen = source.next if _is_reached(source.next, seen) else choose_source(seen, besides)
    if chosen is None:
        return
    tx.put(replace(source, source=chosen, next="", since_at=tx.now()))
    _say(tx, settings, source.group, f"device {chosen} is written now, instead of {source.left}")


def _is_reached(device: str, seen: Views) -> bool:
    return any(
        one.device == device and not one.away_s for sights in seen.values() for one in sights
    )


def _compare_all(tx: Transaction, settings: ControllerSettings, group: GroupNumber) -> int:
    """Have every load balancer of a group sent again; return how many.

    What the old source had not sent on when it was lost, the new one has not got.
    """
    placed = tx.select(records.PlacementRow, environment=settings.environment, group=group)
    return send_again(tx, [row.load_balancer_id for row in placed])


def doubt(tx: Transaction, settings: ControllerSettings, ready: Ready) -> None:
    """Have all load balancers of an agent's homes sent again of which it says so."""
    projects = OneOf("project_id", ready.doubtful)
    where: dict[str, Any] = {"environment": settings.environment}
    agent = agent_of_epoch(tx, settings, ready.agent_id, ready.epoch)
    if agent is None:
        return
    homes = tx.select(records.Home, projects, agent_id=agent.id, **where)
    theirs = OneOf("project_id", tuple(home.project_id for home in homes))
    placed = tx.select(records.PlacementRow, theirs, group=agent.group, **where)
    number = send_again(tx, [row.load_balancer_id for row in placed])
    text = f"a device may have lost changes of {len(homes)} projects; {number} load balancers are"
    record_event(tx, settings.environment, "compared", agent.id, f"{text} sent again")


def send_again(tx: Transaction, ids: Sequence[LoadBalancerId]) -> int:
    """Have those of these that are settled sent to their agents once more; return how many."""
    ended = OneOf("phase", ENDED_WELL)
    return sum(
        tx.alter(
            records.LoadBalancer,
            OneOf("id", tuple(ids[start : start + AT_ONCE])),
            ended,
            change={"behind": True},
        )
        for start in range(0, len(ids), AT_ONCE)
    )


def _say(tx: Transaction, settings: ControllerSettings, group: GroupNumber, text: str) -> None:
    record_event(tx, settings.environment, "source", f"group {group}", text)
