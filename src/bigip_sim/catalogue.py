"""The table of types that the simulator knows, and the references between them.

Names, defaults and attributes: iControl REST reference, sections 1.5, 1.6 and 3, and the recorded
shapes of a 14.1.2.1 device. Each module of the tree has a file of its own.
"""

from bigip_sim.catalogue_cm import CM
from bigip_sim.catalogue_empty import EMPTY
from bigip_sim.catalogue_files import FILES
from bigip_sim.catalogue_ltm import LTM
from bigip_sim.catalogue_monitors import MONITORS
from bigip_sim.catalogue_net import NET
from bigip_sim.catalogue_policies import POLICIES
from bigip_sim.catalogue_profiles import PROFILES
from bigip_sim.catalogue_sys import SYS
from bigip_sim.catalogue_system import SYSTEM
from bigip_sim.kinds import Kind
from bigip_sim.names import split_path, split_port, to_segment
from bigip_sim.tree import Item, Key

_ALL = (*SYS, *LTM, *POLICIES, *MONITORS, *PROFILES, *NET, *FILES, *CM, *SYSTEM, *EMPTY)
KINDS = {kind.path: kind for kind in _ALL}
FAMILIES: dict[str, tuple[Kind, ...]] = {}
for _kind in _ALL:
    FAMILIES[_kind.of_family] = (*FAMILIES.get(_kind.of_family, ()), _kind)


def references(item: Item) -> tuple[Key, ...]:
    """Return the identities of everything an object names."""
    kind = KINDS[item.kind]
    targets = [Key(link.family, "", name) for link in kind.links for name in link.read(item)]
    if item.key.owner:
        targets.append(parent_key(kind, item.key.owner))
    return tuple(targets)


_WITHIN = "//"  # between the names of an owner that is itself in a subcollection


def inside(key: Key) -> str:
    """Return the owner that the objects in this one's subcollections have."""
    return f"{key.owner}{_WITHIN}{key.name}" if key.owner else key.name


def parent_key(kind: Kind, owner: str) -> Key:
    """Return the identity of an owner."""
    above = KINDS[kind.parent]
    outer, _, name = owner.partition(_WITHIN)
    return above.key(name, outer) if name else above.key(owner)


def collection_path(kind: Kind, owner: str = "") -> str:
    """Return a collection's path below /mgmt/tm."""
    if not owner:
        return kind.path
    above = parent_key(kind, owner)
    return f"{object_path(KINDS[kind.parent], above)}/{kind.leaf}"


def object_path(kind: Kind, key: Key) -> str:
    """Return an object's path below /mgmt/tm."""
    if kind.single:
        return kind.path
    return f"{collection_path(kind, key.owner)}/{to_segment(key.name)}"


def display(kind: Kind, key: Key) -> str:
    """Return an object's name as errors write it; a member is `pool node port`."""
    if kind.path == "ltm/pool/members":
        path = split_path(key.name)
        host, port = split_port(path.name)
        return f"{key.owner} /{path.partition}/{host} {port}"
    return f"{key.owner} {key.name}".replace(_WITHIN, " ") if key.owner else key.name
