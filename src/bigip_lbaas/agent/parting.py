"""Lets go of homes in an orderly way, and remembers of which the controllers have not heard yet.

A home is let go of first: from then on nothing is begun in it at or under its fence. It is said
only when nothing of ours is under way there any more, again and again until that has been heard.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import islice

from bigip_lbaas.agent.inbox import Inbox
from bigip_lbaas.agent.level import Leveller
from bigip_lbaas.agent.life import REMEMBERED, Life
from bigip_lbaas.domain.home import Home
from bigip_lbaas.domain.ids import ProjectId
from bigip_lbaas.wire.messages import Outcome

SAID_AT_ONCE = 500  # homes in a heartbeat; the next one follows at once
UNHEARD = 3  # so often a process that ends says goodbye to controllers that do not know of it


@dataclass
class Parting:
    """What an agent has let go of in its present life. Its owner holds the inbox's lock.

    is_asked: the controllers have others who can take all homes; surplus: who can take so many of
    those in which there is nothing to do. is_leaving: the process is about
    to end, so it takes nothing any more. is_over: it has said goodbye, or nobody hears it.
    """

    life: Life
    leveller: Leveller
    inbox: Inbox
    is_asked: bool = False
    surplus: int = 0
    is_leaving: bool = False
    is_over: threading.Event = field(default_factory=threading.Event)
    _unheard: dict[ProjectId, Home] = field(default_factory=dict)
    _farewells: OrderedDict[ProjectId, Outcome] = field(default_factory=OrderedDict)
    _in_vain: int = 0

    def forget(self) -> None:
        """Forget everything: a new life begins, whose fences are other ones."""
        self.is_asked = False
        self.surplus = 0
        self._unheard.clear()
        self._farewells.clear()

    def let_go_of_idle(self) -> bool:
        """Let go of homes in which no task is under way: of all, or as many as are too many.

        Return whether there is something to say.
        """
        all_of_them = self.is_asked or self.is_leaving
        if not (all_of_them or self.surplus):
            return False
        idle = (home for home in self.life.homes() if not self.inbox.is_busy(home.project_id))
        for home in tuple(islice(idle, None if all_of_them else self.surplus)):
            self.life.let_go(home)
            self.inbox.drop(home.project_id)
            self._unheard[home.project_id] = home
        self.surplus = 0
        return bool(self._unheard)

    def to_say(self) -> tuple[Home, ...]:
        """Return homes that may be said to be let go of: nothing is under way in them."""
        return self.leveller.drop(islice(self._unheard.values(), SAID_AT_ONCE))

    def is_goodbye(self, said: tuple[Home, ...]) -> bool:
        """Return whether nothing is left once this has been said, and the process may end."""
        return self.is_leaving and not self.life.homes() and len(said) == len(self._unheard)

    def heard(self, said: tuple[Home, ...]) -> None:
        """Note that the controllers have written down what was said."""
        for home in said:
            if self._unheard.get(home.project_id) == home:
                del self._unheard[home.project_id]

    def was_not_heard(self) -> None:
        """Note that something was said in vain: a process that ends says it a few times."""
        self._in_vain += self.is_leaving
        if self._in_vain >= UNHEARD:
            self.is_over.set()

    def end(self, home: Home, outcome: Outcome) -> None:
        """Let go of a home whose last load balancer is gone; the outcome says so."""
        self.life.let_go(home)
        self.leveller.drop((home,))
        self._farewells[home.project_id] = outcome
        if len(self._farewells) > REMEMBERED:
            self._farewells.popitem(last=False)

    def asked_for(self, home: Home) -> Outcome | None:
        """Note that a controller takes a home for ours that was let go of: it has not heard.

        Return the outcome to be said again, if it was one; else the next heartbeat says it.
        """
        farewell = self._farewells.get(home.project_id)
        if farewell is not None and farewell.fence == home.fence:
            return farewell
        unheard = self._unheard.get(home.project_id, home)
        self._unheard[home.project_id] = max(home, unheard, key=lambda one: one.fence.number)
        return None
