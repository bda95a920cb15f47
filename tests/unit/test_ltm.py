"""Names, spellings and effects on the device's side."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigip_lbaas.ltm import kinds
from bigip_lbaas.ltm.addresses import address_of, destination, with_port, without_port
from bigip_lbaas.ltm.canonical import canonical
from bigip_lbaas.ltm.effect import after
from bigip_lbaas.ltm.names import Naming
from bigip_lbaas.ltm.state import Action, ObjectPath, Step

prefixes = st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True)
ids = st.one_of(st.uuids().map(str), st.uuids().map(lambda id_: id_.hex))


@given(prefixes, prefixes, ids)
def test_a_name_belongs_to_the_prefix_that_gave_it_and_to_no_other(
    one: str, other: str, id_: str
) -> None:
    name = Naming(one).name(id_)
    assert Naming(one).owns(name)
    assert Naming(other).owns(name) == (other == one)


def test_dev_does_not_own_what_dev_2_has() -> None:
    assert not Naming("dev").owns("dev_2_7f3c")
    assert Naming("dev_2").owns("dev_2_7f3c")


@pytest.mark.parametrize("id_", ["", "a_b", "a/b", "a b", "-a"])
def test_an_id_that_would_blur_a_name_is_refused(id_: str) -> None:
    with pytest.raises(ValueError, match="cannot be part of a name"):
        Naming("dev").name(id_)


@pytest.mark.parametrize("prefix", ["", "1dev", "a/b", "a b"])
def test_a_prefix_that_no_device_takes_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="cannot begin a name"):
        Naming(prefix)


@given(st.ip_addresses().map(str), st.integers(0, 65535))
def test_an_address_with_a_port_comes_apart_again(address: str, port: int) -> None:
    assert without_port(with_port(address, port)) == address
    assert address_of(destination("dev_p", address, port)) == address


@pytest.mark.parametrize(
    ("answered", "written"),
    [
        ("/dev_p/10.0.0.1:80", "/dev_p/10.0.0.1:80"),
        ("10.0.0.1:80", "/dev_p/10.0.0.1:80"),
        ("/dev_p/10.0.0.1%0:80", "/dev_p/10.0.0.1:80"),
        ("/dev_p/2001:DB8:0::1.80", "/dev_p/2001:db8::1.80"),
    ],
)
def test_every_spelling_of_a_destination_reads_alike(answered: str, written: str) -> None:
    virtual = canonical(kinds.VIRTUAL, "dev_p", {"destination": answered})
    assert virtual["destination"] == written


@pytest.mark.parametrize("monitor", ["/Common/http ", "/Common/http"])
def test_a_monitors_trailing_blank_is_no_difference(monitor: str) -> None:
    assert canonical(kinds.POOL, "dev_p", {"monitor": monitor})["monitor"] == "/Common/http"


def test_profiles_persistence_and_translation_read_as_they_are_written() -> None:
    answer = {
        "destination": "/dev_p/10.0.0.1:80",
        "profilesReference": {
            "items": [
                {"name": "tcp", "partition": "Common", "fullPath": "/Common/tcp"},
                {"name": "http", "partition": "Common", "fullPath": "/Common/http"},
            ]
        },
        "persist": [{"name": "source_addr", "partition": "Common", "tmDefault": "yes"}],
        "sourceAddressTranslation": {"type": "automap", "poolReference": {}},
        "disabled": True,
        "generation": 7,
    }
    assert canonical(kinds.VIRTUAL, "dev_p", answer) == {
        "destination": "/dev_p/10.0.0.1:80",
        "disabled": True,
        "profiles": ({"name": "/Common/http"}, {"name": "/Common/tcp"}),
        "persist": ({"name": "/Common/source_addr"},),
        "sourceAddressTranslation": {"type": "automap"},
        "pool": "",
    }


@pytest.mark.parametrize(
    ("session", "state", "written"),
    [
        ("monitor-enabled", "up", ("user-enabled", "user-up")),
        ("user-enabled", "unchecked", ("user-enabled", "user-up")),
        ("monitor-enabled", "down", ("user-enabled", "user-up")),
        ("user-disabled", "checking", ("user-disabled", "user-up")),
        ("user-disabled", "user-down", ("user-disabled", "user-down")),
    ],
)
def test_what_a_monitor_found_is_not_what_an_administrator_wants(
    session: str, state: str, written: tuple[str, str]
) -> None:
    answer = {"name": "10.0.0.1:80", "address": "10.0.0.1", "session": session, "state": state}
    (member,) = canonical(kinds.POOL, "p", {"membersReference": {"items": [answer]}})["members"]
    assert (member["session"], member["state"]) == written


def test_after_steps_a_flag_has_replaced_its_opposite_and_nodes_have_come() -> None:
    virtual = ObjectPath(kinds.VIRTUAL, "p", "v")
    pool = ObjectPath(kinds.POOL, "p", "a")
    members = ({"name": "10.0.0.1:80", "address": "10.0.0.1"},)
    state = after(
        {virtual: {"enabled": True, "mask": "any"}},
        [
            Step(Action.CHANGE, virtual, {"disabled": True}),
            Step(Action.CREATE, pool, {"members": members}),
            Step(Action.DELETE, pool),
        ],
    )
    assert state == {
        virtual: {"disabled": True, "mask": "any"},
        ObjectPath(kinds.NODE, "p", "10.0.0.1"): {"address": "10.0.0.1"},
    }
