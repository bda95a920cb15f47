"""What iRules and policies ask of a connection, as HAProxy's samples and formats.

A fixed catalogue; what is not in it is not understood. Source of the mapping: iControl REST
reference, section 5.1; the meaning of the single commands is unverified.
"""

import re

from bigip_sim.tcl import Statement, TclError, statements

_PLAIN = {
    "HTTP::host": "req.hdr(host)",
    "HTTP::uri": "pathq",
    "HTTP::path": "path",
    "HTTP::query": "query",
    "HTTP::method": "method",
    "HTTP::version": "req.ver",
    "HTTP::status": "status",
    "IP::client_addr": "src",
    "IP::remote_addr": "src",
    "IP::local_addr": "dst",
    "TCP::client_port": "src_port",
    "TCP::remote_port": "src_port",
    "TCP::local_port": "dst_port",
    "SSL::cipher name": "ssl_fc_cipher",
    "SSL::cipher version": "ssl_fc_protocol",
    "SSL::sni name": "ssl_fc_sni",
    "X509::subject [SSL::cert 0]": "ssl_c_s_dn",
    "X509::issuer [SSL::cert 0]": "ssl_c_i_dn",
    "clock seconds": "date",
}
_NAMED = {  # command -> sample of the name that follows
    "HTTP::header": "req.fhdr({0})",
    "HTTP::header value": "req.fhdr({0})",
    "HTTP::cookie": "req.cook({0})",
    "HTTP::cookie value": "req.cook({0})",
    "URI::query [HTTP::uri]": "url_param({0})",
}
_CONVERTED = {"string tolower": "lower", "string toupper": "upper", "URI::decode": "url_dec"}
_CONVERTED["b64encode"] = "base64"
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_DELIMITER = re.compile(r"[:/.;&?=-]")


def sample(command: str, *, response: bool = False) -> str | None:
    """Return HAProxy's sample for what stands between brackets, or None."""
    text = " ".join(command.split())
    if text in _PLAIN:
        return _PLAIN[text]
    try:
        found = list(statements(text))
    except TclError:
        return None
    if len(found) != 1:
        return None
    return _named(found[0], response=response) or _converted(found[0])


def _named(statement: Statement, *, response: bool) -> str | None:
    words = [word.text for word in statement.words]
    form = _NAMED.get(" ".join(words[:-1]))
    if form is None or not _NAME.fullmatch(words[-1]):
        return None
    if response:
        form = form.replace("req.fhdr", "res.fhdr").replace("req.cook", "res.cook")
    return form.format(words[-1])


def _converted(statement: Statement) -> str | None:
    words = [word.text for word in statement.words]
    converter = _CONVERTED.get(" ".join(words[:-1]))
    if converter is not None:
        inner = bracketed(words[-1])
        return f"{inner},{converter}" if inner else None
    if words[0] == "getfield" and len(words) == 4 and words[3].isdigit():
        inner = bracketed(words[1])
        if inner and _DELIMITER.fullmatch(words[2]):
            return f"{inner},field({words[3]},{words[2]})"
    return None


def bracketed(word: str, *, response: bool = False) -> str | None:
    """Return the sample of a word that is one command in brackets."""
    if not (word.startswith("[") and word.endswith("]")):
        return None
    return sample(word[1:-1], response=response)


def written(text: str, *, response: bool = False) -> str | None:
    """Return text with commands in brackets as a quoted log format, or None if one is unknown."""
    parts: list[str] = []
    at = 0
    while at < len(text):
        if text[at] == "$":
            return None  # a variable
        if text[at] == "[":
            end = _close(text, at)
            found = sample(text[at + 1 : end], response=response) if end else None
            if found is None:
                return None
            parts.append(f"%[{found}]")
            at = end + 1
            continue
        if text[at] == "\\" and at + 1 < len(text):
            at += 1
        parts.append({"%": "%%", "\n": "\\n", "\r": "\\r", "\0": ""}.get(text[at], text[at]))
        at += 1
    return "'" + "".join(parts).replace("'", "'\\''") + "'"


def _close(text: str, at: int) -> int:
    depth = 0
    for place in range(at, len(text)):
        depth += {"[": 1, "]": -1}.get(text[place], 0)
        if not depth:
            return place
    return 0
