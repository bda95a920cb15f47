"""Archives of the configuration (UCS), as f5-ansible and f5-sdk use them."""

UCS = "sys/ucs"


def test_an_archive_brings_a_configuration_back(web):
    before = web.get("ltm/virtual/~T1~v")
    assert web.post(UCS, command="save", name="one")["kind"] == "tm:sys:ucs:savestate"
    web.delete("ltm/virtual/~T1~v")
    web.post("ltm/pool", name="later")
    web.post(UCS, command="load", name="/var/local/ucs/one.ucs")
    assert web.get("ltm/virtual/~T1~v") == before
    assert web.ask("GET", "ltm/pool/later").status == 404
    assert web.device.saved.unsaved() == 0


def test_archives_are_listed_and_deleted(rest):
    rest.post(UCS, command="save", name="one.ucs")
    rest.post(UCS, command="save", name="two")
    body = rest.get(UCS)
    assert body["kind"] == "tm:sys:ucs:ucscollectionstate"
    files = [item["apiRawValues"]["filename"] for item in body["items"]]
    assert files == ["/var/local/ucs/one.ucs", "/var/local/ucs/two.ucs"]
    rest.delete(f"{UCS}/one.ucs")
    line = "-c 'tmsh list sys ucs; tmsh delete sys ucs two.ucs'"
    told = rest.post("util/bash", command="run", utilCmdArgs=line)["commandResult"]
    assert told == "two.ucs\ntwo.ucs is deleted\n"
    assert rest.get(UCS)["items"] == []
    assert rest.ask("DELETE", f"{UCS}/one.ucs").status == 404


def test_an_archive_goes_to_another_device(rest, new_rest):
    rest.post(UCS, command="save", name="one")
    content = rest.ask("GET", "/mgmt/shared/file-transfer/ucs-downloads/one.ucs").payload
    other = new_rest()
    said = {"Content-Range": f"0-{len(content) - 1}/{len(content)}"}
    other.ask("POST", "/mgmt/shared/file-transfer/ucs-uploads/moved.ucs", content, said)
    other.post(UCS, command="load", name="moved.ucs")
    assert other.get("auth/partition/T1")["name"] == "T1"


def test_what_is_no_archive_is_refused_and_changes_nothing(rest):
    before = rest.dump()
    assert rest.ask("POST", UCS, {"command": "load", "name": "none"}).status == 404
    rest.device.uploads.write("/var/local/ucs/bad.ucs", b"PK...")
    assert rest.ask("POST", UCS, {"command": "load", "name": "bad"}).status == 400
    assert rest.ask("POST", UCS, {"command": "save"}).status == 400
    assert rest.dump() == before
