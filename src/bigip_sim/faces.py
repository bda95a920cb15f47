"""How single types read beyond their attributes: what the device adds to an answer.

Source: iControl REST reference, sections 3.3 to 3.10.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bigip_sim import folders, health, membership, policies
from bigip_sim.catalogue import KINDS, inside
from bigip_sim.health import Probes
from bigip_sim.names import split_path, to_segment
from bigip_sim.pem import certificate_facts, file_facts, key_facts, subject_facts
from bigip_sim.shapes_files import content_of
from bigip_sim.shapes_profiles import CIPHER_RULES, options
from bigip_sim.standing import Standing
from bigip_sim.surroundings import Surroundings
from bigip_sim.tree import Item, Key, Tree

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Look:
    """One object being read, with the attributes that hold; a face changes these."""

    tree: Tree
    item: Item
    probes: Probes
    values: Json
    link: Callable[[str], str]  # path below /mgmt/tm -> selfLink of the device's version
    about: Surroundings
    standing: Standing  # this device's, in its cluster

    def refer(self, name: str, path: str) -> None:
        """Put the link to one named object beside its name, or none."""
        value = self.values.get(name)
        self.values.pop(f"{name}Reference", None)
        if isinstance(value, str) and value.startswith("/"):
            self.values[f"{name}Reference"] = {"link": self.link(f"{path}/{to_segment(value)}")}


def _member(look: Look) -> None:
    found = health.of_member(look.tree, look.item, look.probes)
    look.values.update(session=found.session, state=found.state)


def _node(look: Look) -> None:
    found = health.of_node(look.item, look.probes)
    look.values.update(session=found.session, state=found.state)


def _virtual(look: Look) -> None:
    values = look.values
    persist = values.get("persist")
    if isinstance(persist, list):
        values["persist"] = [_persistence_entry(look, str(name)) for name in persist]
    translation = values.get("sourceAddressTranslation")
    if isinstance(translation, Mapping) and "pool" in translation:
        link = look.link(f"ltm/snatpool/{to_segment(str(translation['pool']))}")
        values["sourceAddressTranslation"] = {**translation, "poolReference": {"link": link}}
    if not look.about.at_least("12.1"):  # since when they are told is unverified
        values.pop("creationTime", None)
        values.pop("lastModifiedTime", None)


def _persistence_entry(look: Look, name: str) -> Json:
    path, item = split_path(name), look.tree.get(Key("persistence", "", name))
    entry: Json = {"name": path.name, "partition": path.partition, "tmDefault": "yes"}
    if item is not None:
        link = look.link(f"{item.kind}/{to_segment(name)}")
        entry["nameReference"] = {"link": link}
    return entry


def _ssl_profile(look: Look) -> None:
    """Names of files carry links; the options are a list up to 13.x, a string from 14.x."""
    values = look.values
    for name in ("cert", "chain", "caFile", "clientCertCa"):
        look.refer(name, _CERT)
    look.refer("cipherGroup", "ltm/cipher/group")
    look.refer("key", _KEY)
    entries = values.get("certKeyChain")
    if isinstance(entries, list):
        values["certKeyChain"] = [_chain_entry(look, entry) for entry in entries]
    words = options(values.get("tmOptions", "none"))
    if look.about.at_least("14"):
        values["tmOptions"] = f"{{ {' '.join(words)} }}" if words else "none"
    else:  # no-tlsv1.3 came with 14.x: unverified
        values["tmOptions"] = [word for word in words if word != "no-tlsv1.3"]


_CERT, _KEY = "sys/file/ssl-cert", "sys/file/ssl-key"


def _chain_entry(look: Look, entry: Mapping[str, object]) -> Json:
    shown = {name: value for name, value in entry.items() if not name.startswith("~")}
    for name, path in (("cert", _CERT), ("chain", _CERT), ("key", _KEY)):
        value = str(shown.get(name, ""))
        if value.startswith("/"):
            shown[f"{name}Reference"] = {"link": look.link(f"{path}/{to_segment(value)}")}
    return shown


def _persistence(look: Look) -> None:
    look.refer("rule", "ltm/rule")


def _numbered(look: Look) -> None:
    """VLANs and tunnels tell the number of their interface."""
    look.values["ifIndex"] = look.item.own.get("~ifIndex", 0)
    look.refer("trafficGroup", "cm/traffic-group")


def _route_domain(look: Look) -> None:
    if not look.about.at_least("14") and look.values.get("throughputCapacity") == "infinite":
        look.values["throughputCapacity"] = 0


def _user(look: Look) -> None:
    """Each partition is named with a link."""
    entries = look.values.get("partitionAccess")
    if isinstance(entries, list):
        look.values["partitionAccess"] = [
            {**e, "nameReference": {"link": look.link(f"auth/partition/{to_segment(e['name'])}")}}
            for e in entries
        ]


def _policy(look: Look) -> None:
    """Status, times and what it needs are the device's own to tell: from 12.1 on."""
    values, name = look.values, look.item.key.name
    look.refer("strategy", "ltm/policy-strategy")
    if not look.about.at_least("12.1"):
        return
    status = policies.status_of(look.item.key, look.item.own)
    values.update(status=status, references={}, lastModified=look.item.own.get("~modified"))
    controls, requires = policies.derived(look.tree, name)
    for field, words in (("controls", controls), ("requires", requires)):
        values.pop(field, None)
        if words:
            values[field] = words
    copy = policies.draft_name(name)
    if status == "published" and look.tree.get(Key("ltm/policy", "", copy)) is not None:
        values["draftCopy"] = copy
        look.refer("draftCopy", "ltm/policy")


def _action(look: Look) -> None:
    """Up to 11.5 fewer numbers are told; that 11.6 and 12.0 tell all is unverified."""
    if not look.about.at_least("11.6"):
        for field in ("expirySecs", "length", "offset", "timeout"):
            look.values.pop(field, None)


def _certificate(look: Look) -> None:
    """The device's own certificate is made when somebody looks at it."""
    if "~default" in look.item.own:
        content = content_of(look.item) or b""
        look.values.update({**file_facts(content), **certificate_facts(content)})


def _key(look: Look) -> None:
    if "~default" in look.item.own:
        content = content_of(look.item) or b""
        look.values.update({**file_facts(content), **key_facts(content)})


def _crypto_certificate(look: Look) -> None:
    """The same file, said in another way: section 3.10."""
    item = look.tree.get(Key(_CERT, "", look.item.key.name))
    content = content_of(item)
    if content:
        look.values.update(subject_facts(content))


def _crypto_key(look: Look) -> None:
    item = look.tree.get(Key(_KEY, "", look.item.key.name))
    content = content_of(item)
    if item is not None and content:
        facts = key_facts(content, str(item.own.get("~passphrase", "")))
        del facts["curveName"]
        look.values.update({**facts, "keySize": str(facts["keySize"])})


def _grouped(look: Look) -> None:
    """Traffic groups are named with a link."""
    look.refer("trafficGroup", "cm/traffic-group")


def _device(look: Look) -> None:
    name, standing = look.item.key.name, look.standing
    is_self = name == standing.device
    state = standing.state if is_self else standing.others.get(name, "unknown")
    look.values.update(failoverState=state, selfDevice="true" if is_self else "false")


def _inheriting_group(look: Look) -> None:
    look.values["trafficGroup"] = folders.traffic_group(look.tree, look.item)
    _grouped(look)


def _forwarding(look: Look) -> None:
    """Up to 12.0 the records are an attribute, absent without any: f5-common-python's test_fdb.

    Later they are a subcollection, as recorded, unless a client asks for `?ver=11.5.0`.
    """
    if look.about.at_least("12.1"):
        return
    kind = KINDS["net/fdb/tunnel/records"]
    records = look.tree.of_kind(kind.path, inside(look.item.key))
    if records:
        look.values["records"] = [{"name": item.key.name, **item.own} for item in records]


def _folder(look: Look) -> None:
    """What it inherits is told as if it were its own, with a word that says so."""
    tree, name = look.tree, look.item.key.name
    otherwise = membership.failover_group(tree, look.standing.device) or folders.NONE
    look.values["deviceGroup"] = folders.device_group(tree, name, otherwise)
    look.values["trafficGroup"] = folders.traffic_group_of(tree, name)
    look.refer("deviceGroup", "cm/device-group")
    look.refer("trafficGroup", "cm/traffic-group")


Face = Callable[[Look], None]


def _publisher(look: Look) -> None:
    """Destinations are named with a link, whatever their type."""
    names = look.values.get("destinations")
    if isinstance(names, list):
        look.values["destinations"] = [_destination(look, str(name)) for name in names]


def _cipher_group(look: Look) -> None:
    """Rules are named with a link (recorded)."""
    for field in CIPHER_RULES:
        names = look.values.get(field)
        if isinstance(names, list):
            look.values[field] = [_named(look, "ltm/cipher/rule", str(name)) for name in names]


def _destination(look: Look, name: str) -> Json:
    return _named(look, "log destination", name)


def _named(look: Look, family: str, name: str) -> Json:
    path, item = split_path(name), look.tree.get(Key(family, "", name))
    entry: Json = {"name": path.name, "partition": path.partition}
    if item is not None:
        entry["nameReference"] = {"link": look.link(f"{item.kind}/{to_segment(name)}")}
    return entry


def _remote_user(look: Look) -> None:
    link = look.link(f"auth/partition/{look.values['defaultPartition']}")
    look.values["defaultPartitionReference"] = {"link": link}


def _volume(look: Look) -> None:
    name = look.item.key.name
    link = look.link(f"sys/software/volume/{name}")
    about = {"defaultBootLocation": True, "media": "hd", "size": "default"}
    look.values["media"] = [{"name": name, **about, "nameReference": {"link": link}}]


FACES: Mapping[str, Face] = {
    "auth/remote-user": _remote_user,
    "sys/log-config/publisher": _publisher,
    "sys/software/volume": _volume,
    "cm/device": _device,
    "ltm/cipher/group": _cipher_group,
    "ltm/pool/members": _member,
    "ltm/node": _node,
    "ltm/virtual": _virtual,
    "ltm/virtual-address": _inheriting_group,
    "ltm/snat-translation": _grouped,
    "auth/user": _user,
    "ltm/policy": _policy,
    "ltm/policy/rules/actions": _action,
    "ltm/profile/client-ssl": _ssl_profile,
    "ltm/profile/server-ssl": _ssl_profile,
    "ltm/persistence/universal": _persistence,
    "ltm/persistence/hash": _persistence,
    "net/dns-resolver": lambda look: look.refer("routeDomain", "net/route-domain"),
    "net/self": _grouped,
    "net/fdb/tunnel": _forwarding,
    "net/vlan": _numbered,
    "net/tunnels/tunnel": _numbered,
    "net/route-domain": _route_domain,
    "sys/folder": _folder,
    "sys/file/ssl-cert": _certificate,
    "sys/file/ssl-key": _key,
    "sys/crypto/cert": _crypto_certificate,
    "sys/crypto/key": _crypto_key,
}
