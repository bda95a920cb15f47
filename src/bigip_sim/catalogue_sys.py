"""The types below auth and sys. Source: iControl REST reference, sections 3.1 and 3.11."""

from bigip_sim.kinds import DOMAIN, Kind, Link, placed
from bigip_sim.recorded import defaults

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
        "sys/folder",
        "folder",
        defaults=defaults("sys", "sys/folder"),
        optional=frozenset({"description"}),
    ),
)
