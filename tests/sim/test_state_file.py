"""What is kept on disk."""

import pytest

from bigip_sim.state import StateError, StateFile


def test_a_device_goes_on_from_its_file(new_rest, tmp_path):
    path = tmp_path / "state"
    first = new_rest(state_file=path)
    first.post("auth/partition", name="T1")
    first.post("ltm/pool", name="p", partition="T1", members=["10.0.0.1:80"])
    first.post("ltm/pool", name="gone", partition="T1")
    first.delete("ltm/pool/~T1~gone")
    first.patch("ltm/profile/tcp/tcp", idleTimeout=77)
    first.device.close()
    for _ in range(2):  # from changes, and from the whole that the first start writes
        second = new_rest(state_file=path)
        assert second.dump() == first.dump()
        assert second.device.identity.serial == first.device.identity.serial
        generations = [r.device.configuration.tree.generation for r in (first, second)]
        assert generations[0] == generations[1]
        assert second.ask("DELETE", "ltm/node/~T1~10.0.0.1").status == 400  # indexes are back
        second.device.close()


def test_a_last_line_cut_short_is_left_out(new_rest, tmp_path):
    path = tmp_path / "state"
    first = new_rest(state_file=path)
    first.post("auth/partition", name="T1")
    first.device.close()
    with path.open("a") as file:
        file.write('{"generation": 9, "objects": [["ltm/po')
    second = new_rest(state_file=path)
    assert second.dump() == first.dump()
    second.device.close()


@pytest.mark.parametrize("text", ["nonsense\n", "[]\n", '{"format": 0}\n'])
def test_a_file_that_is_no_state_is_refused_by_name(tmp_path, text):
    path = tmp_path / "state"
    path.write_text(text)
    with pytest.raises(StateError, match=str(path)):
        StateFile(path)


def test_what_does_not_fit_together_is_refused(new_rest, tmp_path):
    path = tmp_path / "state"
    first = new_rest(state_file=path)
    first.post("auth/partition", name="T1")
    first.post("ltm/pool", name="p", partition="T1", monitor="/Common/http")
    first.device.close()
    path.write_text(path.read_text().replace("/Common/http", "/Common/gone"))
    with pytest.raises(StateError, match="does not fit together: 01020036"):
        new_rest(state_file=path)
