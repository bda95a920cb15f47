"""What the long-running programs share: their command line, and waiting to be told to end."""

import argparse
import gc
import signal
import sys
import threading
from collections.abc import Callable, Sequence

from bigip_lbaas.cmd.logs import log_to_stderr
from bigip_lbaas.domain.errors import ProviderError

USAGE_ERROR = 2
# What is frozen no longer counts, so with the usual thresholds Python would look through the rest
# far more often than before, while all threads wait.
GC_THRESHOLDS = (2_000, 20, 20)
GiveUp = Callable[[str], None]  # with the reason, by whatever thread finds out
Start = Callable[[Sequence[str], GiveUp], Callable[[], None]]


def run(
    program: str,
    description: str,
    argv: Sequence[str] | None,
    start: Start,
) -> int:
    """Start, wait for SIGTERM or SIGINT, stop; return the exit status.

    start is given the configuration files, and what to call when the program cannot go on; it
    returns what stops it. What it refuses, or gives up for, is one sentence on standard error and
    status 2.
    """
    files = _files(program, description, argv)
    ended, started = threading.Event(), threading.Event()

    why: list[str] = []

    def give_up(said: str) -> None:
        why.append(said)
        ended.set()

    def end(_number: int, _frame: object) -> None:
        ended.set()
        if not started.is_set():  # it may be waiting for a message broker that is not there
            raise SystemExit(0)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    log_to_stderr()
    try:
        stop = start(files, give_up)
    except ProviderError as error:
        sys.stderr.write(f"{program}: {error}\n")
        return USAGE_ERROR
    started.set()
    pass_over_what_is_loaded()
    while not ended.wait(1.0):
        pass  # a plain wait would keep signals waiting too
    stop()
    if not why:
        return 0
    sys.stderr.write(f"{program}: {why[0]}\n")
    return USAGE_ERROR


def _files(program: str, description: str, argv: Sequence[str] | None) -> Sequence[str]:
    """Return the configuration files that the command line names."""
    parser = argparse.ArgumentParser(program, description=description)
    parser.add_argument(
        "--config-file",
        action="append",
        required=True,
        help="a configuration file; may be given several times, the last one wins",
    )
    files: list[str] = parser.parse_args(argv).config_file
    return files


def pass_over_what_is_loaded() -> None:
    """Have the garbage collector leave alone what is there by now: modules, options, connections.

    It is here to stay, and looking through its 150,000 objects stops all threads for 50 to 150 ms,
    which heartbeats, messages and requests to devices wait for.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
