"""What posted commands do to a cluster: config sync, failover, trust.

Source: iControl REST reference, section 3.11. Arguments beyond those quoted there follow the
shell's own syntax and are unverified, as is the answer to a command that names nothing known.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from bigip_sim import refusals
from bigip_sim.membership import path_of
from bigip_sim.tree import Key
from bigip_sim.versions import at_least

if TYPE_CHECKING:
    from bigip_sim.actions import Call
    from bigip_sim.device import Device

Json = Mapping[str, object]
_PUSH_FIRST = "12.0"  # since when from-group takes a push first


def on_cm(call: "Call") -> Json:
    """POST cm: `config-sync to-group G` and its like."""
    words = call.arguments.split()
    if words[:1] != ["config-sync"]:
        raise refusals.invalid_value("utilCmdArgs", call.arguments)
    return _config_sync(call.device, words[1:])


def on_config_sync(call: "Call") -> Json:
    """POST cm/config-sync: the same, said in another way, or as `"options": [{"to-group": G}]`."""
    words = call.arguments.split()
    options = call.body.get("options")
    for option in options if isinstance(options, list) else []:
        for name, value in option.items() if isinstance(option, Mapping) else ():
            words += [str(name), str(value)] if value not in (None, "", True) else [str(name)]
    return _config_sync(call.device, words)


def _config_sync(device: "Device", words: list[str]) -> Json:
    sync = device.cluster.sync
    match words:
        case ["to-group", group]:
            sync.to_group(group, whole=False)
        case ["force-full-load-push", "to-group", group] | ["to-group", group, *_]:
            sync.to_group(group, whole=True)
        case ["from-group", group]:
            sync.from_group(group, needs_push=at_least(device.identity.version, _PUSH_FIRST))
        case ["recover-sync"]:  # what was agreed on is forgotten on a device; here it can stay
            pass
        case _:
            raise refusals.invalid_value("utilCmdArgs", " ".join(words))
    return {}


def on_failover(call: "Call") -> Json:
    """POST sys/failover: standby (of one traffic group, to one device), offline, online."""
    return _fail_over(call, _said(call))


def on_traffic_group(call: "Call") -> Json:
    """POST cm/traffic-group: the same for the traffic group that is named."""
    said = {"standby": True, **_said(call)}
    named = call.body.get("name")
    if isinstance(named, str):
        said["trafficGroup"] = named
    return _fail_over(call, said)


def _fail_over(call: "Call", said: Mapping[str, object]) -> Json:
    cluster = call.device.cluster
    if said.get("online"):
        cluster.force(offline=False)
    elif said.get("offline"):
        cluster.force(offline=True)
    elif said.get("standby"):
        group, heir = str(said.get("trafficGroup", "")), str(said.get("device", ""))
        with call.device.configuration.reading() as tree:
            for family, human, name in (
                ("cm/traffic-group", "traffic group", group),
                ("cm/device", "device", heir),
            ):
                if name and tree.get(Key(family, "", path_of(name))) is None:
                    raise refusals.not_found(human, path_of(name))
        cluster.stand_by(group, heir)
    else:
        raise refusals.nothing_specified()
    return {}


def _said(call: "Call") -> dict[str, object]:
    """Return the options of a failover, from the body or from the shell's words.

    f5-sdk writes an option without a value as null, and options as the shell has them.
    """
    said = {
        _OPTIONS.get(name, name): True if value is None else value
        for name, value in call.body.items()
        if value not in (False, "false")
    }
    words = call.arguments.split()
    for number, word in enumerate(words):
        if word in {"standby", "offline", "online"}:
            said[word] = True
        elif word in _OPTIONS and number + 1 < len(words):
            said[_OPTIONS[word]] = words[number + 1]
    return said


_OPTIONS = {"traffic-group": "trafficGroup", "device": "device"}


def on_add_to_trust(call: "Call") -> Json:
    """POST cm/add-to-trust: the other device is found by its name, since addresses are loopback."""
    name, account = str(call.body.get("deviceName", "")), ("username", "password")
    if not name or not all(isinstance(call.body.get(field), str) for field in account):
        raise refusals.nothing_specified()
    is_authority = call.body.get("caDevice", True) not in (False, "false")
    username, password = (str(call.body[field]) for field in account)
    name = name.rpartition("/")[2]
    call.device.cluster.admit(name, is_authority=is_authority, username=username, password=password)
    return {"password": "****"}  # whether a device repeats it is unverified


def on_remove_from_trust(call: "Call") -> Json:
    """POST cm/remove-from-trust: a device that another group still needs is refused."""
    name = str(call.body.get("deviceName", ""))
    if not name:
        raise refusals.nothing_specified()
    call.device.cluster.expel(name.rpartition("/")[2])
    return {}


CM_ACTIONS: Mapping[tuple[str, str], Callable[["Call"], Json]] = {
    ("cm", "run"): on_cm,
    ("cm/config-sync", "run"): on_config_sync,
    ("cm/add-to-trust", "run"): on_add_to_trust,
    ("cm/remove-from-trust", "run"): on_remove_from_trust,
    ("cm/traffic-group", "run"): on_traffic_group,
    ("sys/failover", "run"): on_failover,
}
