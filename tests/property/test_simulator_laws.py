"""Laws of the simulated device, whatever is asked of it: told over its REST interface alone.

The rules that a tree must keep stand here anew, in what the answers say; nothing of the
simulator's own rules is imported.
"""

import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from device_kinds import FILES, FURNISHING, PARTITION, Ask, Json
from device_walks import dump, links, patches, walks
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asking import Rest, new_device
from bigip_sim.certificates import make_certificates

quick = settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])


def fresh(**options: Any) -> Rest:
    """Return a device whose partition holds one of everything that walks refer to."""
    rest = new_device(**options)
    rest.post("auth/partition", name=PARTITION)
    for name in FILES:
        content = pairs()[name]
        span = {"Content-Range": f"0-{len(content) - 1}/{len(content)}"}
        path = f"/mgmt/shared/file-transfer/uploads/{name}"
        assert rest.ask("POST", path, content, span).status == 200
    for ask in FURNISHING:
        answer = ask.of(rest)
        assert answer.status == 200, answer.text
    return rest


@cache
def pairs() -> Mapping[str, bytes]:
    """Return two certificates with their keys, by the names of their files."""
    made = {}
    for name in "ab":
        with TemporaryDirectory() as directory:
            files = make_certificates(Path(directory))
            made[f"{name}.crt"] = files.certificate.read_bytes()
            made[f"{name}.key"] = files.key.read_bytes()
    return made


def kind_of(item: Json) -> str:
    return str(item["kind"])


def of_kind(state: dict[str, Json], kind: str) -> list[Json]:
    return [item for item in state.values() if kind_of(item) == kind]


def only_once(what: list[Any]) -> None:
    assert [value for value, count in Counter(what).items() if count > 1] == []


def listener(virtual: Json) -> tuple[object, ...]:
    names = ("destination", "source", "ipProtocol")
    return (*(virtual[name] for name in names), tuple(sorted(virtual.get("vlans", ()))))


def check_tree(rest: Rest, state: dict[str, Json]) -> None:
    for link in set().union(*map(links, state.values())):
        assert rest.ask("GET", link).status == 200, f"{link} leads nowhere"
    for item in state.values():
        for name in re.findall(r"/\w+/[\w.-]+", str(item.get("monitor", ""))):
            if name not in {"/Common/none", "default"}:
                kinds = ("http", "tcp")
                path = name.replace("/", "~")
                statuses = {rest.ask("GET", f"ltm/monitor/{kind}/{path}").status for kind in kinds}
                assert 200 in statuses, f"{item['fullPath']} names a missing monitor {name}"
    only_once([node["address"] for node in of_kind(state, "tm:ltm:node:nodestate")])
    virtuals = of_kind(state, "tm:ltm:virtual:virtualstate")
    only_once([listener(virtual) for virtual in virtuals])
    addresses = of_kind(state, "tm:ltm:virtual-address:virtual-addressstate")
    only_once([address["address"] for address in addresses])
    for virtual in virtuals:
        host = virtual["destination"].rpartition("/")[2].partition(":")[0]
        host = "any" if host == "0.0.0.0" else host
        assert {host, "0.0.0.0" if host == "any" else host} & {a["address"] for a in addresses}
    profiles = [i for i in state.values() if kind_of(i).startswith("tm:ltm:profile:")]
    only_once([profile["fullPath"] for profile in profiles])
    nodes = {n["fullPath"]: n["address"] for n in of_kind(state, "tm:ltm:node:nodestate")}
    for member in of_kind(state, "tm:ltm:pool:members:membersstate"):
        node = f"/{member['partition']}/{member['name'].partition(':')[0]}"
        assert nodes[node] == member["address"]


def everything(rest: Rest) -> tuple[dict[str, Json], object]:
    """Return what can be read of the partition, and all that the device holds."""
    return dump(rest), rest.dump()


@quick
@given(walks)
def test_whatever_is_asked_the_tree_fits_together_and_what_fails_changes_nothing(
    walk: list[Ask],
) -> None:
    rest = fresh()
    before = everything(rest)
    for ask in walk:
        answer = ask.of(rest)
        assert answer.status in {200, 400, 404, 409}, answer.text
        after = everything(rest)
        if answer.status == 200:
            check_tree(rest, after[0])
        else:
            assert after == before, f"{ask} was refused: {answer.message}"
        before = after


@quick
@given(walks, walks)
def test_a_transaction_is_carried_out_whole_or_not_at_all(
    first: list[Ask], queued: list[Ask]
) -> None:
    rest = fresh()
    for ask in first:
        ask.of(rest)
    before = everything(rest)
    transaction = rest.begin()
    for ask in queued:
        assert ask.of(rest, transaction).status == 200
    assert everything(rest) == before
    answer = rest.commit(transaction)
    after = everything(rest)
    if answer.status == 200:
        check_tree(rest, after[0])
    else:
        assert answer.message.startswith("transaction failed:")
        assert after == before
    assert rest.ask("GET", f"transaction/{transaction}").status == 404


@quick
@given(walks)
def test_validation_alone_changes_nothing_and_says_what_the_commit_says(walk: list[Ask]) -> None:
    rest = fresh()
    before = everything(rest)
    said = []
    for more in ({"validateOnly": True}, {}):
        transaction = rest.begin()
        for ask in walk:
            ask.of(rest, transaction)
        said.append(rest.commit(transaction, **more))
        if more:
            assert everything(rest) == before
    assert said[0].status == said[1].status


@quick
@given(walks)
def test_saving_and_restoring_is_the_identity(walk: list[Ask]) -> None:
    with TemporaryDirectory() as directory:
        state = Path(directory) / "state"
        rest = fresh(state=state)
        for ask in walk:
            ask.of(rest)
        rest.post("sys/config", command="save")
        before = everything(rest)
        rest.device.close()
        again = new_device(state=state)
        assert everything(again) == before
        again.device.close()


@quick
@given(walks)
def test_putting_back_what_was_read_changes_nothing_but_the_generation(walk: list[Ask]) -> None:
    rest = fresh()
    for ask in walk:
        ask.of(rest)
    before = dump(rest)
    closed = [path for path, item in before.items() if item.get("status") == "published"]
    for path, item in before.items():
        answer = rest.ask("PUT", path, rest.get(path))
        is_open = not any(f"{path}/".startswith(f"{policy}/") for policy in closed)
        assert answer.status == (200 if is_open else 400), f"{item}: {answer.text}"
    assert without_generation(dump(rest)) == without_generation(before)


COUNTED = {"generation", "revision", "systemPath"}  # files are read anew, so they count on


def without_generation(state: dict[str, Json]) -> dict[str, object]:
    def plain(value: object) -> object:
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items() if k not in COUNTED}
        return [plain(v) for v in value] if isinstance(value, list) else value

    return {path: plain(item) for path, item in state.items()}


# What reads exactly as it was written, and what other attributes may follow a change.
PLAIN = {
    *("ratio", "minActiveMembers", "loadBalancingMode", "connectionLimit", "cookieName", "type"),
    *("interval", "idleTimeout", "insertXforwardedFor", "apiAnonymous"),
}
CONSEQUENCES = {
    *("generation", "enabled", "disabled", "state", "session", "mask", "floating"),
    *("draftCopy", "lastModified", "controls", "requires", "status"),  # of policies
    *("certKeyChain", "cert", "key", "chain", "inheritCertkeychain"),  # one follows the other
} | {
    f"{name}Reference"
    for name in (
        "pool",
        "rules",
        "persist",
        "profiles",
        "members",
        "destination",
        "defaultsFrom",
        "vlan",
        "vlans",
        "profile",
        "draftCopy",
        "policies",
        "devices",
        "haOrder",
        "gw",
        "tmInterface",
        "snatpool",
        "translation",
        "caFile",
        "cert",
        "key",
        "chain",
    )
}


FOLLOWED = {"defaultsFrom", "sourcePath", "legacy"}  # much else follows these


@quick
@given(walks, st.lists(patches(), min_size=3, max_size=8))
def test_what_was_patched_reads_so_and_the_rest_is_as_before(
    walk: list[Ask], changes: list[Ask]
) -> None:
    rest = fresh()
    for ask in walk:
        ask.of(rest)
    for ask in changes:
        if rest.ask("GET", ask.path).status != 200 or FOLLOWED & (ask.body or {}).keys():
            continue
        before = rest.get(ask.path)
        if ask.of(rest).status != 200:
            continue
        after = rest.get(ask.path)
        assert after["generation"] >= before["generation"]
        assert ask.body is not None
        for name in before.keys() - ask.body.keys() - CONSEQUENCES:
            assert after.get(name) == before[name], name
        for name in ask.body.keys() & PLAIN:
            assert str(after[name]) == str(ask.body[name])
