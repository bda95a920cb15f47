"""Further names of the driver are installed as metadata, found by Octavia's loader, and removed."""

import json
import stat
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from bigip_lbaas.cli import providers
from bigip_lbaas.domain.errors import RequestRejected
from bigip_lbaas.provider.octavia.driver import BigipProviderDriver
from bigip_lbaas.provider.octavia.provider_agent import _providers


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory in which this Python looks for packages."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    site = tmp_path / "site-packages"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    return site


def _names() -> list[str]:
    return [each.name for each in providers.installed()]


def _files(site: Path) -> list[Path]:
    return [path for path in site.rglob("*") if path.is_file()]


def test_a_name_that_was_added_is_found_as_the_first_one_is(site: Path) -> None:
    providers.add("dev", site)
    found = {point.name: point for point in metadata.entry_points(group=providers.DRIVERS)}
    assert found["f5_dev"].value == found["f5"].value
    assert found["f5_dev"].load() is BigipProviderDriver
    assert {"f5", "f5_dev"} <= set(_names())


def test_the_loader_of_octavia_loads_it(site: Path) -> None:
    providers.add("dev", site)
    # in a process of its own, which finds it as an API that is restarted does
    load = (
        "from stevedore.driver import DriverManager as d;"
        "print(type(d('octavia.api.drivers', 'f5_dev', invoke_on_load=True).driver).__name__)"
    )
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c",
         f"import sys; sys.path.insert(0, sys.argv[1]); {load}", str(site)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert told.stdout.strip() == "BigipProviderDriver", told.stderr


def test_the_statuses_of_each_enabled_name_are_told(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("dev", "dev_2", "idle"):
        providers.add(name, site)
    enabled = {"f5_dev": "one", "f5_dev_2": "two", "amphora": "not ours"}
    monkeypatch.setattr(
        "bigip_lbaas.provider.octavia.provider_agent.option_of_octavia",
        lambda _section, _option: enabled,
    )
    assert list(_providers()) == ["f5_dev", "f5_dev_2"]


def test_it_holds_no_code_and_octavias_account_can_read_it(site: Path) -> None:
    added = providers.add("dev", site)
    assert added.metadata is not None
    assert {path.parent for path in _files(site)} == {added.metadata}
    assert not [path for path in _files(site) if path.suffix == ".py"]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o644 for path in _files(site))
    assert stat.S_IMODE(added.metadata.stat().st_mode) == 0o755
    listed = (added.metadata / "RECORD").read_text()
    assert {line.partition(",")[0] for line in listed.splitlines()} == {
        str(path.relative_to(site)) for path in _files(site)
    }


def test_what_was_added_is_removed_and_nothing_else(site: Path) -> None:
    providers.add("dev", site)
    providers.add("dev_2", site)
    providers.remove("dev")
    assert [name for name in _names() if name.startswith("f5_")] == ["f5_dev_2"]
    providers.remove("dev_2")
    assert list(site.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["", "2", "-", "a b", "a.b", "a/../b", "f5_dev", "F5_dev", "d\n", "ü", "a:b", "x" * 62]
)
def test_a_bad_name_is_refused_and_leaves_nothing(site: Path, name: str) -> None:
    with pytest.raises(RequestRejected, match=r"cannot name a provider|is too long"):
        providers.add(name, site)
    assert list(site.iterdir()) == []


@pytest.mark.parametrize("again", ["dev_2", "dev-2", "Dev_2", "dev__2"])
def test_a_name_that_is_there_is_refused_however_it_is_spelt(site: Path, again: str) -> None:
    providers.add("dev_2", site)
    before = _files(site)
    with pytest.raises(RequestRejected, match="there is f5_dev_2, from"):
        providers.add(again, site)
    assert _files(site) == before


def test_another_packages_driver_is_not_taken_over(site: Path) -> None:
    other = site / "other-1.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1\n")
    (other / "entry_points.txt").write_text(f"[{providers.DRIVERS}]\nf5_dev = os:path\n")
    with pytest.raises(RequestRejected, match="there is f5_dev, from other"):
        providers.add("dev", site)
    with pytest.raises(RequestRejected, match="was not added with provider add"):
        providers.remove("dev")
    assert "f5_dev" not in _names()


def test_what_is_not_there_cannot_be_removed(site: Path) -> None:
    providers.add("dev", site)
    with pytest.raises(RequestRejected, match="there is no provider f5_prod; added are dev"):
        providers.remove("prod")


def test_a_place_that_cannot_be_written_to_is_named(site: Path) -> None:
    (site / "file").write_text("")
    for where, why in ((site / "file", "Not a directory"), (site / "absent", "No such file")):
        with pytest.raises(RequestRejected, match=f"{where} cannot be written to: {why}"):
            providers.add("dev", where)


def test_the_command_adds_to_the_environment_that_runs_it(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True, timeout=60)
    (site,) = venv.glob("lib/python*/site-packages")
    (site / "all.pth").write_text("\n".join(path for path in sys.path if path) + "\n")

    def said(*words: str) -> str:
        told = subprocess.run(
            [venv / "bin" / "python", "-W", "ignore",
             "-m", "bigip_lbaas.cmd.main", "provider", *words],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        return told.stdout + told.stderr

    assert "f5_dev is installed" in said("add", "dev")
    assert len(list(site.glob("*.dist-info"))) == 1
    assert "there is f5_dev, from" in said("add", "dev")
    rows = json.loads(said("list", "-f", "json"))
    assert {row["provider"]: row["added"] for row in rows} == {"f5": "no", "f5_dev": "yes"}
    assert "f5_dev is removed" in said("remove", "dev")
    assert list(site.glob("*.dist-info")) == []


def test_without_the_package_there_is_nothing_to_name(site: Path) -> None:
    with pytest.raises(RequestRejected, match="bigip-lbaas is not installed in"):
        providers.installed([str(site)])
