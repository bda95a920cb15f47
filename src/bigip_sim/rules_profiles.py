"""What a device refuses in profiles. Source: iControl REST reference, sections 1.6 and 3.9."""

from bigip_sim import pem, refusals
from bigip_sim.catalogue import KINDS
from bigip_sim.refusals import RefusedError
from bigip_sim.shapes_files import content_of
from bigip_sim.tree import Draft, Item, Key


def check_line(draft: Draft, item: Item) -> None:
    """What inherits does so from its own type, and not from itself. Texts unverified."""
    kind, seen, at = KINDS[item.kind], {item.key.name}, item
    while at.key.name != kind.root:
        name = str(at.own.get("defaultsFrom", kind.root))
        above = draft.get(kind.key(name))
        if above is None or above.kind != item.kind:
            raise refusals.not_found(kind.human, name)
        if name in seen:
            text = f"The {kind.human} ({item.key.name}) may not default from itself"
            raise refusals.configuration_error(text)
        seen.add(name)
        at = above


def check_client_ssl(draft: Draft, item: Item) -> None:
    """Every entry has a certificate and the key that belongs to it."""
    entries = item.own.get("certKeyChain")
    if not isinstance(entries, list):
        return
    if not entries:
        raise refusals.no_key_pair()
    for entry in entries:
        if entry["cert"] == "none" or entry["key"] == "none":
            raise refusals.no_key_pair()
        _check_pair(draft, item, str(entry["cert"]), str(entry["key"]))


def check_server_ssl(draft: Draft, item: Item) -> None:
    """A certificate of its own comes with its key, or not at all."""
    cert, key = (str(item.own.get(name, "none")) for name in ("cert", "key"))
    if "none" not in {cert, key}:
        _check_pair(draft, item, cert, key)


def check_file(draft: Draft, item: Item) -> None:
    """A certificate or key that changes still fits those that show it."""
    for user in draft.users(item.key):
        if user.kind == "ltm/profile/client-ssl":
            check_client_ssl(draft, user)
        elif user.kind == "ltm/profile/server-ssl":
            check_server_ssl(draft, user)


def _check_pair(draft: Draft, item: Item, cert: str, key: str) -> None:
    certificate = content_of(draft.get(Key("sys/file/ssl-cert", "", cert)))
    secret = draft.get(Key("sys/file/ssl-key", "", key))
    content = content_of(secret)
    if secret is None or content is None or certificate is None:
        return
    if not pem.match(certificate, content, str(secret.own.get("~passphrase", ""))):
        text = f"01070317:3: profile {item.key.name}'s key ({key}) and certificate ({cert}) do "
        raise RefusedError(400, f"{text}not match.")  # unverified
