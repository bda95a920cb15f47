"""What POST, PUT, PATCH and DELETE do on every BIG-IP (reference, section 1.5)."""

import pytest
from bigip import Bigip


@pytest.fixture
def pool(bigip: Bigip) -> str:
    """Return the path of a pool, as a URI has it."""
    bigip.make("ltm/pool", "p", minActiveMembers=2)
    return f"ltm/pool/{bigip.segment('p')}"


def test_a_creation_answers_with_the_whole_object(bigip: Bigip) -> None:
    made = bigip.make("ltm/pool", "p")
    assert made["loadBalancingMode"] == "round-robin"
    assert made == bigip.get(f"ltm/pool/{bigip.segment('p')}")


def test_the_partition_may_be_written_with_a_slash(bigip: Bigip) -> None:
    bigip.will_make("ltm/pool", "slashed")
    made = bigip.post("ltm/pool", name="slashed", partition=f"/{bigip.partition}")
    assert made["partition"] == bigip.partition


def test_the_name_may_be_a_full_path(bigip: Bigip) -> None:
    bigip.will_make("ltm/pool", "whole")
    assert bigip.post("ltm/pool", name=bigip.full("whole"))["name"] == "whole"


def test_a_patch_changes_what_it_names(bigip: Bigip, pool: str) -> None:
    before = bigip.get(pool)
    after = bigip.patch(pool, description="new")
    assert after == bigip.get(pool)
    assert after["generation"] > before["generation"]
    assert {**before, "description": "new", "generation": after["generation"]} == after


def test_a_put_lets_the_rest_fall_back_to_defaults(bigip: Bigip, pool: str) -> None:
    after = bigip.put(pool, description="new")
    assert (after["description"], after["minActiveMembers"]) == ("new", 0)


def test_a_put_of_what_was_read_changes_nothing(bigip: Bigip, pool: str) -> None:
    before = bigip.get(pool)
    after = bigip.put(pool, **before)
    assert {**after, "generation": 0} == {**before, "generation": 0}


def test_a_deletion_answers_with_nothing(bigip: Bigip) -> None:
    bigip.post("ltm/pool", name="gone", partition=bigip.partition)
    path = f"ltm/pool/{bigip.segment('gone')}"
    bigip.delete(path)
    assert bigip.ask("GET", path).status_code == 404


def test_an_inline_subcollection_replaces_all_of_it(bigip: Bigip, pool: str) -> None:
    for number in (1, 2, 3):
        bigip.will_make("ltm/node", f"10.32.0.{number}")
    bigip.will_make("ltm/pool", "p")  # goes before its nodes
    bigip.patch(pool, members=[{"name": f"10.32.0.{n}:80"} for n in (1, 2)])
    bigip.patch(pool, members=[{"name": f"10.32.0.{n}:80"} for n in (2, 3)])
    names = [member["name"] for member in bigip.get(f"{pool}/members")["items"]]
    assert names == ["10.32.0.2:80", "10.32.0.3:80"]


def test_of_a_pair_of_flags_only_the_one_that_holds_is_there(bigip: Bigip) -> None:
    bigip.will_make("ltm/virtual-address", "10.31.0.3")
    made = bigip.make("ltm/virtual", "f", destination="10.31.0.3:80")
    assert made["enabled"] is True
    after = bigip.patch(f"ltm/virtual/{bigip.segment('f')}", disabled=True)
    assert after["disabled"] is True
    assert "enabled" not in after


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("10.31.0.4:80", "10.31.0.4:80"),
        ("{partition}/10.31.0.4:443", "10.31.0.4:443"),
        ("2001:db8::4.80", "2001:db8::4.80"),
        ("10.31.0.4:any", "10.31.0.4:0"),
    ],
)
def test_destinations_read_in_one_form(bigip: Bigip, written: str, read: str) -> None:
    for address in ("10.31.0.4", "2001:db8::4"):
        bigip.will_make("ltm/virtual-address", address)
    destination = written.format(partition=f"/{bigip.partition}")
    made = bigip.make("ltm/virtual", "d", destination=destination)
    assert made["destination"] == bigip.full(read)


def test_monitors_read_as_one_expression(bigip: Bigip, pool: str) -> None:
    both = "/Common/http and /Common/tcp"
    assert bigip.patch(pool, monitor=both)["monitor"].strip() == both
    one_of = bigip.patch(pool, monitor="min 1 of /Common/http /Common/tcp")["monitor"].strip()
    assert one_of == "min 1 of { /Common/http /Common/tcp }"


def test_a_child_follows_its_parent_in_what_was_not_set(bigip: Bigip) -> None:
    bigip.make("ltm/profile/http", "parent", insertXforwardedFor="enabled")
    child = bigip.make("ltm/profile/http", "child", defaultsFrom=bigip.full("parent"))
    assert child["insertXforwardedFor"] == "enabled"
    bigip.patch(f"ltm/profile/http/{bigip.segment('parent')}", insertXforwardedFor="disabled")
    path = f"ltm/profile/http/{bigip.segment('child')}"
    assert bigip.get(path)["insertXforwardedFor"] == "disabled"
