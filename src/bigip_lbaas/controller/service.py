"""One controller: takes from the global queue, answers heartbeats, watches and sweeps."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from bigip_lbaas.bus import topics
from bigip_lbaas.bus.port import Server
from bigip_lbaas.bus.request_ids import working_on
from bigip_lbaas.controller import registry
from bigip_lbaas.controller.admitting import admit
from bigip_lbaas.controller.auditing import Audits
from bigip_lbaas.controller.beating import HeartbeatBatches
from bigip_lbaas.controller.gathering import Asked, Gathering
from bigip_lbaas.controller.homes import homes_of
from bigip_lbaas.controller.parting import hand_over
from bigip_lbaas.controller.placing import Attended, Desk, attend_all
from bigip_lbaas.controller.recording import record_outcome
from bigip_lbaas.controller.reporting import ReportsWaiting
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.controller.silence import SilenceWatch, silence_of
from bigip_lbaas.controller.sources import doubt
from bigip_lbaas.controller.strangers import record_sightings
from bigip_lbaas.controller.strays import answer_search
from bigip_lbaas.controller.surroundings import Surroundings
from bigip_lbaas.controller.sweeping import Hands, Sweep
from bigip_lbaas.domain.capacity import CapacityReport
from bigip_lbaas.domain.errors import BusUnavailable, ProviderError
from bigip_lbaas.domain.home import Home
from bigip_lbaas.domain.ids import AgentId, GroupNumber, LoadBalancerId
from bigip_lbaas.store import records
from bigip_lbaas.store.port import OneOf
from bigip_lbaas.wire.codec import decode, encode
from bigip_lbaas.wire.messages import (
    Admission,
    Assignment,
    Heartbeat,
    HeartbeatAnswer,
    Homes,
    Measure,
    Nudge,
    Outcome,
    Ready,
    Registered,
    Registration,
    Sightings,
    StraySearch,
)

LOG = logging.getLogger(__name__)

SWEEP = "sweep"
REGISTRATIONS_AT_ONCE = 24  # a quarter of a second's, at 10 ms each
REGISTER_AGAIN_S = 1.0
TOO_MANY = "so many agents register at this moment that this one is to try again in a while"
LOOKS_PER_SILENCE = 16  # so often a controller looks at agents while one becomes too silent


class Controller:
    """One of any number of controllers of an environment; all state is in the store."""

    def __init__(self, settings: ControllerSettings, around: Surroundings) -> None:
        """Keep what is given; `start` sets it to work."""
        self._settings = settings
        self._around = around
        self._desk = Desk(settings, self._waited_s, around.random_hex)
        self._gathering = Gathering(self._attend_all, settings.placed_at_once)
        self._silence = SilenceWatch(settings)
        self._beats = HeartbeatBatches(
            around.store, settings, around.monotonic_s, around.random_hex
        )
        self.audits = Audits(settings, around.store, self._tell_agent)
        self._swept = threading.Event()  # set: sweep at once
        self.reports = ReportsWaiting(around.store, settings, self._swept.set, self._survive)
        self._places_to_register = threading.BoundedSemaphore(REGISTRATIONS_AT_ONCE)
        self._registers = threading.Lock()  # the database lets one at a time anyway
        hands = Hands(self.attend, around.statuses_wait, self._hand_over, self._survive)
        self._sweep = Sweep(settings, around.store, around.monotonic_s, around.random_hex, hands)
        self._look_again_s = settings.watch_interval_s
        self._asked: dict[GroupNumber, float] = {}  # for a score, when
        self._handed_over: deque[registry.Takeover] = deque()  # whose new agents are to be told
        self._look = threading.Event()  # set: watch at once
        self._stop = threading.Event()
        self._servers: list[Server] = []
        self._threads: list[threading.Thread] = []

    # -- life

    def start(self) -> None:
        """Serve the global queue and the heartbeats' queue; begin to watch and to sweep."""
        environment, name = self._settings.environment, self._settings.name
        host = self._settings.host
        work = {
            "nudge": self._edge(self.on_nudge),
            "outcome": self._edge(self.on_outcome),
            "report": self._edge(self.on_report),
            "ready": self._edge(self.on_ready),
            "sightings": self._edge(self.on_sightings),
            "admit": self.on_admission,
            "strays": self.on_stray_search,
            "drift": self._edge(self.audits.on_drift),
            "graphs": self.audits.on_graphs,
        }
        beats = {"register": self.on_registration, "heartbeat": self.on_heartbeat}
        serve = self._around.bus.serve
        heartbeat_queue = topics.heartbeat_queue(environment)
        self._servers = [
            serve(heartbeat_queue, host, beats, self._settings.heartbeat_workers),
            serve(topics.global_queue(environment), host, work, self._settings.workers),
        ]
        for loop in (self._watch_loop, self._sweep_loop, self._report_loop):
            thread = threading.Thread(target=loop, name=f"{name}-{loop.__name__}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Finish what was taken and stop; another controller goes on."""
        self._stop.set()
        self._look.set()
        self._swept.set()
        self.reports.wake()
        for server in self._servers:
            server.stop()
        for thread in self._threads:
            thread.join()

    # -- what others say

    def on_nudge(self, payload: dict[str, Any]) -> None:
        """Look at the load balancer that the message names."""
        nudge = decode(Nudge, payload)
        self.attend(nudge.load_balancer_id)

    def on_outcome(self, payload: dict[str, Any]) -> None:
        """Write down how an agent's work ended."""
        outcome = decode(Outcome, payload)
        recorded = self._around.store.write(
            lambda tx: record_outcome(tx, self._settings, outcome, self._around.random_hex)
        )
        LOG.info(
            "outcome load_balancer=%s revision=%s agent=%s applied=%s took_s=%.4f requests=%s"
            " error=%r",
            outcome.load_balancer_id, outcome.revision, outcome.agent_id, outcome.applied,
            outcome.took_s, outcome.requests, outcome.error,
        )  # fmt: skip
        self._around.measures.ended(outcome)
        if recorded.told:
            self._around.statuses_wait()
        self.attend_to(recorded.again)

    def on_report(self, payload: dict[str, Any]) -> None:
        """Keep a capacity report; requests that waited for one are looked at again."""
        self.reports.put(decode(CapacityReport, payload))

    def on_ready(self, payload: dict[str, Any]) -> None:
        """Send an agent that has taken its homes over all that is not settled in them."""
        ready = decode(Ready, payload)
        if ready.doubtful:
            self._around.store.write(lambda tx: doubt(tx, self._settings, ready))
        unsettled = self._around.store.read(
            lambda tx: registry.unsettled_work(
                tx, self._settings, homes_of(tx, self._settings, ready.agent_id)
            )
        )
        self.attend_to(unsettled)

    def on_sightings(self, payload: dict[str, Any]) -> None:
        """Compare what an agent's devices have with what they should."""
        seen = decode(Sightings, payload)
        self.attend_to(
            self._around.store.write(lambda tx: record_sightings(tx, self._settings, seen))
        )

    def on_admission(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Hold room for a load balancer before it is accepted, or say why there is none."""
        admission = decode(Admission, payload)
        new_id = self._around.random_hex() + self._around.random_hex()
        return encode(
            self._around.store.write(lambda tx: admit(tx, self._settings, admission, new_id))
        )

    def on_stray_search(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Say which projects have nothing in a group."""
        search = decode(StraySearch, payload)
        answer = self._around.store.write(lambda tx: answer_search(tx, self._settings, search))
        return encode(answer)

    def on_registration(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Begin an agent's new life; it asks for its unfinished work when it is ready.

        When very many ask at once most are told to ask again, or heartbeats would wait behind.
        """
        registration = decode(Registration, payload)
        if not self._places_to_register.acquire(blocking=False):
            return encode(Registered(refused=TOO_MANY, again_in_s=REGISTER_AGAIN_S))
        try:
            with self._registers:
                answer = self._around.store.write(
                    lambda tx: registry.register(
                        tx,
                        self._settings,
                        registration,
                        self._around.random_hex,
                        self._around.random_hex,
                    )
                )
        finally:
            self._places_to_register.release()
        if answer.refused:
            LOG.error("agent %s is refused: %s", registration.agent_id, answer.refused)
        return encode(answer)

    def on_heartbeat(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Answer a heartbeat, after it has been committed with those that come with it.

        What its sender has let go of is given to others before, and they are told soon after.
        """
        heartbeat = decode(Heartbeat, payload)
        if not (heartbeat.let_go or heartbeat.goodbye):
            return encode(self._beats.answer(heartbeat))
        random_hex = self._around.random_hex
        taken = self._around.store.write(
            lambda tx: hand_over(tx, self._settings, heartbeat, random_hex, random_hex)
        )
        if taken is None or not taken.is_heard:
            return encode(self._beats.answer(heartbeat))
        LOG.info(
            "agent %s let go: %d homes given away, %d left, %d tasks again",
            taken.agent_id, len(taken.given), taken.left, len(taken.unsettled),
        )  # fmt: skip
        self._handed_over.append(taken)
        self._look.set()
        if heartbeat.goodbye:
            return encode(HeartbeatAnswer(heard_let_go=True))
        return encode(replace(self._beats.answer(heartbeat), heard_let_go=True))

    # -- load balancers

    def attend(self, load_balancer_id: LoadBalancerId) -> None:
        """Take one load balancer as far as a controller can, then tell its agent.

        Those that several threads ask for at the same time share a transaction.
        """
        self._follow(self._gathering.put(load_balancer_id))

    def attend_to(self, ids: Sequence[LoadBalancerId]) -> None:
        """Take many on as if all were asked for at the same time; each survives the others."""
        for asked in [self._gathering.put(each) for each in ids]:
            self._survive(partial(self._follow, asked))

    def _follow(self, asked: Asked[LoadBalancerId, Attended]) -> None:
        """Tell whom it concerns what came of attending."""
        result = self._gathering.answer_to(asked)
        if result is None:
            return
        if result.told:
            self._around.statuses_wait()
        if result.assignment is not None:
            self._send_assignment(result.assignment)
        if result.measure is not None:
            self._ask_for_a_score(*result.measure)

    def _attend_all(self, ids: Sequence[LoadBalancerId]) -> dict[LoadBalancerId, Attended]:
        done = self._around.store.write(lambda tx: attend_all(tx, self._desk, ids))
        if done.books is not None:
            self._desk.ledger.keep(done.books)
        for one in done.decided:
            self._around.measures.decided(one.answer)
        return done.results

    def _ask_for_a_score(self, group: GroupNumber, agent_id: AgentId) -> None:
        """Have a group measured at once, unless that was asked a moment ago."""
        now_s = self._around.monotonic_s()
        if now_s - self._asked.get(group, float("-inf")) >= self._settings.refresh_pause_s:
            self._asked[group] = now_s
            self._tell_agent(agent_id, "measure", encode(Measure(agent_id)))

    def _waited_s(self, lb: records.LoadBalancer) -> float:
        return self._sweep.waited_s(lb.id, lb.revision)

    def _send_assignment(self, assignment: Assignment) -> None:
        self._sweep.sent(assignment.load_balancer_id, assignment.revision)
        with working_on(assignment.request_id):
            self._tell_agent(assignment.home.agent_id, "assign", encode(assignment))

    def _tell_agent(self, agent_id: AgentId, method: str, payload: dict[str, Any]) -> None:
        topic = topics.agent_queue(self._settings.environment, agent_id)
        try:
            self._around.bus.cast(topic, method, payload)
        except BusUnavailable as error:
            LOG.warning("%s; it is sent again within %s s", error, self._settings.resend_s)

    # -- watching over agents

    def _watch_loop(self) -> None:
        while not self._stop.is_set():
            self._look.wait(self._look_again_s)
            self._look.clear()
            if not self._stop.is_set():
                self._survive(self.watch)

    def watch(self) -> None:
        """Tell those to whom homes were handed over; take the homes of the silent."""
        taken: list[registry.Takeover] = []
        while self._handed_over:
            taken.append(self._handed_over.popleft())
            self._survive(partial(self._announce, taken[-1].given))
        agents = self._around.store.read(
            lambda tx: tx.select(records.Agent, environment=self._settings.environment)
        )
        allowed_s = [silence_of(agent, self._settings) for agent in agents if agent.alive]
        self._look_again_s = max(
            self._settings.watch_interval_s,
            min(allowed_s, default=0.0) / LOOKS_PER_SILENCE,
        )
        for silent in self._silence.silent(agents, self._around.monotonic_s()):
            self._survive(partial(self._take_over, silent, taken))
        for each in taken:  # all are taken first: of ten that die at once, none waits for the work
            self._survive(partial(self._send_work, each))
        self._around.measures.watched(self._look_again_s)

    def _take_over(self, silent: records.Agent, done: list[registry.Takeover]) -> None:
        taken = self._around.store.write(
            lambda tx: registry.take_homes(
                tx, self._settings, silent, self._around.random_hex, self._around.random_hex
            )
        )
        if taken is None:
            return
        LOG.warning(
            "agent %s has been silent for %.1f s: %d homes given away, %d left, %d tasks again",
            silent.id, silence_of(silent, self._settings), len(taken.given), taken.left,
            len(taken.unsettled),
        )  # fmt: skip
        self._announce(taken.given)
        done.append(taken)

    def _hand_over(self, taken: registry.Takeover) -> None:
        """Tell the successors their new homes, then what is not settled in them."""
        self._announce(taken.given)
        self._send_work(taken)

    def _send_work(self, taken: registry.Takeover) -> None:
        self.attend_to(taken.unsettled)

    def _announce(self, given: tuple[Home, ...]) -> None:
        """Tell each successor its new homes, so that it stamps them at once."""
        agents = {home.agent_id for home in given}
        rows = self._around.store.read(
            lambda tx: tx.select(
                records.Agent,
                OneOf("id", tuple(sorted(agents))),
                environment=self._settings.environment,
            )
        )
        for row in rows:
            homes = tuple(home for home in given if home.agent_id == row.id)
            self._tell_agent(row.id, "homes", encode(Homes(row.epoch, homes)))

    # -- sweeping

    def _sweep_loop(self) -> None:
        while not self._stop.is_set():
            self._swept.wait(self._settings.sweep_interval_s)
            self._swept.clear()
            if not self._stop.is_set():
                self._survive(self.sweep)

    def _report_loop(self) -> None:
        self.reports.serve(self._stop)

    def sweep(self) -> None:
        """Find what no message brought along; tell agents of the audits that operators want."""
        self._sweep.run()
        self._survive(self.audits.order)

    # -- the process edge

    def _edge(self, work: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
        """Return `work` as the bus may call it: what fails is logged, and the sweep finds it."""

        def endpoint(payload: dict[str, Any]) -> None:
            self._survive(lambda: work(payload))

        return endpoint

    def _survive(self, work: Callable[[], None]) -> Exception | None:
        """Do it; return the defect that it met, which trying again may not help."""
        try:
            work()
        except ProviderError as error:
            LOG.warning("%s: %s; it is tried again", type(error).__name__, error)
        except Exception as error:
            LOG.exception("a bug: this piece of work failed, and is found again by the sweep")
            return error
        return None
