"""Says what a partition holds after steps that a device has carried out."""

from collections.abc import Iterable

from bigip_lbaas.ltm.addresses import without_port
from bigip_lbaas.ltm.kinds import NODE
from bigip_lbaas.ltm.state import Action, Attributes, ObjectPath, State, Step, merge


def after(state: State, steps: Iterable[Step]) -> State:
    """Return `state` after `steps`, with the nodes that came with new members.

    Nodes stay when their members go, as they do on a device (iControl REST reference, "Nodes,
    pools, members").
    """
    result: dict[ObjectPath, Attributes] = dict(state)
    for step in steps:
        if step.action is Action.DELETE:
            result.pop(step.path, None)
            continue
        result[step.path] = merge(result.get(step.path, {}), step.attributes)
        for member in step.attributes.get("members", ()):
            node = ObjectPath(NODE, step.path.partition, without_port(str(member["name"])))
            result.setdefault(node, {"address": member["address"]})
    return result
