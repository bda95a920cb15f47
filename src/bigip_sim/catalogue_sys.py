"""The types below auth and sys. Source: iControl REST reference, sections 3.1 and 3.11."""

from collections.abc import Iterable, Mapping

from bigip_sim.kinds import DOMAIN, Kind, Link, in_group, one, placed
from bigip_sim.recorded import defaults
from bigip_sim.tree import Item

_ALL_PARTITIONS = "all-partitions"


def _partitions(item: Item) -> Iterable[str]:
    """Read where a user may do something; everywhere is no reference."""
    entries = item.own.get("partitionAccess")
    for entry in entries if isinstance(entries, list) else ():
        name = str(entry.get("name")) if isinstance(entry, Mapping) else _ALL_PARTITIONS
        if name != _ALL_PARTITIONS:
            yield name


SYS = (
    Kind(
        "auth/partition",
        "partition",
        partitioned=False,
        defaults=defaults("sys", "auth/partition"),
        optional=frozenset({"description"}),
        links=(Link("~defaultRouteDomain", DOMAIN, placed("defaultRouteDomain")),),
    ),
    Kind(
        "auth/user",
        "user",
        partitioned=False,
        optional=frozenset({"description", "password", "partitionAccess", "shell"}),
        read_only=frozenset({"encryptedPassword"}),
        links=(Link("~partitionAccess", "auth/partition", _partitions, many=True),),
    ),
    Kind(
        "sys/folder",
        "folder",
        defaults=defaults("sys", "sys/folder"),
        optional=frozenset({"description"}),
        links=(
            in_group(),
            Link("deviceGroup", "cm/device-group", one("deviceGroup"), anywhere=True),
        ),
    ),
    Kind(
        "sys/db",
        "database variable",
        partitioned=False,
        optional=frozenset({"value"}),
        read_only=frozenset({"defaultValue", "scfConfig", "valueRange"}),
        by_device=True,
    ),
    Kind(
        "sys/provision",
        "provisioned module",
        partitioned=False,
        defaults={**defaults("sys", "sys/provision"), "level": "none"},
        choices={"level": frozenset({"none", "minimum", "nominal", "dedicated", "custom"})},
        by_device=True,
    ),
    Kind("sys/service", "service", partitioned=False, by_device=True),  # attributes: unverified
)
