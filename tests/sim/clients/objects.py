"""Every type of object that load balancing asks for, as both clients name it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from f5.bigip import ManagementRoot

Json = dict[str, Any]


@dataclass(frozen=True)
class Sample:
    """One type: how to make an object of it, and what to change in it."""

    path: str  # below /mgmt/tm
    sdk: str  # f5-sdk's name for the collection, and after the slash for one of it
    body: Mapping[str, object]
    change: Mapping[str, object]
    name: str = ""  # without one, from the path
    partitioned: bool = True
    needs: tuple[tuple[str, Mapping[str, object]], ...] = field(default=())  # made before, in order

    @property
    def object_name(self) -> str:
        return self.name or "c-" + self.path.replace("/", "-")

    @property
    def full_path(self) -> str:
        return f"/T1/{self.object_name}" if self.partitioned else self.object_name

    @property
    def where(self) -> Json:
        return {"name": self.object_name, **({"partition": "T1"} if self.partitioned else {})}

    def collection(self, root: ManagementRoot) -> Any:
        """Return f5-sdk's collection of this type."""
        return reduce(getattr, self.sdk.partition("/")[0].split("."), root.tm)

    def resource(self, root: ManagementRoot) -> Any:
        """Return what f5-sdk makes one object of this type with."""
        return getattr(self.collection(root), self.sdk.partition("/")[2])


SAMPLES = (
    Sample(
        "auth/partition",
        "auth.partitions/partition",
        {},
        {"description": "one tenant"},
        partitioned=False,
    ),
    Sample("ltm/node", "ltm.nodes/node", {"address": "10.20.0.1"}, {"ratio": 3}),
    Sample(
        "ltm/pool",
        "ltm.pools/pool",
        {"monitor": "/Common/http", "members": [{"name": "10.20.1.1:80", "address": "10.20.1.1"}]},
        {"loadBalancingMode": "least-connections-member"},
    ),
    Sample(
        "ltm/virtual",
        "ltm.virtuals/virtual",
        {
            "destination": "/T1/10.21.0.1:443",
            "ipProtocol": "tcp",
            "profiles": ["/Common/tcp", "/Common/http"],
            "persist": [{"name": "/Common/cookie"}],
            "sourceAddressTranslation": {"type": "automap"},
        },
        {"connectionLimit": 100},
    ),
    Sample(
        "ltm/virtual-address",
        "ltm.virtual_address_s/virtual_address",
        {"address": "10.21.0.9", "autoDelete": "false"},
        {"icmpEcho": "disabled"},
    ),
    Sample(
        "ltm/snat-translation",
        "ltm.snat_translations/snat_translation",
        {"address": "10.22.0.1"},
        {"connectionLimit": 10},
    ),
    Sample(
        "ltm/snatpool",
        "ltm.snatpools/snatpool",
        {"members": ["/T1/10.22.1.1"]},
        {"members": ["/T1/10.22.1.1", "/T1/10.22.1.2"]},
    ),
    Sample(
        "ltm/rule",
        "ltm.rules/rule",
        {"apiAnonymous": "when HTTP_REQUEST { HTTP::redirect https://[HTTP::host][HTTP::uri] }"},
        {"apiAnonymous": "when HTTP_REQUEST { HTTP::respond 403 }"},
    ),
    Sample(
        "ltm/data-group/internal",
        "ltm.data_group.internals/internal",
        {"type": "string", "records": [{"name": "k", "data": "v"}]},
        {"records": [{"name": "k", "data": "w"}, {"name": "l", "data": ""}]},
    ),
    Sample(
        "ltm/monitor/http",
        "ltm.monitor.https/http",
        {"send": "GET /up HTTP/1.0\\r\\n\\r\\n", "recv": "200"},
        {"interval": 7},
    ),
    Sample("ltm/monitor/https", "ltm.monitor.https_s/https", {"recv": "200"}, {"timeout": 31}),
    Sample("ltm/monitor/tcp", "ltm.monitor.tcps/tcp", {}, {"interval": 9}),
    Sample(
        "ltm/monitor/tcp-half-open", "ltm.monitor.tcp_half_opens/tcp_half_open", {}, {"interval": 9}
    ),
    Sample("ltm/monitor/udp", "ltm.monitor.udps/udp", {}, {"interval": 9}),
    Sample("ltm/monitor/icmp", "ltm.monitor.icmps/icmp", {}, {"interval": 9}),
    Sample(
        "ltm/monitor/gateway-icmp", "ltm.monitor.gateway_icmps/gateway_icmp", {}, {"interval": 9}
    ),
    Sample("ltm/profile/fastl4", "ltm.profile.fastl4s/fastl4", {}, {"idleTimeout": "600"}),
    Sample("ltm/profile/tcp", "ltm.profile.tcps/tcp", {}, {"idleTimeout": 600}),
    Sample("ltm/profile/udp", "ltm.profile.udps/udp", {}, {"idleTimeout": "90"}),
    Sample("ltm/profile/http", "ltm.profile.https/http", {}, {"insertXforwardedFor": "enabled"}),
    Sample("ltm/profile/one-connect", "ltm.profile.one_connects/one_connect", {}, {"maxReuse": 10}),
    Sample(
        "ltm/profile/client-ssl",
        "ltm.profile.client_ssls/client_ssl",
        {},
        {"ciphers": "DEFAULT:!SSLv3"},
    ),
    Sample(
        "ltm/persistence/cookie",
        "ltm.persistence.cookies/cookie",
        {"cookieName": "shop"},
        {"expiration": "1:0:0"},
    ),
    Sample(
        "ltm/persistence/source-addr",
        "ltm.persistence.source_addrs/source_addr",
        {},
        {"timeout": "300"},
    ),
    Sample("ltm/profile/http2", "ltm.profile.http2s/http2", {}, {"receiveWindow": 64}),
    Sample(
        "ltm/profile/server-ssl",
        "ltm.profile.server_ssls/server_ssl",
        {"serverName": "shop.example.com"},
        {"ciphers": "DEFAULT:!SSLv3"},
    ),
    Sample("ltm/profile/sctp", "ltm.profile.sctps/sctp", {}, {"idleTimeout": 600}),
    Sample(
        "ltm/profile/http-compression",
        "ltm.profile.http_compressions/http_compression",
        {},
        {"gzipLevel": 3},
    ),
    Sample(
        "ltm/persistence/dest-addr", "ltm.persistence.dest_addrs/dest_addr", {}, {"timeout": "9"}
    ),
    Sample("ltm/persistence/ssl", "ltm.persistence.ssls/ssl", {}, {"timeout": "301"}),
    Sample(
        "ltm/persistence/universal",
        "ltm.persistence.universals/universal",
        {"rule": "/T1/c-universal-rule"},
        {"timeout": "301"},
        needs=(
            (
                "ltm/rule",
                {
                    "name": "c-universal-rule",
                    "partition": "T1",
                    "apiAnonymous": "when HTTP_REQUEST { persist uie [HTTP::header X-User] }",
                },
            ),
        ),
    ),
    Sample("net/vlan", "net.vlans/vlan", {"tag": 1201}, {"mtu": 1450}),
    Sample(
        "net/route-domain", "net.route_domains/route_domain", {"id": 1202}, {"strict": "disabled"}
    ),
    Sample(
        "net/self",
        "net.selfips/selfip",
        {
            "address": "10.23.0.1/24",
            "vlan": "/T1/c-self-vlan",
            "trafficGroup": "/Common/traffic-group-local-only",
        },
        {"allowService": ["tcp:443", "udp:53"]},
        needs=(("net/vlan", {"name": "c-self-vlan", "partition": "T1"}),),
    ),
    Sample(
        "net/route",
        "net.routes/route",
        {"network": "10.24.0.0/16", "blackhole": True},
        {"description": "nowhere"},
    ),
    Sample(
        "net/tunnels/vxlan",
        "net.tunnels.vxlans/vxlan",
        {"floodingType": "multipoint"},
        {"description": "of one tenant"},
    ),
    Sample(
        "net/tunnels/gre",
        "net.tunnels.gres/gre",
        {"encapsulation": "nvgre"},
        {"description": "of one tenant"},
    ),
    Sample(
        "net/tunnels/tunnel",
        "net.tunnels.tunnels/tunnel",
        {"profile": "/Common/vxlan", "key": 1203, "localAddress": "10.25.0.1"},
        {"description": "of one tenant"},
    ),
    Sample(
        "net/arp",
        "net.arps/arp",
        {"ipAddress": "10.26.0.9", "macAddress": "fa:16:3e:00:00:01"},
        {"macAddress": "fa:16:3e:00:00:02"},
        needs=(
            ("net/vlan", {"name": "c-arp-vlan", "partition": "T1"}),
            (
                "net/self",
                {
                    "name": "c-arp-self",
                    "partition": "T1",
                    "address": "10.26.0.1/24",
                    "vlan": "/T1/c-arp-vlan",
                },
            ),
        ),
    ),
    Sample("ltm/monitor/mssql", "ltm.monitor.mssqls/mssql", {"database": "d"}, {"interval": 9}),
    Sample("ltm/monitor/oracle", "ltm.monitor.oracles/oracle", {"recv": "1"}, {"interval": 9}),
    Sample(
        "ltm/monitor/postgresql",
        "ltm.monitor.postgresqls/postgresql",
        {"send": "SELECT 1", "recv": "1", "username": "u"},
        {"recvRow": "1"},
    ),
    Sample("ltm/monitor/radius", "ltm.monitor.radius_s/radius", {"secret": "s"}, {"interval": 9}),
    Sample(
        "ltm/monitor/snmp-dca",
        "ltm.monitor.snmp_dcas/snmp_dca",
        {"community": "private"},
        {"cpuThreshold": "60"},
    ),
    Sample("ltm/profile/ftp", "ltm.profile.ftps/ftp", {"port": 2020}, {"security": "enabled"}),
    Sample("ltm/profile/dns", "ltm.profile.dns_s/dns", {}, {"enableDnssec": "no"}),
    Sample(
        "ltm/profile/radius", "ltm.profile.radius_s/radius", {}, {"persistAvp": "framed-ip-address"}
    ),
    Sample(
        "ltm/profile/request-log",
        "ltm.profile.request_logs/request_log",
        {"requestLogTemplate": "$CLIENT_IP"},
        {"requestLogging": "enabled"},
    ),
    Sample(
        "net/dns-resolver",
        "net.dns_resolvers/dns_resolver",
        {"forwardZones": [{"name": "example.com", "nameservers": [{"name": "10.0.0.1:53"}]}]},
        {"useIpv6": "no"},
    ),
)
