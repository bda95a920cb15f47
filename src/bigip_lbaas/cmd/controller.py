"""The program `bigip-lbaas-controller`: one of any number of controllers of an environment."""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from bigip_lbaas.bus.oslo import OsloBus
from bigip_lbaas.cmd import options
from bigip_lbaas.cmd.building import SystemClock
from bigip_lbaas.cmd.logs import hide, log_as_said
from bigip_lbaas.cmd.option_lists import CONTROLLER_MEETING_OPTIONS, CONTROLLER_OPTIONS
from bigip_lbaas.cmd.running import GiveUp, run
from bigip_lbaas.cmd.telemetry.controller import ControllerTelemetry
from bigip_lbaas.cmd.telemetry.database import Looks
from bigip_lbaas.cmd.telemetry.server import read_listen, serving
from bigip_lbaas.controller.service import Controller
from bigip_lbaas.controller.surroundings import Surroundings
from bigip_lbaas.store.sql import SqlStore


def start(files: Sequence[str], _give_up: GiveUp) -> Callable[[], None]:
    """Start a controller; return what stops it. Raises ProviderError."""
    conf = options.load(files, CONTROLLER_OPTIONS, CONTROLLER_MEETING_OPTIONS)
    log_as_said(conf)
    meeting = options.read_meeting(conf, needs_database=True)
    hide(meeting.transport_url, meeting.database_connection)
    settings = options.read_controller(conf, f"{options.read_host(conf)}:{os.getpid()}")
    listen = read_listen(conf)
    monotonic_s = SystemClock().monotonic_s
    with ExitStack() as until_stopped:
        store = SqlStore(meeting.database_connection)
        until_stopped.callback(store.close)
        looks = Looks(store, settings.environment)
        telemetry = ControllerTelemetry(settings.environment, looks, monotonic_s)
        if listen is not None:
            until_stopped.enter_context(serving(listen, telemetry))
        bus = OsloBus(conf, meeting.transport_url, meeting.control_exchange)
        until_stopped.callback(bus.close)
        controller = Controller(settings, Surroundings(store, bus, monotonic_s, measures=telemetry))
        controller.start()
        until_stopped.callback(controller.stop)
        return until_stopped.pop_all().close  # the last one first


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; return its exit status."""
    return run("bigip-lbaas-controller", "Places load balancers and assigns them.", argv, start)


if __name__ == "__main__":
    sys.exit(main())
