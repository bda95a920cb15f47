"""What SSL profiles ask for: certificates by server name, versions, ciphers, whom to believe.

Sources: iControl REST reference, sections 3.9 and 5.1. A profile is chosen by `serverName`, or by
the names in its certificates; who asks for none of them gets the one that is `sniDefault`, else
the first (unverified).
"""

import hashlib
import re
import ssl
import tempfile
from collections.abc import Iterable, Mapping

from cryptography.hazmat.primitives import serialization

from bigip_sim.dataplane.ciphers import grouped, translated
from bigip_sim.dataplane.parts import ServerTls, Tls
from bigip_sim.dataplane.sight import Sight
from bigip_sim.kinds import many
from bigip_sim.shapes_files import content_of
from bigip_sim.shapes_profiles import options
from bigip_sim.tree import Item

_VERSIONS = (
    *(("no-tlsv1", "TLSv1.0"), ("no-tlsv1.1", "TLSv1.1")),
    *(("no-tlsv1.2", "TLSv1.2"), ("no-tlsv1.3", "TLSv1.3")),
)
_HOST = re.compile(r"[A-Za-z0-9*_.-]+")
_VERIFY = {"require": "required", "request": "optional"}


class Files:
    """Files that HAProxy reads, named by what they hold."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    def add(self, content: str, suffix: str) -> str:
        """Return the name of a file with this content."""
        name = hashlib.sha256(content.encode()).hexdigest()[:20] + suffix
        self.found[name] = content
        return name


def client_tls(
    sight: Sight, files: Files, profiles: Iterable[Item], http2: Mapping[str, object] | None
) -> Tls | None:
    """Return how clients are met, for a virtual server's client-ssl profiles; None: without TLS.

    Without a listing there is nothing to show them: it cannot be carried.
    """
    lines: list[tuple[bool, str]] = []
    strict = asks = enabled = False
    for profile in profiles:
        attributes = sight.attributes(profile)
        if attributes.get("mode") == "disabled":
            continue
        enabled = True
        first = attributes.get("sniDefault") == "true"
        strict = strict or (first and attributes.get("sniRequire") == "true")
        asks = asks or attributes.get("peerCertMode") == "request"
        words = _terms(sight, profile, attributes)
        words += _client_trust(sight, files, profile, attributes)
        name = str(attributes.get("serverName", "none"))
        host = f" {name}" if _HOST.fullmatch(name) and name != "none" else ""
        said = f" [{' '.join(words)}]" if words else ""
        lines += [
            (not first, f"{pem}{said}{host}") for pem in _pairs(sight, files, profile, attributes)
        ]
    if not lines:
        return Tls("", "") if enabled else None
    lines.sort(key=lambda line: line[0])  # the first is what others get
    listing = files.add("".join(f"{line}\n" for _, line in lines), ".list")
    more = ["strict-sni"] if strict else []
    more += ["ca-ignore-err all crt-ignore-err all"] if asks else []
    if http2 is not None and "alpn" in (options(http2.get("activationModes", [])) or ["alpn"]):
        more.append("alpn h2,http/1.1")
    return Tls(listing, " ".join(more))


def server_tls(sight: Sight, files: Files, profile: Item) -> ServerTls | None:
    """Return how members are met, for a server-ssl profile; None: without TLS."""
    attributes = sight.attributes(profile)
    if attributes.get("mode") == "disabled":
        return None
    words = ["ssl", *_terms(sight, profile, attributes)]
    authority = _text(sight, attributes.get("caFile"))
    if attributes.get("peerCertMode") == "require":
        if not authority:
            _say(sight, profile, "requires certificates without a caFile: nobody is believed")
            authority = _text(sight, "/Common/default.crt")
        words.append(f"verify required ca-file {files.add(authority, '.pem')}")
        name = str(attributes.get("authenticateName", "none"))
        if _HOST.fullmatch(name) and name != "none":
            words.append(f"verifyhost {name}")
    else:
        words.append("verify none")
    server = str(attributes.get("serverName", "none"))
    if _HOST.fullmatch(server) and server != "none":
        words.append(f"sni str({server})")
    if attributes.get("cert", "none") != "none":
        pair = _pem(sight, profile, attributes)
        if pair:
            words.append(f"crt {files.add(pair, '.pem')}")
    return ServerTls(" ".join(words))


def _pairs(
    sight: Sight, files: Files, profile: Item, attributes: Mapping[str, object]
) -> list[str]:
    entries = attributes.get("certKeyChain")
    found = []
    secrets = profile.own.get("certKeyChain")
    for place, entry in enumerate(entries if isinstance(entries, list) else [attributes]):
        secret = ""
        if isinstance(secrets, list) and place < len(secrets):
            secret = str(secrets[place].get("~passphrase", ""))
        if pair := _pem(sight, profile, entry, secret):
            found.append(files.add(pair, ".pem"))
    return found


def _pem(sight: Sight, profile: Item, entry: Mapping[str, object], secret: str = "") -> str:
    """Return certificate, chain and key in one text."""
    certificate, chain = (_text(sight, entry.get(name)) for name in ("cert", "chain"))
    item = sight.get("sys/file/ssl-key", entry.get("key"))
    key = content_of(item)
    if not certificate or item is None or key is None:
        _say(sight, profile, "has no certificate and key that can be shown")
        return ""
    if b"ENCRYPTED" in key:
        secret = secret or str(item.own.get("~passphrase", ""))
        try:
            key = serialization.load_pem_private_key(key, secret.encode()).private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        except (ValueError, TypeError):
            _say(sight, profile, f"has a key ({item.key.name}) that its passphrase does not open")
            return ""
    pair = "\n".join(text.strip() for text in (certificate, chain, key.decode()) if text) + "\n"
    if why_not := _why_not_shown(pair):
        _say(sight, profile, f"has a certificate that OpenSSL refuses to show: {why_not}")
        return ""
    return pair


def _why_not_shown(pair: str) -> str:
    """HAProxy would not start with a pair that OpenSSL refuses, such as one with a short key."""
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(pair)
        file.flush()
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(file.name)
        except ssl.SSLError as error:
            return str(error.reason or error)
    return ""


def _text(sight: Sight, name: object) -> str:
    content = content_of(sight.get("sys/file/ssl-cert", name)) if name else None
    return content.decode("utf-8", "replace") if content else ""


def _terms(sight: Sight, profile: Item, attributes: Mapping[str, object]) -> list[str]:
    """Return versions and ciphers."""
    refused = set(options(attributes.get("tmOptions", "none")))
    kept = [name for word, name in _VERSIONS if word not in refused]
    if not kept:
        _say(sight, profile, "allows no version of TLS; TLSv1.2 is carried")
        kept = ["TLSv1.2"]
    words = [f"ssl-min-ver {kept[0]}", f"ssl-max-ver {kept[-1]}"]
    group = _group_ciphers(sight, attributes.get("cipherGroup"))
    if group is not None:
        if not group:
            _say(sight, profile, "has a cipher group that leaves no cipher; OpenSSL's are offered")
        return [*words, f"ciphers {group}"] if group else words
    ciphers = str(attributes.get("ciphers", "DEFAULT"))
    if ciphers in {"DEFAULT", "none"}:
        return words
    if known := translated(ciphers):
        return [*words, f"ciphers {known}"]
    _say(sight, profile, f"has ciphers {ciphers!r} that OpenSSL does not know; its own are offered")
    return words


def _group_ciphers(sight: Sight, name: object) -> str | None:
    """Return the ciphers of a cipher group, None without one."""
    group = sight.get("ltm/cipher/group", name)
    if group is None:
        return None

    def lines(field: str) -> list[str]:
        rules = (sight.get("ltm/cipher/rule", rule) for rule in many(field)(group))
        return [str(rule.own.get("cipher", "")) for rule in rules if rule is not None]

    return grouped(lines("allow"), lines("exclude"), lines("require"))


def _client_trust(
    sight: Sight, files: Files, profile: Item, attributes: Mapping[str, object]
) -> list[str]:
    mode = _VERIFY.get(str(attributes.get("peerCertMode")))
    if mode is None:
        return []
    if attributes.get("crlFile", "none") != "none":
        _say(sight, profile, "has a list of revoked certificates, which is not carried")
    authority = _text(sight, attributes.get("caFile"))
    if authority:
        return [f"ca-file {files.add(authority, '.pem')}", f"verify {mode}"]
    if mode == "optional":
        return []
    _say(sight, profile, "requires certificates without a caFile: nobody is believed")
    return [f"ca-file {files.add(_text(sight, '/Common/default.crt'), '.pem')}", f"verify {mode}"]


def _say(sight: Sight, profile: Item, what: str) -> None:
    sight.problem(f"profile {profile.key.name} {what}")
