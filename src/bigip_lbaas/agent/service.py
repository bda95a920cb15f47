"""One agent: takes assignments, brings its device group level, beats and reports."""

import logging
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from bigip_lbaas.agent.converge import Ending, Work, converge, outcome_of, stamp_all
from bigip_lbaas.agent.group import DeviceGroup, Member
from bigip_lbaas.agent.inbox import Inbox, Task
from bigip_lbaas.agent.life import REMEMBERED, Life
from bigip_lbaas.agent.pacing import Pacing
from bigip_lbaas.agent.reporting import Reporter
from bigip_lbaas.agent.returning import Gate
from bigip_lbaas.agent.saving import Saver
from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.agent.surroundings import Surroundings
from bigip_lbaas.bus import topics
from bigip_lbaas.bus.port import Server
from bigip_lbaas.domain.errors import BusUnavailable, NoAnswer, ProviderError
from bigip_lbaas.domain.home import Home
from bigip_lbaas.domain.ids import ProjectId
from bigip_lbaas.scheduling.heartbeats import Pace
from bigip_lbaas.wire.codec import Unreadable, decode, encode
from bigip_lbaas.wire.messages import (
    Assignment,
    Heartbeat,
    HeartbeatAnswer,
    Homes,
    Outcome,
    Ready,
    Registered,
    Registration,
)

LOG = logging.getLogger(__name__)
A = TypeVar("A")

IDLE_S = 1.0
FIRST_LOOK_S = 1.5  # so long a registration waits for devices to say who they are, once
LAST_SAVE_S = 10.0  # so long an agent that stops waits for devices to save what it changed
STAMPS_AT_ONCE = 450  # homes; ten transactions on each device, about a second


class Agent:
    """One process's agent for one device group."""

    def __init__(
        self, settings: AgentSettings, group: DeviceGroup, life: Life, around: Surroundings
    ) -> None:
        """Keep what is given; `start` sets it to work."""
        self._settings = settings
        self._group = group
        self._life = life
        self._around = around
        self._gate = Gate(around.leveller, life)
        self._inbox = Inbox()
        self._changed = threading.Condition()  # guards the inbox
        self._stop = threading.Event()
        self._beats = 0
        self._registered_as: tuple[str, ...] = ()
        self._pacing = Pacing(settings, around.jitter)
        # of homes let go of in this life
        self._farewells: OrderedDict[ProjectId, Outcome] = OrderedDict()
        self._ready_for = ""  # the epoch for which Ready is still to be sent
        self._server: Server | None = None
        self._threads: list[threading.Thread] = []
        self._pool = around.pool or ThreadPoolExecutor(
            len(group.members) * (settings.workers + 2), f"{settings.agent_id}-device"
        )
        self._saver = Saver(group, self._pool)
        self._reporter = Reporter(
            settings, group, life, around.clock, self._pool,
            lambda report: self._cast("report", report),
        )  # fmt: skip
        group.returned = self._stamp_again

    # -- life

    def start(self) -> None:
        """Begin: serve the agent's queue, register, beat, work and report."""
        topic = topics.agent_queue(self._settings.environment, self._settings.agent_id)
        endpoints = {
            "assign": self.on_assignment,
            "homes": self.on_homes,
            "measure": lambda _payload: self._reporter.hurry(),
        }
        self._server = self._around.bus.serve(topic, self._settings.agent_id, endpoints, 2)
        loops = [self._beat_loop, self._report_loop, self._save_loop]
        loops += [self._work_loop] * self._settings.workers
        for number, loop in enumerate(loops):
            name = f"{self._settings.agent_id}-{loop.__name__.strip('_')}-{number}"
            thread = threading.Thread(target=loop, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Finish what was begun and stop; what is left is another agent's work."""
        self._stop.set()
        self._reporter.stop()
        with self._changed:
            self._changed.notify_all()
        if self._server is not None:
            self._server.stop()
        for thread in self._threads:
            thread.join()
        if self._settings.save_interval_s:
            self._saver.save(LAST_SAVE_S)
        self._pool.shutdown(wait=True)
        for member in self._group.members:
            member.device.close()

    # -- what controllers say

    def on_assignment(self, payload: dict[str, Any]) -> None:
        """Take a task, unless it is of another epoch or an overtaken fence."""
        assignment = decode(Assignment, payload)
        farewell = self._farewells.get(assignment.home.project_id)
        if farewell is not None and self._life.has_let_go(assignment.home):
            self._cast("outcome", farewell)  # it has not been heard yet
        elif not self._life.adopt(assignment.home, assignment.epoch):
            LOG.info(
                "%s does not take %s of epoch %s, fence %s",
                self._settings.agent_id, assignment.load_balancer_id, assignment.epoch,
                assignment.home.fence.number,
            )  # fmt: skip
        else:
            self._put(Task(assignment.home, assignment.epoch, assignment))

    def on_homes(self, payload: dict[str, Any]) -> None:
        """Take homes over: each is stamped before anything else is written there."""
        homes = decode(Homes, payload)
        for home in homes.homes:
            if self._life.adopt(home, homes.epoch):
                self._put(Task(home, homes.epoch))

    def _put(self, task: Task) -> None:
        with self._changed:
            self._inbox.put(task)
            self._changed.notify()

    # -- heartbeats

    def _beat_loop(self) -> None:
        interval_s = 0.0
        while not self._around.clock.wait(self._stop, interval_s):
            try:
                interval_s = self.beat_once()
            except Exception:
                LOG.exception("a bug: %s could not beat; it goes on", self._settings.agent_id)
                interval_s = self._settings.retry_s

    def beat_once(self) -> float:
        """Register if need be, and beat; return how long to wait before the next one."""
        if self._life.epoch and self._group.serials() != self._registered_as:
            self._life.end()  # it registers again, now with the device's serial number
        begun_s = self._around.clock.monotonic_s()
        try:
            if not self._life.epoch:
                self._beats = 0
                interval_s = self._register()
            if self._life.epoch:
                self._beats += 1
                interval_s = self._beat(self._beats)
        except (BusUnavailable, NoAnswer) as error:
            LOG.warning("%s: no controller answers: %s", self._settings.agent_id, error)
            took_s = self._around.clock.monotonic_s() - begun_s
            interval_s = self._pacing.again_after_loss_s(bool(self._life.epoch), took_s)
        return interval_s

    def _register(self) -> float:
        """Begin a new life; return when to try again or to beat."""
        if not self._registered_as:
            self._group.identify(self._pool, FIRST_LOOK_S)
        self._registered_as = self._group.serials()
        registration = Registration(
            self._settings.agent_id,
            self._settings.environment,
            self._settings.host,
            self._settings.group,
            self._registered_as,
            self._settings.tags,
            instance=self._settings.instance,
            runs_as=self._settings.runs_as,
            seen=self._life.seen(),
        )
        answer = self._call("register", encode(registration), Registered)
        if answer.refused:
            level = logging.INFO if answer.again_in_s else logging.ERROR
            LOG.log(level, "%s may not work: %s", self._settings.agent_id, answer.refused)
            return self._pacing.again_when_refused_s(answer.again_in_s)
        self._pacing.put_off = 0
        with self._changed:
            self._inbox.clear()
        self._around.leveller.forget()
        self._farewells.clear()
        self._life.begin(answer.epoch, answer.homes)
        self._reporter.begin()
        LOG.info("%s: epoch %s, %d homes", self._settings.agent_id, answer.epoch, len(answer.homes))
        self._ready_for = answer.epoch
        self._stamp_homes(answer.homes, answer.epoch)
        return 0.0

    def _beat(self, beat: int) -> float:
        epoch = self._life.epoch
        heartbeat = Heartbeat(
            self._settings.agent_id,
            epoch,
            beat,
            len(self._life.homes()),
            self._life.highest(),
            self._life.held_lease_s(),
            self._life.seen(),
        )
        sent_at_s = self._around.clock.monotonic_s()
        answer = self._call("heartbeat", encode(heartbeat), HeartbeatAnswer)
        if answer.epoch_ended:
            LOG.warning("%s: its epoch has been ended, it begins anew", self._settings.agent_id)
            self._life.end()
            if beat > 1:
                return 0.0
            # another process registers under this name: they must not do nothing else
            return self._settings.retry_s * (0.5 + self._around.jitter())
        self._life.renew(epoch, sent_at_s, answer.lease_s)
        self._pacing.pace = Pace(answer.interval_s, answer.lease_s)
        self._reporter.heard(answer.store_time)
        if answer.homes is not None:
            self._stamp_homes(self._life.replace_homes(epoch, answer.homes), epoch)
        self._wake_workers()
        return answer.interval_s

    def _call(self, method: str, payload: dict[str, Any], kind: type[A]) -> A:
        queue = topics.heartbeat_queue(self._settings.environment)
        timeout_s = self._pacing.timeout_s()
        try:
            answer = decode(kind, self._around.bus.call(queue, method, payload, timeout_s))
        except Unreadable as error:
            raise NoAnswer(f"the answer to {method} cannot be read: {error}") from error
        self._pacing.answered()
        return answer

    # -- work

    def _stamp_again(self, _member: Member) -> None:
        """Read and stamp all homes on a device that was away, though nobody asks for anything."""
        epoch = self._life.epoch
        for home in self._life.homes() if epoch else ():
            self._put(Task(home, epoch))

    def _stamp_homes(self, homes: tuple[Home, ...], epoch: str) -> None:
        """Queue the stamping of homes; without any the agent is ready at once."""
        for home in homes:
            self._put(Task(home, epoch))
        self._tell_when_ready()

    def _wake_workers(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _work_loop(self) -> None:
        while not self._stop.is_set():
            if not self.work_once():
                self._wait_for_work()

    def work_once(self) -> bool:
        """Do the next task that is ready; return whether there was one."""
        tasks = self._next_tasks()
        if not tasks:
            return False
        try:
            self._work(tasks)
        except ProviderError as error:
            for task in tasks:
                self._try_again(task, str(error))
        except Exception as error:
            LOG.exception("a bug: %s could not be worked on", tasks[0].key)
            for task in tasks:
                self._end(task, Ending(refused=f"a defect of the agent: {error}"), Work())
        finally:
            with self._changed:
                for task in tasks:
                    self._inbox.finish(task)
                self._changed.notify_all()
            self._tell_when_ready()
        return True

    def _next_tasks(self) -> tuple[Task, ...]:
        """Return the next task that is ready, if writing is allowed now; stamps come together."""
        now_s = self._around.clock.monotonic_s()
        with self._changed:
            task = self._inbox.take(now_s) if self._life.lease_left_s() > 0 else None
            if task is None:
                return ()
            if task.assignment is not None:
                return (task,)
            return task, *self._inbox.take_stamps(now_s, task.epoch, STAMPS_AT_ONCE - 1)

    def _wait_for_work(self) -> None:
        now_s = self._around.clock.monotonic_s()
        with self._changed:
            wait_s = self._inbox.next_ready_in_s(now_s)
            has_lease = self._life.lease_left_s() > 0
            if not self._stop.is_set() and not (has_lease and wait_s == 0.0):
                # woken by a task, by the end of one, by each answered heartbeat
                self._changed.wait(min(IDLE_S, wait_s) if wait_s else IDLE_S)

    def _work(self, tasks: tuple[Task, ...]) -> None:
        """Bring the group level with one task, or stamp homes, and report how that ended."""
        epoch = self._life.epoch
        held = [task for task in tasks if task.epoch == epoch and self._life.holds(task.home)]
        if not held:
            return
        before = self._requests()
        begun_s = self._around.clock.monotonic_s()
        if held[0].assignment is None:
            endings = stamp_all(self._group, held, self._gate.stamp, self._pool)
        else:
            endings = (converge(self._group, held[0], self._gate.level, self._pool),)
        work = Work(self._around.clock.monotonic_s() - begun_s, self._requests() - before)
        for task, ending in zip(held, endings, strict=True):
            if ending.fenced:
                LOG.error("%s: %s; nothing was written", self._settings.agent_id, ending.later)
            self._end(task, ending, work)

    def _end(self, task: Task, ending: Ending, work: Work) -> None:
        """Report an ending, and try again what is not level everywhere."""
        again = (
            bool(ending.later) and not ending.fenced
        )  # a home of someone else is not ours to try
        outcome = outcome_of(task, ending, self._settings.agent_id, work)
        if outcome is not None and (not again or ending.later != task.said):
            if outcome.let_go is not None:
                self._life.let_go(task.home)
                self._around.leveller.drop(task.home)
                self._farewells[task.home.project_id] = outcome
                if len(self._farewells) > REMEMBERED:
                    self._farewells.popitem(last=False)
            self._cast("outcome", outcome)
            if ending.applied:
                self._reporter.changed()
        if again:
            self._try_again(task, ending.later)

    def _try_again(self, task: Task, said: str) -> None:
        """Put a task back, to be tried after a while that doubles each time."""
        wait_s = min(self._settings.retry_s * 2 ** min(task.tries, 10), self._settings.retry_most_s)
        wait_s *= 0.5 + self._around.jitter()
        ready_at_s = self._around.clock.monotonic_s() + wait_s
        with self._changed:
            self._inbox.put_back(task, ready_at_s, said)

    def _tell_when_ready(self) -> None:
        """Ask for unsettled work once every home has been stamped, or at least tried."""
        with self._changed:
            epoch = self._ready_for
            if not epoch or epoch != self._life.epoch or self._inbox.untried_homes():
                return
            self._ready_for = ""
        self._cast("ready", Ready(self._settings.agent_id, epoch))

    def _requests(self) -> int:
        return sum(member.device.requests for member in self._group.members)

    def _cast(self, method: str, message: Any) -> None:
        """Tell the controllers; what gets lost is asked for again by their sweep."""
        queue = topics.global_queue(self._settings.environment)
        try:
            self._around.bus.cast(queue, method, encode(message))
        except BusUnavailable as error:
            LOG.warning("%s; it will be asked for again", error)

    # -- saving

    def _save_loop(self) -> None:
        interval_s = self._settings.save_interval_s
        while interval_s and not self._around.clock.wait(self._stop, interval_s):
            try:
                self._saver.save(interval_s)
            except Exception:
                LOG.exception("a bug: %s could not save; it goes on", self._settings.agent_id)

    # -- capacity

    def _report_loop(self) -> None:
        while not self._stop.is_set():
            try:
                self.report_once()
            except Exception:
                LOG.exception("a bug: %s could not report; it goes on", self._settings.agent_id)
            self._reporter.wait()

    def report_once(self) -> None:
        """Measure the group and report it."""
        self._reporter.report_once(FIRST_LOOK_S)
