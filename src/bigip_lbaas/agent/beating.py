"""Registers an agent, beats for it, and says with each heartbeat what was let go of."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from bigip_lbaas.agent.group import DeviceGroup
from bigip_lbaas.agent.life import Life
from bigip_lbaas.agent.pacing import Pacing
from bigip_lbaas.agent.parting import Parting
from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.agent.surroundings import Surroundings
from bigip_lbaas.bus import topics
from bigip_lbaas.domain.errors import BusUnavailable, NoAnswer
from bigip_lbaas.domain.home import Home
from bigip_lbaas.scheduling.heartbeats import Pace
from bigip_lbaas.wire.codec import Unreadable, decode, encode
from bigip_lbaas.wire.messages import HeartbeatAnswer, Registered, Registration

LOG = logging.getLogger(__name__)
A = TypeVar("A")

FIRST_LOOK_S = 1.5  # so long a registration waits for devices to say who they are, once
REFUSED_FOR_S = 15.0  # longer than controllers hear of a process that has died, or been replaced
SAY_AGAIN_S = 0.2  # after controllers did not know of letting go: the next one may


@dataclass
class Heart:
    """One agent's registrations and heartbeats, for a thread that never talks to a device.

    changed guards parting. begin: a new life has begun. answered: a heartbeat of that epoch was.
    refused: this agent contradicts others, and goes on doing so.
    """

    settings: AgentSettings
    group: DeviceGroup
    life: Life
    around: Surroundings
    pool: Executor
    changed: threading.Condition
    parting: Parting
    begin: Callable[[Registered], None]
    answered: Callable[[HeartbeatAnswer, str], None]
    refused: Callable[[str], None] = lambda _why: None
    _refused_since_s: float | None = None
    _begun_s: float = 0.0  # when the present life did
    _beats: int = 0
    _registered_as: tuple[str, ...] = ()
    _pacing: Pacing = field(init=False)

    def __post_init__(self) -> None:
        """Know nothing of the pace yet."""
        self._pacing = Pacing(self.settings, self.around.jitter)

    def beat_once(self) -> float:
        """Register if need be, and beat; return how long to wait before the next one."""
        if self.life.epoch and self.group.serials() != self._registered_as:
            self.life.end()  # it registers again, now with the device's serial number
        begun_s = self.around.clock.monotonic_s()
        if self.parting.is_leaving and not self.life.epoch:
            self.parting.is_over.set()  # nothing is ours
            return self.settings.retry_s
        try:
            if not self.life.epoch:
                self._beats = 0
                interval_s = self._register()
            if self.life.epoch:
                self._beats += 1
                interval_s = self._beat(self._beats)
        except (BusUnavailable, NoAnswer) as error:
            LOG.warning("%s: no controller answers: %s", self.settings.agent_id, error)
            took_s = self.around.clock.monotonic_s() - begun_s
            interval_s = self._pacing.again_after_loss_s(bool(self.life.epoch), took_s)
            self.parting.was_not_heard()
        return interval_s

    def _register(self) -> float:
        """Begin a new life; return when to try again or to beat."""
        if not self._registered_as:
            self.group.identify(self.pool, FIRST_LOOK_S)
        self._registered_as = self.group.serials()
        registration = Registration(
            self.settings.agent_id,
            self.settings.environment,
            self.settings.host,
            self.settings.group,
            self._registered_as,
            self.settings.tags,
            instance=self.settings.instance,
            runs_as=self.settings.runs_as,
            seen=self.life.seen(),
            device_sync=self.settings.device_sync,
            device_set=self.settings.device_set,
        )
        answer = self._call("register", encode(registration), Registered)
        if answer.refused:
            self._note_refusal(answer)
            return self._pacing.again_when_refused_s(answer.again_in_s)
        self._pacing.put_off = 0
        self._refused_since_s = None
        self._begun_s = self.around.clock.monotonic_s()
        self.begin(answer)
        return 0.0

    def _note_refusal(self, answer: Registered) -> None:
        """Say why it may not work; a contradiction that lasts is not waited out."""
        said = f"{self.settings.agent_id} may not work: {answer.refused}"
        if answer.again_in_s:  # so many register at this moment
            LOG.info("%s", said)
            return
        LOG.error("%s", said)
        now_s = self.around.clock.monotonic_s()
        if self._refused_since_s is None:
            self._refused_since_s = now_s
        if now_s - self._refused_since_s >= REFUSED_FOR_S:
            self.refused(said)

    def _beat(self, beat: int) -> float:
        told = self.life.heartbeat(self.settings.agent_id, beat)
        epoch = told.epoch
        with self.changed:
            let_go = self.parting.to_say()
            goodbye = self.parting.is_goodbye(let_go)
        sees = self.group.sights()
        heartbeat = replace(told, let_go=let_go, goodbye=goodbye, sees=sees)
        sent_at_s = self.around.clock.monotonic_s()
        answer = self._call("heartbeat", encode(heartbeat), HeartbeatAnswer)
        if answer.epoch_ended:
            LOG.warning("%s: its epoch has been ended, it begins anew", self.settings.agent_id)
            self.life.end()
            if self.around.clock.monotonic_s() - self._begun_s > self.settings.retry_s:
                return 0.0
            # another process registers under this name: they must not do nothing else
            return self.settings.retry_s * (0.5 + self.around.jitter())
        if goodbye and answer.heard_let_go:
            LOG.info("%s: all homes were let go of", self.settings.agent_id)
            self.parting.is_over.set()
            return self.settings.retry_s
        self.life.renew(epoch, sent_at_s, answer.lease_s, beat)
        self._pacing.pace = Pace(answer.interval_s, answer.lease_s)
        self.answered(answer, epoch)
        return self._part(answer, let_go)

    def _part(self, answer: HeartbeatAnswer, said: tuple[Home, ...]) -> float:
        """Let go of homes as the answer asks; return when to beat again."""
        with self.changed:
            if answer.heard_let_go:
                self.parting.heard(said)
            elif said or self.parting.is_goodbye(said):
                self.parting.was_not_heard()
                return SAY_AGAIN_S if self.parting.is_leaving else answer.interval_s
            self.parting.is_asked = answer.let_go
            self.parting.surplus = answer.surplus
            self.parting.let_go_of_idle()
            to_say = self.parting.to_say()
            return 0.0 if to_say or self.parting.is_goodbye(to_say) else answer.interval_s

    def _call(self, method: str, payload: dict[str, Any], kind: type[A]) -> A:
        queue = topics.heartbeat_queue(self.settings.environment)
        timeout_s = self._pacing.timeout_s()
        try:
            answer = decode(kind, self.around.bus.call(queue, method, payload, timeout_s))
        except Unreadable as error:
            raise NoAnswer(f"the answer to {method} cannot be read: {error}") from error
        self._pacing.answered()
        return answer
