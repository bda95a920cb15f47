"""Load balancers whose rows cannot be read: told by themselves, and in the way of no other."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.controller.silence import Waits
from bigip_lbaas.domain.graph import ObjectKind, ObjectRef
from bigip_lbaas.domain.ids import LoadBalancerId, RequestId
from bigip_lbaas.domain.status import ObjectStatus, Operating, Provisioning
from bigip_lbaas.store import records
from bigip_lbaas.store.aside import Aside
from bigip_lbaas.store.events import record_event
from bigip_lbaas.store.port import OneOf, Transaction
from bigip_lbaas.store.records import UNFINISHED, Phase

LOG = logging.getLogger(__name__)
WHY = "the row of this load balancer is damaged, or of a newer program"


@dataclass
class Unread:
    """For how long this controller has not been able to read which rows."""

    _waits: Waits = field(default_factory=Waits)
    _told: frozenset[Aside] = frozenset()

    def count(self, unreadable: Sequence[Aside], now_s: float) -> Mapping[str, float]:
        """Return for how long each has been seen to be unreadable; forget all others."""
        self._waits.keep_only([(one.key, 0) for one in unreadable])
        self._told &= set(unreadable)
        return {one.key: self._waits.waited_s(one.key, 0, now_s) for one in unreadable}

    def is_new(self, one: Aside) -> bool:
        """Return whether this has not been asked before of the same row and reason."""
        is_new = one not in self._told
        self._told |= {one}
        return is_new


def note_unreadable(tx: Transaction, settings: ControllerSettings, one: Aside) -> None:
    """Tell the operator."""
    LOG.error("load balancer %s is left aside: %s: %s", one.key, WHY, one.why)
    record_event(tx, settings.environment, "unreadable", one.key, f"{WHY}: {one.why}")


def fail_unreadable(tx: Transaction, settings: ControllerSettings, one: Aside) -> None:
    """Tell ERROR of what is known of it without its graph: itself, and all that is under it."""
    id_ = LoadBalancerId(one.key)
    this, unfinished = OneOf("id", (id_,)), OneOf("phase", UNFINISHED)
    reason = f"not carried out within {settings.pending_deadline_s:g} s: {WHY} ({one.why})"
    change = {"phase": Phase.FAILED, "reason": reason}
    if not tx.alter(records.LoadBalancer, this, unfinished, change=change):
        return
    children = tx.select(records.Child, load_balancer_id=id_)
    refs = [ObjectRef(ObjectKind(child.kind), child.object_id) for child in children]
    itself = ObjectRef(ObjectKind.LOAD_BALANCER, id_)
    revisions = tx.highest(records.LoadBalancer, "revision", "id", this)
    now = tx.now()
    tx.put(
        records.StatusMessage(
            id_,
            settings.environment,
            revisions.get(id_, 0),
            (
                ObjectStatus(itself, Provisioning.ERROR, Operating.ERROR),
                *(ObjectStatus(ref, Provisioning.ERROR) for ref in refs),
            ),
            RequestId(""),
            created_at=now,
            next_at=now,
        )
    )
    record_event(tx, settings.environment, "failed", id_, reason)
