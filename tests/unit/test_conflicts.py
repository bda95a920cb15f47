"""Who may register beside whom: one host, one agent per device; one device, one group."""

from dataclasses import replace

import pytest

from bigip_lbaas.domain.cluster import Way
from bigip_lbaas.scheduling.conflicts import conflict
from bigip_lbaas.store.records import Agent
from bigip_lbaas.wire.messages import Registration

EACH_EQUAL = Way()


def peer(host: str, group: int, *devices: str) -> Agent:
    name = f"{host}:{group}"
    return Agent(name, "dev", host, group, "e", 1, True, True, devices, 0.0, 0.0)  # type: ignore[arg-type]


def newcomer(host: str, group: int, *devices: str, way: Way = EACH_EQUAL) -> Registration:
    said = Registration(f"{host}:{group}", "dev", host, group, devices)  # type: ignore[arg-type]
    return replace(said, device_sync=way.device_sync, device_set=way.device_set)


def judge(new: Registration, *peers: Agent, way: Way = EACH_EQUAL) -> str | None:
    """Return what is said of a newcomer; way: of all who are there."""
    return conflict(new, peers, {peer.id: way for peer in peers})


def test_agents_of_one_group_on_different_hosts_share_its_devices() -> None:
    assert judge(newcomer("h2", 1, "A", "B"), peer("h1", 1, "A", "B")) is None


def test_an_agent_that_restarts_replaces_itself() -> None:
    assert judge(newcomer("h1", 1, "B"), peer("h1", 1, "A")) is None


def test_two_agents_on_one_host_may_not_manage_one_device_whatever_their_group() -> None:
    why = judge(newcomer("h1", 2, "A", "B"), peer("h1", 1, "A", "C"))
    assert why is not None
    assert "agent h1:1 on this host (h1) manages device A already" in why


def test_two_groups_may_not_share_a_device() -> None:
    why = judge(newcomer("h2", 2, "A"), peer("h1", 1, "A"))
    assert why is not None
    assert "device A belongs to device group 1 (agent h1:1)" in why
    assert "environment_group_number" in why


@pytest.mark.parametrize("devices", [("A",), ("A", "C"), ("A", "B", "C"), ("C", "D")])
def test_agents_of_one_group_report_the_same_devices(devices: tuple[str, ...]) -> None:
    why = judge(newcomer("h2", 1, *devices), peer("h1", 1, "A", "B"))
    assert why is not None
    assert "agents of one group must name the same devices" in why


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (("?x", "B"), ("A", "B")),
        (("A", "B"), ("?x", "B")),
        (("?x", "?y"), ("A", "B")),
        (("?x", "B"), ("A", "?y")),
    ],
)
def test_a_device_that_has_not_said_who_it_is_may_be_any(
    mine: tuple[str, ...], theirs: tuple[str, ...]
) -> None:
    assert judge(newcomer("h2", 1, *mine), peer("h1", 1, *theirs)) is None


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [(("?x",), ("A", "B")), (("?x", "C"), ("A", "B")), (("C", "D"), ("?x", "B"))],
)
def test_even_with_unknown_devices_sets_that_cannot_be_one_are_refused(
    mine: tuple[str, ...], theirs: tuple[str, ...]
) -> None:
    assert judge(newcomer("h2", 1, *mine), peer("h1", 1, *theirs)) is not None


def test_unknown_devices_of_different_groups_are_no_shared_device() -> None:
    assert judge(newcomer("h2", 2, "?x"), peer("h1", 1, "?x")) is None
    assert judge(newcomer("h1", 2, "?x"), peer("h1", 1, "?x")) is None


def test_the_order_of_peers_does_not_matter() -> None:
    new = newcomer("h3", 3, "A", "B")
    peers = [peer("h1", 1, "A"), peer("h2", 2, "B"), peer("h4", 4, "C")]
    assert judge(new, *peers) == judge(new, *reversed(peers)) is not None


OVERLAPPING = Way("sync", "overlap")


def test_agents_whose_devices_overlap_share_a_group_that_syncs_itself() -> None:
    peers = (peer("h1", 1, "A", "B"), peer("h2", 1, "B", "C"))
    assert judge(newcomer("h3", 1, "B", way=OVERLAPPING), *peers, way=OVERLAPPING) is None


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (Way("sync", "equal"), OVERLAPPING),
        (OVERLAPPING, Way("sync", "equal")),
        (Way("each", "overlap"), Way("each", "overlap")),
    ],
)
def test_different_devices_need_both_to_say_so_and_config_sync(mine: Way, theirs: Way) -> None:
    why = judge(newcomer("h2", 1, "B", "C", way=mine), peer("h1", 1, "A", "B"), way=theirs)
    assert why is not None
    assert "(only h1:1: A; only h2:1: C)" in why
    assert f"they have {theirs.device_set} and {mine.device_set}" in why


def test_agents_of_one_group_write_their_devices_alike() -> None:
    why = judge(newcomer("h2", 1, "A", way=Way("sync")), peer("h1", 1, "A"))
    assert why is not None
    assert "agent h1:1 of device group 1 has device_sync = each, this one sync" in why
    assert judge(newcomer("h2", 2, "B", way=Way("sync")), peer("h1", 1, "A")) is None


def test_one_device_is_named_by_all() -> None:
    peers = (peer("h1", 1, "A", "B"), peer("h2", 1, "B", "C"))
    why = judge(newcomer("h3", 1, "A", "C", way=OVERLAPPING), *peers, way=OVERLAPPING)
    assert why is not None
    assert "no device of group 1 would be named by all its agents: h2:1 has B, C" in why
    unknown = newcomer("h3", 1, "A", "?x", way=OVERLAPPING)
    assert judge(unknown, *peers, way=OVERLAPPING) is None
