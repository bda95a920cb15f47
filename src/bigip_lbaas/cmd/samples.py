"""Lists the options for oslo-config-generator, one namespace for each kind of configuration file.

The namespaces bigip_lbaas.controller, bigip_lbaas.agent and bigip_lbaas.driver are found by entry
point, as those of OpenStack's services are.
"""

from oslo_config import cfg

from bigip_lbaas.cmd.option_lists import (
    AGENT_OPTIONS,
    COMMON_OPTIONS,
    CONTROLLER_MEETING_OPTIONS,
    CONTROLLER_OPTIONS,
    MEETING,
    MEETING_OPTIONS,
)

Listed = list[tuple[str, tuple[cfg.Opt, ...]]]  # section, its options


def controller_options() -> Listed:
    """Return what a controller's file may say."""
    return [
        ("DEFAULT", (*COMMON_OPTIONS, *CONTROLLER_OPTIONS)),
        (MEETING, (*MEETING_OPTIONS, *CONTROLLER_MEETING_OPTIONS)),
    ]


def agent_options() -> Listed:
    """Return what an agent's file may say."""
    return [("DEFAULT", (*COMMON_OPTIONS, *AGENT_OPTIONS)), (MEETING, MEETING_OPTIONS)]


def driver_options() -> Listed:
    """Return what the driver reads in octavia.conf, in the section of its first provider name."""
    # octavia-lib is an extra, which hosts of controllers and agents need not have
    from bigip_lbaas.provider.octavia.driver import DEFAULT_NAME
    from bigip_lbaas.provider.octavia.settings import OPTIONS

    return [(DEFAULT_NAME, OPTIONS)]
