"""Tables are made from the configuration file: no URL, and so no password, on a command line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bigip_lbaas.cmd.db_manage import main
from bigip_lbaas.store import schema
from bigip_lbaas.store.sql import SqlStore

SECRET = "hunter2"


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., int]:
    """Return what runs one command for the database of a configuration file."""

    def run(command: str, url: str = f"sqlite:///{tmp_path}/test.db") -> int:
        path = tmp_path / "controller.conf"
        # the message broker is not needed for it
        path.write_text(f"[DEFAULT]\nlease = 4\n[f5]\ndatabase_connection = {url}\n")
        return main(["--config-file", str(path), command])

    return run


def test_upgrade_makes_the_tables_twice_is_once_and_current_and_check_agree(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    newest = schema.newest()
    assert run("current") == 0
    assert capsys.readouterr().out == f"revision none, needed {newest}\n"
    for _ in range(2):
        assert run("upgrade") == 0
        assert capsys.readouterr().out == f"revision {newest}, needed {newest}\n"
    assert run("check") == 0
    assert capsys.readouterr().out == "no difference\n"
    SqlStore(f"sqlite:///{tmp_path}/test.db").close()


def test_check_says_what_is_missing_with_status_1(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("check") == 1
    assert f"not {schema.newest()}" in capsys.readouterr().out


@pytest.mark.parametrize("url", ["", f"oracle://u:{SECRET}@h/x", f"mysql://u:{SECRET}@h"])
@pytest.mark.parametrize("command", ["upgrade", "current", "check"])
def test_a_database_that_is_none_is_refused_without_its_password(
    command: str, url: str, run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command, url) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("bigip-lbaas-db-manage: ")
    assert printed.err.count("\n") == 1
    assert "database" in printed.err
    assert SECRET not in printed.err


@pytest.mark.parametrize("arguments", [["upgrade"], ["--config-file", "x"], ["upgrade", "URL"]])
def test_it_takes_a_file_and_a_command_and_nothing_else(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 2
    assert "usage: bigip-lbaas-db-manage" in capsys.readouterr().err
