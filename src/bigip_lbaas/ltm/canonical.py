"""Brings what a device answers to the spelling in which we write it, so that == compares.

Sources: iControl REST reference, "Reading", "Writing" (monitor with a trailing blank,
destinations with or without partition, flags that show only the one that holds) and the table of
what is written to and read from a member.
"""

from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any

from bigip_lbaas.ltm.addresses import is_address
from bigip_lbaas.ltm.kinds import KIND_OF, POOL, VIRTUAL
from bigip_lbaas.ltm.state import Attributes

Answer = Mapping[str, Any]


def canonical(collection: str, partition: str, answer: Answer) -> Attributes:
    """Return the attributes of `answer` that we set, as we would write them."""
    kind = KIND_OF[collection]
    found = {name: answer[name] for name in kind.attributes if name in answer}
    if collection == POOL:
        found["monitor"] = " ".join(str(found.get("monitor", "")).split())
        found["members"] = tuple(
            sorted(map(_member, _items(answer, "members")), key=lambda member: str(member["name"]))
        )
    if collection == VIRTUAL:
        found |= {name: read(answer, partition) for name, read in _VIRTUAL.items()}
    if "address" in found:
        found["address"] = _address(str(found["address"]))
    return found


def _items(answer: Answer, name: str) -> list[Answer]:
    """Return a subcollection, which comes expanded under its reference or inline."""
    listed = answer.get(name)
    if listed is None:
        listed = answer.get(f"{name}Reference", {}).get("items", [])
    return list(listed)


def _member(answer: Answer) -> Attributes:
    is_forced = answer.get("state") == "user-down"
    is_disabled = answer.get("session") == "user-disabled"
    return {
        "name": answer["name"],
        "address": _address(str(answer.get("address", ""))),
        "ratio": answer.get("ratio", 1),
        "session": "user-disabled" if is_disabled else "user-enabled",
        "state": "user-down" if is_forced else "user-up",
    }


def _address(text: str) -> str:
    """Return the address in its shortest form, without the default route domain."""
    text = text.removesuffix("%0")
    return str(ip_address(text)) if is_address(text) else text


def _destination(answer: Answer, partition: str) -> str:
    text = str(answer.get("destination", ""))
    folder, _, word = text.rpartition("/")
    mark = "." if word.count(":") > 1 else ":"
    address, _, port = word.rpartition(mark)
    return f"{folder or '/' + partition}/{_address(address)}{mark}{port}"


def _path(entry: Answer | str) -> str:
    """Return the full path of a named thing: /Common unless it says otherwise."""
    if isinstance(entry, str):
        return entry if entry.startswith("/") else f"/Common/{entry}"
    name = str(entry.get("fullPath") or entry["name"])
    return name if name.startswith("/") else f"/{entry.get('partition', 'Common')}/{name}"


def _profiles(answer: Answer, _: str) -> tuple[Attributes, ...]:
    return tuple({"name": path} for path in sorted(map(_path, _items(answer, "profiles"))))


def _persist(answer: Answer, _: str) -> tuple[Attributes, ...]:
    persist = answer.get("persist") or ()
    entries = (persist,) if isinstance(persist, str) else persist
    return tuple({"name": _path(entry)} for entry in entries if entry != "none")


def _translation(answer: Answer, _: str) -> Attributes:
    return {"type": answer.get("sourceAddressTranslation", {}).get("type", "none")}


def _pool(answer: Answer, partition: str) -> str:
    pool = str(answer.get("pool", "") or "")
    return f"/{partition}/{pool}" if pool and not pool.startswith("/") else pool


_VIRTUAL: Mapping[str, Callable[[Answer, str], Any]] = {
    "destination": _destination,
    "profiles": _profiles,
    "persist": _persist,
    "sourceAddressTranslation": _translation,
    "pool": _pool,
}
