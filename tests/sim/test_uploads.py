"""Files that come over REST in chunks (iControl REST reference, section 3.10)."""

import pytest

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
