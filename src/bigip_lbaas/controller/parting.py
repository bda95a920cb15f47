"""Gives homes that their agent has let go of to others of its group: nobody waits for a lease."""

from dataclasses import replace
from typing import Any

from bigip_lbaas.controller.homes import (
    Nonces,
    agent_of_epoch,
    as_home,
    give_homes,
    hand_out,
    live_agents,
)
from bigip_lbaas.controller.registry import Epochs, Takeover, unsettled_work
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.controller.silence import silence_of
from bigip_lbaas.domain.home import Home
from bigip_lbaas.store import records
from bigip_lbaas.store.events import record_event
from bigip_lbaas.store.port import Transaction
from bigip_lbaas.store.versions import books_changed
from bigip_lbaas.wire.messages import Heartbeat


def hand_over(
    tx: Transaction,
    settings: ControllerSettings,
    said: Heartbeat,
    epochs: Epochs,
    nonces: Nonces,
) -> Takeover | None:
    """Give each home that was let go of, at the fence it has, to another agent under a new one.

    None, and nothing changes, for a heartbeat of an ended epoch. Said again it changes nothing: the
    homes have other fences by then. Nobody else of the group is there: they stay its agent's, under
    new numbers, or, when that says goodbye, for whoever comes first.

    It is not heard while the life before this one may hold a lease, in a process that does not
    know yet that another one has taken its place and speaks for it.
    """
    agent = agent_of_epoch(tx, settings, said.agent_id, said.epoch, lock=True)
    if agent is None:
        return None
    if tx.now() - agent.registered_at < silence_of(agent, settings):
        return Takeover(agent.id, is_heard=False)
    where: dict[str, Any] = {"environment": settings.environment, "agent_id": agent.id}
    rows = tx.select(records.Home, lock=True, **where)
    let_go = set(said.let_go)
    homes = [home for home in map(as_home, rows) if said.goodbye or home in let_go]
    others = [one for one in live_agents(tx, settings, agent.group) if one.id != agent.id]
    given = hand_out(tx, settings, homes, others, nonces)
    if said.goodbye:
        tx.put(replace(agent, alive=False, epoch=epochs()))
        tx.delete(records.Report, settings.environment, agent.id)
        books_changed(tx, settings.environment, (agent.group,))
    elif not others:
        keys = {(home.environment, home.project_id, home.group): agent.id for home in homes}
        given = give_homes(tx, keys, nonces)
    if homes or said.goodbye:
        kind = "agent gone" if said.goodbye else "homes handed over"
        text = _text(said, given, len(homes))
        record_event(tx, settings.environment, kind, agent.id, text)
    left = len(homes) - len(given)
    return Takeover(agent.id, given, unsettled_work(tx, settings, given), left)


def _text(said: Heartbeat, given: tuple[Home, ...], homes: int) -> str:
    to = ", ".join(sorted({home.agent_id for home in given} - {said.agent_id}))
    what = "said goodbye; " if said.goodbye else "let go of them; "
    return f"{what}{len(given) if to else 0} of {homes} homes were given to {to or 'nobody'}"
