"""Random walks over a simulated device: requests that fit together often, and often do not."""

from device_kinds import (
    CHILDREN,
    COLLECTIONS,
    FURNISHING,
    PARTITION,
    POOLS,
    Ask,
    Json,
    home_of,
    path_of,
)
from hypothesis import strategies as st

from asking import Rest


@st.composite
def asks(draw: st.DrawFn, among: tuple[str, ...]) -> Ask:
    """One request to one of these collections; creations are more than each of the rest."""
    collection = draw(st.sampled_from(among))
    method = draw(st.sampled_from(("POST", "POST", "PATCH", "PUT", "DELETE")))
    below = BELOW.get(collection)
    if below is not None and draw(st.booleans()):
        return draw(below(method))
    names, bodies = COLLECTIONS[collection]
    name = draw(st.sampled_from(names))
    if method == "DELETE":
        return Ask(method, path_of(collection, name))
    body = draw(bodies)
    like = [ask.body for ask in made_in(collection) if ask.body is not None]
    if method == "POST" and like and draw(st.booleans()):  # one more of the same
        body = {**draw(st.sampled_from(like)), **body}
        name = draw(st.sampled_from(names[1:] or names))
        return Ask(method, collection, {**body, "name": name})
    if method == "POST":
        return Ask(method, collection, {"name": name, "partition": home_of(collection), **body})
    return Ask(method, path_of(collection, name), body)


def made_in(collection: str) -> list[Ask]:
    """Return what makes objects of a collection before a walk begins."""
    return [ask for ask in FURNISHING if ask.path == collection and "name" in (ask.body or ())]


@st.composite
def _member_asks(draw: st.DrawFn, method: str) -> Ask:
    return draw(_child_asks(method, path_of("ltm/pool", draw(st.sampled_from(POOLS))), "members"))


@st.composite
def _policy_asks(draw: st.DrawFn, method: str) -> Ask:
    """A policy is published, or changed part by part."""
    name = draw(st.sampled_from(("Drafts/pol1", "Drafts/pol2", "pol1")))
    if method == "POST" and draw(st.booleans()):
        body = {"command": "publish", "name": f"/{PARTITION}/{name}"}
        return Ask("POST", "ltm/policy", body)
    owner = path_of("ltm/policy", name)
    if draw(st.booleans()):
        return draw(_child_asks(method, owner, "rules"))
    leaf = draw(st.sampled_from(("conditions", "actions")))
    return draw(_child_asks(method, f"{owner}/rules/one", leaf))


@st.composite
def _child_asks(draw: st.DrawFn, method: str, owner: str, leaf: str) -> Ask:
    names, bodies, is_in_partition = CHILDREN[leaf]
    name = draw(st.sampled_from(names))
    path = f"{owner}/{leaf}/" + (f"~{PARTITION}~{name}" if is_in_partition else name)
    if method == "DELETE":
        return Ask(method, path)
    body = draw(bodies)
    if method != "POST":
        return Ask(method, path, body)
    home = {"partition": PARTITION} if is_in_partition else {}
    return Ask(method, f"{owner}/{leaf}", {"name": name, **home, **body})


# Of these collections half of the requests go to what is in their objects, or are commands.
BELOW = {"ltm/pool": _member_asks, "ltm/policy": _policy_asks}

# Each walk goes over a few collections only, so that its requests meet.
walks = (
    st.lists(st.sampled_from(sorted(COLLECTIONS)), min_size=1, max_size=3, unique=True)
    .map(tuple)
    .flatmap(lambda among: st.lists(asks(among), min_size=1, max_size=12))
)


@st.composite
def patches(draw: st.DrawFn) -> Ask:
    """A change of something that is there from the beginning."""
    collection = draw(st.sampled_from([name for name in COLLECTIONS if made_in(name)]))
    made = draw(st.sampled_from(made_in(collection)))
    assert made.body is not None
    return Ask("PATCH", path_of(collection, made.body["name"]), draw(COLLECTIONS[collection][1]))


def dump(rest: Rest) -> dict[str, Json]:
    """Return what walks go over as it reads: selfLink -> object, subcollections among them."""
    found: dict[str, Json] = {}
    for collection in (*COLLECTIONS, "auth/partition", "sys/folder"):
        query = "expandSubcollections=true"
        if collection != "auth/partition":
            query += f"&$filter=partition+eq+{home_of(collection)}"
        for item in rest.get(f"{collection}?{query}").get("items", ()):
            _gather(rest, item, found)
    return found


def _gather(rest: Rest, item: Json, found: dict[str, Json]) -> None:
    found[_path(item["selfLink"])] = item
    for value in item.values():
        if isinstance(value, dict) and value.get("isSubcollection"):
            for child in value.get("items") or rest.get(_path(value["link"])).get("items", ()):
                _gather(rest, child, found)


def _path(link: str) -> str:
    return link.removeprefix("https://localhost").partition("?")[0]


def links(value: object) -> set[str]:
    """Return every link that an answer holds, as paths."""
    if isinstance(value, list):
        return set().union(*map(links, value))
    if not isinstance(value, dict):
        return set()
    own = {_path(link) for name in ("link", "selfLink") if (link := value.get(name))}
    return own.union(*map(links, value.values()))
