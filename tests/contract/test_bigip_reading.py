"""What every BIG-IP answers to reads: identities, collections, queries (reference, 1.3 and 1.4)."""

import re

import pytest
from bigip import Bigip


@pytest.fixture
def pool(bigip: Bigip) -> str:
    """Return the path of a pool with two members, as a URI has it."""
    for host in ("10.30.0.1", "10.30.0.2"):
        bigip.will_make("ltm/node", host)
    members = [{"name": f"10.30.0.{n}:80", "address": f"10.30.0.{n}"} for n in (1, 2)]
    bigip.make("ltm/pool", "p", members=members)
    return f"ltm/pool/{bigip.segment('p')}"


def test_clients_learn_the_version_from_the_link_of_sys(bigip: Bigip) -> None:
    link = bigip.get("sys")["selfLink"]
    assert re.fullmatch(r"https://localhost/mgmt/tm/sys\?ver=\d+\.\d+\.\d+(\.\d+)?", link)


def test_the_version_is_the_one_that_the_device_states(bigip: Bigip) -> None:
    (entry,) = bigip.get("sys/version")["entries"].values()
    said = entry["nestedStats"]["entries"]["Version"]["description"]
    assert bigip.get("sys")["selfLink"].endswith(f"ver={said}")


def test_an_object_says_what_and_where_it_is(bigip: Bigip, pool: str) -> None:
    read = bigip.get(pool)
    assert read["kind"] == "tm:ltm:pool:poolstate"
    assert (read["name"], read["partition"]) == ("p", bigip.partition)
    assert read["fullPath"] == bigip.full("p")
    assert read["selfLink"].startswith(f"https://localhost/mgmt/tm/{pool}?ver=")
    assert isinstance(read["generation"], int)


def test_a_bare_name_means_common(bigip: Bigip) -> None:
    assert bigip.get("ltm/monitor/http/http")["fullPath"] == "/Common/http"


def test_a_subcollection_is_a_link_until_it_is_expanded(bigip: Bigip, pool: str) -> None:
    reference = bigip.get(pool)["membersReference"]
    assert reference["isSubcollection"] is True
    assert "items" not in reference
    expanded = bigip.get(f"{pool}?expandSubcollections=true")
    assert "?expandSubcollections=true&ver=" in expanded["selfLink"]
    names = [member["name"] for member in expanded["membersReference"]["items"]]
    assert names == ["10.30.0.1:80", "10.30.0.2:80"]


def test_a_subcollection_is_a_collection_of_its_own(bigip: Bigip, pool: str) -> None:
    members = bigip.get(f"{pool}/members")
    assert members["kind"] == "tm:ltm:pool:members:memberscollectionstate"
    assert {member["kind"] for member in members["items"]} == {"tm:ltm:pool:members:membersstate"}


def test_a_collection_is_filtered_by_partition(bigip: Bigip, pool: str) -> None:
    found = bigip.get(f"ltm/pool?$filter=partition+eq+{bigip.partition}")
    assert found["kind"] == "tm:ltm:pool:poolcollectionstate"
    assert [item["fullPath"] for item in found["items"]] == [bigip.full("p")]


def test_what_was_not_selected_is_left_out(bigip: Bigip, pool: str) -> None:
    (item,) = bigip.get(f"ltm/pool?$filter=partition eq {bigip.partition}&$select=name")["items"]
    assert item == {"name": "p"}


def test_an_empty_collection_may_leave_out_its_items(bigip: Bigip) -> None:
    query = f"$filter=partition eq {bigip.partition}"  # the built-in ones are in Common
    assert bigip.get(f"ltm/profile/tcp?{query}").get("items", []) == []


def test_an_empty_expanded_subcollection_has_no_items(bigip: Bigip) -> None:
    bigip.make("ltm/pool", "empty")
    read = bigip.get(f"ltm/pool/{bigip.segment('empty')}?expandSubcollections=true")
    assert "items" not in read["membersReference"]


@pytest.mark.unverified
def test_pages_say_where_they_are(bigip: Bigip) -> None:
    for name in ("a", "b", "c"):
        bigip.make("ltm/pool", name)
    query = f"$filter=partition eq {bigip.partition}"
    first = bigip.get(f"ltm/pool?{query}&$top=2&$skip=0")
    assert [item["name"] for item in first["items"]] == ["a", "b"]
    assert (first["totalItems"], first["totalPages"], first["pageIndex"]) == (3, 2, 1)
    assert "%24skip=2" in first["nextLink"]
    last = bigip.get(f"ltm/pool?{query}&$top=2&$skip=2")
    assert [item["name"] for item in last["items"]] == ["c"]
    assert "nextLink" not in last
    assert "previousLink" in last


def test_unset_attributes_are_absent_but_profiles_say_none(bigip: Bigip, pool: str) -> None:
    assert {"description", "monitor"}.isdisjoint(bigip.get(pool))
    assert bigip.get("ltm/profile/http/http")["fallbackHost"] == "none"


def test_references_come_as_name_and_as_link(bigip: Bigip) -> None:
    bigip.make("ltm/pool", "p")
    bigip.will_make("ltm/virtual-address", "10.31.0.1")
    bigip.make("ltm/virtual", "v", destination="10.31.0.1:80", pool=bigip.full("p"))
    read = bigip.get(f"ltm/virtual/{bigip.segment('v')}")
    assert read["pool"] == bigip.full("p")
    link = f"https://localhost/mgmt/tm/ltm/pool/{bigip.segment('p')}?ver="
    assert read["poolReference"]["link"].startswith(link)


def test_statistics_are_nested_under_the_object_s_address(bigip: Bigip) -> None:
    bigip.will_make("ltm/virtual-address", "10.31.0.2")
    bigip.make("ltm/virtual", "s", destination="10.31.0.2:80")
    read = bigip.get(f"ltm/virtual/{bigip.segment('s')}/stats")
    assert read["kind"] == "tm:ltm:virtual:virtualstats"
    (entry,) = read["entries"].values()
    fields = entry["nestedStats"]["entries"]
    assert fields["clientside.curConns"] == {"value": 0}
    assert fields["tmName"] == {"description": bigip.full("s")}
    assert fields["status.availabilityState"] == {"description": "unknown"}


@pytest.mark.parametrize("path", ["sys", "ltm", "net", "cm"])
def test_a_module_lists_what_is_in_it(bigip: Bigip, path: str) -> None:
    links = [item["reference"]["link"] for item in bigip.get(path)["items"]]
    assert all(link.startswith(f"https://localhost/mgmt/tm/{path}/") for link in links)
