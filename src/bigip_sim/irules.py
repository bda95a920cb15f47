"""iRules as they are kept: trimmed, compiled as far as errors are recognisable, what they name.

Source: iControl REST reference, sections 1.6 and 3.8. The code 01070151 and `undefined procedure`
are recorded; the words of the other errors, the list of commands, and that literal names count as
references are unverified.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bigip_sim import refusals
from bigip_sim.names import join_path, split_path
from bigip_sim.refusals import RefusedError
from bigip_sim.shaping import Write
from bigip_sim.tcl import Statement, TclError, inner_commands, nested, statements
from bigip_sim.tree import Draft, Item, Key

_TOP = frozenset({"when", "proc", "timing", "priority"})
_TCL_COMMANDS = """
after append array binary break catch clock concat continue default else elseif encoding error
eval expr for foreach format global if incr info join lappend lassign lindex linsert list llength
lrange lrepeat lreplace lreverse lsearch lset lsort regexp regsub return scan set split string
subst switch unset upvar uplevel variable while proc rename trace package dict call clientside
serverside peer
"""
_TCL = frozenset(_TCL_COMMANDS.split())
_OWN_COMMANDS = """
active_members active_nodes accumulate b64decode b64encode class clone connect cpu crc32
decode_uri discard domain drop event fasthash findclass findstr forward getfield hasattr host
htonl htons http_cookie http_header http_host http_method http_uri http_version ifile imid ip_addr
ip_protocol ip_tos ip_ttl istats lasthop link_qos listen llookup local_addr log matchclass md5
members nexthop node nodes ntohl ntohs persist pool priority proxy_uri qname rateclass recv
redirect reject relate_client relate_server remote_addr rsp_body send session sha1 sha256 sha384
sha512 sharedvar snat snatpool substr table tcl_platform tcpdump timing traffic_group translate
urlcatblindquery urlcatquery use vlan_id virtual when whereis client_addr client_port server_addr
server_port local_port remote_port active_nodes clienthost AES ASM AVR close hex md4 rmd160 rand
log_local sideband sleep unknown
"""
_OWN = frozenset(_OWN_COMMANDS.split())
_PLAIN = re.compile(r"[a-z][a-z0-9_]*")
_ESCAPE = re.compile(r"\\u[0-9a-fA-F]{4}")
_NAME = re.compile(r"[\w/.:%-]+")
_EVENT = re.compile(r"[A-Z][A-Z0-9_]*")


@dataclass(frozen=True, slots=True)
class Mention:
    """A literal name of another object."""

    family: str
    name: str
    line: int
    source: str


def rule(write: Write) -> None:
    """Keep an iRule's text and what it names, or say where it does not compile."""
    text = str(write.own.get("apiAnonymous", "")).strip()
    write.own["apiAnonymous"] = text
    name = write.key.name
    if write.old is not None and write.old.builtin:
        raise refusals.configuration_error(f"The system iRule ({name}) is read-only")
    if _ESCAPE.search(text):
        head = text.splitlines()[0]
        raise _refused(name, f"can't parse TCL script beginning with\n{head}")
    try:
        found = tuple(_commands(text, name))
    except TclError as error:
        raise _refused(name, f"{name}:{error.line}: error: [parse error: {error}][]") from error
    for statement in found:
        if _PLAIN.fullmatch(statement.name) and statement.name not in _TCL | _OWN:
            said = f"[undefined procedure: {statement.name}][{statement.source}]"
            raise _refused(name, f"{name}:{statement.line}: error: {said}")
    mentions = [m for statement in found for m in _mentions(statement)]
    for field, family in _FIELDS.items():
        write.own[field] = sorted(
            {_resolve(write.draft, write.partition, m) for m in mentions if m.family == family}
        )
    write.own["~events"] = sorted(set(events(text)))


_FIELDS: Mapping[str, str] = {
    "~pools": "ltm/pool",
    "~groups": "value list",
    "~snatpools": "ltm/snatpool",
}


def events(text: str) -> Iterator[str]:
    """Yield the events that an iRule waits for."""
    for statement in statements(text):
        if statement.name == "when" and len(statement.words) > 1:
            yield statement.words[1].text


def _commands(text: str, name: str) -> Iterator[Statement]:
    procedures = {
        s.words[1].text for s in statements(text) if s.name == "proc" and len(s.words) > 1
    }
    for statement in statements(text):
        if statement.name not in _TOP:
            said = f"[command is not valid in the current scope][{statement.source}]"
            raise _refused(name, f"{name}:{statement.line}: error: {said}")
        words = statement.words
        if statement.name == "when" and (len(words) < 3 or not _EVENT.fullmatch(words[1].text)):
            said = f"[unknown event][{statement.source.splitlines()[0]}]"
            raise _refused(name, f"{name}:{statement.line}: error: {said}")
        if statement.name in {"when", "proc"} and words[-1].braced:
            for inner in _within(words[-1].text, words[-1].line):
                if inner.name not in procedures:
                    yield inner


def _within(text: str, line: int) -> Iterator[Statement]:
    for statement in statements(text, line):
        yield statement
        for inner in nested(statement):
            yield from _deeper(inner)
        for inner in inner_commands(statement.source, statement.line):
            if inner.name in {"class", "matchclass", "findclass"}:
                yield inner


def _deeper(statement: Statement) -> Iterator[Statement]:
    yield statement
    for inner in nested(statement):
        yield from _deeper(inner)


def _mentions(statement: Statement) -> Iterator[Mention]:
    words = statement.words
    family = {"pool": "ltm/pool", "snatpool": "ltm/snatpool"}.get(statement.name)
    place = 1 if family else -1
    if statement.name == "class" and len(words) > 2 and words[1].text in _LOOKUPS:
        family = "value list"
    if statement.name in {"matchclass", "findclass"}:
        family, place = "value list", (-1 if statement.name == "matchclass" else 2)
    if family is None or len(words) <= place:
        return
    word = words[place]
    if word.literal and _NAME.fullmatch(word.text):
        yield Mention(family, word.text, statement.line, statement.source)


_LOOKUPS = frozenset({"match", "search", "lookup", "exists", "size", "type", "names", "get"})


def _resolve(draft: Draft, partition: str, mention: Mention) -> str:
    own = join_path(mention.name, partition)
    shared = join_path(mention.name, "Common")
    if draft.get(Key(mention.family, "", own)) is None:
        return shared if draft.get(Key(mention.family, "", shared)) is not None else own
    return own


def names_nothing(item: Item, family: str, path: str) -> RefusedError:
    """Return the refusal of an iRule that names what is not there, by its line."""
    word = {"ltm/pool": "pool", "value list": "value_list"}.get(family, "snatpool")
    name, text = item.key.name, str(item.own["apiAnonymous"])
    for mention in (m for s in _commands(text, name) for m in _mentions(s)):
        if mention.family == family and path in {mention.name, *_paths(item, mention.name)}:
            said = f"Unable to find {word} ({mention.name}) referenced at line {mention.line}: "
            return _refused(name, f"{said}[{mention.source}]")
    return _refused(name, f"Unable to find {word} ({path})")


def _paths(item: Item, name: str) -> tuple[str, str]:
    return join_path(name, split_path(item.key.name).partition), join_path(name, "Common")


def _refused(name: str, text: str) -> RefusedError:
    return RefusedError(400, f"01070151:3: Rule [{name}] error: {text}")
