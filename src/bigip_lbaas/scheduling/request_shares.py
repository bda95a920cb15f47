"""Shares a device's limit of requests at once out among the agents that talk to it."""

from collections.abc import Iterable
from typing import TypeVar

A = TypeVar("A")


def request_shares(limit: int, agents: Iterable[A]) -> dict[A, int]:
    """Return each agent -> how many requests it may have under way at the device.

    The shares differ by one at most and are `limit` together; each is at least 1, so with more
    agents than that they are as many as there are agents. Agents come in any order, but must sort.
    """
    known = sorted(set(agents))  # type: ignore[type-var]  # ids, or pairs of them
    if not known:
        return {}
    each, rest = divmod(limit, len(known))
    return {agent: max(1, each + (place < rest)) for place, agent in enumerate(known)}
