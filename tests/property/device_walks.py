"""Random walks over a simulated device: requests that fit together often, and often do not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from asking import Answer, Rest

PARTITION = "T1"
Json = dict[str, Any]


@dataclass(frozen=True)
class Ask:
    """One request below /mgmt/tm."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None

    def of(self, rest: Rest, transaction: str = "") -> Answer:
        headers = {"X-F5-REST-Coordination-Id": transaction} if transaction else {}
        return rest.ask(self.method, self.path, self.body, headers)


def _or_none(*values: object) -> st.SearchStrategy[object]:
    return st.sampled_from((*values, None))


def _fields(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    """Some of these attributes; None among an attribute's values is for leaving it out."""
    return st.fixed_dictionaries({}, optional=fields).map(
        lambda body: {name: value for name, value in body.items() if value is not None}
    )


POOLS = ("p1", "p2")
NODES = ("10.0.0.1", "10.0.0.2", "n3")
MONITORS = ("m1", "m2")
_monitor = st.sampled_from(
    ("/Common/http", "/T1/m1", "/T1/m1 and /Common/tcp", "min 1 of { /T1/m1 /T1/m2 }", "/T1/gone")
)
_count = st.sampled_from((0, 1, 7, "8", "many", -1))
_members = st.lists(
    st.sampled_from(("10.0.0.1:80", "10.0.0.2:80", "10.0.0.2:81", "/T1/10.0.0.1:80", "bad")),
    max_size=3,
).map(lambda names: [{"name": name} for name in names])
_profiles = st.lists(
    st.sampled_from(("/Common/tcp", "/Common/http", "/T1/tcp1", "/T1/http1", "/Common/gone")),
    max_size=3,
)
_destination = st.sampled_from(("/T1/10.1.0.1:80", "10.1.0.1:80", "10.1.0.1:81", "10.1.0.2:80"))
_snat = st.sampled_from(({"type": "automap"}, {"type": "snat", "pool": "/T1/s1"}, {"type": "none"}))
_records = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from("abc"), "data": st.sampled_from(("", "x"))}),
    max_size=2,
    unique_by=lambda record: record["name"],
)

# Collection below /mgmt/tm: the names that walks use in it, and what bodies may hold.
COLLECTIONS: Mapping[str, tuple[tuple[str, ...], st.SearchStrategy[Json]]] = {
    "ltm/node": (
        NODES,
        _fields(
            address=st.sampled_from(("10.0.0.1", "10.0.0.2", "10.0.0.3", "nowhere")),
            monitor=_monitor,
            ratio=_count,
            session=_or_none("user-disabled", "user-enabled"),
            description=_or_none("", "a node"),
        ),
    ),
    "ltm/pool": (
        POOLS,
        _fields(
            monitor=_monitor,
            members=_members,
            minActiveMembers=_count,
            loadBalancingMode=_or_none("round-robin", "ratio-member", "by-mood"),
            nonsense=_or_none(1),
        ),
    ),
    "ltm/monitor/http": (
        MONITORS,
        _fields(
            interval=_count,
            send=_or_none("GET /"),
            defaultsFrom=_or_none("/Common/http", "/T1/m1", "/T1/m2"),
        ),
    ),
    "ltm/virtual": (
        ("v1", "v2"),
        _fields(
            destination=_destination,
            ipProtocol=_or_none("tcp", "udp", "tcp"),
            pool=_or_none("/T1/p1", "/T1/p2", "/T1/gone", "none"),
            profiles=_profiles,
            rules=_or_none(["/T1/r1"], ["/T1/r1", "/T1/gone"], []),
            persist=_or_none([{"name": "/T1/c1"}], "/Common/source_addr", []),
            sourceAddressTranslation=_snat,
            connectionLimit=_count,
            disabled=_or_none(True, False),
        ),
    ),
    "ltm/virtual-address": (
        ("10.1.0.1", "10.1.0.2", "a3"),
        _fields(
            address=_or_none("10.1.0.1", "10.1.0.9"),
            autoDelete=_or_none("true", "false"),
            enabled=_or_none("yes", "no"),
        ),
    ),
    "ltm/snatpool": (
        ("s1",),
        _fields(members=_or_none(["/T1/10.3.0.1"], ["10.3.0.2", "10.3.0.1"], [])),
    ),
    "ltm/snat-translation": (("10.3.0.1",), _fields(address=_or_none("10.3.0.1"))),
    "ltm/rule": (("r1",), _fields(apiAnonymous=_or_none("when HTTP_REQUEST { }", "# nothing"))),
    "ltm/data-group/internal": (
        ("d1",),
        _fields(type=st.sampled_from(("string", "string", "colour")), records=_records),
    ),
    "ltm/profile/tcp": (("tcp1", "http1"), _fields(idleTimeout=_count)),
    "ltm/profile/http": (
        ("http1",),
        _fields(
            insertXforwardedFor=_or_none("enabled"), defaultsFrom=_or_none("/Common/http", "/T1/x")
        ),
    ),
    "ltm/persistence/cookie": (("c1",), _fields(cookieName=_or_none("shop"))),
    "net/vlan": (("vlan1", "vlan2"), _fields(tag=_or_none(101, 102, 5000))),
    "net/route-domain": (
        ("rd1",),
        _fields(id=_or_none(7, 0), vlans=_or_none(["/T1/vlan1"], ["/T1/gone"], [])),
    ),
    "net/self": (
        ("self1",),
        _fields(
            address=_or_none("10.5.0.1/24", "10.5.0.1%7/24", "nowhere"),
            vlan=_or_none("/T1/vlan1", "/T1/vlan2", "/T1/t1", "/T1/gone"),
            allowService=_or_none("all", ["tcp:443"], ["tcp:many"]),
        ),
    ),
    "net/tunnels/vxlan": (("vx1",), _fields(port=_count, floodingType=_or_none("multipoint"))),
    "net/tunnels/tunnel": (
        ("t1",),
        _fields(
            profile=_or_none("/T1/vx1", "/Common/gre", "/T1/gone"),
            localAddress=_or_none("10.5.0.9", "nowhere"),
            key=_count,
        ),
    ),
}


def _made(collection: str, name: str, **body: object) -> Ask:
    return Ask("POST", collection, {"name": name, "partition": PARTITION, **body})


FURNISHING = (
    _made("ltm/monitor/http", "m1", interval=3),
    _made("ltm/node", "10.0.0.1", address="10.0.0.1", ratio=5),
    _made("ltm/pool", "p1", monitor="/T1/m1", members=[{"name": "10.0.0.1:80"}]),
    _made("ltm/profile/tcp", "tcp1"),
    _made("ltm/rule", "r1", apiAnonymous="when HTTP_REQUEST { }"),
    _made("ltm/snatpool", "s1", members=["/T1/10.3.0.1"]),
    _made("ltm/persistence/cookie", "c1"),
    _made("net/vlan", "vlan1", tag=101),
    _made("net/self", "self1", address="10.5.0.1/24", vlan="/T1/vlan1"),
    _made("net/tunnels/vxlan", "vx1"),
    _made("net/tunnels/tunnel", "t1", profile="/T1/vx1", localAddress="10.5.0.9"),
    _made(
        "ltm/virtual",
        "v1",
        destination="/T1/10.1.0.1:80",
        ipProtocol="tcp",
        connectionLimit=5,
        pool="/T1/p1",
        profiles=["/T1/tcp1", "/Common/http"],
        rules=["/T1/r1"],
        persist=[{"name": "/T1/c1"}],
        sourceAddressTranslation={"type": "snat", "pool": "/T1/s1"},
    ),
)


@st.composite
def asks(draw: st.DrawFn, among: tuple[str, ...]) -> Ask:
    """One request to one of these collections; creations are more than each of the rest."""
    collection = draw(st.sampled_from(among))
    method = draw(st.sampled_from(("POST", "POST", "PATCH", "PUT", "DELETE")))
    if collection == "ltm/pool" and method != "PUT" and draw(st.booleans()):
        return draw(_member_asks(method))
    names, bodies = COLLECTIONS[collection]
    name = draw(st.sampled_from(names))
    if method == "DELETE":
        return Ask(method, f"{collection}/~{PARTITION}~{name}")
    body = draw(bodies)
    like = [ask.body for ask in FURNISHING if ask.path == collection and ask.body is not None]
    if method == "POST" and like and draw(st.booleans()):  # one more of the same
        body = {**draw(st.sampled_from(like)), **body}
        name = draw(st.sampled_from(names[1:] or names))
        return Ask(method, collection, {**body, "name": name})
    if method == "POST":
        return Ask(method, collection, {"name": name, "partition": PARTITION, **body})
    return Ask(method, f"{collection}/~{PARTITION}~{name}", body)


@st.composite
def _member_asks(draw: st.DrawFn, method: str) -> Ask:
    collection = f"ltm/pool/~{PARTITION}~{draw(st.sampled_from(POOLS))}/members"
    name = draw(st.sampled_from(("10.0.0.1:80", "10.0.0.2:80", "n3:80")))
    if method == "DELETE":
        return Ask(method, f"{collection}/~{PARTITION}~{name}")
    more = draw(_fields(ratio=_count, monitor=_monitor, session=_or_none("user-disabled", "half")))
    if method == "POST":
        return Ask(method, collection, {"name": name, "partition": PARTITION, **more})
    return Ask(method, f"{collection}/~{PARTITION}~{name}", more)


# Each walk goes over a few collections only, so that its requests meet.
walks = (
    st.lists(st.sampled_from(sorted(COLLECTIONS)), min_size=1, max_size=3, unique=True)
    .map(tuple)
    .flatmap(lambda among: st.lists(asks(among), min_size=1, max_size=12))
)


@st.composite
def patches(draw: st.DrawFn) -> Ask:
    """A change of something that is there from the beginning."""
    made = draw(st.sampled_from([ask for ask in FURNISHING if ask.path in COLLECTIONS]))
    assert made.body is not None
    path = f"{made.path}/~{PARTITION}~{made.body['name']}"
    return Ask("PATCH", path, draw(COLLECTIONS[made.path][1]))


def dump(rest: Rest) -> dict[str, Json]:
    """Return partition T1 as it reads: selfLink -> object, subcollections among them."""
    found: dict[str, Json] = {}
    for collection in (*COLLECTIONS, "auth/partition", "sys/folder"):
        query = "expandSubcollections=true"
        if collection != "auth/partition":
            query += f"&$filter=partition+eq+{PARTITION}"
        for item in rest.get(f"{collection}?{query}").get("items", ()):
            found[_path(item["selfLink"])] = item
            for value in item.values():
                if isinstance(value, dict) and value.get("isSubcollection"):
                    found.update((_path(c["selfLink"]), c) for c in value.get("items", ()))
    return found


def _path(link: str) -> str:
    return link.removeprefix("https://localhost").partition("?")[0]


def links(value: object) -> set[str]:
    """Return every link that an answer holds, as paths."""
    if isinstance(value, list):
        return set().union(*map(links, value))
    if not isinstance(value, dict):
        return set()
    own = {_path(link) for name in ("link", "selfLink") if (link := value.get(name))}
    return own.union(*map(links, value.values()))
