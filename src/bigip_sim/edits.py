"""What one command does to a draft: a write of an object, or a posted command from a table.

A POST of {"command": …} that changes the configuration, such as the publishing of a policy, stands
in EDITS: it waits in a transaction like any write. What a device does beside its configuration is
in `actions`.
"""

from collections.abc import Callable, Mapping

from bigip_sim import roles
from bigip_sim.installing import install_certificate, install_key
from bigip_sim.policies import publish
from bigip_sim.tree import Draft, Key
from bigip_sim.writes import Command, apply_write

Edit = Callable[[Draft, Mapping[str, object]], Key | None]  # (draft, body) -> what it was about

# path below /mgmt/tm, command -> what it does to the configuration
EDITS: Mapping[tuple[str, str], Edit] = {
    ("ltm/policy", "publish"): publish,
    ("sys/crypto/cert", "install"): install_certificate,
    ("sys/crypto/key", "install"): install_key,
}


def apply(draft: Draft, command: Command) -> Key | None:
    """Carry one command out on a draft and return the object that it was about, if it was one."""
    roles.permit(draft, command)
    if command.target is None:
        return EDITS[command.path, str(command.body["command"])](draft, command.body)
    return apply_write(draft, command, command.target)
