"""One agent: takes assignments, brings its device group level, beats and reports."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bigip_lbaas.agent.beating import FIRST_LOOK_S, Heart
from bigip_lbaas.agent.chores import Chores
from bigip_lbaas.agent.converge import Ending, Work, converge, known_instead, outcome_of
from bigip_lbaas.agent.doubts import Doubts
from bigip_lbaas.agent.group import DeviceGroup, Member
from bigip_lbaas.agent.inbox import Inbox, Task
from bigip_lbaas.agent.life import Life
from bigip_lbaas.agent.measures import state_of
from bigip_lbaas.agent.parting import Parting
from bigip_lbaas.agent.returning import Gate
from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.agent.surroundings import Surroundings
from bigip_lbaas.bus import topics
from bigip_lbaas.bus.port import Server
from bigip_lbaas.bus.request_ids import working_on
from bigip_lbaas.domain.errors import BusUnavailable, ProviderError
from bigip_lbaas.domain.home import SHARED, Home
from bigip_lbaas.wire.codec import decode, encode
from bigip_lbaas.wire.messages import (
    Assignment,
    AuditOrder,
    HeartbeatAnswer,
    Homes,
    Ready,
    Registered,
)

LOG = logging.getLogger(__name__)

IDLE_S = 1.0
PARTING_S = 5.0  # so long it waits for others to take its homes, and so for work under way
LAST_SAVE_S = 10.0  # so long an agent that stops waits for devices to save what it changed
APPLIED_AT_ONCE = 8  # load balancers of one project; as long may another project wait for its turn
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
        self._doubts = Doubts()
        around.leveller.lost = self._doubts.add
        self._gate = Gate(around.leveller, life, group, self._doubts.add)
        self._inbox = Inbox(around.clock.monotonic_s)
        self._changed = threading.Condition()  # guards the inbox
        self._stop = threading.Event()
        self._beat_now = threading.Event()
        self._parting = Parting(life, around.leveller, self._inbox)
        self._ready_for = ""  # the epoch for which Ready is still to be sent
        self._server: Server | None = None
        self._threads: list[threading.Thread] = []
        self._pool = around.pool or ThreadPoolExecutor(
            len(group.members) * (settings.workers + 3), f"{settings.agent_id}-device"
        )
        self.chores = Chores(
            settings, group, life, around, self._pool, self._cast, self._put_repair
        )
        self._heart = Heart(
            settings, group, life, around, self._pool, self._changed, self._parting,
            self._begin_life, self._answered,
        )  # fmt: skip
        group.returned = self._take_back
        around.measures.looks_at(lambda: state_of(life, group, self._inbox, self._changed))

    # -- life

    def when_refused(self, act: Callable[[str], None]) -> None:
        """Have this called, with the reason, when controllers go on refusing this agent."""
        self._heart.refused = act

    def start(self) -> None:
        """Begin: serve the agent's queue, register, beat, work and report."""
        own_id = self._settings.agent_id
        topic = topics.agent_queue(self._settings.environment, own_id)
        endpoints = {
            "assign": self.on_assignment,
            "homes": self.on_homes,
            "measure": lambda _payload: self.chores.reporter.hurry(),
            "audit": lambda payload: self.chores.order(decode(AuditOrder, payload)),
        }
        self._server = self._around.bus.serve(topic, own_id, endpoints, 2)
        loops = [self._beat_loop, *self.chores.loops()]
        loops += [self._work_loop] * self._settings.workers
        for number, loop in enumerate(loops):
            name = f"{own_id}-{loop.__name__.strip('_')}-{number}"
            thread = threading.Thread(target=loop, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, says_goodbye: bool = True) -> None:
        """Finish what was begun, let go of all homes and stop; what is left is another's work."""
        if says_goodbye and self._threads and self._life.epoch:
            self.leave()
            self._around.clock.wait(self._parting.is_over, PARTING_S)
        self._stop.set()
        self._beat_now.set()
        self.chores.stop()
        with self._changed:
            self._changed.notify_all()
        if self._server is not None:
            self._server.stop()
        for thread in self._threads:
            thread.join()
        self.chores.save(LAST_SAVE_S)
        self._pool.shutdown(wait=True)
        for member in self._group.members:
            member.device.close()

    def report_once(self) -> None:
        """Measure the group and report it."""
        self.chores.reporter.report_once(FIRST_LOOK_S)

    def leave(self) -> bool:
        """Take nothing any more and say goodbye; return whether that has been said."""
        with self._changed:
            self._parting.is_leaving = True
            self._parting.let_go_of_idle()
        self._beat_now.set()
        return self._parting.is_over.is_set()

    # -- what controllers say

    def on_assignment(self, payload: dict[str, Any]) -> None:
        """Take a task, unless it is of another epoch or an overtaken fence."""
        assignment = decode(Assignment, payload)
        if self._life.has_let_go(assignment.home):
            self._say_again((assignment.home,))
        elif not self._adopt(assignment.home, assignment.epoch):
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
            if self._adopt(home, homes.epoch):
                self._put_stamp(home, homes.epoch)

    def _adopt(self, home: Home, epoch: str) -> bool:
        return not self._parting.is_leaving and self._life.adopt(home, epoch)

    def _say_again(self, homes: tuple[Home, ...]) -> None:
        """Say that these were let go of: controllers that give them to us have not heard it."""
        for home in homes:
            with self._changed:
                farewell = self._parting.asked_for(home)
            if farewell is not None:
                self._cast("outcome", farewell)

    def _put_stamp(self, home: Home, epoch: str) -> None:
        if home.project_id != SHARED:  # which has no partition of its own
            self._put(Task(home, epoch))

    def _put(self, task: Task) -> None:
        with self._changed:
            self._inbox.put(task)
            known = self._inbox.newer_than(task)
            self._changed.notify()
        said = known_instead(task, known, self._settings.agent_id) if known else None
        if said is not None:  # the message is late, or the database has lost that revision
            self._cast("outcome", said)

    def _put_repair(self, assignment: Assignment) -> None:
        self._put(Task(assignment.home, assignment.epoch, assignment))

    # -- heartbeats

    def _beat_loop(self) -> None:
        interval_s = 0.0
        while not self._stop.is_set():
            self._around.clock.wait(self._beat_now, interval_s)
            self._beat_now.clear()
            if self._stop.is_set() or self._parting.is_over.is_set():
                return
            try:
                interval_s = self.beat_once()
            except Exception:
                LOG.exception("a bug: %s could not beat; it goes on", self._settings.agent_id)
                interval_s = self._settings.retry_s

    def beat_once(self) -> float:
        """Register if need be, and beat; return how long to wait before the next one."""
        return self._heart.beat_once()

    def _begin_life(self, answer: Registered) -> None:
        """Forget all that was before, and stamp the homes that there are now."""
        with self._changed:
            self._inbox.clear()
            self._parting.forget()
        self._around.leveller.forget()
        self._group.source = ""
        self._life.begin(answer.epoch, answer.homes)
        self.chores.reporter.begin()
        LOG.info("%s: epoch %s, %d homes", self._settings.agent_id, answer.epoch, len(answer.homes))
        self._ready_for = answer.epoch
        self._stamp_homes(answer.homes, answer.epoch)

    def _answered(self, answer: HeartbeatAnswer, epoch: str) -> None:
        """Do what the answer to a heartbeat tells, and let those work who waited for it."""
        self.chores.reporter.heard(answer.store_time)
        self._group.share_requests(answer.shares)
        if answer.homes is not None and not self._parting.is_leaving:
            self._say_again(tuple(home for home in answer.homes if self._life.has_let_go(home)))
            self._stamp_homes(self._life.replace_homes(epoch, answer.homes), epoch)
        if answer.source != self._group.source:
            self._write_to(answer.source, epoch)
        with self._changed:
            self._changed.notify_all()

    def _write_to(self, source: str, epoch: str) -> None:
        """Write that device from now on: first the stamps of all homes, then what waited for it."""
        LOG.info("%s: %s is written", self._settings.agent_id, source or "no device")
        self._group.source = source
        with self._changed:
            self._inbox.hurry()
        for home in self._life.homes():
            self._put_stamp(home, epoch)

    # -- work

    def _take_back(self, member: Member) -> None:
        """Give a device work again: at once what it has missed, and what it was slow with.

        On one that was away all homes are read and stamped, though nobody asks for anything.
        """
        with self._changed:
            self._inbox.hurry()
            self._changed.notify_all()
        epoch = self._life.epoch
        if epoch and member.is_away and member in self._group.written():
            for home in self._life.homes():
                self._put_stamp(home, epoch)
            self.chores.look()

    def _stamp_homes(self, homes: tuple[Home, ...], epoch: str) -> None:
        """Queue the stamping of homes; without any the agent is ready at once."""
        for home in homes:
            self._put_stamp(home, epoch)
        self._tell_when_ready()

    def _work_loop(self) -> None:
        while not self._stop.is_set():
            if not self.work_once():
                self._wait_for_work()

    def work_once(self) -> bool:
        """Do the next task that is ready; return whether there was one."""
        tasks = self._next_tasks()
        if not tasks:
            return False
        with working_on(*(task.request_id for task in tasks)):
            self._do(tasks)
        return True

    def _do(self, tasks: tuple[Task, ...]) -> None:
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
                if self._parting.let_go_of_idle():
                    self._beat_now.set()
                self._changed.notify_all()
            self._tell_when_ready()
            self._tell_doubts()

    def _next_tasks(self) -> tuple[Task, ...]:
        """Return the next task that is ready, if writing is allowed now, with what may share it."""
        now_s = self._around.clock.monotonic_s()
        with self._changed:
            task = self._inbox.take(now_s) if self._life.lease_left_s() > 0 else None
            if task is None:
                return ()
            if task.assignment is not None:
                return task, *self._inbox.take_more(task, now_s, APPLIED_AT_ONCE - 1)
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
        before = self._group.requests()
        begun_s = self._around.clock.monotonic_s()
        do = self._gate.stamp if held[0].assignment is None else self._gate.level
        endings = converge(self._group, held, do, self._pool)
        work = Work(self._around.clock.monotonic_s() - begun_s, self._group.requests() - before)
        for task, ending in zip(held, endings, strict=True):
            with working_on(task.request_id):
                if ending.fenced:
                    LOG.error("%s: %s; nothing was written", self._settings.agent_id, ending.later)
                self._end(task, ending, work)

    def _end(self, task: Task, ending: Ending, work: Work) -> None:
        """Report an ending, and try again what is not level everywhere."""
        again = bool(ending.later) and not ending.fenced  # another's home is not ours to try
        outcome = outcome_of(task, ending, self._settings.agent_id, work)
        if outcome is not None:
            self._around.measures.applied(ending, work.took_s)
            if task.assignment is not None:
                self.chores.audit.ended(task.assignment, ending)
        if outcome is not None and (not again or ending.later != task.said):
            if outcome.let_go is not None:
                with self._changed:
                    self._parting.end(task.home, outcome)
            self._cast("outcome", outcome)
            if ending.applied:
                self.chores.reporter.changed()
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
        self.chores.look()

    def _tell_doubts(self) -> None:
        """Ask for all load balancers of homes of which a device may have lost something."""
        own_id, epoch = self._settings.agent_id, self._life.epoch
        doubtful = self._doubts.take(self._life.holds)
        if doubtful:
            LOG.warning("%s: a device may have lost changes of %s", own_id, ", ".join(doubtful))
            self._cast("ready", Ready(own_id, epoch, doubtful))

    def _cast(self, method: str, message: Any) -> None:
        """Tell the controllers; what gets lost is asked for again by their sweep."""
        queue = topics.global_queue(self._settings.environment)
        try:
            self._around.bus.cast(queue, method, encode(message))
        except BusUnavailable as error:
            LOG.warning("%s; it will be asked for again", error)
