"""Types that a device has and the simulator does not: they read as empty, and refuse writes.

Clients that look through all of a device read them too. The paths are those that f5-sdk and
f5-ansible read; what a fresh device has built in there is not told.
"""

from bigip_sim.kinds import Kind

_PATHS = (
    *(
        f"ltm/profile/{leaf}"
        for leaf in (
            *("analytics", "certificate-authority", "classification", "client-ldap"),
            *("dns-logging", "fix", "gtp", "html", "icap"),
            *("iiop", "mblb", "mssql", "ntlm", "ocsp-stapling-params", "pcp", "pptp", "qoe"),
            *("request-adapt", "response-adapt", "rewrite", "rtsp"),
            *("server-ldap", "smtp", "smtps", "socks", "spdy", "tftp", "xml"),
        )
    ),
    *("ltm/eviction-policy", "ltm/ifile", "ltm/nat"),
    *("ltm/message-routing/diameter/profile/session", "ltm/message-routing/sip/profile/session"),
    *("ltm/persistence/host", "ltm/persistence/msrdp", "ltm/persistence/sip", "ltm/traffic-class"),
    *("net/packet-filter", "net/stp", "net/timer-policy"),
    *("sys/application/service", "sys/application/template", "sys/file/ifile"),
)
EMPTY = tuple(Kind(path, path.rpartition("/")[2], simulated=False) for path in _PATHS)
