"""The options of controllers and agents, under the names that operators know."""

import socket

from oslo_config import cfg

from bigip_lbaas.cmd.placement_options import PLACEMENT_OPTIONS
from bigip_lbaas.domain.cluster import EACH, EQUAL, OVERLAP, SYNC

MEETING = "f5"  # the section in which all processes of an environment name where they meet

DEVICES_BY_HA_TYPE = {"standalone": (1, 1), "pair": (2, 2), "scalen": (2, 4)}

COMMON_OPTIONS = (
    cfg.StrOpt(
        "environment_prefix",
        default="Project",
        help="Name of the environment: its queues, agents and partitions carry it. Begins with a"
        " letter.",
    ),
    cfg.StrOpt(
        "host",
        default=socket.gethostname(),
        sample_default="this host's name",
        help="Name of this host.",
    ),
    cfg.BoolOpt("debug", default=False, help="Log at debug level."),
    cfg.StrOpt(
        "log_format",
        default="line",
        choices=["line", "json"],
        help="How each event is logged, always on one line. line: time, level, logger, [request id]"
        " and words. json: an object with time, level, logger, message, and request_id and trace"
        " where there are any.",
    ),
    cfg.StrOpt(
        "metrics_listen",
        default="",
        help="Where to serve /metrics for Prometheus and /healthz for a supervisor, such as"
        " 127.0.0.1:9105; an address for each process. Whoever reaches it may read both. Empty:"
        " nowhere.",
    ),
)

MEETING_OPTIONS = (
    cfg.StrOpt(
        "transport_url",
        secret=True,
        help="The message broker that drivers, controllers and agents of this environment share,"
        " such as rabbit://user:password@host:5672/bigip_lbaas.",
    ),
    cfg.StrOpt(
        "control_exchange",
        default="bigip_lbaas",
        help="The exchange of that broker in which this environment's queues live.",
    ),
)

CONTROLLER_MEETING_OPTIONS = (
    cfg.StrOpt(
        "database_connection",
        secret=True,
        help="The database that drivers and controllers of this environment share, such as"
        " mysql+pymysql://user:password@host/bigip_lbaas.",
    ),
)

CONTROLLER_OPTIONS = (
    cfg.FloatOpt(
        "heartbeat_interval",
        default=1.0,
        min=0.1,
        help="Seconds between two heartbeats of an agent, as long as there are not more agents than"
        " heartbeats_per_second allows.",
    ),
    cfg.FloatOpt(
        "heartbeats_per_second",
        default=200.0,
        min=1.0,
        help="How many heartbeats all agents together may send in a second; more agents beat less"
        " often, have longer leases, and are missed later.",
    ),
    cfg.FloatOpt(
        "lease",
        default=3.0,
        min=0.3,
        help="Seconds for which an answered heartbeat lets an agent write; at least two"
        " heartbeat intervals. Where the interval is longer, the lease is as much longer.",
    ),
    cfg.FloatOpt(
        "takeover_margin",
        default=1.0,
        min=0.1,
        help="Seconds beyond the lease that an agent must be silent before its homes are taken.",
    ),
    cfg.FloatOpt(
        "source_patience",
        default=30.0,
        min=1.0,
        help="Seconds for which every agent of a group with device_sync = sync must have missed the"
        " device that is written before another one is. A change has all projects of the group"
        " stamped and compared anew.",
    ),
    cfg.FloatOpt(
        "capacity_report_ttl",
        default=30.0,
        min=1.0,
        help="Seconds for which a capacity report counts as fresh.",
    ),
    cfg.FloatOpt(
        "pending_deadline",
        default=240.0,
        min=1.0,
        help="Seconds after which a change that has not been carried out is told as ERROR.",
    ),
    cfg.IntOpt(
        "device_request_limit",
        default=5,
        min=1,
        max=10,
        help="How many requests all agents together may have under way at one device at once; the"
        " answer to each heartbeat tells an agent its share, at least 1. A device's web server has"
        " 10 workers, for people too: a higher limit is faster where there is much to do, until"
        " the device answers 503. The same for all environments that share devices.",
    ),
    *PLACEMENT_OPTIONS,
)

AGENT_OPTIONS = (
    cfg.IntOpt(
        "environment_group_number",
        default=1,
        min=1,
        help="Number of the device group that this agent serves.",
    ),
    cfg.StrOpt(
        "capacity_policy",
        default="",
        help="Limits of the device group, such as tenant_count:200, active_connections:250k.",
    ),
    cfg.StrOpt(
        "icontrol_hostname",
        default="",
        help="Management addresses of the group's devices, separated by commas; host or"
        " host:port each.",
    ),
    cfg.StrOpt("icontrol_username", default="", help="Account on the devices."),
    cfg.StrOpt("icontrol_password", default="", secret=True, help="Its password."),
    cfg.StrOpt(
        "icontrol_password_file",
        default="",
        help="A file whose first line is the password; preferred to icontrol_password.",
    ),
    cfg.StrOpt(
        "icontrol_ca_file",
        default="",
        help="Certificates (PEM) that may have signed the devices'; empty: those the host trusts.",
    ),
    cfg.BoolOpt(
        "icontrol_insecure",
        default=False,
        help="Believe any certificate. Whoever is between agent and device can then read the"
        " password.",
    ),
    cfg.StrOpt(
        "f5_ha_type",
        default="standalone",
        choices=sorted(DEVICES_BY_HA_TYPE),
        help="standalone: one device; pair: two, of which one is active at a time; scalen: two to"
        " four, of which several may be active, each for its traffic groups.",
    ),
    cfg.ListOpt(
        "traffic_groups",
        default=["traffic-group-1"],
        help="Floating traffic groups of the devices; projects are spread over them, each with all"
        " its load balancers. Name several where several devices are active; the same for all"
        " agents of a group. A change moves virtual addresses to other devices when their load"
        " balancers are next written or audited.",
    ),
    cfg.StrOpt(
        "device_sync",
        default=EACH,
        choices=[EACH, SYNC],
        help="How the devices of a pair or scalen are written. each: all of them, by the agent;"
        " their device group must not sync by itself. sync: one, which the controllers choose; the"
        " others follow by their device group's own automatic sync. The same for all agents of a"
        " group.",
    ),
    cfg.StrOpt(
        "device_set",
        default=EQUAL,
        choices=[EQUAL, OVERLAP],
        help="Which devices the agents of a group name. equal: the same ones. overlap, only with"
        " device_sync = sync: at least one that all of them name.",
    ),
    cfg.ListOpt(
        "group_tags",
        default=[],
        help="What the group's devices offer; a flavor or availability zone may demand it. The"
        " same for all agents of a group.",
    ),
    cfg.StrOpt(
        "capacity_count_scope",
        default="device",
        choices=["device", "environment"],
        help="What counts such as node_count count: everything on a device, since the limit is the"
        " device's, or only what this environment has there.",
    ),
    cfg.FloatOpt(
        "capacity_report_interval",
        default=10.0,
        min=0.2,
        help="Seconds between two measurings of the group's capacity.",
    ),
    cfg.FloatOpt(
        "config_save_interval",
        default=30.0,
        min=0.0,
        help="Seconds between two looks whether changed devices are to save their configuration,"
        " which a reboot would lose; many changes share a save. 0: never.",
    ),
    cfg.FloatOpt(
        "device_retry_most",
        default=30.0,
        min=1.0,
        help="Seconds after which, at the most, a device that does not answer is asked again; the"
        " first time it is 1 s, and doubles. Longer: a device that returns is brought level that"
        " much later. Shorter: more questions to one that is starting.",
    ),
    cfg.FloatOpt(
        "device_patience",
        default=5.0,
        min=0.1,
        help="Seconds that the other devices of a group wait for one that is slower, before it goes"
        " on alone and is brought level later. Longer: a slow device delays more changes, each by"
        " that much. Shorter: large changes are told before every device has them.",
    ),
    cfg.IntOpt(
        "purge_limit",
        default=50,
        min=0,
        help="How many partitions of ours that belong to no project, and are empty, are taken away"
        " from a device at one time; and how many objects that nothing asks for, or load balancers"
        " that nobody knows, after an audit."
        " Where there are more none is, and an event says so: something else may be wrong. 0: none"
        " ever.",
    ),
    cfg.FloatOpt(
        "audit_interval",
        default=3600.0,
        min=0.0,
        help="Seconds, about, between two audits, which compare all that is ours on the group's"
        " devices with what the database wants; one is also made when an agent begins and when a"
        " device returns. 0: only when an operator asks (bigip-lbaas audit run).",
    ),
    cfg.StrOpt(
        "audit_policy",
        default="repair",
        choices=["report", "repair"],
        help="What is done about what an audit finds. report: it is told, and nothing is changed."
        " repair: it is told, and then just that is written.",
    ),
    cfg.StrOpt(
        "lock_directory",
        default="",
        help="Where agents keep the file that lets one agent of a device group run on a host;"
        " made with mode 0700 when missing. Empty: bigip-lbaas-locks in the system's temporary"
        " directory.",
    ),
)
