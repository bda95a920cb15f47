"""The program `bigip-lbaas-controller`: one of any number of controllers of an environment."""

import os
import sys
from collections.abc import Callable, Sequence

from bigip_lbaas.bus.oslo import OsloBus
from bigip_lbaas.cmd import options
from bigip_lbaas.cmd.building import SystemClock
from bigip_lbaas.cmd.logs import log_more
from bigip_lbaas.cmd.option_lists import CONTROLLER_MEETING_OPTIONS, CONTROLLER_OPTIONS
from bigip_lbaas.cmd.running import run
from bigip_lbaas.controller.service import Controller, Surroundings
from bigip_lbaas.store.sql import SqlStore


def start(files: Sequence[str]) -> Callable[[], None]:
    """Start a controller; return what stops it. Raises ProviderError."""
    conf = options.load(files, CONTROLLER_OPTIONS, CONTROLLER_MEETING_OPTIONS)
    if conf.debug:
        log_more()
    meeting = options.read_meeting(conf, needs_database=True)
    settings = options.read_controller(conf, f"{options.read_host(conf)}:{os.getpid()}")
    store = SqlStore(meeting.database_connection)
    bus = OsloBus(conf, meeting.transport_url, meeting.control_exchange)
    controller = Controller(settings, Surroundings(store, bus, SystemClock().monotonic_s))
    controller.start()

    def stop() -> None:
        controller.stop()
        bus.close()
        store.close()

    return stop


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; return its exit status."""
    return run("bigip-lbaas-controller", "Places load balancers and assigns them.", argv, start)


if __name__ == "__main__":
    sys.exit(main())
