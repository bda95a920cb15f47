"""What a file says and no program of ours knows is refused by name, never ignored."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bigip_lbaas.cmd import option_lists as lists
from bigip_lbaas.cmd import options
from bigip_lbaas.domain.errors import ConfigurationRefused

SECRET = "hunter2"
Load = Callable[[], object]


def controller(file: Path) -> Load:
    return lambda: options.load(
        [str(file)], lists.CONTROLLER_OPTIONS, lists.CONTROLLER_MEETING_OPTIONS
    )


def agent(file: Path) -> Load:
    return lambda: options.load([str(file)], lists.AGENT_OPTIONS, ())


@pytest.mark.parametrize("program", [controller, agent])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[DEFAULT]\nplacement_patients = 5\n",
         "[DEFAULT] has no option placement_patients; placement_patience?"),
        ("[DEFAULT]\nicontrol-password = hunter2\n",
         "[DEFAULT] has no option icontrol-password; icontrol_password?"),
        ("[DEFAULT]\nxyzzy = hunter2\n", "[DEFAULT] has no option xyzzy"),
        ("[DEFAULT]\ntransport_url = rabbit://u:hunter2@h/\n",
         "[DEFAULT] has no option transport_url; it belongs in [f5]"),
        ("[f5]\nlease = 5\n", "[f5] has no option lease; it belongs in [DEFAULT]"),
        ("[F5]\ncontrol_exchang = a\n", "[f5] has no option control_exchang; control_exchange?"),
        ("[defaults]\nlease = 5\n", "there is no section [defaults]; [DEFAULT]?"),
        ("[database]\nconnection = mysql://u:hunter2@h/\n", "there is no section [database]"),
    ],
)  # fmt: skip
def test_what_is_misspelt_is_named_with_file_and_near_match_but_without_its_value(
    program: Callable[[Path], Load], text: str, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "own.conf"
    file.write_text(text)
    with pytest.raises(ConfigurationRefused) as raised:
        program(file)()
    assert str(raised.value) == f"{file}: {said}"


def test_of_several_files_the_one_with_the_unknown_option_is_named(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.conf", tmp_path / "bad.conf"
    good.write_text("[DEFAULT]\nlease = 5\n")
    bad.write_text("[DEFAULT]\nleese = 5\n")
    with pytest.raises(ConfigurationRefused, match=r"bad\.conf: .* leese; lease\?"):
        options.load([str(good), str(bad)], lists.CONTROLLER_OPTIONS, ())


@pytest.mark.parametrize("program", [controller, agent])
def test_programs_share_one_file_in_which_oslo_messaging_has_sections_of_its_own(
    program: Callable[[Path], Load], tmp_path: Path
) -> None:
    file = tmp_path / "shared.conf"
    file.write_text(
        "[DEFAULT]\nlease = 5\ncapacity_policy = tenant_count: 5\n"
        "[f5]\ntransport_url = kombu+memory://localhost/\ndatabase_connection = sqlite:////x.db\n"
        "[oslo_messaging_rabbit]\nheartbeat_rate = 3\n"
    )
    program(file)()
