"""What an http profile does to headers: erase one, insert one, ask for strict transport security.

Sources: the manufacturer's reference of the http profile. That headers are erased before one is
inserted, both before policies, and that strict transport security needs TLS, is unverified.
"""

import re
from collections.abc import Iterator, Mapping

from bigip_sim.dataplane.expressions import written
from bigip_sim.dataplane.rulebook import Rulebook

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_INERT = ("fallbackHost", "redirectRewrite")


def apply_headers(
    attributes: Mapping[str, object], book: Rulebook, *, has_tls: bool
) -> Iterator[str]:
    """Write what a profile asks for; yields what of it is not carried out."""
    erased = str(attributes.get("headerErase", "none"))
    if _NAME.fullmatch(erased) and erased != "none":
        book.act(f"del-header {erased}")
    inserted = str(attributes.get("headerInsert", "none"))
    name, colon, value = inserted.partition(":")
    said = written(value.strip()) if colon else None
    if said is not None and _NAME.fullmatch(name):
        book.act(f"add-header {name} {said}")
    elif inserted not in {"none", ""}:
        yield f"headerInsert {inserted!r} is not carried out"
    hsts = attributes.get("hsts")
    if isinstance(hsts, Mapping) and hsts.get("mode") == "enabled" and has_tls:
        words = [f"max-age={hsts.get('maximumAge', 16070400)}"]
        words += ["includeSubDomains"] if hsts.get("includeSubdomains") == "enabled" else []
        words += ["preload"] if hsts.get("preload") == "enabled" else []
        text = f"set-header Strict-Transport-Security '{'; '.join(words)}'"
        book.act(text, response=True)
    for field in _INERT:
        if attributes.get(field, "none") not in {"none", ""}:
            yield f"{field} is not carried out"
