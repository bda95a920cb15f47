"""What profiles count: what the virtual servers that use them have carried.

Fields of client-ssl, server-ssl and http: iControl REST reference, section 4.4. Those of the other
profiles are the names of the device's own management database and unverified.
"""

from collections.abc import Callable, Iterable, Mapping

from bigip_sim.catalogue import KINDS
from bigip_sim.recorded import counted
from bigip_sim.rendering import Fields
from bigip_sim.sources import Sources
from bigip_sim.statistics_ltm import reset_users
from bigip_sim.traffic import NOTHING, Counters
from bigip_sim.tree import Item

Entries = Iterable[tuple[str, Fields]]
_CLIENT_SSL, _SERVER_SSL = "ltm/profile/client-ssl", "ltm/profile/server-ssl"
_TCP = (
    *("abandons", "acceptfails", "accepts", "closeWait", "connects", "connfails", "expires"),
    *("finWait", "open", "rxbadcookie", "rxbadseg", "rxbadsum", "rxcookie", "rxooseg", "rxrst"),
    *("syncacheover", "timeWait", "txrexmits"),
)
_UDP = (
    *("acceptfails", "accepts", "expires", "open", "rxbaddgram", "rxbadsum", "rxdgram"),
    *("rxnosum", "rxunreach", "txdgram"),
)
_FASTL4 = (
    *("acceptfails", "accepts", "expires", "open", "rxbadpkt", "rxbadsum", "rxbadunreach"),
    *("rxunreach", "serversynrtx", "syncookaccept", "syncookissue", "syncookreject", "txerrors"),
)
_ONE_CONNECT = ("connects", "curSize", "maxSize", "reuses")


def _about(item: Item) -> dict[str, int | str]:
    return {
        "tmName": item.key.name,
        "typeId": item.kind.replace("/", " "),
        "vsName": "N/A",
    }


def _carried(sources: Sources, item: Item) -> Counters:
    return sources.meter.less((item.key.family, item.key.name), sources.of_virtuals(item.key))


def _http(sources: Sources, item: Item) -> Entries:
    counters = _carried(sources, item)
    ok, moved, bad, broken = counters.answers
    yield (
        "",
        {
            **counted(item.kind),
            **_about(item),
            "numberReqs": counters.requests,
            "resp_2xxCnt": ok,
            "resp_3xxCnt": moved,
            "resp_4xxCnt": bad,
            "resp_5xxCnt": broken,
        },
    )


def _ssl_sum(sources: Sources, item: Item) -> Counters:
    """Add up the virtual servers whose handshakes are this profile's.

    The data plane counts by virtual server. Of several profiles on one, which differ by server
    name, the default takes all; what is set by hand for the whole device is the root's.
    """
    total = NOTHING
    for name in sources.virtuals_with(item.key):
        if item.kind != _CLIENT_SSL or _default_of(sources, name) == item.key.name:
            total += sources.meter.virtual_since_boot(name)
    if item.key.name == KINDS[_CLIENT_SSL].root:
        total += sources.meter.by_hand()
    return total


def _default_of(sources: Sources, virtual: str) -> str:
    found = []
    for attached in sources.tree.of_kind("ltm/virtual/profiles", virtual):
        profile = sources.tree.get(KINDS[_CLIENT_SSL].key(attached.key.name))
        if profile is not None and profile.kind == _CLIENT_SSL:
            found.append((profile.own.get("sniDefault") != "true", profile.key.name))
    return min(found)[1] if found else ""


def _client_ssl(sources: Sources, item: Item) -> Entries:
    counters = sources.meter.less((item.key.family, item.key.name), _ssl_sum(sources, item))
    native = counters.handshakes
    yield (
        "",
        {
            **counted(item.kind),
            **_about(item),
            "common.curConns": counters.current,
            "common.curNativeConns": counters.current,
            "common.decryptedBytesIn": counters.bytes_in,
            "common.decryptedBytesOut": counters.bytes_out,
            "common.maxConns": counters.maximum,
            "common.maxNativeConns": counters.maximum,
            "common.secureHandshakes": native,
            "common.totNativeConns": native,
        },
    )


def _server_ssl(_sources: Sources, item: Item) -> Entries:
    """Handshakes with members are not counted."""
    yield "", {**counted(item.kind), **_about(item)}


def _connections(names: tuple[str, ...]) -> Callable[[Sources, Item], Entries]:
    zeros = dict.fromkeys(names, 0)

    def of_profile(sources: Sources, item: Item) -> Entries:
        counters = _carried(sources, item)
        told = {"accepts": counters.total, "open": counters.current}
        yield "", {**zeros, **_about(item), **{n: v for n, v in told.items() if n in zeros}}

    return of_profile


COUNTED: Mapping[str, Callable[[Sources, Item], Entries]] = {
    _CLIENT_SSL: _client_ssl,
    _SERVER_SSL: _server_ssl,
    "ltm/profile/http": _http,
    "ltm/profile/tcp": _connections(_TCP),
    "ltm/profile/udp": _connections(_UDP),
    "ltm/profile/fastl4": _connections(_FASTL4),
    "ltm/profile/one-connect": _connections(_ONE_CONNECT),
}
RESETS: Mapping[str, Callable[[Sources, Item], None]] = {
    **dict.fromkeys(COUNTED, reset_users),
    _CLIENT_SSL: lambda s, i: s.meter.reset((i.key.family, i.key.name), _ssl_sum(s, i)),
}
