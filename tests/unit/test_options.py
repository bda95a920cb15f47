"""Every bad value ends with one sentence that names it; nothing has a default account."""

import logging
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bigip_lbaas.cmd import agent, agent_options, controller, options, running
from bigip_lbaas.cmd import option_lists as lists
from bigip_lbaas.domain.errors import ConfigurationRefused

SECRET = "hunter2"
AGENT = {
    "icontrol_hostname": "big-1",
    "icontrol_username": "operator",
    "icontrol_password": SECRET,
}
MEETING = {
    "transport_url": "kombu+memory://localhost/",
    "database_connection": "sqlite:////nonexistent/never-opened.db",
}


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Put signals and logs back as they were."""
    signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for number, handler in signals.items():
        signal.signal(number, handler)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(autouse=True)
def _own_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep lock files out of the host's own directory: an agent may be running here."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """Return what writes a configuration file and returns its path."""

    def write(default: dict[str, str], meeting: dict[str, str] = MEETING) -> str:
        lines = ["[DEFAULT]", *(f"{name} = {value}" for name, value in default.items())]
        lines += ["[f5]", *(f"{name} = {value}" for name, value in meeting.items())]
        path = tmp_path / "test.conf"
        path.write_text("\n".join(lines) + "\n")
        return str(path)

    return write


def refusal(main: Callable[[list[str]], int], path: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Run the program; it must refuse with status 2; return its last line. No secret anywhere."""
    assert main(["--config-file", path]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert SECRET not in printed.err
    assert "Traceback" not in printed.err
    return str(printed.err.splitlines()[-1])


BAD_FOR_BOTH = [
    ("log_format", "yaml"),
    ("environment_prefix", ""),
    ("environment_prefix", "2nd"),
    ("environment_prefix", "a b"),
    ("environment_prefix", "a.b"),
    ("environment_prefix", "dev_heartbeat"),
    ("host", ""),
    ("host", "a b"),
    ("host", "-a"),
    ("debug", "perhaps"),
    ("metrics_listen", "9105"),
    ("metrics_listen", "127.0.0.1:0"),
    ("metrics_listen", "127.0.0.1:65536"),
    ("metrics_listen", "http://127.0.0.1:9105"),
    ("metrics_listen", "192.0.2.1:9105"),  # no address of this host
]
BAD_FOR_AGENTS = [
    ("device_retry_most", "0.5"),
    ("device_patience", "0"),
    ("environment_group_number", "0"),
    ("environment_group_number", "-1"),
    ("environment_group_number", "one"),
    ("f5_ha_type", "trio"),
    ("traffic_groups", ""),
    ("traffic_groups", "traffic-group-1, traffic-group-local-only"),
    ("traffic_groups", "traffic-group-1, /Common/traffic-group-1"),
    ("traffic_groups", "/Elsewhere/traffic-group-1"),
    ("device_sync", "some"),
    ("device_sync", "sync"),  # there is one device
    ("device_set", "any"),
    ("device_set", "overlap"),  # each is written
    ("capacity_count_scope", "galaxy"),
    ("config_save_interval", "-1"),
    ("purge_limit", "-1"),
    ("audit_interval", "-1"),
    ("audit_policy", "guess"),
    ("icontrol_insecure", "perhaps"),
    ("icontrol_hostname", ""),
    ("icontrol_hostname", "big-1,big-2"),
    ("icontrol_hostname", "https://big-1"),
    ("icontrol_hostname", "admin@big-1"),
    ("icontrol_hostname", "big-1:0"),
    ("icontrol_hostname", "big-1:65536"),
    ("icontrol_hostname", "2001:db8::1"),
    ("icontrol_ca_file", "/nonexistent.pem"),
    ("icontrol_password_file", "/nonexistent"),
    ("icontrol_password_file", "/"),
    ("capacity_report_interval", "0"),
    ("capacity_report_interval", "nan"),
    ("capacity_report_interval", "inf"),
    ("capacity_report_interval", "often"),
    ("capacity_policy", "tenant_count"),
    ("capacity_policy", "tenant_count: 0"),
    ("capacity_policy", "tenant_count: 1, tenant_count: 2"),
    ("capacity_policy", "height: 1"),
    ("lock_directory", "/nonexistent/locks"),
]
BAD_FOR_CONTROLLERS = [
    ("heartbeat_interval", "0"),
    ("heartbeat_interval", "nan"),
    ("device_request_limit", "0"),
    ("device_request_limit", "11"),
    ("heartbeats_per_second", "0.5"),
    ("heartbeats_per_second", "inf"),
    ("lease", "0.1"),
    ("lease", "1.9"),
    ("lease", "nan"),
    ("lease", "inf"),
    ("takeover_margin", "-1"),
    ("source_patience", "0"),
    ("takeover_margin", "inf"),
    ("capacity_report_ttl", "0"),
    ("pending_deadline", "soon"),
    ("pending_deadline", "-240"),
    ("placement_patience", "-1"),
    ("placement_headroom", "0"),
    ("placement_headroom", "1.1"),
    ("affinity", "firm"),
    ("placement_policy", "highest-score"),
    ("expected_cost", "tenant_count: 1"),
    ("expected_cost", "active_connections: -1"),
    ("expected_cost", "height: 1"),
    ("capacity_refresh_above", "1.5"),
    ("decision_retention", "-1"),
    ("event_retention", "-1"),
    ("capacity_reopen_below", "1.5"),
    ("capacity_history_days", "-1"),
    ("capacity_hourly_history_days", "long"),
]


@pytest.mark.parametrize(("option", "value"), BAD_FOR_BOTH + BAD_FOR_AGENTS)
def test_an_agent_refuses_a_bad_value_naming_option_and_value(
    option: str, value: str, write: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    said = refusal(agent.main, write({**AGENT, option: value}), capsys)
    assert said.startswith("bigip-lbaas-agent: ")
    assert option in said
    assert value in said


@pytest.mark.parametrize(("option", "value"), BAD_FOR_BOTH + BAD_FOR_CONTROLLERS)
def test_a_controller_refuses_a_bad_value_naming_option_and_value(
    option: str, value: str, write: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    said = refusal(controller.main, write({option: value}), capsys)
    assert said.startswith("bigip-lbaas-controller: ")
    assert option in said
    assert value in said


def test_every_option_with_a_wrong_value_is_among_those_tried() -> None:
    anything = {"control_exchange", "transport_url", "database_connection", "icontrol_username",
                "icontrol_password", "group_tags"}  # fmt: skip
    tried = {option for option, _ in BAD_FOR_BOTH + BAD_FOR_AGENTS + BAD_FOR_CONTROLLERS}
    groups = (
        lists.COMMON_OPTIONS,
        lists.MEETING_OPTIONS,
        lists.CONTROLLER_MEETING_OPTIONS,
        lists.CONTROLLER_OPTIONS,
        lists.AGENT_OPTIONS,
    )
    assert {option.dest for group in groups for option in group} == tried | anything


@pytest.mark.parametrize(
    ("ha_type", "names"),
    [("standalone", "a,b"), ("pair", "a"), ("pair", "a,b,c"), ("scalen", "a"),
     ("scalen", "a,b,c,d,e"), ("pair", "a,a")],
)  # fmt: skip
def test_the_number_of_devices_must_fit_f5_ha_type(
    ha_type: str, names: str, write: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = write({**AGENT, "f5_ha_type": ha_type, "icontrol_hostname": names})
    assert f"icontrol_hostname = {names!r}" in refusal(agent.main, path, capsys)


@pytest.mark.parametrize("option", ["icontrol_username", "icontrol_password"])
def test_there_is_no_default_account(
    option: str, write: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    left = {name: value for name, value in AGENT.items() if name != option}
    said = refusal(agent.main, write(left), capsys)
    assert option in said
    assert "there is no default" in said


def test_nothing_defaults_to_a_well_known_account() -> None:
    groups = (*lists.COMMON_OPTIONS, *lists.AGENT_OPTIONS, *lists.MEETING_OPTIONS,
              *lists.CONTROLLER_OPTIONS, *lists.CONTROLLER_MEETING_OPTIONS)  # fmt: skip
    defaults = [str(option.default) for option in groups]
    assert not any("admin" in default or "guest" in default for default in defaults)


def test_whatever_holds_a_secret_is_marked_so() -> None:
    groups = (
        *lists.AGENT_OPTIONS,
        *lists.MEETING_OPTIONS,
        *lists.CONTROLLER_MEETING_OPTIONS,
    )
    secret = {option.dest for option in groups if option.secret}
    assert secret == {"icontrol_password", "transport_url", "database_connection"}


@pytest.mark.parametrize(
    "url",
    ["", "nonsense", f"rabbit:u:{SECRET}@h", f"bogus://u:{SECRET}@h/", f"rabbit://u:{SECRET}@h:x/"],
)
@pytest.mark.parametrize("main", [agent.main, controller.main])
def test_a_transport_url_that_leads_nowhere_is_refused_without_its_password(
    main: Callable[[list[str]], int],
    url: str,
    write: Callable[..., str],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    meeting = {"transport_url": url, "database_connection": f"sqlite:///{tmp_path}/test.db"}
    default = AGENT if main is agent.main else {}
    assert "transport_url" in refusal(main, write(default, meeting), capsys)


@pytest.mark.parametrize("url", ["", f"oracle://u:{SECRET}@h/x", f"u:{SECRET}@h", "sqlite://"])
def test_a_database_that_is_none_of_ours_is_refused_without_its_password(
    url: str, write: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    said = refusal(controller.main, write({}, {**MEETING, "database_connection": url}), capsys)
    assert "database" in said


def test_a_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--config-file /nonexistent.conf" in refusal(agent.main, "/nonexistent.conf", capsys)


@pytest.mark.parametrize(
    "content",
    [
        f"[DEFAULT]\nicontrol_password {SECRET}\n".encode(),
        f"icontrol_password = {SECRET}\n".encode(),
        f"[DEFAULT\nicontrol_password = {SECRET}\n".encode(),
        f"[DEFAULT]\nicontrol_password = {SECRET}\xff\n".encode("latin-1"),
    ],
)
def test_a_malformed_file_is_named_but_not_repeated(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "odd.conf"
    path.write_bytes(content)
    assert str(path) in refusal(agent.main, str(path), capsys)


def test_without_a_file_the_programs_say_how_they_are_called(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as raised:
        agent.main([])
    assert raised.value.code == 2
    assert "--config-file" in capsys.readouterr().err


# -- passwords from files


def password_from(content: bytes, tmp_path: Path, write: Callable[..., str]) -> str:
    path = tmp_path / "password"
    path.write_bytes(content)
    conf = options.load(
        [write({**AGENT, "icontrol_password_file": str(path)})], lists.AGENT_OPTIONS, ()
    )
    (endpoint,) = agent_options.read_endpoints(conf)
    assert endpoint.password not in repr(endpoint)
    return endpoint.password


@pytest.mark.parametrize(
    ("content", "password"),
    [
        (b"s3cret", "s3cret"),
        (b"s3cret\n", "s3cret"),
        (b"s3cret\r\nmore\n", "s3cret"),
        (b" with spaces \n", " with spaces "),
        ("pässwörd\n".encode(), "pässwörd"),
    ],
)
def test_the_password_is_the_first_line_of_the_file_and_preferred(
    content: bytes, password: str, tmp_path: Path, write: Callable[..., str]
) -> None:
    assert password_from(content, tmp_path, write) == password


@pytest.mark.parametrize("content", [b"", b"\n", b"\nsecond\n", b"\xff\xfe"])
def test_a_file_without_a_password_is_refused_and_named(
    content: bytes, tmp_path: Path, write: Callable[..., str]
) -> None:
    with pytest.raises(ConfigurationRefused, match="icontrol_password_file") as raised:
        password_from(content, tmp_path, write)
    assert "second" not in str(raised.value)


# -- what is accepted


def test_what_is_said_is_what_is_meant(write: Callable[..., str]) -> None:
    path = write(
        {
            **AGENT,
            "environment_prefix": "dev",
            "host": "host-1.example",
            "environment_group_number": "7",
            "f5_ha_type": "pair",
            "icontrol_hostname": " big-1 , [2001:db8::1]:8443 ",
            "capacity_policy": "tenant_count: 5",
        }
    )
    conf = options.load([path], lists.AGENT_OPTIONS, ())
    settings = agent_options.read_agent(conf)
    assert (settings.environment, settings.agent_id) == ("dev", "host-1.example:7")
    assert settings.policy is not None
    assert settings.policy.limits == {"tenant_count": 5.0}
    urls = [endpoint.base_url for endpoint in agent_options.read_endpoints(conf)]
    assert urls == ["https://big-1", "https://[2001:db8::1]:8443"]
    assert not any(endpoint.insecure for endpoint in agent_options.read_endpoints(conf))


def test_of_several_files_the_last_one_wins(write: Callable[..., str], tmp_path: Path) -> None:
    later = tmp_path / "later.conf"
    later.write_text("[DEFAULT]\nlease = 9\n")
    conf = options.load([write({"lease": "5"}), str(later)], lists.CONTROLLER_OPTIONS, ())
    assert options.read_controller(conf, "name").lease_s == 9.0


def test_defaults_alone_make_a_controller(write: Callable[..., str]) -> None:
    settings = options.read_controller(
        options.load([write({})], lists.CONTROLLER_OPTIONS, ()), "name"
    )
    assert settings.lease_s >= 2 * settings.heartbeat_interval_s
    assert settings.silence_s > settings.lease_s


# -- being told to end


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_program_that_still_waits_to_start_ends_when_it_is_told(number: int) -> None:
    def start(_files: object, _give_up: object) -> Callable[[], None]:
        signal.raise_signal(number)
        raise AssertionError("not reached")

    with pytest.raises(SystemExit) as raised:
        running.run("program", "What it does.", ["--config-file", "x"], start)
    assert raised.value.code == 0


def test_a_program_that_runs_stops_in_order_when_it_is_told() -> None:
    stopped = []

    def start(files: object, _give_up: object) -> Callable[[], None]:
        stopped.append(files)
        return lambda: stopped.append("stopped")

    threading.Timer(0.1, signal.raise_signal, [signal.SIGTERM]).start()
    assert running.run("program", "What it does.", ["--config-file", "x"], start) == 0
    assert stopped == [["x"], "stopped"]


def test_what_the_devices_offer_is_read_as_tags(tmp_path: Path) -> None:
    file = tmp_path / "agent.conf"
    file.write_text("[DEFAULT]\ngroup_tags = fast, dedicated\n")
    conf = options.load([str(file)], lists.AGENT_OPTIONS, ())
    assert agent_options.read_agent(conf).tags == ("fast", "dedicated")
