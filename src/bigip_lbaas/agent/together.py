"""Puts our stamps into many partitions of one device: the swaps share transactions."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from bigip_lbaas.agent.partition import COMMITS, StampedPartition
from bigip_lbaas.domain.errors import (
    CommitMet,
    DeviceRefused,
    FencedOff,
    ProviderError,
    StampRefused,
)
from bigip_lbaas.domain.ids import ProjectId
from bigip_lbaas.icontrol.port import Device, PartitionStamps
from bigip_lbaas.ltm.state import Step

HOMES_PER_TRANSACTION = 45  # two commands each: below the 100 at which transactions get slow


def take_over_together(
    partitions: Sequence[StampedPartition],
) -> Mapping[ProjectId, ProviderError]:
    """Put our stamps into many partitions of one device; return those refused, and why.

    The swaps share transactions; a refused one is done again home by home.
    Raises: DeviceUnreachable, OutcomeUnknown, DeviceBusy, LeaseExpired: begin anew later.
    """
    if not partitions:
        return {}
    refused: dict[ProjectId, ProviderError] = {}
    device = partitions[0].device
    stamps = device.all_stamps()
    stamped = [each for each in partitions if each.partition in stamps]
    alone = [each for each in partitions if each.partition not in stamps]
    for start in range(0, len(stamped), HOMES_PER_TRANSACTION):
        alone += _swap_shared(device, stamped[start : start + HOMES_PER_TRANSACTION], stamps)
    for each in alone:
        try:
            each.take_over()
        except (FencedOff, StampRefused, DeviceRefused) as error:
            refused[each.home.project_id] = error
    return refused


def _swap_shared(
    device: Device, partitions: Sequence[StampedPartition], stamps: Mapping[str, PartitionStamps]
) -> Sequence[StampedPartition]:
    """Swap in one transaction; return those that must be looked at alone."""
    for met in range(COMMITS - 1):
        try:
            return _swap_shared_once(device, partitions, stamps)
        except CommitMet:
            partitions[0].rest(met)
    return _swap_shared_once(device, partitions, stamps)


def _swap_shared_once(
    device: Device, partitions: Sequence[StampedPartition], stamps: Mapping[str, PartitionStamps]
) -> Sequence[StampedPartition]:
    offered: list[StampedPartition] = []
    steps: list[Step] = []
    for each in partitions:
        with suppress(FencedOff, DeviceRefused):  # found again, and told, when it is alone
            steps += each.offer(stamps[each.partition])
            offered.append(each)
    for each in offered:
        each.may_write()
    try:
        if steps:
            device.commit(steps, [step.path.full for step in steps])
    except (StampRefused, DeviceRefused):
        return partitions
    for each in offered:
        each.accept()
    return [each for each in partitions if each not in offered]
