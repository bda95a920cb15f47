"""Decides what to tell the API, when again, and what a read of the API has shown. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bigip_lbaas.domain.graph import ObjectKind, ServiceGraph
from bigip_lbaas.domain.status import Provisioning
from bigip_lbaas.provider.octavia import translate
from bigip_lbaas.provider.octavia.refuse import Leniency
from bigip_lbaas.store.records import StatusMessage

FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 300.0
UNSEEN_RETRY_S = 60.0  # told, and no read has come to it yet

_SECTIONS = {
    ObjectKind.LOAD_BALANCER: "loadbalancers",
    ObjectKind.LISTENER: "listeners",
    ObjectKind.POOL: "pools",
    ObjectKind.MEMBER: "members",
    ObjectKind.HEALTH_MONITOR: "healthmonitors",
}

Document = dict[str, list[dict[str, str]]]


def document(messages: Iterable[StatusMessage], with_operating: bool) -> Document:
    """Return many load balancers' statuses as one call to the API takes them.

    What is still pending has no provisioning status to tell.
    """
    told: Document = {section: [] for section in _SECTIONS.values()}
    for message in messages:
        for status in message.statuses:
            record = {"id": status.object.id}
            if status.provisioning is not Provisioning.PENDING:
                record["provisioning_status"] = status.provisioning.value
            if with_operating and status.operating is not None:
                record["operating_status"] = status.operating.value
            if len(record) > 1:
                told[_SECTIONS[status.object.kind]].append(record)
    return {section: records for section, records in told.items() if records}


def retry_after_s(tries: int) -> float:
    """Return how long to wait after that many tries: twice as long each time."""
    return float(min(FIRST_RETRY_S * 2 ** max(tries - 1, 0), LONGEST_RETRY_S))


def unseen_after_s(tries: int) -> float:
    """Return how long a told status may wait for its read before it is told again."""
    return max(UNSEEN_RETRY_S, retry_after_s(tries))


def seen_ids(load_balancer: Any) -> frozenset[str] | None:
    """Return the ids of what the API shows of a load balancer, None when it shows nothing."""
    if load_balancer is None:
        return None
    values = translate.plain(load_balancer)
    below = (ref.id for ref in translate.objects_below(values))
    return frozenset((values["loadbalancer_id"], *below))


def is_shown(message: StatusMessage, seen: frozenset[str] | None) -> bool:
    """Return whether a read shows what was told.

    octavia-lib's read shows objects without their statuses: what lives must be there, what was
    DELETED must not.
    """
    ends = any(
        status.object.kind is ObjectKind.LOAD_BALANCER
        and status.provisioning is Provisioning.DELETED
        for status in message.statuses
    )
    if seen is None or ends:
        return seen is None and ends
    return all(
        (status.object.id in seen) is (status.provisioning is not Provisioning.DELETED)
        for status in message.statuses
    )


@dataclass(frozen=True, slots=True)
class Look:
    """What a read of the API showed of one load balancer while we had that revision.

    graph None: the API has no such load balancer.
    """

    revision: int
    graph: ServiceGraph | None
    at_s: float


class Verdict(StrEnum):
    """What to do after a look at the API's own graph."""

    SAME = "same"
    LOOK_AGAIN = "look again"
    API_WINS = "the API wins"


def api_graph(load_balancer: Any) -> ServiceGraph | None:
    """Return the API's graph in our words. Raises RequestRejected when they lack a word for it."""
    if load_balancer is None:
        return None
    return translate.service_graph(load_balancer, Leniency(timeouts=True))


def judge(ours: ServiceGraph, look: Look, before: Look | None, apart_s: float) -> Verdict:
    """Compare the API's graph with ours.

    The API wins when a second look, at least apart_s after the first and with nothing accepted
    in between, shows the same difference.
    """
    if look.graph == ours:
        return Verdict.SAME
    confirmed = (
        before is not None
        and before.revision == look.revision
        and before.graph == look.graph
        and look.at_s - before.at_s >= apart_s
    )
    return Verdict.API_WINS if confirmed else Verdict.LOOK_AGAIN
