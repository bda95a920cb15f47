"""How monitors, profiles and persistence are kept. Source: reference, sections 3.4 and 3.9."""

from collections.abc import Mapping

from bigip_sim import refusals
from bigip_sim.shaping import Write, full, keep_full, keep_paths


def monitor(write: Write) -> None:
    """A monitor has another parent than itself, and times that make sense."""
    keep_full(write, "cert", "key", "sslProfile")
    parent = write.own.get("defaultsFrom")
    if parent is None:
        return
    keep_full(write, "defaultsFrom")
    if write.own["defaultsFrom"] == write.key.name:
        raise refusals.configuration_error("A monitor may not default from itself")
    for field in ("interval", "timeout"):
        value = write.own.get(field, 1)
        if isinstance(value, int) and value < (field == "timeout"):
            raise refusals.invalid_value(field, value)


CIPHER_RULES = ("allow", "exclude", "require")


def cipher_rule(write: Write) -> None:
    """A rule says which ciphers (that one has to is unverified)."""
    if "cipher" not in write.own:
        raise refusals.nothing_specified()


def cipher_group(write: Write) -> None:
    """A group allows, excludes and requires what rules name."""
    keep_paths(write, *CIPHER_RULES)


_SECRETS = frozenset(
    {"cookieEncryptionPassphrase", "encryptCookieSecret", "proxyCaPassphrase", "c3dCaPassphrase"}
)


def inheriting(write: Write) -> None:
    """What is not set follows the parent; what is secret is taken and never told."""
    keep_full(write, "defaultsFrom")
    for field in _SECRETS & write.own.keys():
        write.own[f"~{field}"] = write.own.pop(field)


def persistence(write: Write) -> None:
    """Universal and hash persistence name an iRule."""
    inheriting(write)
    keep_full(write, "rule")


def server_ssl(write: Write) -> None:
    """A server-ssl profile may show a certificate of its own."""
    inheriting(write)
    keep_full(write, "cert", "key", "chain", "caFile", "cipherGroup")
    _keep_options(write)
    if isinstance(write.own.get("passphrase"), str):
        write.own["~passphrase"] = write.own.pop("passphrase")


def client_ssl(write: Write) -> None:
    """certKeyChain rules; cert, key and chain mirror its first entry: section 3.9."""
    inheriting(write)
    keep_full(write, "caFile", "cipherGroup", "clientCertCa")
    _keep_options(write)
    own, body = write.own, write.body
    secret = own.pop("passphrase", None)
    if "certKeyChain" in body:
        own["certKeyChain"] = _entries(body["certKeyChain"])
    elif any(name in body for name in ("cert", "key", "chain")):
        own["certKeyChain"] = _first_changed(write, secret)
    entries = own.get("certKeyChain")
    if not isinstance(entries, list):
        return
    first = entries[0] if entries else {}
    for name in ("cert", "key", "chain"):
        own[name] = first.get(name, "none")
    own["inheritCertkeychain"] = "false"


def _first_changed(write: Write, secret: object) -> list[dict[str, object]]:
    before = write.old.own.get("certKeyChain") if write.old is not None else None
    entries = [dict(entry) for entry in before] if isinstance(before, list) else []
    entry = entries[0] if entries else {"name": "default"}  # that it has this name is unverified
    changed = {n: write.body[n] for n in ("cert", "key", "chain") if n in write.body}
    if secret is not None:
        changed["passphrase"] = secret
    return [*_entries([{**entry, **changed}]), *entries[1:]]


def _entries(value: object) -> list[dict[str, object]]:
    entries = []
    for number, given in enumerate(value if isinstance(value, list | tuple) else [value]):
        if not isinstance(given, Mapping):
            raise refusals.invalid_value("certKeyChain", value)
        entry: dict[str, object] = {
            "name": str(given.get("name", "default" if number == 0 else f"default{number}")),
            "appService": given.get("appService", "none"),
        }
        for name in ("cert", "key", "chain"):
            path = given.get(name)
            if path is not None and not isinstance(path, str):
                raise refusals.invalid_value(name, path)
            entry[name] = full(path) if path and path != "none" else "none"
        if isinstance(given.get("passphrase"), str):
            entry["~passphrase"] = given["passphrase"]
        elif isinstance(given.get("~passphrase"), str):
            entry["~passphrase"] = given["~passphrase"]
        entries.append(entry)
    return entries


def _keep_options(write: Write) -> None:
    """`tmOptions` is written as a list or as one string: section 3.9."""
    value = write.own.get("tmOptions")
    if value is not None:
        write.own["tmOptions"] = options(value)


def options(value: object) -> list[str]:
    """Read the options of an SSL profile in either form."""
    words = value if isinstance(value, list | tuple) else str(value).strip("{} ").split()
    return [str(word) for word in words if word != "none"]
