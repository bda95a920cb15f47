"""The program `bigip-lbaas-agent`: one agent, for one device group, on one host."""

import logging
import os
import secrets
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace

from bigip_lbaas.bus.oslo import OsloBus
from bigip_lbaas.cmd import options
from bigip_lbaas.cmd.agent_options import read_agent, read_endpoints
from bigip_lbaas.cmd.building import Onlookers, build_agent
from bigip_lbaas.cmd.host_lock import Claim, only_one
from bigip_lbaas.cmd.logs import hide, log_as_said
from bigip_lbaas.cmd.option_lists import AGENT_OPTIONS
from bigip_lbaas.cmd.running import GiveUp, run
from bigip_lbaas.cmd.telemetry.agent import AgentTelemetry
from bigip_lbaas.cmd.telemetry.server import read_listen, serving
from bigip_lbaas.icontrol.rest import RestDevice

LOG = logging.getLogger(__name__)


def start(files: Sequence[str], give_up: GiveUp) -> Callable[[], None]:
    """Start an agent; return what stops it. Raises ProviderError."""
    conf = options.load(files, AGENT_OPTIONS, ())
    log_as_said(conf)
    meeting = options.read_meeting(conf, needs_database=False)
    settings = replace(
        read_agent(conf),
        instance=secrets.token_hex(8),
        runs_as=f"process {os.getpid()}, configuration {', '.join(files)}",
    )
    endpoints = read_endpoints(conf)
    hide(meeting.transport_url, *(endpoint.password for endpoint in endpoints))
    listen = read_listen(conf)
    if conf.icontrol_insecure:
        LOG.warning("icontrol_insecure is set: certificates of devices are not verified")
    with ExitStack() as until_stopped:
        until_stopped.enter_context(
            only_one(
                conf.lock_directory,
                Claim(
                    settings.environment,
                    settings.group,
                    tuple(endpoint.name for endpoint in endpoints),
                    f"agent {settings.agent_id}, configuration {', '.join(files)}",
                ),
            )
        )
        telemetry = AgentTelemetry(settings)
        if listen is not None:
            until_stopped.enter_context(serving(listen, telemetry))
        bus = OsloBus(conf, meeting.transport_url, meeting.control_exchange)
        agent = build_agent(
            settings,
            endpoints,
            bus,
            device_of=lambda endpoint, may_write: RestDevice(
                endpoint, may_write, telemetry.requested
            ),
            onlookers=Onlookers(lambda _member, said: LOG.warning("%s", said), telemetry),
        )
        agent.when_refused(give_up)
        agent.start()
        until_stopped.callback(bus.close)
        until_stopped.callback(agent.stop)
        return until_stopped.pop_all().close  # the last one first


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; return its exit status."""
    return run("bigip-lbaas-agent", "Brings one device group level.", argv, start)


if __name__ == "__main__":
    sys.exit(main())
