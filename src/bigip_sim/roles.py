"""What accounts of `auth/user` may do: by role, and by the partition that they have it in.

That before 13.1 only administrators may use REST, with which words others are refused there, and
the words of what a role may not write: reports of users of f5-ansible, F5's Terraform provider and
f5-common-python. Which role may write what is F5's description of roles in short. That everybody
may read everything, and that own passwords may be changed, is unverified.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bigip_sim.auth import UnauthorizedError
from bigip_sim.names import split_path
from bigip_sim.refusals import RefusedError
from bigip_sim.tree import Draft, Key, Tree

if TYPE_CHECKING:
    from bigip_sim.exchange import Request
    from bigip_sim.writes import Command

ADMINISTRATOR = "admin"
_EVERYWHERE = "all-partitions"
_ANYBODY = ("/mgmt/tm/", "/mgmt/shared/authz/tokens", "/mgmt/shared/echo")
_SAVES = frozenset({ADMINISTRATOR, "resource-admin", "manager"})
_SWITCHED = frozenset({"ltm/node", "ltm/pool/members", "ltm/virtual"})
_SWITCHES = frozenset({"session", "state", "enabled", "disabled"})
_EDITED = _SWITCHED | {"ltm/pool", "ltm/rule"}
_VERBS = {"POST": "create", "DELETE": "delete"}
_WORDS = {  # what the device calls them in a refusal; that of others is unverified
    "ltm/node": "node_address",
    "ltm/pool/members": "pool_member",
    "ltm/virtual": "virtual_server",
}


def password_of(tree: Tree, name: str) -> str | None:
    """Return the password that was written for an account, if one was."""
    item = tree.get(Key("auth/user", "", name))
    password = item.own.get("~password") if item is not None else None
    return password if isinstance(password, str) and password else None


def roles_of(tree: Tree | Draft, name: str) -> Mapping[str, str]:
    """Return an account's roles by partition, without those that allow nothing."""
    item = tree.get(Key("auth/user", "", name))
    entries = item.own.get("partitionAccess") if item is not None else None
    return {
        str(entry["name"]): str(entry["role"])
        for entry in (entries if isinstance(entries, list) else ())
        if entry["role"] != "no-access"
    }


def admit(tree: Tree, request: "Request", *, only_administrators: bool) -> None:
    """Refuse a request of an account that may not ask there at all."""
    if not request.user:
        return
    held = set(roles_of(tree, request.user).values())
    if ADMINISTRATOR in held:
        return
    posts_command = _posts_command(request)
    reaches = any(f"{request.path}/".startswith(place) for place in _ANYBODY)
    if not held or only_administrators or not reaches or (posts_command and not held & _SAVES):
        raise _unauthorized(request)
    if posts_command and not request.path.endswith("/sys/config") and "resource-admin" not in held:
        raise _unauthorized(request)


def permit(draft: Draft, command: "Command") -> None:
    """Refuse a write that the account's role does not allow where the object is."""
    user = command.user
    if not user:
        return
    held = roles_of(draft, user)
    kind = command.target.kind.path if command.target is not None else command.path
    role = held.get(_EVERYWHERE) or held.get(_partition(command), "")
    if not (_own_password(command, user) or _may(role, kind, command)):
        verb = _VERBS.get(command.method, "modify")
        word = _WORDS.get(kind) or kind.rpartition("/")[2].replace("-", "_")
        text = f"Access Denied: user ({user}) does not have {verb} access to object ({word})"
        raise RefusedError(400, f"01070822:3: {text}")


def _may(role: str, kind: str, command: "Command") -> bool:
    fields = command.body.keys()
    match role:
        case "admin":
            return True
        case "resource-admin":
            return not kind.startswith("auth/")
        case "manager":
            return kind.startswith("ltm/")
        case "certificate-manager":
            return kind.startswith(("sys/file/ssl", "sys/crypto/"))
        case "application-editor":
            return command.method in {"PATCH", "PUT"} and (
                kind in _EDITED or kind.startswith("ltm/monitor/")
            )
        case "irule-manager":
            return kind == "ltm/rule"
        case "operator":
            return command.method == "PATCH" and kind in _SWITCHED and fields <= _SWITCHES
    return False


def _partition(command: "Command") -> str:
    target = command.target
    if target is None:
        return split_path(str(command.body.get("name", ""))).partition
    if target.owner and target.owner.startswith("/"):
        return split_path(target.owner).partition
    if target.name is not None and target.name.startswith("/"):
        return split_path(target.name).partition
    return str(command.body.get("partition", "Common")) if target.kind.partitioned else ""


def _own_password(command: "Command", user: str) -> bool:
    target = command.target
    own = target is not None and (target.kind.path, target.name) == ("auth/user", user)
    return own and command.method == "PATCH" and command.body.keys() <= {"password"}


def _posts_command(request: "Request") -> bool:
    return request.method == "POST" and isinstance(request.body().get("command"), str)


def _unauthorized(request: "Request") -> UnauthorizedError:
    client = request.client or "Unknown"
    return UnauthorizedError(
        f"Authorization failed: user=https://localhost/mgmt/shared/authz/users/{request.user} "
        f"resource={request.path} verb={request.method} uri:http://localhost:8100{request.path} "
        f"referrer:{client} sender:{client}"
    )
