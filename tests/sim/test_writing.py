"""What POST, PUT, PATCH and DELETE do to one object (iControl REST reference, 1.5, 3.1)."""

import pytest

V = "ltm/virtual/~T1~v"


def test_put_lets_what_it_does_not_name_fall_back(web):
    web.patch("ltm/pool/~T1~p", description="mine", minActiveMembers=2)
    answer = web.ask("PUT", "ltm/pool/~T1~p", {"queueTimeLimit": 7})
    assert answer.status == 200
    pool = web.get("ltm/pool/~T1~p")
    assert (pool["queueTimeLimit"], pool["minActiveMembers"]) == (7, 0)
    assert not {"description", "monitor"} & pool.keys()
    members = web.get("ltm/pool/~T1~p/members")["items"]
    assert [m["name"] for m in members] == ["10.0.0.1:80", "10.0.0.2:80"]  # not named, not lost


def test_put_of_what_was_read_changes_nothing(web):
    """f5-sdk sends back the whole object that it read."""
    for path in (
        V,
        "ltm/pool/~T1~p",
        "ltm/pool/~T1~p/members/~T1~10.0.0.1:80",
        "ltm/node/~T1~10.0.0.1",
    ):
        before = web.get(path)
        assert web.ask("PUT", path, before).status == 200
        after = web.get(path)
        assert after.pop("generation") > before.pop("generation")
        for told in (before, after):
            told.pop("lastModifiedTime", None)
        assert after == before


def test_put_lets_a_disabled_member_be_enabled_again(web):
    member = "ltm/pool/~T1~p/members/~T1~10.0.0.1:80"
    web.patch(member, session="user-disabled", state="user-down")
    assert web.get(member)["state"] == "user-down"
    assert web.ask("PUT", member, {"ratio": 2}).status == 200
    assert web.get(member)["session"] != "user-disabled"
    assert web.get(member)["state"] != "user-down"


@pytest.mark.parametrize("body", [{}, {"kind": "x", "selfLink": "y", "generation": 3}])
def test_a_patch_that_names_nothing_is_refused(web, body):
    answer = web.ask("PATCH", V, body)
    assert answer.body == {
        "code": 400,
        "message": "one or more properties must be specified",
        "errorStack": [],
        "apiError": 26214401,
    }


def test_a_list_is_replaced_as_a_whole(web):
    web.post("ltm/rule", name="a", partition="T1", apiAnonymous="when HTTP_REQUEST { }")
    web.post("ltm/rule", name="b", partition="T1", apiAnonymous="when HTTP_REQUEST { }")
    assert web.patch(V, rules=["/T1/a", "/T1/b"])["rules"] == ["/T1/a", "/T1/b"]
    told = web.patch(V, rules=["/T1/b"])
    assert told["rules"] == ["/T1/b"]
    assert told["rulesReference"] == [
        {"link": "https://localhost/mgmt/tm/ltm/rule/~T1~b?ver=15.1.8"}
    ]
    assert not {"rules", "rulesReference"} & web.patch(V, rules=[]).keys()


def test_of_presence_flags_the_one_that_holds_is_there(web):
    assert web.get(V)["enabled"] is True
    told = web.patch(V, disabled=True)
    assert (told["disabled"], "enabled" in told) == (True, False)
    told = web.patch(V, enabled=True)
    assert (told["enabled"], "disabled" in told) == (True, False)
    told = web.patch(V, enabled=False)
    assert (told["disabled"], "enabled" in told) == (True, False)


def test_a_subcollection_given_inline_is_replaced(web):
    told = web.patch("ltm/pool/~T1~p", members=[{"name": "10.0.0.2:80"}, {"name": "10.0.0.3:81"}])
    assert "members" not in told
    assert told["membersReference"] == {
        "link": "https://localhost/mgmt/tm/ltm/pool/~T1~p/members?ver=15.1.8",
        "isSubcollection": True,
    }
    members = web.get("ltm/pool/~T1~p/members")["items"]
    assert [m["name"] for m in members] == ["10.0.0.2:80", "10.0.0.3:81"]
    web.patch("ltm/pool/~T1~p", members=[])
    assert web.get("ltm/pool/~T1~p/members")["items"] == []


def test_nested_attributes_are_laid_over_what_is_there(rest):
    made = rest.post("ltm/profile/http", name="h", hsts={"mode": "enabled"})
    assert made["hsts"]["mode"] == "enabled"
    assert set(made["hsts"]) == set(rest.get("ltm/profile/http/http")["hsts"])
    assert rest.patch("ltm/profile/http/h", hsts={"maximumAge": 5})["hsts"]["mode"] == "enabled"


def test_an_optional_list_that_is_empty_is_not_there(rest):
    path = "ltm/data-group/internal"
    made = rest.post(path, name="d", partition="T1", records=[])
    assert "records" not in made
    assert "records" in rest.patch(f"{path}/~T1~d", records=[{"name": "k", "data": "v"}])
    assert "records" not in rest.patch(f"{path}/~T1~d", records=[])


def test_a_null_takes_an_attribute_back(web):
    web.patch("ltm/pool/~T1~p", minActiveMembers=2, description="x")
    told = web.patch("ltm/pool/~T1~p", minActiveMembers=None, description=None, queueTimeLimit=1)
    assert told["minActiveMembers"] == 0
    assert "description" not in told


@pytest.mark.parametrize(
    ("path", "field", "value"),
    [
        ("ltm/node/~T1~10.0.0.1", "address", "10.0.0.9"),
        ("ltm/pool/~T1~p/members/~T1~10.0.0.1:80", "address", "10.0.0.9"),
        ("ltm/virtual-address/~T1~10.1.0.1", "address", "10.1.0.9"),
        ("ltm/monitor/http/~T1~m", "defaultsFrom", "/Common/http_head_f5"),
    ],
)
def test_what_is_fixed_at_creation_stays(web, path, field, value):
    before = web.get(path)
    answer = web.ask("PATCH", path, {field: value})
    assert (answer.status, answer.body["apiError"]) == (400, 26214401)
    assert field in answer.message
    assert web.ask("PATCH", path, {field: before[field], "description": "same"}).status == 200


def test_read_only_attributes_are_passed_over(web):
    told = web.patch(V, vsIndex=99, creationTime="then", description="x")
    assert told.get("vsIndex") != 99
    assert told.get("creationTime") != "then"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"name": "/A"}, "/A"),
        ({"name": "A", "subPath": "/"}, "/A"),
        ({"name": "A", "partition": "/"}, "/A"),
        ({"name": "s", "partition": "T1"}, "/T1/s"),
        ({"name": "/T1/s"}, "/T1/s"),
        ({"name": "s", "subPath": "/T1"}, "/T1/s"),
    ],
)
def test_a_folder_is_made_in_every_spelling(rest, body, path):
    told = rest.post("sys/folder", **body)
    assert told["fullPath"] == path
    segment = path.replace("/", "~")
    assert told["selfLink"] == f"https://localhost/mgmt/tm/sys/folder/{segment}?ver=15.1.8"
    if path == "/A":
        assert (told["name"], told["subPath"], "partition" in told) == ("A", "/", False)
        assert rest.get("auth/partition/A")["fullPath"] == "A"
        rest.post("ltm/pool", name="p", partition="A")
    else:
        assert (told["name"], told["partition"]) == ("s", "T1")
        inside = rest.post("ltm/pool", name="p", partition="T1", subPath="s")
        assert (inside["fullPath"], inside["subPath"]) == ("/T1/s/p", "s")
        assert rest.get("ltm/pool/~T1~s~p") == inside


def test_a_folder_deeper_down_says_where_it_is(rest):
    rest.post("sys/folder", name="s", partition="T1")
    told = rest.post("sys/folder", name="deep", partition="T1", subPath="s")
    assert (told["fullPath"], told["partition"], told["subPath"]) == ("/T1/s/deep", "T1", "s")


def test_a_folder_in_nothing_is_refused(rest):
    answer = rest.ask("POST", "sys/folder", {"name": "s", "partition": "T9"})
    assert answer.body == {
        "code": 400,
        "message": "The requested folder (/T9) was not found.",
        "errorStack": [],
        "apiError": 26214401,
    }


def test_a_partition_goes_with_its_folder_once_it_is_empty(rest):
    rest.post("ltm/pool", name="p", partition="T1")
    for path in ("auth/partition/T1", "sys/folder/~T1"):
        answer = rest.ask("DELETE", path)
        assert answer.status == 400
        assert answer.message.startswith(
            "0107082a:3: You must remove all objects from a partition before removing the "
            "partition (T1)"
        )
    rest.delete("ltm/pool/~T1~p")
    rest.delete("auth/partition/T1")
    assert rest.ask("GET", "sys/folder/~T1").status == 404
    rest.post("sys/folder", name="/T1")
    rest.delete("sys/folder/~T1")
    assert rest.ask("GET", "auth/partition/T1").status == 404
    assert rest.ask("DELETE", "auth/partition/Common").status == 400


def test_the_global_settings_are_told_back(rest):
    path = "sys/global-settings"
    assert rest.patch(path, guiSetup="enabled")["guiSetup"] == "enabled"
    assert rest.get(path)["guiSetup"] == "enabled"
    assert rest.ask("PATCH", path, {"nonsense": 1}).status == 400
    assert rest.ask("PATCH", path, {}).status == 400
    assert rest.ask("PATCH", "sys/version", {"Version": "1"}).status == 404


def test_types_that_are_not_simulated_read_as_empty_and_say_so(rest):
    assert rest.get("ltm/profile/fix")["items"] == []
    assert rest.ask("GET", "ltm/profile/fix/~Common~x").status == 404
    assert rest.ask("POST", "ltm/profile/fix", {"name": "x"}).status == 501
