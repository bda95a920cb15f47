"""Plays the main job step by step, and says of each step whether it held."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from bigip_lbaas.cmd.demo.client import Ended, Tenants
from bigip_lbaas.cmd.demo.facts import Facts, wait_until
from bigip_lbaas.cmd.demo.traffic import Members, Stream, ask_often, wait_for
from bigip_lbaas.cmd.embedded.stack import Stack
from bigip_lbaas.domain.ids import GroupNumber

VIP_PORT = 8080
REQUESTS = 20
MEMBER_ADDRESSES = tuple(f"127.0.41.{number}" for number in range(1, 41))
TAKEOVER_WITHIN_S = 8.0
REPORT_WITHIN_S = 10.0
ANSWERED_WITHIN_S = 15.0


@dataclass(frozen=True, slots=True)
class Shown:
    """One claim of the demonstration, and what was seen."""

    claim: str
    seen: str
    held: bool | None  # None: could not be shown here


class Play:
    """One performance against a running stack."""

    def __init__(self, stack: Stack, say: Callable[[str], None]) -> None:
        """Keep the stack; `say` prints a line."""
        self._stack = stack
        self._say = say
        self._facts = Facts(stack.store)
        self._tenants = Tenants(stack.api.endpoint)
        self._members = Members(MEMBER_ADDRESSES)
        self._made: dict[str, tuple[Ended, str]] = {}  # name -> how it ended, VIP address
        self._free_members = iter(MEMBER_ADDRESSES)
        self._carries = all(one.data_plane for one in stack.simulators.devices.values())

    def run(self) -> tuple[Shown, ...]:
        """Play all steps; what an earlier one broke, a later one shows too."""
        self._members.start()
        try:
            return (
                *self._place_projects(),
                *self._carry_traffic(),
                *self._halt_an_agent(),
                *self._fill_one_group(),
                *self._fill_all_groups(),
                self._delete(),
            )
        finally:
            self._members.stop()

    # -- steps

    def _place_projects(self) -> tuple[Shown, ...]:
        self._say("[bold]1. Load balancers of several projects, each created in one call[/bold]")
        for project in ("acme", "bolt", "coda"):
            self._create(project, f"{project}-1", 2)
        self._create("acme", "acme-2", 1)
        groups = {name: self._facts.group(ended.id) for name, (ended, _) in self._made.items()}
        ended = [ended for ended, _ in self._made.values()]
        slowest_s = max(one.took_s for one in ended)
        return (
            Shown(
                "Every load balancer is configured and ACTIVE",
                f"{sum(one.status == 'ACTIVE' for one in ended)} of {len(ended)},"
                f" the slowest after {slowest_s:.1f} s",
                all(one.status == "ACTIVE" for one in ended),
            ),
            Shown(
                "Projects are spread over the device groups",
                f"groups {', '.join(sorted({str(group) for group in groups.values()}))} are used",
                len(set(groups.values())) == 2,
            ),
            Shown(
                "A project stays with its device group",
                f"acme-1 in group {groups['acme-1']}, acme-2 in group {groups['acme-2']}",
                groups["acme-1"] == groups["acme-2"],
            ),
        )

    def _carry_traffic(self) -> tuple[Shown, ...]:
        self._say("[bold]2. HTTP requests through each VIP[/bold]")
        claim = "Requests through every VIP are answered by all its members"
        if not self._carries:
            self._say("   HAProxy is not installed: left out")
            return (Shown(claim, "not shown: HAProxy is not installed", None),)
        lost = 0
        all_answered = True
        for name, (_, address) in self._made.items():
            members = 1 if name == "acme-2" else 2
            answers = self._ask_all(address, members)
            lost += answers.pop("", 0)
            all_answered &= len(answers) == members
            counts = ", ".join(f"{member} {count}" for member, count in sorted(answers.items()))
            self._say(f"   {name} at {address}:{VIP_PORT}: {counts}")
        seen = f"{REQUESTS * len(self._made)} requests, {lost} lost"
        return (Shown(claim, seen, all_answered and not lost),)

    def _halt_an_agent(self) -> tuple[Shown, ...]:
        self._say("[bold]3. An agent is halted in the middle of its work[/bold]")
        ended, address = self._made["acme-1"]
        victim = self._facts.home(ended.id)
        stream = Stream(address, VIP_PORT)
        if self._carries:
            stream.start()
        if victim is not None:
            self._stack.agents[victim].halt()
        self._say(f"   agent {victim}, the home of acme, is halted; its devices go on")
        took_s = wait_until(lambda: self._facts.home(ended.id) != victim, TAKEOVER_WITHIN_S)
        successor = self._facts.home(ended.id)
        self._say(f"   after {took_s:.1f} s agent {successor} has its homes")
        changed = self._tenants.add_member(ended.id, (next(self._free_members), self._members.port))
        self._say(f"   a member is added to acme-1: {changed.status} after {changed.took_s:.1f} s")
        shown = [
            Shown(
                "Another agent of the group takes over, and carries out changes",
                f"{victim} -> {successor} after {took_s:.1f} s, change {changed.status}",
                took_s < TAKEOVER_WITHIN_S and changed.status == "ACTIVE",
            )
        ]
        if self._carries:
            wait_until(lambda: len(stream.members()) == 3, ANSWERED_WITHIN_S)
            answers = stream.stop()
            lost = answers.pop("", 0)
            total = sum(answers.values()) + lost
            self._say(f"   meanwhile {total} requests through acme-1, {lost} lost")
            shown.append(
                Shown(
                    "Traffic flows meanwhile, and reaches the new member",
                    f"{total} requests, {lost} lost, {len(answers)} members answered",
                    not lost and len(answers) == 3,
                )
            )
        return tuple(shown)

    def _fill_one_group(self) -> tuple[Shown, ...]:
        self._say("[bold]4. One device group is filled[/bold]")
        group = self._facts.group(self._made["acme-1"][0].id)
        assert group is not None
        self._fill("acme", "acme-3", group)
        elsewhere = self._create("delta", "delta-1", 1)
        its_group = self._facts.group(elsewhere.id)
        return (
            Shown(
                "A full group takes no more: the next project goes to the other",
                f"group {group} is full, delta-1 went to group {its_group}",
                its_group not in (None, group) and elsewhere.status == "ACTIVE",
            ),
        )

    def _fill_all_groups(self) -> tuple[Shown, ...]:
        self._say("[bold]5. All device groups are full[/bold]")
        group = self._facts.group(self._made["delta-1"][0].id)
        assert group is not None
        self._fill("delta", "delta-2", group)
        refused = self._create("echo", "echo-1", 2)
        statuses = self._tenants.statuses(refused.id)
        why = self._facts.why(refused.id)
        names_all = "group 1" in why and "group 2" in why and "node_count" in why
        return (
            Shown(
                "With no room anywhere a load balancer ends in ERROR, and the reason is kept",
                f"{refused.status}; {why}",
                refused.status == "ERROR" and names_all,
            ),
            Shown(
                "Nothing of it stays PENDING",
                f"it and its children: {', '.join(statuses)}",
                statuses == ("ERROR",),
            ),
        )

    def _delete(self) -> Shown:
        self._say("[bold]6. A load balancer is deleted with all under it[/bold]")
        name = "bolt-1"
        ended = self._tenants.delete(self._made[name][0].id)
        self._say(f"   {name}: {ended.status} after {ended.took_s:.1f} s")
        return Shown("A deleted load balancer is gone", ended.status, ended.status == "DELETED")

    # -- parts of steps

    def _create(self, project: str, name: str, members: int) -> Ended:
        address = f"127.0.40.{len(self._made) + 1}"
        members_of = [(next(self._free_members), self._members.port) for _ in range(members)]
        ended = self._tenants.create(project, name, (address, VIP_PORT), members_of)
        self._made[name] = (ended, address)
        group, agent = self._facts.group(ended.id), self._facts.home(ended.id)
        where = f"group {group}, agent {agent}" if group else "nowhere"
        self._say(f"   {name}: {ended.status} after {ended.took_s:.1f} s; {where}")
        self._say(f"      [dim]{self._facts.why(ended.id)}[/dim]")
        return ended

    def _ask_all(self, address: str, members: int) -> Counter[str]:
        """Ask through a VIP; once more where a busy machine let a probe come too late."""
        wait_for(address, VIP_PORT, members)
        answers = ask_often(address, VIP_PORT, REQUESTS)
        if len(answers) < members:
            wait_for(address, VIP_PORT, members)
            answers = ask_often(address, VIP_PORT, REQUESTS)
        return answers

    def _fill(self, project: str, name: str, group: GroupNumber) -> None:
        """Give a group as many members as its policy leaves room for, and wait for the report."""
        wait_until(lambda: self._is_measured(group), REPORT_WITHIN_S)
        value, limit = self._facts.reading(group, "node_count")
        self._create(project, name, int(limit - value))
        seen_s = wait_until(lambda: self._is_measured(group), REPORT_WITHIN_S)
        value, limit = self._facts.reading(group, "node_count")
        self._say(
            f"   group {group} reports node_count {value:g} of {limit:g}, {seen_s:.1f} s later"
        )

    def _is_measured(self, group: GroupNumber) -> bool:
        return self._facts.is_reported(group) and not self._facts.is_reserved(group)
