"""Each event is one line, with the id of the request it is about, and without a password."""

import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bigip_lbaas.agent.converge import converge
from bigip_lbaas.agent.group import DeviceGroup, Member
from bigip_lbaas.agent.settings import AgentSettings
from bigip_lbaas.bus.memory import MemoryBroker, MemoryBus
from bigip_lbaas.bus.request_ids import carried, current, working_on
from bigip_lbaas.cmd import logs
from bigip_lbaas.cmd.logs import JSON, EventFormatter
from bigip_lbaas.domain.errors import DeviceUnreachable, ProviderError
from bigip_lbaas.icontrol.memory import MemoryDevice
from tests.unit.test_agent_line import create, pump, world_with_one_agent

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [A-Z]+ \S+ \[[^\]\s]+\] .*")
PASSWORD = "hunter2@home"


@pytest.fixture(params=["line", "json"])
def formatter(request: pytest.FixtureRequest) -> EventFormatter:
    """Return a formatter of each kind."""
    formatter = EventFormatter()
    formatter.style = request.param
    return formatter


@pytest.fixture
def _roots_handlers() -> Iterator[None]:
    """Put the root logger back as it was."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


def _written(formatter: EventFormatter, message: str, *arguments: object) -> str:
    record = logging.LogRecord("a.b", logging.INFO, __file__, 1, message, arguments, None)
    return formatter.format(record)


def _with_trace(formatter: EventFormatter, message: str) -> str:
    error = ValueError(message)
    raised = (ValueError, error, None)
    return formatter.format(logging.LogRecord("a", 40, __file__, 1, "it failed", (), raised))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\x85", "\u2028", "\x1b[2J"])
def test_an_event_is_one_line_whatever_is_in_it(formatter: EventFormatter, end: str) -> None:
    for line in (_written(formatter, "one%stwo", end), _with_trace(formatter, f"one{end}two")):
        assert line.isprintable()
        assert len(line.splitlines()) == 1


def test_a_line_says_when_how_grave_who_for_whom_and_what() -> None:
    with working_on("req-7"):
        line = _written(EventFormatter(), "all %s", "well")
    assert LINE.fullmatch(line)
    assert line.endswith(" INFO a.b [req-7] all well")


def test_what_nobody_asked_for_says_so() -> None:
    assert " [-] " in _written(EventFormatter(), "well")


def test_json_has_the_same_and_can_be_read() -> None:
    formatter = EventFormatter()
    formatter.style = JSON
    with working_on("req-7"):
        said = json.loads(_with_trace(formatter, 'a "quoted" word'))
    assert said.pop("trace").endswith('ValueError: a "quoted" word')
    assert said.pop("time")
    assert said == {
        "level": "ERROR", "logger": "a", "message": "it failed", "request_id": "req-7",
    }  # fmt: skip
    assert "request_id" not in json.loads(_written(formatter, "well"))


@pytest.mark.parametrize("spelt", [PASSWORD, "hunter2%40home", "rabbit://u:hunter2%40home@h:5672/"])
def test_a_password_is_in_no_line(formatter: EventFormatter, spelt: str) -> None:
    formatter.hide([PASSWORD])
    for line in (_written(formatter, "login as %s", spelt), _with_trace(formatter, spelt)):
        assert "hunter2" not in line
        assert "***" in line


def test_a_password_that_json_spells_otherwise_is_hidden_too(formatter: EventFormatter) -> None:
    formatter.hide(['say "cheese"'])
    assert "cheese" not in _written(formatter, 'say "cheese" and say \\"cheese\\"')


def test_a_url_shows_no_password_though_nobody_named_it(formatter: EventFormatter) -> None:
    line = _written(formatter, "%s is away", "mysql+pymysql://lbaas:secret@db.example/lbaas")
    assert "secret" not in line
    assert "db.example" in line


@pytest.mark.usefixtures("_roots_handlers")
def test_passwords_of_urls_are_known_wherever_they_stand(tmp_path: Path) -> None:
    logs.log_to_file(tmp_path / "log")
    logs.hide("rabbit://u:first%21@a,v:second@b/x", "bare-password")
    logging.getLogger("x").warning("first! second bare-password a b")
    assert (tmp_path / "log").read_text().endswith(" [-] *** *** *** a b\n")


def test_work_is_for_the_request_whose_message_it_came_with() -> None:
    broker = MemoryBroker()
    bus = MemoryBus(broker)
    server = bus.serve("t", "s", {"ask": lambda _payload: {"for": current()}}, 1)
    try:
        assert bus.call("t", "ask", {"request_id": "req-1"}, 5.0) == {"for": "req-1"}
        assert bus.call("t", "ask", {}, 5.0) == {"for": ""}, "nothing is left of the one before"
    finally:
        server.stop()


def test_work_within_work_is_for_its_own_request() -> None:
    with working_on("req-1", "req-2", "req-1", ""):
        assert current() == "req-1,req-2"
        with working_on("req-2"):
            assert current() == "req-2"
        with working_on(""):
            assert current() == "req-1,req-2"
    assert current() == ""


def test_other_threads_work_for_the_same_request() -> None:
    with ThreadPoolExecutor(1) as pool:
        with working_on("req-1"):
            assert list(pool.map(carried(lambda _: current()), "ab")) == ["req-1", "req-1"]
        assert list(pool.map(carried(lambda _: current()), "a")) == [""]


def test_what_is_heard_of_a_device_is_for_the_request_that_met_it() -> None:
    heard = []
    group = DeviceGroup(
        AgentSettings("dev", "host-1", 1),  # type: ignore[arg-type]
        lambda: 0.0,
        (Member(MemoryDevice("big-1"), "s"),),
        lambda _member, _said: heard.append(current()),
    )

    def meet(_member: object, _tasks: object) -> dict[str, bool | ProviderError]:
        raise DeviceUnreachable("big-1", "is off")

    with ThreadPoolExecutor(1) as pool, working_on("req-1"):
        converge(group, [], meet, pool)
    assert heard == ["req-1"]


def test_an_agent_does_each_task_for_the_request_that_asked_for_it() -> None:
    world = world_with_one_agent()
    seen = []

    device = world.devices["big-1"]
    commit = device.commit
    device.commit = lambda *given: (seen.append(current()), commit(*given))[1]  # type: ignore
    create(world, 1)
    pump(world)
    assert "req-1" in seen


def _started(program: str, tmp_path: Path, text: str) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "c.conf"
    file.write_text(text)
    words = [sys.executable, "-m", f"bigip_lbaas.cmd.{program}", "--config-file", str(file)]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("program", ["agent", "controller"])
def test_there_are_two_formats(program: str, tmp_path: Path) -> None:
    told = _started(program, tmp_path, "[DEFAULT]\nlog_format = yaml\n")
    assert told.returncode == 2
    assert "log_format" in told.stderr


def test_a_program_logs_as_its_file_says(tmp_path: Path) -> None:
    told = _started(
        "agent",
        tmp_path,
        "[DEFAULT]\nlog_format = json\nicontrol_insecure = true\nicontrol_hostname = big-1\n"
        f"icontrol_username = u\nicontrol_password = hunter2\nlock_directory = {tmp_path}/locks\n"
        "[f5]\ntransport_url = nothing-known://u:hunter2@h/\n",
    )
    *events, reason = told.stderr.splitlines()
    said = [json.loads(event)["message"] for event in events]
    assert "icontrol_insecure" in said[0]
    assert reason.startswith("bigip-lbaas-agent: "), "which is for whoever started it"
    assert "hunter2" not in told.stderr
