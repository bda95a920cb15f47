"""Who may register beside whom: one host, one agent per device; one device, one group."""

import pytest

from bigip_lbaas.scheduling.conflicts import conflict
from bigip_lbaas.store.records import Agent
from bigip_lbaas.wire.messages import Registration


def peer(host: str, group: int, *devices: str) -> Agent:
    name = f"{host}:{group}"
    return Agent(name, "dev", host, group, "e", 1, True, True, devices, 0.0, 0.0)  # type: ignore[arg-type]


def newcomer(host: str, group: int, *devices: str) -> Registration:
    return Registration(f"{host}:{group}", "dev", host, group, devices)  # type: ignore[arg-type]


def judge(new: Registration, *peers: Agent) -> str | None:
    return conflict(new, peers)


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
