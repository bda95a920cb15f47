"""What a device refuses in virtual servers. Source: reference, sections 1.6, 3.5 and 3.7."""

from bigip_sim import policies, refusals
from bigip_sim.names import parse_endpoint, write_endpoint
from bigip_sim.refusals import RefusedError
from bigip_sim.tree import Draft, Item, Key

_P = "ltm/profile"
_HTTP = frozenset({f"{_P}/http", f"{_P}/fasthttp"})
_BY_NAME = frozenset({f"{_P}/client-ssl", f"{_P}/server-ssl"})
# Of these a virtual server has one on a side.
_LAYER_4 = frozenset({f"{_P}/{leaf}" for leaf in ("tcp", "udp", "sctp", "fastl4", "ipother")})
_STREAMS = frozenset({f"{_P}/tcp"})
_DATAGRAMS_TOO = frozenset({f"{_P}/tcp", f"{_P}/udp", f"{_P}/sctp"})
# What a profile stands on: one of these. What needs http, and client-ssl over UDP: unverified.
_STANDS_ON = {
    f"{_P}/http": _STREAMS,
    f"{_P}/one-connect": _STREAMS,
    f"{_P}/stream": _STREAMS,
    f"{_P}/client-ssl": _DATAGRAMS_TOO,
    f"{_P}/server-ssl": _DATAGRAMS_TOO,
    **{f"{_P}/{leaf}": _HTTP for leaf in ("http2", "http-compression", "web-acceleration")},
    f"{_P}/websocket": _HTTP,
}
_CARRIED_BY = {f"{_P}/tcp": "tcp", f"{_P}/udp": "udp", f"{_P}/sctp": "sctp"}


def check_virtual(draft: Draft, item: Item) -> None:
    """A virtual server whose profiles, persistence, rules and addresses fit together."""
    profiles = draft.of_kind("ltm/virtual/profiles", item.key.name)
    kinds: list[tuple[str, object]] = []
    for profile in profiles:
        target = draft.get(Key("profile", "", profile.key.name))
        if target is not None:
            kinds.append((target.kind, profile.own.get("context", "all")))
    names = {kind for kind, _ in kinds}
    _check_stack(item, names)
    _check_sides(item, kinds)
    _check_names(draft, item, profiles)
    _check_persistence(draft, item, has_http=bool(names & _HTTP))
    _check_rules(draft, item, names)
    _check_policies(draft, item, names)
    _check_address(draft, item)
    _check_families(item)


def _check_stack(item: Item, kinds: set[str]) -> None:
    """Profiles stand on each other, and on the protocol. Codes and texts are unverified."""
    protocol = item.own.get("ipProtocol", "any")
    fits = len(kinds & _LAYER_4) <= 1 or kinds & _LAYER_4 <= _DATAGRAMS_TOO - {f"{_P}/udp"}
    fits = fits and all(kinds & below for kind, below in _STANDS_ON.items() if kind in kinds)
    carried = {_CARRIED_BY[kind] for kind in kinds if kind in _CARRIED_BY}
    if not fits or (carried and protocol not in {"any", *carried}):
        text = f"01070095:3: Virtual server {item.key.name} lists incompatible profiles."
        raise RefusedError(400, text)


def _check_families(item: Item) -> None:
    """Destination and source are of one address family: section 3.5. Text unverified."""
    destination, _ = parse_endpoint(str(item.own["destination"]).rpartition("/")[2])
    source = str(item.own.get("source", ""))
    if source and (":" in source) != destination.is_v6:
        text = f"01070734:3: Configuration error: Virtual Server {item.key.name}: source {source} "
        raise RefusedError(400, f"{text}and destination are of different address families")


def _check_sides(item: Item, kinds: list[tuple[str, object]]) -> None:
    """One profile of each family on a side, but for those chosen by server name: section 3.5."""
    for kind, context in kinds:
        others = [c for k, c in kinds if k == kind]
        if len(others) > 1 and (others.count(context) > 1 or "all" in others):
            if kind in _BY_NAME:
                continue  # several are chosen by server name
            text = f"01070097:3: Virtual server {item.key.name} lists duplicate profiles."
            raise RefusedError(400, text)


def _check_names(draft: Draft, item: Item, profiles: list[Item]) -> None:
    """Of the SSL profiles on a side one may be the default for SNI."""
    defaults = {"ltm/profile/client-ssl": 0, "ltm/profile/server-ssl": 0}
    for profile in profiles:
        target = draft.get(Key("profile", "", profile.key.name))
        if target is not None and target.kind in defaults:
            defaults[target.kind] += target.own.get("sniDefault") in {"true", True}
    if max(defaults.values()) > 1:
        text = f"01071809:3: Virtual server {item.key.name} has more than one clientssl/serverssl "
        raise RefusedError(400, f"{text}profile that is default for SNI.")


def _check_persistence(draft: Draft, item: Item, *, has_http: bool) -> None:
    persist = item.own.get("persist")
    for name in persist if isinstance(persist, list) else ():
        profile = draft.get(Key("persistence", "", name))
        if profile is not None and profile.kind == "ltm/persistence/cookie" and not has_http:
            text = (  # unverified
                "01070309:3: Cookie persistence requires an HTTP or FastHTTP profile to be "
                "associated with the virtual server"
            )
            raise RefusedError(400, text)
        if profile is not None and profile.kind == "ltm/persistence/universal":
            _check_universal(draft, item, profile)


def _check_universal(draft: Draft, item: Item, profile: Item | None) -> None:
    """Universal persistence has an iRule, its own or its parents'. Text unverified."""
    while profile is not None:
        if profile.own.get("rule", "none") != "none":
            return
        profile = draft.get(Key("persistence", "", str(profile.own.get("defaultsFrom", ""))))
    text = f"Virtual Server {item.key.name}: universal persistence requires an iRule"
    raise refusals.configuration_error(text)


def _check_rules(draft: Draft, item: Item, profiles: set[str]) -> None:
    """Events of a protocol need the profile of that protocol; codes and texts are unverified."""
    rules = item.own.get("rules")
    for name in rules if isinstance(rules, list) else ():
        rule = draft.get(Key("ltm/rule", "", str(name)))
        waits = rule.own.get("~events", []) if rule is not None else []
        for event in waits if isinstance(waits, list) else ():
            if str(event).startswith("HTTP_") and not profiles & _HTTP:
                text = f"01070394:3: {event} event in rule ({name}) requires an associated HTTP "
                raise RefusedError(400, f"{text}profile on the virtual-server ({item.key.name}).")
            if str(event).startswith("CLIENTSSL_") and "ltm/profile/client-ssl" not in profiles:
                text = (
                    f"01070394:3: {event} event in rule ({name}) requires an associated CLIENTSSL"
                )
                raise RefusedError(400, f"{text} profile on the virtual-server ({item.key.name}).")


def _check_policies(draft: Draft, item: Item, profiles: set[str]) -> None:
    """A policy is attached when published, and finds the profiles that it needs."""
    for link in draft.of_kind("ltm/virtual/policies", item.key.name):
        policy = draft.get(Key("ltm/policy", "", link.key.name))
        if policy is None:
            continue
        if draft.about.at_least("12.1"):
            if policies.status_of(policy.key, policy.own) == "draft":
                text = f"The policy ({policy.key.name}) is a draft and cannot be attached"
                raise refusals.configuration_error(text)  # unverified
            _, requires = policies.derived(draft, policy.key.name)
        else:
            given = policy.own.get("requires")
            requires = list(given) if isinstance(given, list) else []
        if "http" in requires and not profiles & _HTTP:
            text = f"01071726:3: The policy ({policy.key.name}) requires an HTTP profile on the "
            raise RefusedError(400, f"{text}virtual server ({item.key.name}).")  # unverified


def check_rule(draft: Draft, item: Item) -> None:
    """An iRule that changes still fits the virtual servers it is on."""
    for user in draft.users(item.key):
        if user.kind == "ltm/virtual":
            check_virtual(draft, user)


def check_policy_part(draft: Draft, item: Item) -> None:
    """A policy that changes still fits the virtual servers it is on."""
    policy = item.key.owner.partition("//")[0]
    for user in draft.users(Key("ltm/policy", "", policy)):
        virtual = draft.get(Key("ltm/virtual", "", user.key.owner))
        if user.kind == "ltm/virtual/policies" and virtual is not None:
            check_virtual(draft, virtual)


def _check_address(draft: Draft, item: Item) -> None:
    address = draft.get(Key("ltm/virtual-address", "", str(item.own.get("~address", ""))))
    endpoint = str(item.own["destination"]).rpartition("/")[2]
    if address is None or str(parse_endpoint(endpoint)[0]) != address.own["address"]:
        where, port = parse_endpoint(endpoint)
        raise refusals.not_found("Virtual Address", write_endpoint(where, port, where.is_v6))
