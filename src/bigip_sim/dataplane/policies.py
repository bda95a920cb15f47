"""What the rules of LTM policies become. Sources: iControl REST reference, sections 3.7 and 5.1.

Of a best-match policy the rule with the most, then the strictest conditions is taken first
(unverified). What a rule asks beyond the catalogue here makes the rule inert, and is said.
"""

import ipaddress
from collections.abc import Callable, Mapping

from bigip_sim.catalogue import inside
from bigip_sim.dataplane.expressions import written
from bigip_sim.dataplane.rulebook import Rulebook, Test, quoted
from bigip_sim.dataplane.sight import Sight, number
from bigip_sim.policies import status_of
from bigip_sim.tree import Item

_RULES = "ltm/policy/rules"
_STRICT = ("equals", "startsWith", "endsWith", "contains")
_MATCHES = {"startsWith": "beg", "endsWith": "end", "contains": "sub"}
_NUMBERS = {"greater": "gt", "greaterOrEqual": "ge", "less": "lt", "lessOrEqual": "le"}
# What follows the last dot of a path's last part; a part without a dot has none.
_EXTENSION = "path,field(-1,/),regsub(^[^.]*$,,),field(-1,.)"
_URI = {
    "path": "path",
    "queryString": "query",
    "all": "pathq",
    "extension": _EXTENSION,
    "host": "req.hdr(host),host_only",
}
_HOST = {
    "host": "req.hdr(host),host_only",
    "all": "req.hdr(host)",
    "port": "req.hdr(host),port_only",
}
Own = Mapping[str, object]


class _Unknown(Exception):
    """A condition or an action that is not in the catalogue; the message names it."""


def apply_policy(sight: Sight, policy: Item, book: Rulebook, pool: Callable[[str], str]) -> None:
    """Write what a policy does; `pool` returns the backend of a pool."""
    if status_of(policy.key, policy.own) == "draft":
        return
    strategy = str(sight.attributes(policy).get("strategy", "")).rpartition("/")[2]
    rules = sight.tree.of_kind(_RULES, policy.key.name)
    rules.sort(key=lambda rule: number(rule.own.get("ordinal")))
    if strategy == "best-match":
        rules.sort(key=lambda rule: _rank(sight, rule), reverse=True)
    matched: list[tuple[str, list[Own], str]] = []
    taken = ""
    for rule in rules:
        owner = inside(rule.key)
        conditions = [c.own for c in sight.tree.of_kind(f"{_RULES}/conditions", owner)]
        actions = [a.own for a in sight.tree.of_kind(f"{_RULES}/actions", owner)]
        asked = [c for c in conditions if not c.get("response")]
        later = [c for c in conditions if c.get("response")]
        try:
            when = book.condition([_test(sight, c, book) for c in asked])
            then = book.condition([_test(sight, c, book) for c in later])
        except _Unknown as error:
            sight.problem(f"policy {policy.key.name}: rule {rule.key.name} does nothing: {error}")
            continue
        mark = book.mark(f"{when}{taken}".strip())
        matched.append((f"{mark} {then}".strip(), actions, rule.key.name))
        if strategy != "all-match":
            taken += f" !{mark}"
    for when, actions, name in matched:
        for action in actions:
            try:
                _act(action, when, book, pool)
            except _Unknown as error:
                sight.problem(f"policy {policy.key.name}: an action of rule {name} {error}")


def _rank(sight: Sight, rule: Item) -> tuple[int, int]:
    conditions = sight.tree.of_kind(f"{_RULES}/conditions", inside(rule.key))
    strictness = 0
    for condition in conditions:
        operator = next((o for o in _STRICT if condition.own.get(o)), "equals")
        values = condition.own.get("values")
        longest = max((len(str(v)) for v in values), default=0) if isinstance(values, list) else 0
        strictness += (4 - _STRICT.index(operator)) * 1000 + min(longest, 999)
    return len(conditions), strictness


def _test(sight: Sight, own: Own, book: Rulebook) -> Test:
    sample = _sample(own, book)
    values = own.get("values")
    texts = tuple(str(v) for v in values) if isinstance(values, list) else ()
    if isinstance(own.get("datagroup"), str):
        group = sight.get("value list", own["datagroup"])
        records = group.own.get("records") if group is not None else None
        texts += tuple(str(r["name"]) for r in records) if isinstance(records, list) else ()
    negated = bool(own.get("not"))
    if own.get("missing") or own.get("exists") or not texts:
        return Test(sample, "found", (), negated=negated != bool(own.get("missing")))
    match = next((name for word, name in _MATCHES.items() if own.get(word)), "str")
    if sample in {"src", "dst"}:
        match, texts = "ip", tuple(_network(text) for text in texts)
    elif own.get("matches"):
        raise _Unknown("it matches patterns")
    comparison = next((c for word, c in _NUMBERS.items() if own.get(word)), "")
    if comparison or sample in {"src_port", "dst_port", "status"}:
        if not all(text.isdigit() for text in texts):
            raise _Unknown(f"compares {texts} as numbers")
        match = "int"
        texts = tuple(f"{comparison} {text}".strip() for text in texts)
    return Test(sample, match, texts, not own.get("caseSensitive"), negated)


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text.replace("%0", ""), strict=False))
    except ValueError as error:
        raise _Unknown(f"{text!r} is no address") from error


def _sample(own: Own, book: Rulebook) -> str:
    if own.get("tcp"):
        side = "dst" if own.get("local") or own.get("internal") else "src"
        return f"{side}_port" if own.get("port") else side
    if own.get("sslExtension") and own.get("serverName"):
        return "ssl_fc_sni" if book.is_http else "req.ssl_sni"
    if not book.is_http:
        raise _Unknown("it asks for HTTP without an http profile")
    if own.get("httpUri"):
        if own.get("queryParameter"):
            return f"url_param({_token(own)})"
        if own.get("pathSegment"):
            return f"path,field({max(1, number(own.get('index'))) + 1},/)"
        return _chosen(_URI, own)
    if own.get("httpHost"):
        return _chosen(_HOST, own)
    if own.get("httpHeader"):
        return f"{'res' if own.get('response') else 'req'}.fhdr({_token(own)})"
    if own.get("httpCookie"):
        return f"req.cook({_token(own)})"
    for word, sample in (
        *(("httpMethod", "method"), ("httpStatus", "status"), ("httpReferer", "req.hdr(referer)")),
        *(("httpUserAgent", "req.hdr(user-agent)"), ("sslCert", "ssl_c_s_dn(CN)")),
    ):
        if own.get(word):
            return sample
    raise _Unknown(f"it asks for {', '.join(k for k, v in own.items() if v is True)}")


def _chosen(samples: Mapping[str, str], own: Own) -> str:
    return next((sample for word, sample in samples.items() if own.get(word)), samples["all"])


def _act(own: Own, when: str, book: Rulebook, pool: Callable[[str], str]) -> None:
    if own.get("forward") and isinstance(own.get("pool"), str):
        book.pool(pool(str(own["pool"])), when)
    elif own.get("reset") or own.get("drop") or own.get("shutdown"):
        if own.get("response") and book.is_http:
            book.act("deny", when, response=True)  # nothing is said: the connection ends
        else:
            book.reject(when)
    elif own.get("log"):
        return  # nobody reads it here
    elif not book.is_http:
        raise _Unknown(f"is not carried: {_words(own)}")
    elif own.get("httpReply") and own.get("redirect"):
        code = number(own.get("code")) or 302
        code = code if code in {301, 302, 303, 307, 308} else 302
        book.act(f"redirect location {_value(own, 'location')} code {code}", when)
    elif own.get("httpUri") and own.get("replace"):
        part = next((p for p in ("path", "queryString") if own.get(p)), "value")
        verb = {"path": "set-path", "queryString": "set-query", "value": "set-uri"}[part]
        book.act(f"{verb} {_value(own, part)}", when)
    elif own.get("httpHost") and own.get("replace"):
        field = "value" if own.get("value") else "host"
        book.act(f"set-header Host {_value(own, field)}", when)
    elif own.get("httpHeader") or own.get("httpReferer"):
        _act_on_header(own, when, book)
    elif own.get("httpSetCookie") and own.get("insert"):
        cookie = f"{_token(own)}={own.get('value', '')}"
        book.act(f"add-header Set-Cookie {_format(cookie)}", when, response=True)
    else:
        raise _Unknown(f"is not carried: {_words(own)}")


def _act_on_header(own: Own, when: str, book: Rulebook) -> None:
    name = _token(own) if own.get("httpHeader") else "Referer"
    response = bool(own.get("response"))
    if own.get("remove"):
        book.act(f"del-header {name}", when, response=response)
        return
    verb = "add-header" if own.get("insert") else "set-header"
    book.act(f"{verb} {name} {_value(own, 'value')}", when, response=response)


def _token(own: Own) -> str:
    name = str(own.get("tmName", ""))
    if not name or not all(c.isalnum() or c in "_.-" for c in name) or not name.isascii():
        raise _Unknown(f"names {quoted(name)}")
    return name


def _value(own: Own, field: str) -> str:
    return _format(str(own.get(field, "")))


def _format(text: str) -> str:
    """Text beginning with `tcl:` is evaluated; other text means itself."""
    if text.startswith("tcl:"):
        found = written(text[4:])
        if found is None:
            raise _Unknown(f"evaluates {text!r}")
        return found
    return quoted(text.replace("%", "%%"))


def _words(own: Own) -> str:
    return " ".join(sorted(word for word, value in own.items() if value is True))
