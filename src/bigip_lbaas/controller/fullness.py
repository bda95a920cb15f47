"""Remembers which groups have been full, so that they open again only when they may."""

from collections.abc import Mapping
from dataclasses import replace

from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.domain.ids import GroupNumber
from bigip_lbaas.store import records
from bigip_lbaas.store.port import Transaction
from bigip_lbaas.store.versions import books_changed


def remember_full(
    tx: Transaction,
    settings: ControllerSettings,
    scores: Mapping[GroupNumber, float | None],
) -> None:
    """Note which groups have these scores: full from 1.0, open again below capacity_reopen_below.

    Without that option nothing is noted; in between, and of an unknown score, nothing changes.
    """
    reopen_below = settings.rules.reopen_below
    for number, score in sorted(scores.items()) if reopen_below > 0 else ():
        if score is None or reopen_below <= score < 1.0:
            continue
        row = tx.get(records.Group, settings.environment, number)
        if row is None or row.was_full == (score >= 1.0):
            continue
        row = tx.get(records.Group, settings.environment, number, lock=True)
        if row is not None:
            tx.put(replace(row, was_full=score >= 1.0))
            books_changed(tx, settings.environment, (number,))
