"""Runs a program that gets SIGTERM when the process that started it ends, even when it is killed.

`python child.py PARENT PROGRAM ARGUMENT...`: what Popen's preexec_fn would do, but that is unsafe
where there are threads. Only the standard library, so that it costs next to nothing.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    """Become the program."""
    parent, *program = sys.argv[1:]
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):  # it has ended before it was said
        sys.exit(1)
    os.execv(program[0], program)  # noqa: S606 - our own programs, no shell


if __name__ == "__main__":
    main()
