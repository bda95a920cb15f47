"""Reads several metrics of one device, asking for each source once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bigip_lbaas.domain.errors import DeviceBusy, DeviceRefused
from bigip_lbaas.icontrol.metrics import COMMON, Item, Metric, Unreadable
from bigip_lbaas.icontrol.port import Sample

# What odd answers lead to, and third parties' metrics: all of it makes one metric unreadable.
UNEXPECTED = (ValueError, KeyError, TypeError, AttributeError, ArithmeticError)
LONGEST_QUOTE = 120

Owns = Callable[[str], bool]  # whether a partition, or an object in /Common, is ours by its name
A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Sources:
    """How one device is asked (both raise the children of DeviceError), and a clock beside it."""

    statistics: Callable[[str], Mapping[str, Any]]
    items: Callable[[str, Sequence[str]], Iterator[Item]]
    monotonic_s: Callable[[], float]


@dataclass(frozen=True, slots=True)
class _Asked:
    answer: Any
    at_s: float


@dataclass(slots=True)
class Sampling:
    """One sampling of one device. owns: count only what this environment has; None: all."""

    sources: Sources
    owns: Owns | None = None
    _asked: dict[tuple[str, ...], _Asked] = field(default_factory=dict)
    _used: list[tuple[str, ...]] = field(default_factory=list)

    def statistics(self, path: str) -> Mapping[str, Any]:
        """See Reads."""
        shown: Mapping[str, Any] = self._once((path,), lambda: self.sources.statistics(path))
        return shown

    def items(self, collection: str, *fields: str) -> Sequence[Item]:
        """See Reads."""
        wanted = fields
        if self.owns is not None and collection != "auth/partition":
            wanted = tuple(dict.fromkeys((*fields, "name", "partition")))
        found: Sequence[Item] = self._once(
            (collection, *wanted),
            lambda: [
                item
                for item in self.sources.items(collection, wanted)
                if self.owns is None or _is_ours(item, self.owns)
            ],
        )
        return found

    def read(self, metric: Metric) -> tuple[float, float]:
        """Return a metric's value, and when the first of its sources answered."""
        self._used.clear()
        value = metric.read(self)
        times = [self._asked[asked].at_s for asked in self._used]
        return value, min(times, default=self.sources.monotonic_s())

    def _once(self, asked: tuple[str, ...], ask: Callable[[], A]) -> A:
        """Ask the first time; later give the same answer, or fail for the same reason."""
        self._used.append(asked)
        if asked not in self._asked:
            begun_s = self.sources.monotonic_s()
            answer: A | DeviceBusy | DeviceRefused
            try:
                answer = ask()
            except (DeviceBusy, DeviceRefused) as error:
                answer = error
            self._asked[asked] = _Asked(answer, (begun_s + self.sources.monotonic_s()) / 2)
        answer = self._asked[asked].answer
        if isinstance(answer, DeviceBusy | DeviceRefused):
            raise answer
        return answer


def sample(sampling: Sampling, metrics: Mapping[str, Metric], name: str) -> Sample:
    """Read the metrics of the device of that name; one that cannot be read says why.

    Raises: DeviceUnreachable.
    """
    values: dict[str, float] = {}
    unreadable: dict[str, str] = {}
    read_at_s: dict[str, float] = {}
    for metric, how in metrics.items():
        try:
            values[metric], read_at_s[metric] = sampling.read(how)
        except (DeviceBusy, DeviceRefused, Unreadable) as error:
            unreadable[metric] = str(error)
        except UNEXPECTED as error:
            said = f"{type(error).__name__}: {error}"[:LONGEST_QUOTE]
            unreadable[metric] = f"{name}: gives an unexpected answer ({said})"
    return Sample(values, unreadable, read_at_s)


def _is_ours(item: Item, owns: Owns) -> bool:
    partition = str(item.get("partition", ""))
    return owns(str(item.get("name", "")) if partition in ("", COMMON) else partition)
