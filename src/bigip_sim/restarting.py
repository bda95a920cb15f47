"""What a client may switch off and on: services, and the device itself.

A device answers before it goes down; after how long is unverified, as is the form of a reboot over
REST. Of services tmm counts from 0 again (section 4.1); the others are simply there again.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bigip_sim import refusals
from bigip_sim.catalogue import KINDS

if TYPE_CHECKING:
    from bigip_sim.actions import Call


def on_service(call: "Call") -> Mapping[str, object]:
    """POST sys/service {"command": "restart", "name": "tmm"}, or to sys/service/tmm."""
    kind = KINDS["sys/service"]
    name = str(call.body.get("name") or call.path.removeprefix(kind.path).strip("/"))
    with call.device.configuration.reading() as tree:
        if tree.get(kind.key(name)) is None:
            raise refusals.not_found(kind.human, name)
    if name == "tmm":
        call.device.begin_to_count()
    return {}


def on_system(call: "Call") -> Mapping[str, object]:
    """POST sys {"command": "reboot"}: what was not saved is lost."""
    call.device.reboots()
    return {}


def on_volume(call: "Call") -> Mapping[str, object]:
    """POST sys/software/volume {"command": "reboot", "name": "HD1.1"}: boot from this volume."""
    kind, name = KINDS["sys/software/volume"], str(call.body.get("name", ""))
    with call.device.configuration.reading() as tree:
        if name and tree.get(kind.key(name)) is None:
            raise refusals.not_found(kind.human, name)
    call.device.reboots()
    return {}
