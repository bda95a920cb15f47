"""Cipher strings and cipher groups in OpenSSL's words.

What each of the device's words means for OpenSSL is unverified. Words that name a protocol are
left out: a profile's options say which protocols there are.
"""

import re
import ssl
from collections.abc import Iterable, Sequence

_SPOKEN = re.compile(r"[A-Za-z0-9:+!@_=,.-]+")
_WORDS = {
    "AES-GCM": "AESGCM",
    "DHE_DSS": "DHE+aDSS",
    "ECDHE_ECDSA": "ECDHE+aECDSA",
    "EXP": "EXPORT",
    "NATIVE": "ALL",
    "RSA": "kRSA",
}
_PROTOCOL = re.compile(r"(D?TLSv1(_\d)?|SSL[vV][23])")


def translated(ciphers: str) -> str:
    """Return a cipher string in OpenSSL's words, or nothing if it names no cipher there."""
    if not _SPOKEN.fullmatch(ciphers):
        return ""
    kept = []
    for part in re.split("[:,]", ciphers):
        sign = part[:1] if part[:1] in {"!", "-", "+"} else ""
        words = [w for w in part[len(sign) :].split("+") if not _PROTOCOL.fullmatch(w)]
        if words:
            said = (_WORDS.get(w, w).replace("-CBC-SHA", "-SHA") for w in words)
            kept.append(sign + "+".join(said))
    line = ":".join(kept)
    return line if names(line) else ""


def names(ciphers: str) -> tuple[str, ...]:
    """Return the ciphers that a string of OpenSSL's stands for; those of TLS 1.3 stand apart."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.set_ciphers(ciphers)
    except ssl.SSLError:
        return ()
    return tuple(c["name"] for c in context.get_ciphers() if not c["name"].startswith("TLS_"))


def grouped(allow: Iterable[str], exclude: Iterable[str], require: Sequence[str]) -> str:
    """Return what a group leaves: all that is allowed and required, and not excluded."""
    kept = [name for line in allow for name in names(translated(line) or "-ALL")]
    for line in require:
        wanted = names(translated(line) or "-ALL")
        kept = [name for name in kept if name in wanted]
    refused = {name for line in exclude for name in names(translated(line) or "-ALL")}
    return ":".join(name for name in dict.fromkeys(kept) if name not in refused)
