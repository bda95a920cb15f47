"""How partitions, users and system settings are kept. Source: reference, sections 3.1 and 3.11."""

from collections.abc import Mapping

from bigip_sim import refusals
from bigip_sim.shaping import Write


def partition(write: Write) -> None:
    """A partition's default route domain is a number."""
    number = write.own.get("defaultRouteDomain", 0)
    if not isinstance(number, int) or isinstance(number, bool):
        raise refusals.invalid_value("defaultRouteDomain", number)


def user(write: Write) -> None:
    """Keep where a user may do what; the password is never told."""
    own = write.own
    if "password" in own:
        own["~password"] = own.pop("password")
    own.setdefault("description", write.key.name)  # unverified
    given = own.get("partitionAccess")
    if given is None:
        own["partitionAccess"] = [{"name": "all-partitions", "role": "no-access"}]  # unverified
        return
    entries = given if isinstance(given, list | tuple) else [given]
    own["partitionAccess"] = [_access(entry) for entry in entries]


def _access(entry: object) -> Mapping[str, object]:
    if not isinstance(entry, Mapping) or "name" not in entry:
        raise refusals.invalid_value("partitionAccess", entry)
    return {"name": str(entry["name"]), "role": str(entry.get("role", "no-access"))}


def variable(write: Write) -> None:
    """A database variable goes back to its default when its value is taken away."""
    assert write.old is not None
    for field in ("defaultValue", "scfConfig", "valueRange"):
        write.own[field] = write.old.own[field]
    write.own.setdefault("value", write.own["defaultValue"])
    write.own["value"] = str(write.own["value"])
    choices = str(write.own["valueRange"]).split()
    if len(choices) == 2 and write.own["value"] not in choices:
        raise refusals.invalid_value("value", write.own["value"])
