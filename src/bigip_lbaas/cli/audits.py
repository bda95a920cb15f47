"""The commands about audits: what they have found, when they were made, and to have one made."""

from argparse import ArgumentParser, Namespace
from dataclasses import dataclass, replace
from typing import Any

from cliff.command import Command

from bigip_lbaas.cli.app import OperatorApp
from bigip_lbaas.cli.filtered import FilteredList
from bigip_lbaas.cli.listing import Rows, Wanted, wanted
from bigip_lbaas.cli.told import told_span
from bigip_lbaas.domain.drift import DriftKind, Finding
from bigip_lbaas.domain.errors import RequestRejected
from bigip_lbaas.domain.ids import LoadBalancerId, ProjectId
from bigip_lbaas.store import records
from bigip_lbaas.store.events import record_event
from bigip_lbaas.store.port import Store, Transaction

FINDING_COLUMNS = (
    "load balancer", "kind", "object", "field", "wanted", "found", "left", "device", "since",
    "audits", "project", "group", "environment",
)  # fmt: skip
SHOWN_IN_A_TABLE = 6  # of the columns of audits
FINDING_COLUMNS_OF_A_TABLE = ("load balancer", "what", "device", "since")
AUDIT_COLUMNS = (
    "agent", "device", "ended ago", "findings", "load balancers", "objects", "requests", "took",
    "repairs", "environment",
)  # fmt: skip


class AuditList(FilteredList):
    """Show how devices differ from what the database wants, as the last audits found it."""

    FIELDS = ("environment", "group", "load_balancer_id", "project_id")

    def get_parser(self, prog_name: str) -> ArgumentParser:
        """Return what the command line takes."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--device", help="on this device only: serial number or name")
        parser.add_argument(
            "--kind", choices=[kind.value for kind in DriftKind], help="of this kind only"
        )
        return parser

    def take_action(self, parsed_args: Namespace) -> Any:
        """Return columns and rows."""
        which = self.which(parsed_args)
        found = drift(self.app.open_store(), which, parsed_args.kind, parsed_args.device)
        if parsed_args.formatter == "table":
            return FINDING_COLUMNS_OF_A_TABLE, told_rows(found)
        return FINDING_COLUMNS, finding_rows(found)


class AuditShow(FilteredList):
    """Show the last audit of each agent on each device: when it was, and what it came to."""

    FIELDS = ("environment", "group")

    def take_action(self, parsed_args: Namespace) -> Any:
        """Return columns and rows."""
        rows = audit_rows(self.app.open_store(), self.which(parsed_args))
        shown = SHOWN_IN_A_TABLE if parsed_args.formatter == "table" else len(AUDIT_COLUMNS)
        return AUDIT_COLUMNS[:shown], [row[:shown] for row in rows]


class AuditRun(Command):
    """Have agents audit now; audit list and audit show tell what comes of it.

    Without --repair an agent repairs only if its audit_policy says so.
    """

    app: OperatorApp

    def get_parser(self, prog_name: str) -> ArgumentParser:
        """Return what the command line takes."""
        parser: ArgumentParser = super().get_parser(prog_name)
        parser.add_argument(
            "--environment", help="name of the environment, if the database has several"
        )
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--group", type=int, help="on the devices of this group only")
        which.add_argument("--load-balancer", metavar="ID", help="this load balancer only")
        parser.add_argument(
            "--repair", action="store_true", help="write what differs, whatever audit_policy says"
        )
        parser.add_argument(
            "--past-limit",
            action="store_true",
            help="with --repair: remove more than purge_limit says, once; look at audit list first",
        )
        return parser

    def take_action(self, parsed_args: Namespace) -> None:
        """Write the wish down and say who is to carry it out."""
        if parsed_args.past_limit and not parsed_args.repair:
            raise RequestRejected("--past-limit removes things: say --repair, too")
        agents = request_audit(
            self.app.open_store(),
            Wish(
                parsed_args.environment,
                parsed_args.group,
                parsed_args.load_balancer,
                parsed_args.repair,
                parsed_args.past_limit,
            ),
        )
        self.app.stdout.write(f"audit wanted of {', '.join(agents)}; it begins within seconds\n")


@dataclass(frozen=True, slots=True)
class Wish:
    """What an operator wants audited; everything that is not named."""

    environment: str | None = None
    group: int | None = None
    load_balancer_id: str | None = None
    repair: bool = False
    past_limit: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What audits have found, by group and load balancer; now: on the database's clock."""

    rows: tuple[records.Drift, ...]
    now: float


def drift(store: Store, which: Wanted, kind: str | None = None, device: str | None = None) -> Seen:
    """Return the differences that the last audits have found."""

    def work(tx: Transaction) -> Seen:
        rows = [
            row
            for row in tx.select(records.Drift, **which)
            if kind in (None, row.finding.kind.value)
            and (device is None or device in (row.device, row.device_name))
        ]
        rows.sort(
            key=lambda row: (
                row.environment, row.group, row.load_balancer_id, row.finding.words(), row.device,
            )
        )  # fmt: skip
        return Seen(tuple(rows), tx.now())

    return store.read(work)


def told_rows(seen: Seen) -> Rows:
    """Return one row per difference for people, under FINDING_COLUMNS_OF_A_TABLE.

    Without the partition, which is the project's for all of a load balancer.
    """
    return tuple(
        (
            row.load_balancer_id or f"none of project {row.project_id}",
            _without_partition(row.finding).words(),
            row.device_name,
            told_span(seen.now - row.first_seen_at, "-"),
        )
        for row in seen.rows
    )


def finding_rows(seen: Seen) -> Rows:
    """Return one row per difference for programs, under FINDING_COLUMNS."""
    return tuple(
        (
            row.load_balancer_id, row.finding.kind.value, row.finding.object, row.finding.field,
            row.finding.wanted, row.finding.found, row.finding.left, row.device,
            round(seen.now - row.first_seen_at, 1), row.audits, row.project_id, row.group,
            row.environment,
        )
        for row in seen.rows
    )  # fmt: skip


def _without_partition(one: Finding) -> Finding:
    collection, _, full = one.object.partition(" ")
    return replace(one, object=f"{collection} {full.rpartition('/')[2]}")


def audit_rows(store: Store, which: Wanted) -> Rows:
    """Return one row per agent and device, under AUDIT_COLUMNS."""

    def work(tx: Transaction) -> Rows:
        return tuple(
            (
                row.agent_id,
                row.device,
                told_span(tx.now() - row.audited_at, "-"),
                row.findings,
                row.load_balancers,
                row.objects,
                row.reads,
                told_span(row.took_s, "-"),
                "yes" if row.repairs else "no",
                row.environment,
            )
            for row in tx.select(records.Audit, **which)
        )

    return store.read(work)


def request_audit(store: Store, wish: Wish) -> tuple[str, ...]:
    """Write down that agents are to audit; return which. Raises RequestRejected."""

    def work(tx: Transaction) -> tuple[str, ...]:
        project: ProjectId | None = None
        if wish.load_balancer_id is not None:
            agents, project = _agent_of(tx, wish.load_balancer_id)
        else:
            agents = _agents_of(tx, wish)
        for agent in agents:
            before = tx.get(records.AuditRequest, agent.environment, agent.id, lock=True)
            row = records.AuditRequest(
                agent.environment,
                agent.id,
                before.number + 1 if before else int(tx.now()),
                tx.now(),
                project,
                LoadBalancerId(wish.load_balancer_id) if wish.load_balancer_id else None,
                wish.repair,
                wish.past_limit,
            )
            tx.put(row)
            how = "audit and repair" if wish.repair else "audit"
            past = ", past purge_limit" if wish.past_limit else ""
            what = f" load balancer {wish.load_balancer_id}" if project else ""
            said = f"an operator wants it to {how}{what}{past}"
            record_event(tx, agent.environment, "audit", agent.id, said)
        return tuple(agent.id for agent in agents)

    return store.write(work)


def _agents_of(tx: Transaction, wish: Wish) -> tuple[records.Agent, ...]:
    rows = tx.select(records.Agent, alive=True, **wanted(environment=wish.environment))
    found = tuple(row for row in rows if wish.group in (None, row.group))
    names = sorted({row.environment for row in found})
    if len(names) > 1:
        raise RequestRejected(f"there are several environments: name one of {', '.join(names)}")
    if not found:
        where = f" in device group {wish.group}" if wish.group is not None else ""
        raise RequestRejected(f"no agent is alive{where}: see agent list")
    return found


def _agent_of(tx: Transaction, id_: str) -> tuple[tuple[records.Agent, ...], ProjectId]:
    """Return the agent that writes a load balancer, and its project. Raises RequestRejected."""
    place = tx.get(records.PlacementRow, id_)
    if place is None:
        raise RequestRejected(f"load balancer {id_} has no place: see loadbalancer list")
    home = tx.get(records.Home, place.environment, place.project_id, place.group)
    agent = tx.get(records.Agent, place.environment, home.agent_id) if home else None
    if agent is None or not agent.alive:
        raise RequestRejected(
            f"no living agent of device group {place.group} has the project of load balancer {id_}:"
            " see home list and agent list"
        )
    return (agent,), place.project_id
