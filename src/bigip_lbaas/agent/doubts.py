"""Remembers the homes of which a device may have lost something, until a controller is asked."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from bigip_lbaas.domain.home import SHARED, Home
from bigip_lbaas.domain.ids import ProjectId

ASKED_AT_ONCE = 500  # homes in a message


@dataclass
class Doubts:
    """Homes to be compared, load balancer by load balancer. Safe for threads."""

    _homes: set[Home] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, home: Home) -> None:
        """Have a home compared soon."""
        if home.project_id != SHARED:
            with self._lock:
                self._homes.add(home)

    def take(self, is_ours: Callable[[Home], bool]) -> tuple[ProjectId, ...]:
        """Return projects to ask for, and forget them; who has lost a home asks for nothing."""
        with self._lock:
            self._homes = {home for home in self._homes if is_ours(home)}
            taken = sorted(self._homes, key=lambda home: home.project_id)[:ASKED_AT_ONCE]
            self._homes -= set(taken)
        return tuple(home.project_id for home in taken)
