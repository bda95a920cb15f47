"""The types of LTM policy. Source: iControl REST reference, section 3.7.

Operands, operators and actions beyond those of the reference are those that F5's Go client knows:
they are taken and shown, whether or not anything acts on them.
"""

from bigip_sim.kinds import Kind, Link, one

_EVENTS = frozenset(
    {"request", "response", "clientAccepted", "sslClientHello", "sslServerHello"}
    | {"sslServerHandshake", "serverConnected", "proxyConnect", "proxyRequest", "proxyResponse"}
    | {"classificationDetected", "wsRequest", "wsResponse"}
)
_OPERANDS = frozenset(
    {"clientSsl", "cpuUsage", "geoip", "httpBasicAuth", "httpCookie", "httpHeader", "httpHost"}
    | {"httpMethod", "httpReferer", "httpSetCookie", "httpStatus", "httpUri", "httpUserAgent"}
    | {"httpVersion", "sslCert", "sslExtension", "tcp", "websocketDirection", "clientIp"}
)
_SELECTORS = frozenset(
    {"address", "all", "alpn", "browserType", "browserVersion", "cipher", "cipherBits", "code"}
    | {"commonName", "continent", "countryCode", "countryName", "deviceMake", "deviceModel"}
    | {"domain", "expiry", "extension", "host", "isp", "last_15secs", "last_1min", "last_5mins"}
    | {"major", "minor", "mss", "npn", "org", "password", "path", "pathSegment", "port"}
    | {"protocol", "queryParameter", "queryString", "regionCode", "regionName", "routeDomain"}
    | {"rtt", "scheme", "serverName", "text", "unnamedQueryParameter", "userAgentToken"}
    | {"username", "value", "version", "vlan", "vlanId"}
)
_OPERATORS = frozenset(
    {"contains", "endsWith", "equals", "exists", "greater", "greaterOrEqual", "less"}
    | {"lessOrEqual", "matches", "not", "startsWith"}
)
_ACTIONS = frozenset(
    {"asm", "avr", "cache", "classify", "clonePool", "compress", "cookieHash", "cookieInsert"}
    | {"cookiePassive", "cookieRewrite", "carp", "decompress", "destinationAddress", "disable"}
    | {"drop", "enable", "forward", "hash", "httpCookie", "httpHeader", "httpHost", "httpReferer"}
    | {"httpReply", "httpSetCookie", "httpUri", "insert", "l7dos", "log", "ltmPolicy", "persist"}
    | {"pin", "redirect", "remove", "replace", "requestAdapt", "reset", "responseAdapt", "select"}
    | {"serverSsl", "setVariable", "shutdown", "sourceAddress", "tcl", "tcpNagle", "tcp"}
    | {"universal", "wam", "websocket", "write", "bandwidth", "connection", "defer", "http"}
    | {"httpBasicAuth", "pem", "sslSessionId", "uie"}  # these as F5's Go client and Ansible write
)
_TOLD = frozenset(
    {"appService", "application", "asmPolicy", "category", "content", "context", "cookieDomain"}
    | {"cookieExpiry", "cookieName", "cookiePath", "description", "expiry", "expression"}
    | {"facility", "fromProfile", "host", "internalVirtual", "key", "location", "member"}
    | {"message", "netmask", "nexthop", "node", "path", "policy", "pool", "priority", "profile"}
    | {"queryString", "rateclass", "scheme", "snat", "snatpool", "template", "tmName", "value"}
    | {"virtual", "vlan", "ipAddress", "extractionName", "uri", "domain", "extension", "ifile"}
    | {"protocol", "script", "text"}
)

POLICIES = (
    Kind(
        "ltm/policy",
        "policy",
        defaults={"strategy": "/Common/first-match"},
        optional=frozenset(
            {"description", "appService", "controls", "requires", "legacy", "createDraft"}
        ),
        read_only=frozenset({"status", "lastModified", "references", "draftCopy", "publishedCopy"}),
        links=(Link("strategy", "ltm/policy-strategy", one("strategy")),),
        subcollections=("rules",),
    ),
    Kind(
        "ltm/policy/rules",
        "policy rule",
        partitioned=False,
        defaults={"ordinal": 0},
        optional=frozenset({"description", "appService"}),
        parent="ltm/policy",
        subcollections=("actions", "conditions"),
    ),
    Kind(
        "ltm/policy/rules/conditions",
        "policy condition",
        partitioned=False,
        numbered=True,
        defaults={"index": 0},
        optional=frozenset({"values", "tmName", "datagroup", "appService"}),
        flags=(
            ("caseInsensitive", "caseSensitive"),
            ("external", "internal"),
            ("present", "missing"),
            ("remote", "local"),
        ),
        marks=_EVENTS | _OPERANDS | _SELECTORS | _OPERATORS,
        links=(Link("~datagroup", "value list", one("datagroup")),),
        parent="ltm/policy/rules",
    ),
    Kind(
        "ltm/policy/rules/actions",
        "policy action",
        partitioned=False,
        numbered=True,
        defaults={
            **dict.fromkeys(("code", "expirySecs", "length", "offset"), 0),
            **dict.fromkeys(("port", "status", "timeout", "vlanId"), 0),
        },
        optional=_TOLD,
        marks=_EVENTS | _ACTIONS,
        links=(
            Link("pool", "ltm/pool", one("pool")),
            Link("virtual", "ltm/virtual", one("virtual")),
            Link("snatpool", "ltm/snatpool", one("snatpool")),
            Link("clonePool", "ltm/pool", one("clonePool")),
        ),
        parent="ltm/policy/rules",
    ),
    Kind(
        "ltm/policy-strategy",
        "policy strategy",
        optional=frozenset({"description", "strategy"}),
        subcollections=("operands",),
    ),
    Kind(
        "ltm/policy-strategy/operands",
        "policy strategy operand",
        partitioned=False,
        numbered=True,
        marks=_EVENTS | _OPERANDS | _SELECTORS | _OPERATORS,
        parent="ltm/policy-strategy",
    ),
)
