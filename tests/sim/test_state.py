"""What runs, what was saved, and what of both is kept on disk."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_laws import TRANSACTIONS, attempt, image, started

from asking import BASIC
from bigip_sim.configuration import Configuration
from bigip_sim.saving import Saved
from bigip_sim.state import RUNNING, SAVED, StateDirectory, StateError, StateFile
from bigip_sim.system import Identity


def test_a_device_goes_on_from_its_directory(new_rest, tmp_path):
    path = tmp_path / "state"
    first = new_rest(state=path)
    first.post("auth/partition", name="T1")
    first.post("ltm/pool", name="p", partition="T1", members=["10.0.0.1:80"])
    first.post("ltm/pool", name="gone", partition="T1")
    first.delete("ltm/pool/~T1~gone")
    first.patch("ltm/profile/tcp/tcp", idleTimeout=77)
    first.device.close()
    for _ in range(2):  # from changes, and from the whole that the first start writes
        second = new_rest(state=path)
        assert second.dump() == first.dump()
        assert second.device.identity.serial == first.device.identity.serial
        generations = [r.device.configuration.tree.generation for r in (first, second)]
        assert generations[0] == generations[1]
        assert second.ask("DELETE", "ltm/node/~T1~10.0.0.1").status == 400  # indexes are back
        second.device.close()


def test_a_last_line_cut_short_is_left_out(new_rest, tmp_path):
    path = tmp_path / "state"
    first = new_rest(state=path)
    first.post("auth/partition", name="T1")
    first.device.close()
    with (path / RUNNING).open("a") as file:
        file.write('{"generation": 9, "objects": [["ltm/po')
    second = new_rest(state=path)
    assert second.dump() == first.dump()
    second.device.close()


@pytest.mark.parametrize("text", ["nonsense\n", "[]\n", '{"format": 0}\n'])
def test_a_file_that_is_no_state_is_refused_by_name(tmp_path, text):
    path = tmp_path / "state"
    path.write_text(text)
    with pytest.raises(StateError, match=str(path)):
        StateFile(path)
    with pytest.raises(StateError, match=f"the state directory {path} cannot be made"):
        StateDirectory(path)


def test_what_does_not_fit_together_is_refused(new_rest, tmp_path):
    path = tmp_path / "state"
    first = new_rest(state=path)
    first.post("auth/partition", name="T1")
    first.post("ltm/pool", name="p", partition="T1", monitor="/Common/http")
    first.device.close()
    running = path / RUNNING
    running.write_text(running.read_text().replace("/Common/http", "/Common/gone"))
    with pytest.raises(StateError, match="does not fit together: 01020036"):
        new_rest(state=path)


def reboot(rest):
    rest.device.lose_power(loses_unsaved=True)
    rest.device.regain_power()


def pools(rest):
    return [pool["name"] for pool in rest.get("ltm/pool").get("items", [])]


def test_a_reboot_loses_what_was_not_saved(rest):
    rest.post("ltm/pool", name="saved", partition="T1", description="then")
    assert rest.post("sys/config", command="save") == {
        "kind": "tm:sys:config:savestate",
        "command": "save",
    }
    before = rest.dump()
    rest.post("ltm/pool", name="unsaved", partition="T1")
    rest.patch("ltm/pool/~T1~saved", description="now")
    assert rest.device.saved.unsaved() == 2
    reboot(rest)
    assert rest.dump() == before
    assert pools(rest) == ["saved"]
    assert rest.get("ltm/pool/~T1~saved")["description"] == "then"
    assert rest.device.saved.unsaved() == 0
    rest.post("ltm/pool", name="unsaved", partition="T1")  # nothing of it is left over
    rest.post("ltm/virtual", name="v", partition="T1", destination="10.0.0.1:80", pool="/T1/saved")
    reboot(rest)
    assert rest.ask("DELETE", "ltm/pool/~T1~saved").status == 200  # nobody uses it any more


def test_a_device_that_never_saved_boots_as_it_was_delivered(rest):
    rest.post("ltm/pool", name="p", partition="T1")
    reboot(rest)
    assert [p["name"] for p in rest.get("auth/partition")["items"]] == ["Common"]


def test_losing_power_alone_keeps_what_runs(rest):
    rest.post("ltm/pool", name="p", partition="T1")
    rest.device.lose_power()
    rest.device.regain_power()
    assert pools(rest) == ["p"]


def test_loading_brings_back_what_was_saved_and_the_factorys_when_asked(rest):
    rest.post("sys/config", command="save")
    rest.post("ltm/pool", name="p", partition="T1")
    rest.post("sys/config", command="load")
    assert pools(rest) == []
    rest.post("sys/config", command="load", name="default")
    assert [p["name"] for p in rest.get("auth/partition")["items"]] == ["Common"]
    rest.post("sys/config", command="load")
    assert rest.get("auth/partition/T1")["name"] == "T1"


def test_partitions_and_files_can_be_saved_by_themselves(rest):
    rest.post("auth/partition", name="T2")
    rest.post("sys/config", command="save")
    rest.post("ltm/pool", name="p", partition="T1", members=["10.0.0.1:80"])
    rest.post("ltm/pool", name="q", partition="T2")
    rest.post("sys/config", command="save", options=[{"partitions": "{ T1 }"}])
    rest.post("sys/config", command="save", options=[{"file": "both.scf"}])
    reboot(rest)
    assert pools(rest) == ["p"]
    assert len(rest.get("ltm/pool/~T1~p/members")["items"]) == 1
    rest.post("sys/config", command="load", options=[{"file": "both.scf"}])
    assert pools(rest) == ["p", "q"]
    none = {"command": "load", "options": [{"file": "none.scf"}]}
    assert "there is no file none.scf" in rest.ask("POST", "sys/config", none).message
    assert rest.ask("POST", "sys/config", {"command": "load", "name": "merge"}).status == 501


def test_what_was_saved_and_does_not_fit_together_is_not_loaded(rest):
    rest.post("sys/config", command="save")
    rest.post("ltm/monitor/http", name="m", partition="Common")
    rest.post("ltm/pool", name="p", partition="T1", monitor="/Common/m")
    rest.post("sys/config", command="save", options=[{"partitions": "T1"}])  # without its monitor
    before = rest.dump()
    assert rest.ask("POST", "sys/config", {"command": "load"}).status == 404
    assert rest.dump() == before
    reboot(rest)
    assert [p["name"] for p in rest.get("auth/partition")["items"]] == ["Common"]


def test_what_runs_and_what_was_saved_are_kept_apart_on_disk(new_rest, tmp_path):
    first = new_rest(state=tmp_path)
    first.post("auth/partition", name="T1")
    first.post("ltm/pool", name="saved", partition="T1")
    first.post("sys/config", command="save")
    first.post("ltm/pool", name="unsaved", partition="T1")
    first.device.close()
    second = new_rest(state=tmp_path)
    assert pools(second) == ["saved", "unsaved"]  # the process ended, not the device
    reboot(second)
    assert pools(second) == ["saved"]
    second.device.close()
    third = new_rest(state=tmp_path)
    assert third.dump() == second.dump()
    third.device.close()


def test_a_reboot_ends_tokens_and_forgets_uploads(rest):
    login = {"username": "admin", "password": "secret"}
    token = rest.post("/mgmt/shared/authn/login", **login)["token"]["token"]
    rest.headers = {"X-F5-Auth-Token": token}
    upload = {"Content-Range": "0-2/3"}
    path = "/mgmt/shared/file-transfer/uploads/x"
    assert rest.ask("POST", path, b"abc", upload).status == 200
    rest.post("sys/config", command="save")
    reboot(rest)
    assert rest.ask("GET", "ltm/pool").status == 401
    rest.headers = {"Authorization": BASIC}
    assert rest.ask("GET", path.replace("uploads", "downloads")).status == 404


def test_the_clock_may_be_wrong_and_the_log_is_not(rest):
    rest.clock.now = 1_600_000_000.0
    login = {"username": "admin", "password": "secret"}
    token = rest.post("/mgmt/shared/authn/login", **login)["token"]
    rest.device.clock.skew_s = 3600
    entries = rest.get("sys/clock")["entries"]
    (inner,) = entries.values()
    full_date = inner["nestedStats"]["entries"]["fullDate"]["description"]
    assert full_date == "2020-09-13T13:26:40Z"
    later = rest.post("/mgmt/shared/authn/login", **login)["token"]
    assert later["expirationMicros"] - token["expirationMicros"] == 3600 * 1_000_000
    headers = {"X-F5-Auth-Token": token["token"]}
    assert rest.ask("GET", "ltm/pool", headers=headers).status == 401  # by this clock it has ended
    assert {entry["at"] for entry in rest.device.journal.last(10)} == {1_600_000_000.0}


@settings(max_examples=40, deadline=None)
@given(TRANSACTIONS, st.integers(0, 12))
def test_save_and_restore_is_the_identity(transactions, saves_after):
    """From the directory and from a reboot, whatever was asked before and after the saving."""
    configuration = Configuration()
    saved = Saved(configuration)
    with tempfile.TemporaryDirectory() as temporary:
        directory = StateDirectory(Path(temporary))
        identity = Identity("a", "1", "15.1.8", "127.0.0.1")
        directory.restore(configuration, saved, identity)
        configuration.become(started().tree.items)
        for number, transaction in enumerate(transactions):
            if number == saves_after:
                saved.save({})
            attempt(configuration, *transaction)
        directory.close()
        anew = Configuration()
        anew_saved = Saved(anew)
        again = StateDirectory(Path(temporary))
        again.restore(anew, anew_saved, identity)
        again.close()
    assert image(anew.tree) == image(configuration.tree)
    assert anew_saved.boot.items == saved.boot.items
    anew.become(anew_saved.boot.items)
    assert anew.tree.items == saved.boot.items


def test_what_is_on_disk_is_readable(new_rest, tmp_path):
    rest = new_rest(state=tmp_path)
    rest.post("auth/partition", name="T1")
    rest.post("sys/config", command="save")
    rest.device.close()
    head = json.loads((tmp_path / SAVED).read_text().splitlines()[0])
    assert "T1" in [name for kind, _, name, *_ in head["objects"] if kind == "auth/partition"]
