"""What a GET asks for in its query, and what a page of a collection says of the others.

Source: iControl REST reference, section 1.4. That a filter by partition is the only one that a
device promises, and what a page says of itself, are unverified.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from bigip_sim import refusals
from bigip_sim.refusals import RefusedError
from bigip_sim.versions import at_least

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Query:
    """What a GET asks for beyond the path."""

    select: tuple[str, ...] = ()
    partition: str = ""
    top: int | None = None
    skip: int = 0
    expands: bool = False
    asked: str = ""  # as it was sent, but without `ver`: selfLinks repeat it

    def page(self, count: int, total: int) -> Json:
        """Return what a page says of itself: how much it holds, of how much, and which it is."""
        top = self.top or 1
        return {
            "currentItemCount": count,
            "itemsPerPage": top,
            "pageIndex": self.skip // top + 1,
            "startIndex": self.skip + 1,
            "totalItems": total,
            "totalPages": -(-total // top),
        }

    def after(self) -> "Query":
        """Return what asks for the next page."""
        return replace(self, skip=self.skip + (self.top or 0))

    def before(self) -> "Query":
        """Return what asks for the page before."""
        return replace(self, skip=max(0, self.skip - (self.top or 0)))

    def encoded(self) -> str:
        """Return the query as links between pages have it: with `$` as %24."""
        said: list[tuple[str, str]] = []
        if self.expands:
            said.append(("expandSubcollections", "true"))
        if self.partition:
            said.append(("$filter", f"partition eq {self.partition}"))
        if self.select:
            said.append(("$select", ",".join(self.select)))
        if self.top is not None:
            said += [("$top", str(self.top)), ("$skip", str(self.skip))]
        return urlencode(said, quote_via=quote, safe=",")


def read_query(values: Mapping[str, str], raw: str, version: str) -> Query:
    """Read a query string; `partition eq X` is the only filter that a device promises."""
    if not at_least(version, "11.6"):
        _refuse_encoded(raw)
    return Query(
        tuple(s.strip() for s in values.get("$select", "").split(",") if s.strip()),
        _partition(values.get("$filter", "")),
        _number(values, "$top"),
        _number(values, "$skip") or 0,
        values.get("expandSubcollections", "").lower() == "true",
        "&".join(part for part in raw.split("&") if part and not part.startswith("ver=")),
    )


def _refuse_encoded(raw: str) -> None:
    """11.5 does not decode the `$` of a parameter (seen on 11.5.4)."""
    for part in raw.split("&"):
        name = part.partition("=")[0]
        if name.startswith("%24"):
            text = f"Query parameter {name} is invalid."
            raise RefusedError(400, text, refusals.MALFORMED)


def _partition(text: str) -> str:
    """Read `partition eq X`, whose X may be quoted, as clients of real devices do."""
    words = text.split()
    if not words:
        return ""
    if len(words) != 3 or words[:2] != ["partition", "eq"]:
        raise RefusedError(400, f"invalid filter: {text}", refusals.MALFORMED)  # unverified
    return words[2].strip("'\"").strip("/")


def _number(values: Mapping[str, str], name: str) -> int | None:
    text = values.get(name)
    if text is None:
        return None
    if not text.isdigit():
        raise refusals.invalid_value(name, text)
    return int(text)
