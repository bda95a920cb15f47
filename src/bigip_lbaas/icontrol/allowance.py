"""Decides how many requests may be under way at a device at once: fewer on trouble, slowly more.

Halved on trouble, one more after a while without any: so agents that share a device, and know
nothing of each other's trouble, come down fast together and find out carefully what it carries.
"""

from dataclasses import dataclass, replace

LEAST = 1  # one must go on, or nobody would learn that the trouble is over
GROWS_AFTER_S = 10.0  # without trouble, for one request more
SLOW_S = 10.0  # a read that took longer is trouble: a device at rest answers in milliseconds


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one agent may have under way at one device.

    share: how many at most, as the controllers said. allowed: how many now, 1..share.
    fell_at_s, changed_at_s: when it last fell, or changed at all, on a clock that only grows.
    """

    share: int
    allowed: int
    fell_at_s: float = float("-inf")
    changed_at_s: float = float("-inf")


def whole(share: int) -> Allowance:
    """Return the allowance of who has had no trouble yet."""
    return Allowance(max(LEAST, share), max(LEAST, share))


def shared(before: Allowance, share: int) -> Allowance:
    """Return the allowance under another share; whoever had trouble does not grow by it."""
    most = max(LEAST, share)
    if before.allowed == before.share:
        return replace(before, share=most, allowed=most)
    return replace(before, share=most, allowed=min(before.allowed, most))


def after_trouble(before: Allowance, begun_s: float, now_s: float) -> Allowance:
    """Return the allowance after a request met trouble that began at begun_s.

    Those that were under way when it last fell tell of the same trouble: it falls once for all.
    """
    if begun_s < before.fell_at_s:
        return before
    return replace(
        before, allowed=max(LEAST, before.allowed // 2), fell_at_s=now_s, changed_at_s=now_s
    )


def after_answer(before: Allowance, now_s: float) -> Allowance:
    """Return the allowance after a request that was answered in good time."""
    if before.allowed >= before.share or now_s - before.changed_at_s < GROWS_AFTER_S:
        return before
    return replace(before, allowed=before.allowed + 1, changed_at_s=now_s)
