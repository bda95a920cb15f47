"""What a device refuses when it looks at a transaction's end state. The rules are the two tables.

Sources: iControl REST reference, section 1.6 (texts), 2 (what cannot leave in the transaction that
detaches it), 3.5 (virtual servers) and 3.12 (what DELETE refuses).
"""

from collections.abc import Callable, Hashable, Iterable, Mapping

from bigip_sim import ephemerals, irules, policies, refusals
from bigip_sim.catalogue import FAMILIES, KINDS, display, parent_key, references
from bigip_sim.kinds import DOMAIN
from bigip_sim.names import parse_endpoint, split_path
from bigip_sim.refusals import RefusedError
from bigip_sim.rules_net import (
    check_domain,
    check_domain_gone,
    check_gateways,
    check_route,
    check_self,
)
from bigip_sim.rules_profiles import check_client_ssl, check_file, check_line, check_server_ssl
from bigip_sim.rules_virtual import check_policy_part, check_rule, check_virtual
from bigip_sim.shapes_net import leave_domain
from bigip_sim.tree import Draft, Item, Key, Tree

Refusal = Callable[[Item, Item], RefusedError]  # (what goes, who still names it) -> why not


def _node_used(node: Item, member: Item) -> RefusedError:
    name = split_path(node.key.name).name
    text = f"01070110:3: Node address '{name}' is referenced by a member of pool "
    return RefusedError(400, f"{text}'{member.key.owner}'.")


def _monitor_used(monitor: Item, _user: Item) -> RefusedError:
    return RefusedError(400, f"01070083:3: Monitor {monitor.key.name} is in use.")  # unverified


def _snatpool_used(pool: Item, _user: Item) -> RefusedError:
    text = f"01070320:3: Snatpool {pool.key.name} is still referenced by a virtual server."
    return RefusedError(400, text)


def _file_used(file: Item, _user: Item) -> RefusedError:
    return RefusedError(400, f"01071349:3: File object by name ({file.key.name}) is in use.")


# Section 3.12: what DELETE refuses, by family of what is deleted. Families that are not here are
# refused in the general words. Who uses what comes from the links in the catalogue.
IN_USE: Mapping[str, Refusal] = {
    "ltm/node": _node_used,
    "monitor": _monitor_used,
    "ltm/snatpool": _snatpool_used,
    "sys/file/ssl-cert": _file_used,
    "sys/file/ssl-key": _file_used,
}

# Section 2: deleting these in the transaction that detaches them from an object that stays is
# refused all the same (stale references 01070320, ID527004; the policy's case by analogy).
STALE_WITHIN_TRANSACTION = frozenset({"ltm/snatpool", "monitor", "ltm/policy"})

# Type ids in 0107082a are the daemon's own; which number stands for which type is unverified.
_PARTITION_TYPE_ID = 973


def claims(item: Item) -> Iterable[tuple[Hashable, ...]]:
    """Return what this object takes and no other may have."""
    if item.kind == "ltm/node":
        if "~place" not in item.own:
            return ()  # found by name, it has no address of its own
        return (("Node", split_path(item.key.name).partition, item.own["~place"]),)
    if item.kind == "ltm/virtual-address":
        # Unique over all partitions: unverified, the text is quoted for two tenants.
        return (("Virtual Address", item.own["~place"]),)
    if item.kind == "ltm/virtual":
        return _listeners(item)
    return _CLAIMS[item.kind](item) if item.kind in _CLAIMS else ()


_CLAIMS: Mapping[str, Callable[[Item], tuple[tuple[Hashable, ...], ...]]] = {
    "net/vlan": lambda item: (("tag", item.own["tag"]),),
    "net/self": lambda item: (("self IP", item.own["~place"]),),
    "net/route": lambda item: (("route", item.own["~place"]),),
    "net/arp": lambda item: (("ARP entry", item.own["~place"]),),
    "net/ndp": lambda item: (("NDP entry", item.own["~place"]),),
}


def _listeners(item: Item) -> Iterable[tuple[Hashable, ...]]:
    """A virtual server takes its place on each VLAN that it is enabled on, or on all."""
    _, port = parse_endpoint(str(item.own["destination"]).rpartition("/")[2])
    own = item.own
    vlans = own.get("vlans") if own.get("vlansEnabled") else None
    for vlan in vlans if isinstance(vlans, list) else ("all",):
        source = own.get("source", "0.0.0.0/0")
        mask = own.get("mask")
        yield ("listener", own["~place"], mask, port, own.get("ipProtocol", "any"), source, vlan)


def settle(draft: Draft) -> None:
    """Remove virtual addresses whose last virtual server has gone: section 3.5, autoDelete.

    Also let what comes of names be as the names say.
    """
    ephemerals.settle(draft)
    addresses = KINDS["ltm/virtual-address"]
    for key, item in list(draft.changed.items()):
        old = draft.base.get(key)
        if old is None or old.kind != "ltm/virtual":
            continue
        name = str(old.own.get("~address", ""))
        if item is not None and item.own.get("~address") == name:
            continue
        address = draft.get(addresses.key(name))
        if address is None or address.own.get("autoDelete", "true") != "true":
            continue
        if next(draft.users(address.key), None) is None:
            draft.drop(address.key)
    _drop_drafts_folders(draft)
    for key in [k for k, item in draft.changed.items() if item is None]:
        old = draft.base.get(key)
        if key.family == "net/vlan":
            leave_domain(draft, key)
        elif old is not None and old.kind == "net/route-domain":
            draft.drop(Key(DOMAIN, "", str(old.own["id"])))


def _drop_drafts_folders(draft: Draft) -> None:
    """A partition that goes takes its empty Drafts folder along: section 3.1."""
    for key in [k for k, item in draft.changed.items() if item is None]:
        if key.family == "sys/folder" and key.name.count("/") == 1:
            below = Key(key.family, "", f"{key.name}/{policies.DRAFTS}")
            if draft.get(below) is not None:
                draft.drop(below)


def check(draft: Draft, *, is_whole: bool = False) -> None:
    """Refuse a draft whose end state a device would not accept; the first error is raised.

    With `is_whole` the draft is an end state that another device has reached, step by step.
    """
    taken: dict[Hashable, Key] = {}
    for key, item in draft.changed.items():
        if item is None:
            _check_gone(draft, key, is_whole=is_whole)
            continue
        _check_links(draft, item)
        if KINDS[item.kind].root:
            check_line(draft, item)
        for claim in claims(item):
            _check_claim(draft, item, claim, taken)
    for item in draft.changed.values():  # what is missing is told before what does not fit
        extra = _CHECKS.get(item.kind) if item is not None else None
        if item is not None and extra is not None:
            extra(draft, item)


def _check_gone(draft: Draft, key: Key, *, is_whole: bool) -> None:
    old = draft.base.get(key)
    if old is None:
        return
    refuse = IN_USE.get(key.family, _used)
    for user in draft.users(key):
        raise refuse(old, user)
    if key.family in STALE_WITHIN_TRANSACTION and not is_whole:
        for user_key in draft.base.users(key):
            user_now = draft.get(user_key)
            if user_now is not None:
                raise refuse(old, user_now)
    if key.family == "auth/partition" and _inhabited(draft, key.name):
        text = "0107082a:3: You must remove all objects from a partition before removing the "
        raise RefusedError(400, f"{text}partition ({key.name}), type ID ({_PARTITION_TYPE_ID})")
    if key.family == "sys/folder":
        _check_folder_empty(draft, key)
    gone = _CHECKS_GONE.get(old.kind)
    if gone is not None:
        gone(draft, old)


def _inhabited(draft: Draft, partition: str) -> bool:
    if draft.population(partition):
        return True
    below = f"/{partition}/"
    return any(folder.key.name.startswith(below) for folder in draft.of_kind("sys/folder"))


def _check_folder_empty(draft: Draft, key: Key) -> None:
    """Below the top of a partition, where `population` does not count."""
    if key.name.count("/") < 2:
        return
    inside = f"{key.name}/"
    for other in draft.base.items:
        if other.name.startswith(inside) and draft.get(other) is not None:
            raise refusals.in_use("folder", key.name, "object", other.name)  # unverified


def _used(gone: Item, user: Item) -> RefusedError:
    kind, user_kind = KINDS[gone.kind], KINDS[user.kind]
    key = user.key
    if user.kind.startswith("ltm/virtual/"):  # its profile is the virtual server's use
        key = parent_key(user_kind, key.owner)
        user_kind = KINDS[user_kind.parent]
    name = display(user_kind, key)
    return refusals.in_use(kind.human, display(kind, gone.key), user_kind.human, name)


def _check_links(draft: Draft, item: Item) -> None:
    kind = KINDS[item.kind]
    for link in kind.links:
        for name in link.read(item):
            if draft.get(Key(link.family, "", name)) is None:
                raise _dangling(item, link.family, name)
            if not link.anywhere:
                _check_reach(item, name)
    if item.key.owner and draft.get(parent_key(kind, item.key.owner)) is None:
        raise refusals.not_found(KINDS[kind.parent].human, item.key.owner)


def _dangling(item: Item, family: str, name: str) -> RefusedError:
    if family == "ltm/snatpool":
        text = f"0107163f:3: Pool ({name}) of type (snatpool) doesn't exist."
        return RefusedError(400, text)
    if item.kind == "ltm/rule":
        return irules.names_nothing(item, family, name)
    if family == "sys/file/ssl-key" and item.kind == "ltm/profile/client-ssl":
        return refusals.no_key_pair()
    if family in {"sys/file/ssl-cert", "sys/file/ssl-key"}:
        return RefusedError(400, f"0107134a:3: File object by name ({name}) is missing.")
    if family == "ltm/policy":
        text = f"01070712:3: Values ({name}) specified for virtual server policy ({item.key.owner})"
        tail = "foreign key index (policy_FK) do not point at an item that exists in the database."
        return RefusedError(400, f"{text}: {tail}")
    kinds = FAMILIES.get(family, ())
    # For a pool missing on a virtual server the answer is unverified (section 1.6, last lines).
    human = kinds[0].human if kinds else family
    return refusals.not_found("profile" if family == "profile" else human, name)


def _check_reach(item: Item, name: str) -> None:
    """An object may refer to its own partition and to /Common only: 3.1. Text unverified."""
    target = split_path(name).partition
    home = split_path(item.key.owner or item.key.name).partition
    if target not in {home, "Common"}:
        kind = KINDS[item.kind]
        text = f"{kind.human} ({display(kind, item.key)}) in partition {home} cannot reference"
        raise RefusedError(400, f"01070726:3: {text} ({name}) in partition {target}")


def _check_claim(
    draft: Draft, item: Item, claim: tuple[Hashable, ...], taken: dict[Hashable, Key]
) -> None:
    holder = taken.get(claim)
    if holder is None:
        holder = draft.base.holder(claim)
        if holder in draft.changed:
            holder = None  # it has let go, or claims again below and will meet us there
    if holder is not None and holder != item.key:
        raise _collision(item, holder, claim)
    taken[claim] = item.key


def _collision(item: Item, holder: Key, claim: tuple[Hashable, ...]) -> RefusedError:
    if item.kind == "ltm/virtual":
        text = (
            f"01070333:3: Virtual Server {item.key.name} illegally shares destination address, "
            "source address, service port, ip-protocol, and vlan with Virtual Server "
        )
        return RefusedError(400, f"{text}{holder.name}.")
    human = KINDS[item.kind].human
    if item.kind in _CLAIMS:  # the text is unverified
        what, value = claim[0], str(claim[1]).removesuffix("%0")
        text = f"{human} ({item.key.name}): the {what} {value} is that of {holder.name}"
        return refusals.configuration_error(text)
    address = item.own["address"]
    return RefusedError(
        400, f"0107176c:3: Invalid {human}, the IP address {address} already exists."
    )


def _check_virtual_profile(draft: Draft, item: Item) -> None:
    owner = draft.get(KINDS["ltm/virtual"].key(item.key.owner))
    if owner is not None:
        check_virtual(draft, owner)


_CHECKS: Mapping[str, Callable[[Draft, Item], None]] = {
    "ltm/virtual": check_virtual,
    "ltm/virtual/profiles": _check_virtual_profile,
    "ltm/rule": check_rule,
    "ltm/policy/rules": check_policy_part,
    "ltm/policy/rules/actions": check_policy_part,
    "ltm/policy/rules/conditions": check_policy_part,
    "ltm/virtual/policies": _check_virtual_profile,
    "net/self": check_self,
    "net/route": check_route,
    "net/route-domain": check_domain,
    "sys/file/ssl-cert": check_file,
    "sys/file/ssl-key": check_file,
    "ltm/profile/client-ssl": check_client_ssl,
    "ltm/profile/server-ssl": check_server_ssl,
}


_CHECKS_GONE: Mapping[str, Callable[[Draft, Item], None]] = {
    "ltm/virtual/profiles": _check_virtual_profile,
    "net/route-domain": check_domain_gone,
    "net/self": lambda draft, _old: check_gateways(draft),
}


def empty_tree() -> Tree:
    """Return a tree that keeps the indexes these rules need."""
    return Tree(references, claims)
