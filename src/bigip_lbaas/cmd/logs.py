"""Where the processes' own words go: one line per event."""

import logging
from pathlib import Path

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
# these say more than an operator wants to read, on every request or at every start
TALKATIVE = ("alembic", "amqp", "httpcore", "httpx", "kombu", "oslo", "oslo_messaging", "stevedore")


def log_to_file(path: Path) -> None:
    """Write everything to a file that only its owner can read."""
    path.touch(mode=0o600)
    _log_to(logging.FileHandler(path, encoding="utf-8"))


def log_to_stderr() -> None:
    """Write everything to standard error, where a supervisor collects it."""
    _log_to(logging.StreamHandler())


def _log_to(handler: logging.Handler) -> None:
    handler.setFormatter(logging.Formatter(FORMAT))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)  # those of libraries are no words for who runs the program
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def log_more() -> None:
    """Write debug messages, too."""
    logging.getLogger().setLevel(logging.DEBUG)
