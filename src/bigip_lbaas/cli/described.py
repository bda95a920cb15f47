"""Reads a described fleet, and what will be asked of it, from a small TOML file."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from bigip_lbaas.domain.errors import RequestRejected
from bigip_lbaas.domain.ids import GroupNumber
from bigip_lbaas.scheduling.whatif.synthetic import Kind
from bigip_lbaas.scheduling.whatif.world import SimulatedGroup


@dataclass(frozen=True)
class DescribedGroup:
    """`count` groups alike. limits and carries: metric -> amount, in its unit."""

    limits: Mapping[str, float]
    carries: Mapping[str, float] = field(default_factory=dict)
    count: int = 1
    load_balancers: int = 0
    weight: float = 1.0
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Described:
    """The whole file: [[group]] and, if arrivals shall be of several kinds, [[kind]]."""

    group: tuple[DescribedGroup, ...]
    kind: tuple[Kind, ...] = ()

    def groups(self) -> tuple[SimulatedGroup, ...]:
        """Return the groups, numbered from 1 in the file's order."""
        each = [one for one in self.group for _ in range(one.count)]
        return tuple(
            SimulatedGroup(
                GroupNumber(number),
                one.limits,
                one.carries,
                one.load_balancers,
                one.weight,
                tags=one.tags,
                phase=(number - 1) / len(each),
            )
            for number, one in enumerate(each, start=1)
        )


def read_described(path: Path) -> Described:
    """Return what the file describes. Raises RequestRejected, naming file and place."""
    try:
        found = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Described)
    except OSError as error:
        raise RequestRejected(f"{path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RequestRejected(f"{path} is no TOML file: {error}") from error
    except msgspec.ValidationError as error:
        raise RequestRejected(f"{path}: {error}") from error
    for number, group in enumerate(found.group, start=1):
        bad = [metric for metric, limit in group.limits.items() if not limit > 0]
        if bad or group.count < 1:
            what = f"the limit of {bad[0]}" if bad else "count"
            raise RequestRejected(f"{path}: [[group]] {number}: {what} must be more than 0")
    shares = sum(kind.share for kind in found.kind)
    if found.kind and not shares > 0:
        raise RequestRejected(f"{path}: [[kind]]: the shares must add up to more than 0")
    return found
