"""Watches, as a user of the API does, for how long anything is PENDING."""

import threading
import time
from types import TracebackType
from typing import Self

import httpx

LOOK_EVERY_S = 2.0


class PendingWatch:
    """Remembers the longest time that a load balancer was seen PENDING without a break."""

    def __init__(self, endpoint: str) -> None:
        self._url = f"{endpoint}/v2/lbaas/loadbalancers"
        self._since: dict[tuple[str, str], float] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.longest: tuple[float, str] = (0.0, "nothing was pending")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        with httpx.Client(timeout=30) as client:
            while not self._end.wait(LOOK_EVERY_S):
                try:
                    answer = client.get(self._url)
                    answer.raise_for_status()
                except httpx.HTTPError:
                    continue  # what is pending stays so until it is seen to be over
                self._note(
                    {
                        (lb["id"], lb["provisioning_status"])
                        for lb in answer.json()["loadbalancers"]
                        if lb["provisioning_status"].startswith("PENDING")
                    },
                    time.monotonic(),
                )

    def _note(self, pending: set[tuple[str, str]], now_s: float) -> None:
        self._since = {one: self._since.get(one, now_s) for one in pending}
        for (id_, status), since_s in self._since.items():
            self.longest = max(self.longest, (now_s - since_s, f"{id_} was {status}"))
