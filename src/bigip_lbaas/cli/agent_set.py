"""The command by which an operator takes an agent out of service, and back."""

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from typing import Any

from cliff.command import Command

from bigip_lbaas.cli.app import OperatorApp
from bigip_lbaas.cli.groups import numbers_of_homes
from bigip_lbaas.domain.errors import RequestRejected
from bigip_lbaas.store import records
from bigip_lbaas.store.events import record_event
from bigip_lbaas.store.port import Store, Transaction
from bigip_lbaas.store.versions import books_changed


def name_agent(parser: ArgumentParser) -> None:
    """Have the command line name one agent."""
    parser.add_argument("agent", metavar="ID", help="id of the agent, as agent list shows it")
    parser.add_argument(
        "--environment", help="name of its environment, if the database has several"
    )


class AgentSet(Command):
    """Take an agent out of service, before work on its host, or back into it.

    A disabled agent gets nothing new. It finishes what is under way and lets go of its projects,
    which the other agents of its device group go on with; where there is no other that is alive and
    enabled, it keeps them. Enabled again it can be chosen, and gets projects of agents that have
    many more than others of the group.
    """

    app: OperatorApp

    def get_parser(self, prog_name: str) -> ArgumentParser:
        """Return what the command line takes."""
        parser: ArgumentParser = super().get_parser(prog_name)
        name_agent(parser)
        state = parser.add_mutually_exclusive_group(required=True)
        state.add_argument("--disable", dest="up", action="store_false", help="out of service")
        state.add_argument("--enable", dest="up", action="store_true", help="back into service")
        parser.add_argument("--reason", metavar="TEXT", default="", help="why, for others to read")
        return parser

    def take_action(self, parsed_args: Namespace) -> None:
        """Change the agent and say what follows from it."""
        store = self.app.open_store()
        said = set_agent(
            store, parsed_args.environment, parsed_args.agent, parsed_args.up, parsed_args.reason
        )
        self.app.stdout.write(f"agent {parsed_args.agent}: {said}\n")


def set_agent(store: Store, environment: str | None, agent_id: str, up: bool, reason: str) -> str:
    """Switch an agent on or off; return in words what follows. Raises RequestRejected.

    environment: which one, where the database has several agents of that id.
    """

    def work(tx: Transaction) -> str:
        found = find_agent(tx, environment, agent_id)
        agent = tx.get(records.Agent, found.environment, found.id, lock=True)
        assert agent is not None  # agents are never deleted
        changed = replace(agent, admin_state_up=up, set_because=reason or None)
        if changed == agent:
            return "nothing has changed: it was set so already"
        said = f"{'enabled' if up else 'disabled'}{f' ({reason})' if reason else ''}"
        said += "" if up else f"; {_what_becomes_of_homes(tx, agent)}"
        tx.put(changed)
        books_changed(tx, agent.environment, (agent.group,))
        record_event(tx, agent.environment, "agent set", agent.id, said)
        return said

    return store.write(work)


def find_agent(tx: Transaction, environment: str | None, agent_id: str) -> records.Agent:
    """Return the agent of that id. Raises RequestRejected, saying which there are."""
    rows = tx.select(records.Agent)
    found = [row for row in rows if row.id == agent_id and environment in (None, row.environment)]
    if len(found) > 1:
        names = ", ".join(row.environment for row in found)
        raise RequestRejected(f"{agent_id} is in environments {names}: name one with --environment")
    if not found:
        known = ", ".join(f"{row.id} in {row.environment}" for row in rows) or "none"
        where = f" in environment {environment}" if environment is not None else ""
        raise RequestRejected(f"there is no agent {agent_id}{where}; known are {known}")
    return found[0]


def _what_becomes_of_homes(tx: Transaction, agent: records.Agent) -> str:
    homes = f"{numbers_of_homes(tx, agent.environment)[agent.id]} homes"
    where: dict[str, Any] = {"environment": agent.environment, "group": agent.group}
    others = ", ".join(
        row.id
        for row in tx.select(records.Agent, **where, alive=True, admin_state_up=True)
        if row.id != agent.id
    )
    if others:
        return f"its {homes} go to {others} as it lets go of them"
    return (
        f"no other agent of device group {agent.group} is alive and enabled, so its {homes} stay"
        " with it until there is one"
    )
