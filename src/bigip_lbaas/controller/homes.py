"""Gives homes to agents and takes them away: fences from one sequence, in one transaction each."""

from collections.abc import Callable, Iterable, Mapping

from bigip_lbaas.controller.books import is_live
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.domain.home import Fence, Home
from bigip_lbaas.domain.ids import AgentId, EnvironmentName, GroupNumber, ProjectId
from bigip_lbaas.scheduling.takeover import share_out
from bigip_lbaas.store import records
from bigip_lbaas.store.fences import draw_fences
from bigip_lbaas.store.port import OneOf, Transaction

HomeKey = tuple[EnvironmentName, ProjectId, GroupNumber]
Nonces = Callable[[], str]  # a new random part each time, lower-case hexadecimal


def give_home(
    tx: Transaction,
    key: HomeKey,
    agent_id: AgentId,
    nonces: Nonces,
) -> Home:
    """Make the agent the one that may write there, under a new fence."""
    (home,) = give_homes(tx, {key: agent_id}, nonces)
    return home


def give_homes(
    tx: Transaction, given: Mapping[HomeKey, AgentId], nonces: Nonces
) -> tuple[Home, ...]:
    """Make each agent the one that may write to its homes, each under a new fence."""
    homes = new_homes(tx, given, nonces)
    tx.put_all(tuple(as_row(home) for home in homes))
    return homes


def new_homes(
    tx: Transaction, given: Mapping[HomeKey, AgentId], nonces: Nonces
) -> tuple[Home, ...]:
    """Return the homes, each under a new fence; whoever asks writes them down."""
    if not given:
        return ()
    fences = draw_fences(tx, len(given), nonces)
    return tuple(
        Home(*key, agent_id, fence)
        for (key, agent_id), fence in zip(given.items(), fences, strict=True)
    )


def found_home(
    tx: Transaction,
    settings: ControllerSettings,
    key: HomeKey,
    nonces: Nonces,
) -> Home | None:
    """Give a home that nobody has to a live agent of its group; None when there is none."""
    environment, project_id, group = key
    live = live_agents(tx, settings, group)
    shares = share_out((project_id,), load_of(tx, settings, [agent.id for agent in live]))
    if not shares:
        return None
    return give_home(tx, (environment, project_id, group), shares[project_id], nonces)


def live_agents(
    tx: Transaction, settings: ControllerSettings, group: GroupNumber
) -> tuple[records.Agent, ...]:
    """Return the group's agents that are alive, heard of lately, and admin-up."""
    now = tx.now()
    rows = tx.select(records.Agent, environment=settings.environment, group=group)
    return tuple(row for row in rows if row.admin_state_up and is_live(row, now, settings))


def agent_of_epoch(
    tx: Transaction, settings: ControllerSettings, agent_id: AgentId, epoch: str, lock: bool = False
) -> records.Agent | None:
    """Return an agent that is alive in this very epoch; None when it speaks of an ended life."""
    agent = tx.get(records.Agent, settings.environment, agent_id, lock=lock)
    if agent is None or not agent.alive or agent.epoch != epoch:
        return None
    return agent


def as_home(row: records.Home) -> Home:
    """Return a stored home as the domain's value."""
    fence = Fence(row.fence_number, row.fence_nonce)
    return Home(row.environment, row.project_id, row.group, row.agent_id, fence)


def as_row(home: Home) -> records.Home:
    """Return a home as it is stored."""
    return records.Home(
        home.environment,
        home.project_id,
        home.group,
        home.agent_id,
        home.fence.number,
        home.fence.nonce,
    )


def homes_of(tx: Transaction, settings: ControllerSettings, agent_id: AgentId) -> tuple[Home, ...]:
    """Return the homes of an agent."""
    rows = tx.select(records.Home, environment=settings.environment, agent_id=agent_id)
    return tuple(as_home(row) for row in rows)


def load_of(
    tx: Transaction, settings: ControllerSettings, agents: Iterable[AgentId]
) -> dict[AgentId, int]:
    """Return each agent -> how many homes it has."""
    known = OneOf("agent_id", tuple(agents))
    many = tx.count(records.Home, "agent_id", known, environment=settings.environment)
    return {agent_id: many.get(agent_id, 0) for agent_id in known.values}


def hand_out(
    tx: Transaction,
    settings: ControllerSettings,
    homes: Iterable[Home],
    successors: Iterable[records.Agent],
    nonces: Nonces,
) -> tuple[Home, ...]:
    """Give each home of one group, whole, to the successor with the fewest homes at that moment.

    Without a successor the homes stay where they are, for whoever of the group returns.
    """
    keys = {home.project_id: (home.environment, home.project_id, home.group) for home in homes}
    shares = share_out(keys, load_of(tx, settings, [agent.id for agent in successors]))
    given = {keys[project]: agent_id for project, agent_id in shares.items()}
    return give_homes(tx, given, nonces)
