"""Runs a program of a lab whose messages get lost, come twice, come late and in another order.

`lossy.py SHARES PROGRAM ARGUMENT...`, SHARES being JSON: the shares of messages that are `lost`,
`repeated` and `late`, and for how long a late one is held back at most (`late_s`). On their way
to the real broker, and back.
"""

import json
import random
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stations import run_program

from bigip_lbaas.bus import oslo
from bigip_lbaas.domain.errors import NoAnswer

METHODS = {"cast": oslo.OsloBus.cast, "call": oslo.OsloBus.call}


class Post:
    """Decides by dice what becomes of a message."""

    def __init__(self, shares: Mapping[str, float]) -> None:
        self._shares = shares
        self._dice = random.Random()

    def cast(self, bus: oslo.OsloBus, *message: Any) -> None:
        for _copy in range(1 + self._falls("repeated")):
            if self._falls("lost"):
                continue
            if self._falls("late"):
                late_s = self._dice.random() * self._shares["late_s"]
                timer = threading.Timer(late_s, METHODS["cast"], (bus, *message))
                timer.daemon = True
                timer.start()
            else:
                METHODS["cast"](bus, *message)

    def call(self, bus: oslo.OsloBus, topic: str, method: str, *rest: Any) -> Any:
        if self._falls("lost"):
            raise NoAnswer(f"{topic}.{method}: the question was lost")
        answers = [
            METHODS["call"](bus, topic, method, *rest) for _ in range(1 + self._falls("repeated"))
        ]
        if self._falls("lost"):
            raise NoAnswer(f"{topic}.{method}: the answer was lost")
        return answers[-1]

    def _falls(self, share: str) -> bool:
        return self._dice.random() < self._shares[share]


def main() -> None:
    shares, *command = sys.argv[1:]
    sys.path.remove(str(Path(__file__).parent))
    post = Post(json.loads(shares))
    oslo.OsloBus.cast = lambda bus, *message: post.cast(bus, *message)  # type: ignore[method-assign]
    oslo.OsloBus.call = lambda bus, *message: post.call(bus, *message)  # type: ignore[method-assign]
    run_program(command)


if __name__ == "__main__":
    main()
