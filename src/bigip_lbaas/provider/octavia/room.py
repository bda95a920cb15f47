"""Asks a controller whether a load balancer would find room, before it is accepted."""

from bigip_lbaas.bus.port import Bus
from bigip_lbaas.bus.topics import global_queue
from bigip_lbaas.domain.errors import (
    BusUnavailable,
    NoAnswer,
    RequestRejected,
    UnsupportedOption,
)
from bigip_lbaas.domain.ids import EnvironmentName
from bigip_lbaas.wire.codec import Unreadable, decode, encode
from bigip_lbaas.wire.messages import Admission, Admitted

ANSWER_WITHIN_S = 2.0


def ask_for_room(bus: Bus, environment: EnvironmentName, admission: Admission) -> None:
    """Return when there is room, which is held for a while, or it may wait for some.

    Raises RequestRejected when there is none, or no controller says so in time; UnsupportedOption
    when no device group offers what is demanded.
    """
    queue = global_queue(environment)
    try:
        said = bus.call(queue, "admit", encode(admission), ANSWER_WITHIN_S)
        answer = decode(Admitted, said)
    except (BusUnavailable, NoAnswer, Unreadable) as error:
        raise RequestRejected(
            "The load balancing service cannot say right now whether it has room; try again in a"
            " minute.",
            f"no_capacity is reject, and no controller of environment {environment} has said"
            f" whether there is room: {error}",
        ) from error
    if answer.admitted:
        return
    detail = f"load balancer {admission.graph.id} is refused: {answer.because}"
    if answer.unsupported:
        raise UnsupportedOption(
            "No device offers what the flavor or availability zone asks for; choose another one.",
            detail,
        )
    raise RequestRejected(
        "There is no capacity for another load balancer; try again later, or ask the operator for"
        " more.",
        detail,
    )
