"""What a pool asks for: its members, their weights and limits, and how they are watched.

Sources: iControl REST reference, sections 3.3, 3.4 and 5.1.
"""

from bigip_sim.dataplane.checks import Check, Watch, needed, read_check
from bigip_sim.dataplane.cookies import cookie_value
from bigip_sim.dataplane.parts import Pool, Queue, Server, Tuning
from bigip_sim.dataplane.protocols import CONNECTED
from bigip_sim.dataplane.sight import Sight, number
from bigip_sim.health import NO_MONITOR, member_monitor, node_of
from bigip_sim.kinds import monitor_names
from bigip_sim.names import parse_address, split_path, split_port
from bigip_sim.tree import Item

MOST_RATES = 12  # what fits into one line of HAProxy's
HEAVIEST = 256  # HAProxy's largest weight
_EXACT = {  # mode -> HAProxy's, where both mean the same
    "round-robin": "roundrobin",
    "ratio-member": "roundrobin",
    "ratio-node": "roundrobin",
    "ratio-session": "roundrobin",
    "least-connections-member": "leastconn",
    "ratio-least-connections-member": "leastconn",
}
_WEIGHED_BY = (  # part of a mode's name -> the attribute that weighs
    ("dynamic-ratio", "dynamicRatio"),
    ("weighted-", "connectionLimit"),
    ("ratio", "ratio"),
)


def read_pool(sight: Sight, pool: Item) -> Pool:
    """Return what a pool asks for."""
    return _Reading(sight, pool).pool()


class _Reading:
    def __init__(self, sight: Sight, pool: Item) -> None:
        self._sight = sight
        self._pool = pool
        self._mode = str(pool.own.get("loadBalancingMode", "round-robin"))
        members = sight.tree.of_kind("ltm/pool/members", pool.key.name)
        self._members = [m for m in members if "~place" in m.own]
        for member in members:
            node = node_of(sight.tree, member)
            if "~place" not in member.own and (node is None or not _is_resolved(node)):
                sight.problems.append(
                    f"{member.key.name} of {pool.key.name} is not carried: its name is not resolved"
                )
        self._nodes = {m.key: node_of(sight.tree, m) for m in self._members}
        self._watches: dict[str, Watch | None] = {}
        self._native: Watch | None = None  # the one that HAProxy carries out for this pool

    def pool(self) -> Pool:
        servers = tuple(self._server(member) for member in self._members)
        self._say_what_is_left_out(servers)
        weights = self._weights()
        tunings = {
            server.id: self._tuning(member, weight)
            for server, member, weight in zip(servers, self._members, weights, strict=True)
        }
        nodes = {}
        for node in self._nodes.values():
            watch = self._node_watch(node) if node is not None else None
            if node is not None and watch is not None:
                nodes[node.key.name] = (parse_address(str(node.own["address"])).ip, watch)
        return Pool(
            self._sight.ids.of("p", self._pool),
            self._pool.key.name,
            servers,
            tunings,
            nodes,
            number(self._pool.own.get("minActiveMembers")),
            self._balance(),
            tuple(dict.fromkeys(self._sight.problems)),
            self._queue(),
            self._ends(),
        )

    def _queue(self) -> Queue | None:
        own = self._pool.own
        if own.get("queueOnConnectionLimit") != "enabled":
            return None
        return Queue(number(own.get("queueDepthLimit")), number(own.get("queueTimeLimit")))

    def _ends(self) -> bool:
        return self._pool.own.get("serviceDownAction") in {"reset", "drop"}

    def _say_what_is_left_out(self, servers: tuple[Server, ...]) -> None:
        if self._pool.own.get("serviceDownAction") == "reselect":
            self._say("serviceDownAction reselect is not carried out")
        limited = [server for server in servers if server.rate]
        if limited and (len(limited) < len(servers) or len(servers) > MOST_RATES):
            self._say("rate limits are not carried out: not all of few members have one")

    def _balance(self) -> str:
        exact = _EXACT.get(self._mode)
        if exact is not None:
            return exact
        nearest = "roundrobin" if "dynamic" in self._mode else "leastconn"
        name = "round robin by ratio" if nearest == "roundrobin" else "least connections by member"
        self._say(f"{self._mode} is carried out as {name}")
        return nearest

    def _weights(self) -> list[int]:
        attribute = next((a for part, a in _WEIGHED_BY if part in self._mode), None)
        if attribute is None:
            return [1] * len(self._members)
        values = []
        for member in self._members:
            node = self._nodes[member.key]
            item = node if self._mode.endswith("-node") and node is not None else member
            values.append(max(1, number(item.own.get(attribute), 1)))
        heaviest = max(values, default=1)
        if heaviest <= HEAVIEST:
            return values
        return [max(1, round(value * HEAVIEST / heaviest)) for value in values]

    def _tuning(self, member: Item, weight: int) -> Tuning:
        node = self._nodes[member.key]
        owns = [member.own] + ([node.own] if node is not None else [])
        return Tuning(
            weight,
            any(own.get("~session") == "user-disabled" for own in owns),
            any(own.get("~state") == "user-down" for own in owns),
            number(member.own.get("priorityGroup")),
        )

    def _server(self, member: Item) -> Server:
        node = self._nodes[member.key]
        _, port_text = split_port(split_path(member.key.name).name)
        port = int(port_text) if port_text.isdigit() else 0
        address = parse_address(str(member.own["address"]))
        watch = self._watch(member_monitor(self._sight.tree, member))
        return Server(
            self._sight.ids.of("s", member),
            member.key.owner,
            member.key.name,
            address.ip,
            port,
            node.key.name if node is not None else "",
            _lowest("connectionLimit", member, node),
            watch,
            watch is not None and self._is_native(watch, port),
            cookie_value(address.ip, port, address.route_domain),
            _lowest("rateLimit", member, node),
        )

    def _is_native(self, watch: Watch, port: int) -> bool:
        """HAProxy carries one check out for each pool; members with another are watched by us."""
        if not watch.native or not (port or watch.checks[0].port):
            return False
        if self._native is None:
            self._native = watch
        return self._native == watch

    def _node_watch(self, node: Item) -> Watch | None:
        expression = str(node.own.get("monitor", "default"))
        return None if expression in {"default", NO_MONITOR} else self._watch(expression)

    def _watch(self, expression: str) -> Watch | None:
        if expression not in self._watches:
            self._watches[expression] = self._read_watch(expression)
        return self._watches[expression]

    def _read_watch(self, expression: str) -> Watch | None:
        names = monitor_names(expression)
        if not names:
            return None
        checks: list[Check] = []
        for name in names:
            item = self._sight.get("monitor", name)
            attributes = self._sight.attributes(item) if item is not None else {}
            check = read_check(item.kind, attributes) if item is not None else None
            if check is not None:
                checks.append(check)
                if item is not None and item.kind.rpartition("/")[2] in CONNECTED:
                    self._say(f"monitor {name} is carried out as a connection")
            else:
                self._say(f"monitor {name} is not carried out; it counts as content")
            if attributes.get("manualResume") == "enabled":
                self._say(f"manualResume of monitor {name} is not carried out")
        content = len(names) - len(checks)
        return Watch(tuple(checks), max(0, needed(expression, len(names)) - content))

    def _say(self, what: str) -> None:
        self._sight.problem(f"pool {self._pool.key.name}: {what}")


def _is_resolved(node: Item) -> bool:
    return node.own.get("~resolved") == "fqdn-up"


def _lowest(field: str, *items: Item | None) -> int:
    """Return the lowest limit of a member and its node; a node's holds for each member on it."""
    limits = (number(item.own.get(field)) for item in items if item is not None)
    return min((limit for limit in limits if limit), default=0)
