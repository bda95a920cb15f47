"""How single types read beyond their attributes: what the device adds to an answer.

Source: iControl REST reference, sections 3.3 to 3.10.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bigip_sim import health
from bigip_sim.health import Probes
from bigip_sim.names import split_path
from bigip_sim.tree import Item, Tree

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Look:
    """One object being read, with the attributes that hold; a face changes these."""

    tree: Tree
    item: Item
    probes: Probes
    values: Json
    link: Callable[[str], str]  # path below /mgmt/tm -> selfLink of the device's version


def _member(look: Look) -> None:
    found = health.of_member(look.tree, look.item, look.probes)
    look.values.update(session=found.session, state=found.state)


def _node(look: Look) -> None:
    found = health.of_node(look.item, look.probes)
    look.values.update(session=found.session, state=found.state)


def _virtual(look: Look) -> None:
    persist = look.values.get("persist")
    if isinstance(persist, list):
        look.values["persist"] = [
            {"name": path.name, "partition": path.partition, "tmDefault": "yes"}
            for path in map(split_path, persist)
        ]


Face = Callable[[Look], None]
FACES: Mapping[str, Face] = {
    "ltm/pool/members": _member,
    "ltm/node": _node,
    "ltm/virtual": _virtual,
}
