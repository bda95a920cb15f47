"""What monitors of single protocols say to a member, and what they take for a good answer.

Mail, news and FTP servers greet; names are asked for in DNS, options in SIP. What the device sends
beyond that, such as logins, is not sent. Each is general knowledge of the protocol and unverified.
"""

import ipaddress
import re
import struct
from collections.abc import Mapping

PING = "ping"
CONNECT = "connect"
TALK = "talk"
DATAGRAM = "datagram"
_GREETINGS = {
    "ftp": "^220",
    "imap": r"^\* (OK|PREAUTH)",
    "nntp": "^20[01]",
    "pop3": r"^\+OK",
    "smtp": "^220",
}
_ECHOED = b"bigip-sim\r\n"
_TYPES = {"a": 1, "aaaa": 28}
_OPTIONS = (
    "OPTIONS sip:monitor@bigip-sim SIP/2.0\r\n"
    "Via: SIP/2.0/{via} 127.0.0.1:5060;branch=z9hG4bKsim\r\n"
    "From: <sip:bigip@127.0.0.1>;tag=sim\r\nTo: <sip:monitor@bigip-sim>\r\nCall-ID: bigip-sim\r\n"
    "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)
Said = tuple[str, bytes, str]  # how, what is sent, what a good answer looks like
# Only whether they can be connected to is looked at.
CONNECTED = frozenset(
    {"http2", "ldap", "mqtt", "mssql", "mysql", "oracle", "postgresql", "rpc", "smb", "soap"}
)


def said(leaf: str, attributes: Mapping[str, object]) -> Said | None:
    """Return what a monitor of this type says, None for one that says what `send` holds."""
    if leaf in _GREETINGS:
        return TALK, b"", _GREETINGS[leaf]
    if leaf == "tcp-echo":
        return TALK, _ECHOED, re.escape(_ECHOED.decode().strip())
    if leaf == "sip":
        datagram = attributes.get("mode", "udp") == "udp"
        via = "UDP" if datagram else "TCP"
        return DATAGRAM if datagram else TALK, _OPTIONS.format(via=via).encode(), r"^SIP/2\.0 200"
    if leaf == "dns" and attributes.get("qname"):
        return DATAGRAM, _query(attributes), _reply(attributes)
    return None


def _query(attributes: Mapping[str, object]) -> bytes:
    labels = str(attributes["qname"]).strip(".").encode().split(b".")
    name = b"".join(bytes([min(len(label), 63)]) + label[:63] for label in labels) + b"\0"
    kind = _TYPES.get(str(attributes.get("qtype", "a")), 1)
    return struct.pack(">6H", 0xB1B, 0x0100, 1, 0, 0, 0) + name + struct.pack(">2H", kind, 1)


def _reply(attributes: Mapping[str, object]) -> str:
    """A reply, its code, whether it holds an answer, and which."""
    code = (
        "."
        if attributes.get("acceptRcode") == "anything"
        else r"[\x00\x10\x20\x30\x80\x90\xa0\xb0]"
    )
    count = ".." if attributes.get("answerContains") == "anything" else r"(?!\x00\x00).."
    pattern = rf"^\x0b\x1b[\x80-\xff]{code}..{count}"
    try:
        wanted = ipaddress.ip_address(str(attributes.get("recv", ""))).packed.decode("latin-1")
    except ValueError:
        return pattern
    return f"{pattern}.*{re.escape(wanted)}"
