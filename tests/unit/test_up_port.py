"""A port that is none is refused on the command line, before anything is started."""

from pathlib import Path

import pytest

from bigip_lbaas.cmd.embedded.up import port_from
from bigip_lbaas.cmd.main import main


@pytest.mark.parametrize("port", ["99999", "65536", "-1", "1e3", "٣", "", "999999"])
def test_a_port_that_is_none_is_refused_naming_option_and_range(
    port: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state_dir = tmp_path / "state"
    try:
        status = main(["--state-dir", str(state_dir), "up", f"--port={port}"])
    except SystemExit as ended:
        status = int(str(ended.code))
    said = capsys.readouterr().err
    assert status == 2
    assert "--port" in said
    assert "0..65535" in said
    assert "Traceback" not in said
    assert not state_dir.exists()


def test_the_first_and_the_last_port_are_ports() -> None:
    assert [port_from(text) for text in ("0", "1024", "65535")] == [0, 1024, 65535]
