"""Draws fences, and begins anew when the database turns out to have lost commits.

A database that was set back to a backup, or failed over before everything was copied, gives
numbers out twice. So agents say the highest fence that they have ever seen.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from bigip_lbaas.domain.home import Fence
from bigip_lbaas.store import records
from bigip_lbaas.store.aside import select_readable
from bigip_lbaas.store.events import record_event
from bigip_lbaas.store.locking import locked
from bigip_lbaas.store.port import OneOf, Transaction
from bigip_lbaas.store.records import ENDED_WELL
from bigip_lbaas.store.versions import books_changed

LOSSES = "losses"  # the sequence that counts how often commits were lost
LOST_AT = "lost at"  # the one that has when that was last noticed, in whole seconds since 1970
LIFT = 1_000_000  # numbers that are passed over: more than any lost hour can have drawn
RandomParts = Callable[[], str]  # a new one each time, lower-case hexadecimal


def draw_fences(tx: Transaction, number: int, random_hex: RandomParts) -> tuple[Fence, ...]:
    """Return fences that nobody ever had; only for whoever holds the homes in this transaction."""
    last = locked(tx, records.Sequence("fence", 0), "fence").value
    tx.put(records.Sequence("fence", last + number))
    return tuple(Fence(last + each, random_hex()) for each in range(1, number + 1))


def strange_fence(tx: Transaction, seen: Iterable[Fence | None]) -> Fence | None:
    """Return a fence that this database cannot have given out: it has lost commits.

    Either its number has never been drawn, or a home has that number with another random part.
    """
    fences = {fence.number: fence for fence in seen if fence is not None}
    if not fences:
        return None
    drawn = tx.get(records.Sequence, "fence")
    highest = max(fences.values())
    if highest.number > (drawn.value if drawn else 0):
        return highest
    for row in tx.select(records.Home, OneOf("fence_number", tuple(fences))):
        if row.fence_nonce != fences[row.fence_number].nonce:
            return fences[row.fence_number]
    return None


def begin_anew(tx: Transaction, above: int, why: str, random_hex: RandomParts) -> int:
    """End every epoch and give all homes new numbers, higher than any seen; return how many homes.

    above: the highest number that has been seen anywhere. All of the database's environments are
    concerned, since they draw from one sequence. What devices have is brought level with what
    the database says, load balancer by load balancer.
    """
    last = locked(tx, records.Sequence("fence", 0), "fence").value
    tx.put(records.Sequence("fence", max(last, above) + LIFT))
    tx.put(records.Sequence(LOSSES, locked(tx, records.Sequence(LOSSES, 0), LOSSES).value + 1))
    tx.put(records.Sequence(LOST_AT, int(tx.now())))
    agents = tx.select(records.Agent, lock=True)
    tx.put_all(tuple(replace(agent, epoch=random_hex()) for agent in agents))
    homes = tx.select(records.Home)
    fences = draw_fences(tx, len(homes), random_hex)
    tx.put_all(
        tuple(
            replace(home, fence_number=fence.number, fence_nonce=fence.nonce)
            for home, fence in zip(homes, fences, strict=True)
        )
    )
    devices = {(row.environment, row.number): row.devices for row in tx.select(records.Group)}
    group_of = {row.load_balancer_id: row.group for row in tx.select(records.PlacementRow)}
    ended = OneOf("phase", ENDED_WELL)
    settled, _unreadable = select_readable(tx, records.LoadBalancer, ended)
    tx.put_all(
        tuple(
            replace(row, unclean=devices[row.environment, group_of[row.id]], behind=True)
            for row in settled
            if row.id in group_of and devices.get((row.environment, group_of[row.id]))
        )
    )
    for environment in sorted({row.name for row in tx.select(records.Environment)}):
        books_changed(tx, environment, (group for name, group in devices if name == environment))
        said = f"{why}; every epoch was ended, {len(homes)} homes have new numbers from {last} on"
        record_event(tx, environment, "commits lost", "database", said)
    return len(homes)
