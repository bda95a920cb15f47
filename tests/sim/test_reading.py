"""How a GET is answered, by version (iControl REST reference, sections 1.3, 1.4 and 4.1)."""

import pytest

BASE = "https://localhost/mgmt/tm"


def names(body):
    return [item["name"] for item in body["items"]]


@pytest.fixture
def pools(rest):
    for number in range(5):
        rest.post("ltm/pool", name=f"p{number}", partition="T1")
    rest.post("ltm/pool", name="q", partition="Common")
    return rest


@pytest.mark.parametrize(
    "said",
    [
        "$filter=partition+eq+T1",
        "$filter=partition%20eq%20T1",
        "%24filter=partition+eq+T1",
        "$filter=partition+eq+'T1'",
        "$filter=partition%20eq%20%27T1%27",
        "$filter=partition%20eq%20/T1",
    ],
)
def test_a_filter_by_partition_in_every_spelling(pools, said):
    assert names(pools.get(f"ltm/pool?{said}")) == ["p0", "p1", "p2", "p3", "p4"]


def test_a_filter_that_names_no_partition_is_refused(pools):
    answer = pools.ask("GET", "ltm/pool?$filter=partition+eq+T9")
    assert (answer.status, answer.message) == (400, "The requested folder (/T9) was not found.")


@pytest.mark.parametrize("said", ["name eq p1", "partition ne T1", "partition eq", "eq"])
def test_other_filters_are_refused(pools, said):
    answer = pools.ask("GET", f"ltm/pool?$filter={said.replace(' ', '+')}")
    assert (answer.status, answer.body["apiError"]) == (400, 26214401)


def test_eleven_five_does_not_decode_the_dollar(new_rest):
    answer = new_rest("11.5.4").ask("GET", "ltm/pool?%24filter=partition+eq+Common")
    assert (answer.status, answer.message) == (400, "Query parameter %24filter is invalid.")
    new_rest("11.5.4").get("ltm/pool?$filter=partition+eq+Common")


def test_a_selection_leaves_out_everything_else_of_an_item(pools):
    assert pools.get("ltm/pool?$select=name,loadBalancingMode&$top=1")["items"] == [
        {"name": "q", "loadBalancingMode": "round-robin"}
    ]


def test_pages_tell_where_they_are_and_link_to_each_other(pools):
    page = pools.get("ltm/pool?$filter=partition+eq+T1&$top=2&$skip=2&$select=name")
    assert names(page) == ["p2", "p3"]
    told = {k: v for k, v in page.items() if k not in {"kind", "items", "selfLink"}}
    assert told == {
        "currentItemCount": 2,
        "itemsPerPage": 2,
        "pageIndex": 2,
        "startIndex": 3,
        "totalItems": 5,
        "totalPages": 3,
        "nextLink": f"{BASE}/ltm/pool?%24filter=partition%20eq%20T1&%24select=name"
        "&%24top=2&%24skip=4&ver=15.1.8",
        "previousLink": f"{BASE}/ltm/pool?%24filter=partition%20eq%20T1&%24select=name"
        "&%24top=2&%24skip=0&ver=15.1.8",
    }
    following = pools.get(page["nextLink"].removeprefix("https://localhost"))
    assert names(following) == ["p4"]
    assert "nextLink" not in following
    first = pools.get(page["previousLink"].removeprefix("https://localhost"))
    assert names(first) == ["p0", "p1"]
    assert "previousLink" not in first


def test_a_page_that_is_no_number_is_refused(pools):
    answer = pools.ask("GET", "ltm/pool?$top=-1")
    assert (answer.status, answer.message) == (400, 'invalid property value "$top":"-1"')


def test_the_query_stands_in_the_self_link_of_what_was_asked_for_and_not_of_what_is_in_it(web):
    pool = web.get("ltm/pool/~T1~p?expandSubcollections=true&ver=15.1.8")
    link = f"{BASE}/ltm/pool/~T1~p"
    assert pool["selfLink"] == f"{link}?expandSubcollections=true&ver=15.1.8"
    member = pool["membersReference"]["items"][0]
    assert member["selfLink"] == f"{link}/members/~T1~10.0.0.1:80?ver=15.1.8"
    pools = web.get("ltm/pool?expandSubcollections=true")
    assert pools["selfLink"] == f"{BASE}/ltm/pool?expandSubcollections=true&ver=15.1.8"
    assert pools["items"][0]["selfLink"] == f"{link}?ver=15.1.8"
    assert pools["items"][0]["membersReference"]["items"][0]["name"] == "10.0.0.1:80"


@pytest.mark.parametrize(("version", "lists"), [("13.1.3", False), ("14.1.2", True)])
def test_an_empty_collection_has_items_from_fourteen_on(new_rest, version, lists):
    rest = new_rest(version)
    assert ("items" in rest.get("ltm/pool")) is lists
    rest.post("ltm/pool", name="p")
    assert ("items" in rest.get("ltm/pool/p/members")) is lists
    expanded = rest.get("ltm/pool/p?expandSubcollections=true")["membersReference"]
    assert set(expanded) == {"link", "isSubcollection"}
    assert "entries" not in rest.get("ltm/node/stats")


@pytest.mark.parametrize(
    ("version", "monitor"), [("13.1.3", "/Common/http "), ("14.1.2", "/Common/http")]
)
def test_a_pools_monitor_ends_in_a_blank_up_to_thirteen(new_rest, version, monitor):
    rest = new_rest(version)
    assert rest.post("ltm/pool", name="p", monitor="/Common/http")["monitor"] == monitor
    rest.patch("ltm/pool/p", monitor=monitor)
    assert rest.get("ltm/pool/p")["monitor"] == monitor


def test_an_example_shows_defaults_and_no_name(rest):
    body = rest.get("ltm/pool/example")
    assert body["kind"] == "tm:ltm:pool:poolcollectionstate"
    assert body["selfLink"] == f"{BASE}/ltm/pool/example?ver=15.1.8"
    (item,) = body["items"]
    assert "name" not in item
    assert item["loadBalancingMode"] == "round-robin"
    assert item["description"] == ""
    assert item["propertyDescriptions"]["description"] == "User defined description."
    assert "name" in item["naturalKeyPropertyNames"]


def test_example_is_no_name(rest):
    answer = rest.ask("POST", "ltm/pool", {"name": "example"})
    assert answer.status == 400
    assert "is a reserved keyword and must not be used as resource name" in answer.message


@pytest.mark.parametrize(
    ("path", "kind", "listed"),
    [
        ("ltm", "tm:ltm:ltmcollectionstate", "ltm/pool"),
        ("ltm/monitor", "tm:ltm:monitor:monitorcollectionstate", "ltm/monitor/gateway-icmp"),
        ("sys", "tm:sys:syscollectionstate", "sys/version"),
        ("net/tunnels", "tm:net:tunnels:tunnelscollectionstate", "net/tunnels/tunnel"),
        ("util", "tm:util:utilcollectionstate", "util/bash"),
    ],
)
def test_what_only_orders_others_lists_references(rest, path, kind, listed):
    body = rest.get(path)
    assert (body["kind"], body["selfLink"]) == (kind, f"{BASE}/{path}?ver=15.1.8")
    assert {"reference": {"link": f"{BASE}/{listed}?ver=15.1.8"}} in body["items"]


def test_everything_that_is_listed_is_there(rest):
    """Whoever follows the links from the top finds a collection, an object or statistics."""
    waiting = [f"/mgmt/tm/{top}" for top in ("ltm", "net", "sys", "cm", "auth")]
    while waiting:
        for item in rest.get(waiting.pop()).get("items", []):
            link = item.get("reference", {}).get("link")
            if link is not None:
                waiting.append(link.removeprefix("https://localhost").partition("?")[0])


def test_statistics_of_one_object_by_version(new_rest):
    told = {}
    for version in ("11.6.1", "12.1.2", "15.1.8"):
        rest = new_rest(version)
        rest.post("ltm/pool", name="p")
        told[version] = rest.get("ltm/pool/~Common~p/stats")["entries"]
    link = f"{BASE}/ltm/pool/~Common~p"
    assert told["11.6.1"]["tmName"] == {"description": "/Common/p"}
    assert list(told["12.1.2"]) == [f"{link}/~Common~p/stats"]
    assert list(told["15.1.8"]) == [f"{link}/stats"]
    fields = told["15.1.8"][f"{link}/stats"]["nestedStats"]["entries"]
    assert fields["tmName"] == {"description": "/Common/p"}


def test_statistics_of_a_type_that_counts_nothing_name_their_object(rest):
    link = f"{BASE}/net/route-domain/~Common~0/stats"
    entries = rest.get("net/route-domain/~Common~0/stats")["entries"]
    assert entries[link]["nestedStats"]["entries"] == {"tmName": {"description": "/Common/0"}}


def test_a_page_of_nothing_leads_nowhere(rest):
    page = rest.get("ltm/monitor/http?$top=0")
    assert (page["items"], page["totalItems"], "nextLink" in page) == ([], 2, False)
