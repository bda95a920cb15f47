"""What walks over a simulated device ask for: its types, names, and bodies that mostly fit."""

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


def home_of(collection: str) -> str:
    """Return the partition that walks use a collection in: what is below cm is in Common."""
    return "Common" if collection.startswith("cm/") else PARTITION


def path_of(collection: str, name: str) -> str:
    """Return the path of one object; a name may have a folder before it."""
    return f"{collection}/~{home_of(collection)}~{name.replace('/', '~')}"


def or_none(*values: object) -> st.SearchStrategy[object]:
    return st.sampled_from((*values, None))


def fields_of(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
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
    st.sampled_from(
        ("/Common/tcp", "/Common/http", "/T1/tcp1", "/T1/http1", "/T1/cs1", "/Common/gone")
    ),
    max_size=3,
)
_destination = st.sampled_from(("/T1/10.1.0.1:80", "10.1.0.1:80", "10.1.0.1:81", "10.1.0.2:80"))
_snat = st.sampled_from(({"type": "automap"}, {"type": "snat", "pool": "/T1/s1"}, {"type": "none"}))
_records = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from("abc"), "data": st.sampled_from(("", "x"))}),
    max_size=2,
    unique_by=lambda record: record["name"],
)

_fdb_records = st.fixed_dictionaries(
    {
        "name": st.sampled_from(("fa:16:3e:00:00:01", "fa:16:3e:00:00:02")),
        "endpoint": st.sampled_from(("10.5.0.21", "10.5.0.22", "nowhere")),
    }
)
_conditions = st.lists(
    st.sampled_from(
        (
            {"httpHost": True, "host": True, "values": ["a.example"]},
            {"httpUri": True, "path": True, "startsWith": True, "values": ["/x"]},
            {"httpMood": True},
        )
    ),
    max_size=2,
)
_actions = st.lists(
    st.sampled_from(
        (
            {"forward": True, "select": True, "pool": "/T1/p1"},
            {"forward": True, "select": True, "pool": "/T1/gone"},
            {"httpReply": True, "redirect": True, "location": "https://a.example/"},
        )
    ),
    max_size=2,
)
_rules = st.fixed_dictionaries(
    {"name": st.sampled_from(("one", "two"))},
    optional={"conditions": _conditions, "actions": _actions, "ordinal": st.sampled_from((0, 3))},
)
IRULES = (
    "when HTTP_REQUEST { }",
    "# nothing",
    "when HTTP_REQUEST { pool /T1/p1 }",
    "when HTTP_REQUEST { if { [class match [HTTP::host] equals /T1/d1] } { reject } }",
    "when HTTP_REQUEST { pool /T1/gone }",
    "when HTTP_REQUEST {",
)
FILES = ("a.crt", "a.key", "b.crt", "b.key")
_sources = st.sampled_from(
    tuple(f"file:/var/config/rest/downloads/{name}" for name in (*FILES, "gone"))
)

# Collection below /mgmt/tm: the names that walks use in it, and what bodies may hold.
COLLECTIONS: Mapping[str, tuple[tuple[str, ...], st.SearchStrategy[Json]]] = {
    "ltm/node": (
        NODES,
        fields_of(
            address=st.sampled_from(("10.0.0.1", "10.0.0.2", "10.0.0.3", "nowhere")),
            monitor=_monitor,
            ratio=_count,
            session=or_none("user-disabled", "user-enabled"),
            description=or_none("", "a node"),
        ),
    ),
    "ltm/pool": (
        POOLS,
        fields_of(
            monitor=_monitor,
            members=_members,
            minActiveMembers=_count,
            loadBalancingMode=or_none("round-robin", "ratio-member", "by-mood"),
            nonsense=or_none(1),
        ),
    ),
    "ltm/monitor/http": (
        MONITORS,
        fields_of(
            interval=_count,
            send=or_none("GET /"),
            defaultsFrom=or_none("/Common/http", "/T1/m1", "/T1/m2"),
        ),
    ),
    "ltm/virtual": (
        ("v1", "v2"),
        fields_of(
            destination=_destination,
            ipProtocol=or_none("tcp", "udp", "tcp"),
            pool=or_none("/T1/p1", "/T1/p2", "/T1/gone", "none"),
            profiles=_profiles,
            rules=or_none(["/T1/r1"], ["/T1/r1", "/T1/gone"], []),
            policies=or_none(["/T1/pol1"], ["/T1/Drafts/pol1"], []),
            vlans=or_none(["/T1/vlan1"], []),
            persist=or_none([{"name": "/T1/c1"}], "/Common/source_addr", []),
            sourceAddressTranslation=_snat,
            connectionLimit=_count,
            disabled=or_none(True, False),
        ),
    ),
    "ltm/virtual-address": (
        ("10.1.0.1", "10.1.0.2", "a3"),
        fields_of(
            address=or_none("10.1.0.1", "10.1.0.9"),
            autoDelete=or_none("true", "false"),
            enabled=or_none("yes", "no"),
        ),
    ),
    "ltm/snatpool": (
        ("s1",),
        fields_of(members=or_none(["/T1/10.3.0.1"], ["10.3.0.2", "10.3.0.1"], [])),
    ),
    "ltm/snat-translation": (("10.3.0.1",), fields_of(address=or_none("10.3.0.1"))),
    "ltm/rule": (("r1",), fields_of(apiAnonymous=or_none(*IRULES))),
    "ltm/data-group/internal": (
        ("d1",),
        fields_of(type=st.sampled_from(("string", "string", "colour")), records=_records),
    ),
    "ltm/profile/tcp": (("tcp1", "http1"), fields_of(idleTimeout=_count)),
    "ltm/profile/http": (
        ("http1",),
        fields_of(
            insertXforwardedFor=or_none("enabled"), defaultsFrom=or_none("/Common/http", "/T1/x")
        ),
    ),
    "ltm/persistence/cookie": (("c1",), fields_of(cookieName=or_none("shop"))),
    "net/vlan": (("vlan1", "vlan2"), fields_of(tag=or_none(101, 102, 5000))),
    "net/route-domain": (
        ("rd1",),
        fields_of(id=or_none(7, 0), vlans=or_none(["/T1/vlan1"], ["/T1/gone"], [])),
    ),
    "net/self": (
        ("self1",),
        fields_of(
            address=or_none("10.5.0.1/24", "10.5.0.1%7/24", "nowhere"),
            vlan=or_none("/T1/vlan1", "/T1/vlan2", "/T1/t1", "/T1/gone"),
            allowService=or_none("all", ["tcp:443"], ["tcp:many"]),
        ),
    ),
    "net/tunnels/vxlan": (("vx1",), fields_of(port=_count, floodingType=or_none("multipoint"))),
    "net/tunnels/tunnel": (
        ("t1",),
        fields_of(
            profile=or_none("/T1/vx1", "/Common/gre", "/T1/gone"),
            localAddress=or_none("10.5.0.9", "nowhere"),
            key=_count,
        ),
    ),
    "net/fdb/tunnel": (
        ("t1",),
        fields_of(records=st.lists(_fdb_records, max_size=2, unique_by=lambda r: r["name"])),
    ),
    "net/arp": (
        ("a1", "a2"),
        fields_of(
            ipAddress=st.sampled_from(("10.5.0.7", "10.5.0.7%7", "10.5.0.8", "nowhere")),
            macAddress=st.sampled_from(("fa:16:3e:00:00:01", "fa:16:3e:00:00:02")),
        ),
    ),
    "net/route": (
        ("rt1",),
        fields_of(
            network=or_none("10.6.0.0/16", "default"),
            gw=or_none("10.5.0.99", "10.99.0.1"),
            pool=or_none("/T1/p1", "/T1/gone"),
            tmInterface=or_none("/T1/t1"),
        ),
    ),
    "ltm/snat": (
        ("sn1",),
        fields_of(
            snatpool=or_none("/T1/s1", "/T1/gone"),
            translation=or_none("/T1/10.3.0.1"),
            origins=or_none([{"name": "10.4.0.0/16"}], []),
            vlans=or_none(["/T1/vlan1"], []),
        ),
    ),
    "ltm/policy": (
        ("Drafts/pol1", "Drafts/pol2", "pol1", "pol2"),
        fields_of(
            strategy=or_none("/Common/first-match", "/Common/all-match", "/Common/by-mood"),
            rules=st.lists(_rules, max_size=2, unique_by=lambda rule: rule["name"]),
            description=or_none("", "a policy"),
            createDraft=or_none(True),
            legacy=or_none(True),
        ),
    ),
    "sys/file/ssl-cert": (("a.crt", "b.crt"), fields_of(sourcePath=_sources)),
    "sys/file/ssl-key": (("a.key", "b.key"), fields_of(sourcePath=_sources)),
    "ltm/profile/client-ssl": (
        ("cs1", "http1"),
        fields_of(
            cert=or_none("/T1/a.crt", "/T1/b.crt", "/T1/gone.crt"),
            key=or_none("/T1/a.key", "/T1/b.key", "/T1/gone.key"),
            certKeyChain=or_none(
                [{"name": "one", "cert": "/T1/b.crt", "key": "/T1/b.key"}],
                [{"name": "one", "cert": "/T1/b.crt", "key": "/T1/a.key"}],
            ),
            defaultsFrom=or_none("/Common/clientssl", "/T1/cs1", "/Common/http"),
            serverName=or_none("a.example"),
            sniDefault=or_none("true", "false", True),
            caFile=or_none("/T1/a.crt", "none"),
        ),
    ),
    "cm/device-group": (
        ("dg1",),
        fields_of(
            type=or_none("sync-failover", "sync-only"),
            autoSync=or_none("enabled", "perhaps"),
            devices=or_none(["/Common/bigip-1"], ["/Common/gone"], []),
        ),
    ),
    "cm/traffic-group": (
        ("tg1",),
        fields_of(
            haOrder=or_none(["/Common/bigip-1"], ["/Common/gone"]),
            autoFailbackTime=_count,
        ),
    ),
    "cm/device": (
        ("bigip-1",),
        fields_of(description=or_none("", "here"), configsyncIp=or_none("10.5.0.1", "none")),
    ),
}


# What is in objects: names, what bodies may hold, and whether names have a partition.
CHILDREN: Mapping[str, tuple[tuple[str, ...], st.SearchStrategy[Json], bool]] = {
    "members": (
        ("10.0.0.1:80", "10.0.0.2:80", "n3:80"),
        fields_of(ratio=_count, monitor=_monitor, session=or_none("user-disabled", "half")),
        True,
    ),
    "rules": (
        ("one", "two"),
        fields_of(conditions=_conditions, actions=_actions, ordinal=_count),
        False,
    ),
    "conditions": (
        ("0", "1"),
        fields_of(
            httpHost=or_none(True),
            host=or_none(True),
            values=or_none(["b.example"], "c.example"),
            missing=or_none(True),
            caseSensitive=or_none(True),
        ),
        False,
    ),
    "actions": (
        ("0", "1"),
        fields_of(
            forward=or_none(True),
            select=or_none(True),
            pool=or_none("/T1/p1", "/T1/p2", "/T1/gone"),
        ),
        False,
    ),
}


def _made(collection: str, name: str, **body: object) -> Ask:
    return Ask("POST", collection, {"name": name, "partition": home_of(collection), **body})


_RULE = {
    "name": "one",
    "conditions": [{"httpHost": True, "host": True, "values": ["a.example"]}],
    "actions": [{"forward": True, "select": True, "pool": "/T1/p1"}],
}
FURNISHING = (
    _made("ltm/monitor/http", "m1", interval=3),
    _made("ltm/node", "10.0.0.1", address="10.0.0.1", ratio=5),
    _made("ltm/pool", "p1", monitor="/T1/m1", members=[{"name": "10.0.0.1:80"}]),
    _made("ltm/profile/tcp", "tcp1"),
    _made("ltm/rule", "r1", apiAnonymous="when HTTP_REQUEST { }"),
    _made("ltm/snatpool", "s1", members=["/T1/10.3.0.1"]),
    _made("ltm/persistence/cookie", "c1"),
    _made("ltm/data-group/internal", "d1", type="string"),
    _made("sys/file/ssl-cert", "a.crt", sourcePath="file:/var/config/rest/downloads/a.crt"),
    _made("sys/file/ssl-key", "a.key", sourcePath="file:/var/config/rest/downloads/a.key"),
    _made("ltm/profile/client-ssl", "cs1", cert="/T1/a.crt", key="/T1/a.key"),
    _made("ltm/policy", "Drafts/pol1", rules=[_RULE]),
    Ask("POST", "ltm/policy", {"command": "publish", "name": "/T1/Drafts/pol1"}),
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
