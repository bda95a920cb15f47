"""Default attributes of configuration objects, as recorded from a 14.1.2.1 device."""

import json
from collections.abc import Mapping

DEFAULTS: Mapping[str, Mapping[str, object]] = {
    kind: json.loads(text)
    for kind, text in {
        "ltm/node": r"""
{"connectionLimit":0, "dynamicRatio":1, "ephemeral":"false", "fqdn":{"addressFamily":"ipv4",
"autopopulate":"disabled", "downInterval":5, "interval":"3600"}, "logging":"disabled",
"monitor":"default", "rateLimit":"disabled", "ratio":1}""",
        "ltm/pool": r"""
{"allowNat":"yes", "allowSnat":"yes", "ignorePersistedWeight":"disabled",
"ipTosToClient":"pass-through", "ipTosToServer":"pass-through", "linkQosToClient":"pass-through",
"linkQosToServer":"pass-through", "loadBalancingMode":"round-robin", "minActiveMembers":0,
"minUpMembers":0, "minUpMembersAction":"failover", "minUpMembersChecking":"disabled",
"queueDepthLimit":0, "queueOnConnectionLimit":"disabled", "queueTimeLimit":0, "reselectTries":0,
"serviceDownAction":"none", "slowRampTime":10}""",
        "ltm/virtual": r"""
{"addressStatus":"yes", "autoLasthop":"default", "cmpEnabled":"yes", "connectionLimit":0,
"destination":"/Common/0.0.0.0:0", "gtmScore":0, "ipProtocol":"any", "mask":"any",
"mirror":"disabled", "mobileAppTunnel":"disabled", "nat64":"disabled", "rateLimit":"disabled",
"rateLimitDstMask":0, "rateLimitMode":"object", "rateLimitSrcMask":0,
"serviceDownImmediateAction":"none", "source":"0.0.0.0/0",
"sourceAddressTranslation":{"type":"none"}, "sourcePort":"preserve",
"synCookieStatus":"not-activated", "translateAddress":"enabled", "translatePort":"enabled"}""",
        "ltm/virtual-address": r"""
{"arp":"enabled", "autoDelete":"true", "connectionLimit":0, "enabled":"yes", "floating":"enabled",
"icmpEcho":"enabled", "inheritedTrafficGroup":"false", "mask":"255.255.255.255",
"routeAdvertisement":"disabled", "serverScope":"any", "spanning":"disabled",
"trafficGroup":"/Common/traffic-group-1", "unit":1}""",
        "ltm/monitor/http": r"""
{"adaptive":"disabled", "adaptiveDivergenceType":"relative", "adaptiveDivergenceValue":25,
"adaptiveLimit":200, "adaptiveSamplingTimespan":300, "destination":"*:*", "interval":5,
"ipDscp":0, "manualResume":"disabled", "reverse":"disabled", "send":"GET /\\r\\n",
"timeUntilUp":0, "timeout":16, "transparent":"disabled", "upInterval":0}""",
        "ltm/monitor/https": r"""
{"adaptive":"disabled", "adaptiveDivergenceType":"relative", "adaptiveDivergenceValue":25,
"adaptiveLimit":200, "adaptiveSamplingTimespan":300, "destination":"*:*", "interval":5,
"ipDscp":0, "manualResume":"disabled", "reverse":"disabled", "send":"GET /\\r\\n",
"timeUntilUp":0, "timeout":16, "transparent":"disabled", "upInterval":0}""",
        "ltm/monitor/tcp": r"""
{"adaptive":"disabled", "adaptiveDivergenceType":"relative", "adaptiveDivergenceValue":25,
"adaptiveLimit":200, "adaptiveSamplingTimespan":300, "destination":"*:*", "interval":5,
"ipDscp":0, "manualResume":"disabled", "reverse":"disabled", "timeUntilUp":0, "timeout":16,
"transparent":"disabled", "upInterval":0}""",
        "ltm/monitor/tcp-half-open": r"""
{"destination":"*:*", "interval":5, "manualResume":"disabled", "timeUntilUp":0, "timeout":16,
"transparent":"disabled", "upInterval":0}""",
        "ltm/monitor/udp": r"""
{"adaptive":"disabled", "adaptiveDivergenceType":"relative", "adaptiveDivergenceValue":25,
"adaptiveLimit":200, "adaptiveSamplingTimespan":300, "debug":"no", "destination":"*:*",
"interval":5, "manualResume":"disabled", "reverse":"disabled", "send":"default send string",
"timeUntilUp":0, "timeout":16, "transparent":"disabled", "upInterval":0}""",
        "ltm/monitor/icmp": r"""
{"adaptive":"disabled", "adaptiveDivergenceType":"relative", "adaptiveDivergenceValue":25,
"adaptiveLimit":200, "adaptiveSamplingTimespan":300, "destination":"*", "interval":5,
"manualResume":"disabled", "timeUntilUp":0, "timeout":16, "transparent":"disabled",
"upInterval":0}""",
        "ltm/monitor/gateway-icmp": r"""
{"adaptive":"disabled", "adaptiveDivergenceType":"relative", "adaptiveDivergenceValue":25,
"adaptiveLimit":200, "adaptiveSamplingTimespan":300, "destination":"*:*", "interval":5,
"manualResume":"disabled", "timeUntilUp":0, "timeout":16, "transparent":"disabled",
"upInterval":0}""",
        "ltm/persistence/cookie": r"""
{"alwaysSend":"disabled", "appService":"none", "cookieEncryption":"disabled", "cookieName":"none",
"defaultsFrom":"none", "description":"none", "encryptCookiePoolname":"disabled", "expiration":"0",
"hashLength":0, "hashOffset":0, "httponly":"enabled", "matchAcrossPools":"disabled",
"matchAcrossServices":"disabled", "matchAcrossVirtuals":"disabled", "method":"insert",
"mirror":"disabled", "overrideConnectionLimit":"disabled", "secure":"enabled", "timeout":"180"}""",
        "ltm/persistence/source-addr": r"""
{"appService":"none", "defaultsFrom":"none", "description":"none", "hashAlgorithm":"default",
"mapProxies":"enabled", "mapProxyAddress":"none", "mapProxyClass":"none", "mask":"none",
"matchAcrossPools":"disabled", "matchAcrossServices":"disabled", "matchAcrossVirtuals":"disabled",
"mirror":"disabled", "overrideConnectionLimit":"disabled", "timeout":"180"}""",
        "net/vlan": r"""
{"autoLasthop":"default", "cmpHash":"default", "dagRoundRobin":"disabled", "dagTunnel":"outer",
"failsafe":"disabled", "failsafeAction":"failover-restart-tm", "failsafeTimeout":90,
"fwdMode":"l3", "hardwareSyncookie":"disabled", "learning":"enable-forward", "mtu":1500,
"sflow":{"pollInterval":0, "pollIntervalGlobal":"yes", "samplingRate":0,
"samplingRateGlobal":"yes"}, "sourceChecking":"disabled", "synFloodRateLimit":1000,
"syncacheThreshold":6000}""",
        "net/self": r"""
{"addressSource":"from-user", "floating":"disabled", "inheritedTrafficGroup":"false",
"trafficGroup":"/Common/traffic-group-local-only", "unit":0}""",
        "net/route-domain": r"""
{"connectionLimit":0, "strict":"enabled", "throughputCapacity":"infinite"}""",
        "net/tunnels/tunnel": r"""
{"autoLasthop":"default", "idleTimeout":300, "key":0, "localAddress":"any6",
"mode":"bidirectional", "mtu":0, "remoteAddress":"any6", "secondaryAddress":"any6",
"tos":"preserve", "transparent":"disabled", "usePmtu":"enabled"}""",
        "auth/partition": r"""
{"defaultRouteDomain":0}""",
        "sys/folder": r"""
{"deviceGroup":"none", "hidden":"false", "inheritedDevicegroup":"true",
"inheritedTrafficGroup":"true", "noRefCheck":"false", "trafficGroup":"/Common/traffic-group-1"}""",
    }.items()
}
