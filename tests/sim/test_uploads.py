"""Files that come over REST in chunks (iControl REST reference, section 3.10)."""

import ssl

import httpx
import pytest

from bigip_sim.embedded import running_device

UPLOADS = "/mgmt/shared/file-transfer/uploads"
DOWNLOADS = "/mgmt/shared/file-transfer/downloads"


def send(rest, name, content, said):
    return rest.ask("POST", f"{UPLOADS}/{name}", content, {"Content-Range": said})


def test_an_upload_of_one_chunk_answers_as_a_device_does(rest):
    answer = send(rest, "x.crt", b"abc", "0-2/3")
    assert answer.status == 200
    assert answer.body == {
        "remainingByteCount": 0,
        "usedChunks": {"0": 3},
        "totalByteCount": 3,
        "localFilePath": "/var/config/rest/downloads/x.crt",
        "temporaryFilePath": answer.body["temporaryFilePath"],
        "generation": 0,
        "lastUpdateMicros": int(rest.clock.now * 1_000_000),
    }
    for written in ("", "file:", "file://"):  # f5-ansible writes three slashes
        path = f"{written}/var/config/rest/downloads/x.crt"
        assert rest.device.uploads.read(path) == b"abc"


def test_a_file_is_whole_when_its_last_chunk_has_come(rest):
    path = "/var/config/rest/downloads/x"
    first = send(rest, "x", b"abc", "0-2/5")
    assert (first.body["remainingByteCount"], first.body["usedChunks"]) == (2, {"0": 3})
    assert rest.device.uploads.read(path) is None
    second = send(rest, "x", b"de", "3-4/5")
    assert (second.body["remainingByteCount"], second.body["usedChunks"]) == (0, {"0": 3, "3": 2})
    assert rest.device.uploads.read(path) == b"abcde"


def test_the_first_byte_begins_a_file_anew(rest):
    send(rest, "x", b"abc", "0-2/5")
    send(rest, "x", b"ABC", "0-2/5")
    send(rest, "x", b"DE", "3-4/5")
    assert rest.device.uploads.read("/var/config/rest/downloads/x") == b"ABCDE"


def test_what_came_before_the_first_byte_came_again_does_not_count(rest):
    for said, chunk in (("0-1/6", b"ab"), ("2-3/6", b"cd"), ("0-3/6", b"ABCD")):
        answer = send(rest, "x", chunk, said)
    assert (answer.body["remainingByteCount"], answer.body["usedChunks"]) == (2, {"0": 4})
    assert rest.device.uploads.read("/var/config/rest/downloads/x") is None


@pytest.mark.parametrize("said", ["", "x", "0-2", "0-3/4", "2-0/3", "0-2/2"])
def test_a_range_that_is_missing_or_wrong_is_refused(rest, said):
    answer = send(rest, "x", b"abc", said)
    assert (answer.status, answer.body["kind"]) == (400, ":resterrorresponse")
    assert rest.device.uploads.paths() == []


def test_what_was_uploaded_can_be_fetched_in_pieces(rest):
    send(rest, "x", b"\x00\xff" * 5, "0-9/10")
    whole = rest.ask("GET", f"{DOWNLOADS}/x")
    assert (whole.payload, whole.headers["Content-Range"]) == (b"\x00\xff" * 5, "0-9/10")
    piece = rest.ask("GET", f"{DOWNLOADS}/x", headers={"Content-Range": "8-15/16"})
    assert (piece.payload, piece.headers["Content-Range"]) == (b"\x00\xff", "8-9/10")
    assert rest.ask("GET", f"{DOWNLOADS}/other").status == 404


def test_uploads_vanish_at_a_reboot(rest):
    send(rest, "x", b"abc", "0-2/3")
    rest.device.lose_power()
    rest.device.regain_power()
    assert rest.device.uploads.paths() == []


def test_an_upload_wants_an_account(rest):
    rest.headers.clear()
    assert send(rest, "x", b"abc", "0-2/3").status == 401


def test_a_download_that_does_not_know_the_size_yet_gets_what_there_is(rest):
    """f5-sdk and bigrest begin with a size of 0; f5-sdk ends with one too few."""
    send(rest, "x", b"0123456789", "0-9/10")
    for said in ("0-524287/0", "0-9/9"):
        answer = rest.ask("GET", f"{DOWNLOADS}/x", headers={"Content-Range": said})
        assert (answer.status, answer.payload) == (200, b"0123456789")
        assert answer.headers["Content-Range"] == "0-9/10"
    assert rest.ask("GET", f"{DOWNLOADS}/x", headers={"Content-Range": "10-19/10"}).status == 400


def test_whole_files_outlive_the_process_but_no_reboot(tmp_path):
    state, path = tmp_path / "state", "/var/config/rest/downloads/x.crt"
    with running_device(state=state) as device:
        _send(device, "x.crt", b"abc", "0-2/3")
        _send(device, "part", b"abc", "0-2/9")
        device.device.uploads.write("/shared/tmp/kept", b"k")
    with running_device(state=state) as device:
        assert device.device.uploads.paths() == ["/shared/tmp/kept", path]
        assert device.device.uploads.read(path) == b"abc"
        device.reboot()
        assert device.device.uploads.paths() == ["/shared/tmp/kept"]
    with running_device(state=state) as device:
        assert device.device.uploads.paths() == ["/shared/tmp/kept"]
        assert device.device.uploads.remove("/shared/tmp/kept")
    with running_device(state=state) as device:
        assert device.device.uploads.paths() == []


def _send(device, name, content, said):
    auth = (device.username, device.password)
    trust = ssl.create_default_context(cafile=device.ca_file)
    headers = {"Content-Range": said, "Content-Type": "application/octet-stream"}
    where = f"{device.url}{UPLOADS}/{name}"
    answer = httpx.post(where, content=content, headers=headers, auth=auth, verify=trust)
    assert answer.status_code == 200
