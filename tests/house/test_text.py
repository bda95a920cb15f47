"""What no tracked text may hold, and that what the project promises is there."""

import json
import re
import subprocess
import sys
import tomllib

import pytest
from sources import ROOT, text_of, tracked


def _words(text: str) -> str:
    """Return an expression for these words, which are written backwards: this file is tracked."""
    return "|".join(re.escape(word[::-1]) for word in text.split())


UNWANTED = {
    "machine paths": re.compile(rf"(?<![A-Za-z0-9_.])/({_words('krow toor mraf')})\b"),
    "registries": re.compile(_words("gro.ipyp detsohnohtyp yrotcafitra .suxen .sjmpn")),
    "unfinished work": re.compile(rf"\b({_words('ODOT EMXIF KCAH')})\b"),
    "private keys": re.compile(
        rf"-----BEGIN [A-Z ]*{_words('YEK·ETAVIRP').replace('·', ' ')}-----"
    ),
}


@pytest.mark.parametrize("what", UNWANTED)
def test_no_tracked_text_holds(what: str) -> None:
    found = [
        f"{name}: {match.group()}"
        for name in tracked()
        for match in UNWANTED[what].finditer(text_of(name))
    ]
    assert found == []


def test_nothing_is_left_to_be_implemented() -> None:
    # Octavia's own base class is the one that must be answered with it
    missing = NotImplementedError.__name__
    found = {name for name in tracked() if name.startswith("src/") and missing in text_of(name)}
    assert found <= {"src/bigip_lbaas/provider/octavia/driver.py"}
    assert f"raise {missing}" not in "".join(text_of(name) for name in found)


def test_the_layers_are_kept() -> None:
    # the same program as in the checks, so that there is one list of contracts
    told = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()",
         "--config", "pyproject.toml", "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout
    assert "0 broken" in told.stdout


def test_every_program_and_entry_point_is_there() -> None:
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    places = [*project["scripts"].values()]
    places += [place for group in project["entry-points"].values() for place in group.values()]
    assert len(places) >= 5
    resolve = (
        "import importlib, json, sys\n"
        "for place in json.loads(sys.argv[1]):\n"
        "    module, _, name = place.partition(':')\n"
        "    getattr(importlib.import_module(module), name)\n"
    )
    # in a process of its own: importing Octavia changes the one it is in
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", resolve, json.dumps(places)],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
