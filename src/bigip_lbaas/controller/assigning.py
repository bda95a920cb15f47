"""Says what to send to the agents whose homes load balancers are in."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

from bigip_lbaas.controller.homes import Nonces, as_home, found_home
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.domain.home import Home
from bigip_lbaas.domain.ids import AgentId, GroupNumber, ProjectId
from bigip_lbaas.store import records
from bigip_lbaas.store.port import OneOf, Transaction
from bigip_lbaas.store.records import Phase
from bigip_lbaas.wire.marks import mark_of
from bigip_lbaas.wire.messages import Assignment

Key = tuple[ProjectId, GroupNumber]
Placed = tuple[records.LoadBalancer, records.PlacementRow]


@dataclass(frozen=True, slots=True)
class Known:
    """What has been read already: homes that nobody gives away until the end, agents' epochs."""

    homes: tuple[Home, ...] = ()
    epochs: Mapping[AgentId, str] = field(default_factory=dict)


def assign_all(
    tx: Transaction,
    settings: ControllerSettings,
    placed: Sequence[Placed],
    known: Known,
    nonces: Nonces,
) -> Iterator[Assignment]:
    """Yield the task of each load balancer for whose home there is a live agent."""
    if not placed:
        return
    keys = {(row.project_id, row.group) for _, row in placed}
    all_known = {(home.project_id, home.group): home for home in known.homes}
    homes = {key: all_known[key] for key in keys & all_known.keys()}
    homes |= _homes(tx, settings, keys - homes.keys(), nonces)
    wanted = {home.agent_id for home in homes.values()}
    epochs = {**known.epochs, **_epochs(tx, settings, wanted - known.epochs.keys())}
    begun = []
    for lb, row in placed:
        home = homes.get((row.project_id, row.group))
        if home is None or home.agent_id not in epochs:
            continue
        if lb.phase is Phase.WAITING:
            begun.append(lb.id)
        yield Assignment(
            lb.id,
            lb.revision,
            lb.graph,
            lb.wanted,
            home,
            epochs[home.agent_id],
            lb.request_id,
            lb.leaving,
            home_is_ending=not lb.wanted and _is_the_last(tx, row),
            mark=mark_of(lb.graph, lb.wanted),
        )
    if begun:
        tx.alter(records.LoadBalancer, OneOf("id", tuple(begun)), change={"phase": Phase.ASSIGNED})


def _homes(
    tx: Transaction, settings: ControllerSettings, keys: Set[Key], nonces: Nonces
) -> dict[Key, Home]:
    """Return these homes, those that nobody has had founded; nobody gives them away any more."""
    if not keys:
        return {}
    environment = settings.environment
    projects = OneOf("project_id", tuple(sorted({project for project, _ in keys})))
    groups = OneOf("group", tuple(sorted({group for _, group in keys})))
    rows = tx.select(records.Home, projects, groups, environment=environment, lock=True)
    homes = {(row.project_id, row.group): as_home(row) for row in rows}
    for project, group in sorted(keys - homes.keys()):
        home = found_home(tx, settings, (environment, project, group), nonces)
        if home is not None:
            homes[project, group] = home
    return homes


def _epochs(
    tx: Transaction, settings: ControllerSettings, agents: Set[AgentId]
) -> dict[AgentId, str]:
    """Return the epochs of those that are alive."""
    if not agents:
        return {}
    some = OneOf("id", tuple(sorted(agents)))
    rows = tx.select(records.Agent, some, environment=settings.environment, alive=True)
    return {row.id: row.epoch for row in rows}


def _is_the_last(tx: Transaction, row: records.PlacementRow) -> bool:
    """Return whether no other load balancer of the project is placed in the group."""
    others = tx.select(
        records.PlacementRow,
        environment=row.environment,
        project_id=row.project_id,
        group=row.group,
        limit=2,
    )
    return len(others) == 1
