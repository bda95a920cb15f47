"""The promise of who may write, to the letter, judged from what devices and database recorded.

It imports nothing that it judges. Its words: a *writing* is one write request's effect on one
partition of one device; it has *begun* when the request reached the device, and is *done* when the
device has carried it out.
"""

import re
from dataclasses import dataclass, field

STAMP = re.compile(r"stamp_(\d+)\.([0-9a-f]+)\.(\d+)")
Fence = tuple[int, str]


def fences(names: frozenset[str]) -> frozenset[Fence]:
    """Return the fences of the stamps among these names."""
    return frozenset((int(m[1]), m[2]) for name in names if (m := STAMP.fullmatch(name)))


@dataclass(frozen=True)
class Writing:
    """One write request's effect on one partition; stamps are the names of data groups.

    sweeps: it takes marks out, or the partition away, where its writer has no home, and puts
    nothing in.
    """

    process: str
    agent: str
    device: str
    partition: str
    put: frozenset[str] = frozenset()
    taken: frozenset[str] = frozenset()
    sweeps: bool = False

    @property
    def fence(self) -> Fence | None:
        """Return under which fence it writes; None: it names no stamp."""
        own = fences(self.put) or fences(self.taken)
        return max(own) if own else None


@dataclass(frozen=True)
class Holder:
    """Who holds a home, under which fence, and since when."""

    agent: str
    fence: Fence
    since_s: float


@dataclass
class Law:
    """Judges each writing; `broken` says what was found.

    grace_s: lease and margin. begun_s, done: per writing and holder, what counts as an exception.
    """

    grace_s: float
    broken: list[str] = field(default_factory=list)
    holders: dict[str, Holder] = field(default_factory=dict)  # partition -> who
    commits_are_lost: bool = False  # and nobody has noticed it yet
    forgiven_until_s: float = float("-inf")
    _writers: dict[Fence, str] = field(default_factory=dict)
    _late: set[tuple[str, str, Fence, str]] = field(default_factory=set)

    def hold(self, now_s: float, homes: dict[str, tuple[str, Fence]]) -> None:
        """Take note of all homes there are: partition -> agent and fence."""
        for partition, (agent, fence) in homes.items():
            before = self.holders.get(partition)
            if before is None or (before.agent, before.fence) != (agent, fence):
                self.holders[partition] = Holder(agent, fence, now_s)
        for gone in self.holders.keys() - homes.keys():
            del self.holders[gone]

    def begun(self, now_s: float, writing: Writing) -> None:
        """Judge a write request that reaches a device: nobody begins who must not."""
        if writing.sweeps:
            return  # a home may be founded meanwhile: the device compares, as `done` judges
        fence, holder = writing.fence, self.holders.get(writing.partition)
        if fence is not None and self._writers.setdefault(fence, writing.process) != (
            writing.process
        ):
            self._tell(now_s, writing, f"writes under a fence of {self._writers[fence]}")
        if holder is None or self._forgives(now_s):
            return
        if holder.agent != writing.agent:
            self._tell(now_s, writing, f"begins although the home is {holder.agent}'s")
        elif fence not in (None, holder.fence) and now_s - holder.since_s > self.grace_s:
            self._tell(now_s, writing, f"begins long after fence {holder.fence} was given")

    def done(self, now_s: float, writing: Writing, stamps_before: frozenset[str]) -> None:
        """Judge what a device has carried out: on a stamped one, never a second writer."""
        fence, holder = writing.fence, self.holders.get(writing.partition)
        if holder is None or self._forgives(now_s):
            return
        if writing.sweeps and holder.fence in fences(stamps_before):
            self._tell(now_s, writing, f"writes where {holder.fence} has stamped, for nobody")
        if writing.sweeps or fence in (None, holder.fence):
            return
        if holder.fence in fences(stamps_before):
            self._tell(now_s, writing, f"writes where {holder.fence} has stamped")
        elif now_s - holder.since_s > self.grace_s:
            key = (writing.device, writing.partition, holder.fence, writing.process)
            if key in self._late:
                self._tell(now_s, writing, "carries out a second transaction after its time")
            self._late.add(key)

    def _forgives(self, now_s: float) -> bool:
        return self.commits_are_lost or now_s <= self.forgiven_until_s

    def _tell(self, now_s: float, writing: Writing, what: str) -> None:
        self.broken.append(
            f"{now_s:g} s: {writing.process} on {writing.device}, {writing.partition}: {what}"
            f" (its own: {writing.fence})"
        )
