"""`bigip-lbaas-db-manage` in Octavia's own database, on both servers: neither sees the other."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from databases import SERVERS, database
from sqlalchemy import create_engine, inspect

from bigip_lbaas.cmd.db_manage import main
from bigip_lbaas.store import schema
from bigip_lbaas.store.engines import url_from

OCTAVIA = """
import sys
from sqlalchemy import create_engine
from bigip_lbaas.cmd.embedded.octavia_db import make_tables
make_tables(create_engine(sys.argv[1]))
"""


@pytest.fixture(params=SERVERS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the URL of a database in which Octavia is at home."""
    with database(request.param, tmp_path) as made:
        url = url_from(made).render_as_string(hide_password=False)
        subprocess.run([sys.executable, "-W", "ignore", "-c", OCTAVIA, url], check=True, timeout=90)
        yield url


def tables(url: str) -> set[str]:
    engine = create_engine(url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def test_each_command_holds_and_octavias_tables_stay_as_they_are(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "controller.conf"
    config.write_text(f"[f5]\ndatabase_connection = {url}\n")

    def run(command: str) -> tuple[int, str]:
        return main(["--config-file", str(config), command]), capsys.readouterr().out

    octavias = tables(url)
    assert "load_balancer" in octavias
    newest = schema.newest()
    assert run("current") == (0, f"revision none, needed {newest}\n")
    assert run("check")[0] == 1
    for _twice in range(2):
        assert run("upgrade") == (0, f"revision {newest}, needed {newest}\n")
    assert run("check") == (0, "no difference\n")
    ours = tables(url) - octavias
    assert ours
    assert all(name.startswith("bigip_lbaas_") for name in ours)
    assert octavias <= tables(url)
