"""Gives each group's home of what projects share to an agent, and says which projects are nobody's.

Nothing of ours lies in /Common yet; whoever has that home sweeps partitions that have none.
"""

from bigip_lbaas.controller.homes import Nonces, agent_of_epoch, found_home
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.domain.home import SHARED, Home
from bigip_lbaas.store import records
from bigip_lbaas.store.events import record_event
from bigip_lbaas.store.port import OneOf, Transaction
from bigip_lbaas.wire.messages import Homeless, StraySearch


def found_shared_homes(
    tx: Transaction, settings: ControllerSettings, nonces: Nonces
) -> tuple[Home, ...]:
    """Give each group that has none a home for what projects share; return those."""
    environment = settings.environment
    have = {
        row.group for row in tx.select(records.Home, environment=environment, project_id=SHARED)
    }
    groups = [row.number for row in tx.select(records.Group, environment=environment)]
    found = [
        found_home(tx, settings, (environment, SHARED, group), nonces)
        for group in groups
        if group not in have
    ]
    return tuple(home for home in found if home is not None)


def answer_search(tx: Transaction, settings: ControllerSettings, search: StraySearch) -> Homeless:
    """Return which of these projects have nothing in the group: no home, and no place.

    Nothing for who has not the home of what projects share, in that very epoch.
    """
    environment, group = settings.environment, search.group
    agent = agent_of_epoch(tx, settings, search.agent_id, search.epoch)
    shared = tx.get(records.Home, environment, SHARED, group)
    if agent is None or shared is None or shared.agent_id != agent.id:
        return Homeless()
    for said in search.left:
        record_event(tx, environment, "stray", f"group {group}", said)
    these = OneOf("project_id", search.projects)
    homes = tx.select(records.Home, these, environment=environment, group=group)
    places = tx.select(records.PlacementRow, these, environment=environment, group=group)
    have = {row.project_id for row in homes} | {row.project_id for row in places}
    return Homeless(tuple(id_ for id_ in search.projects if id_ not in have))
