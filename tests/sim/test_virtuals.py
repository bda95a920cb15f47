"""Virtual servers, their addresses and profiles (iControl REST reference, section 3.5)."""

import pytest

V = {"name": "w", "partition": "T1", "destination": "/T1/10.1.0.7:80", "ipProtocol": "tcp"}
STACK = "01070095:3: Virtual server /T1/w lists incompatible profiles."
TWICE = "01070097:3: Virtual server /T1/w lists duplicate profiles."


@pytest.mark.parametrize(
    ("profiles", "said"),
    [
        (["fastL4", "http"], STACK),
        (["udp", "http"], STACK),
        (["tcp", "udp"], STACK),
        (["tcp", "fastL4"], STACK),
        (["udp"], STACK),  # on a virtual server for TCP
        (["tcp", "httpcompression"], STACK),
        (["tcp", "http2"], STACK),
        (["tcp", "f5-tcp-lan"], TWICE),
        (["tcp", {"name": "/Common/f5-tcp-lan", "context": "clientside"}], TWICE),
        (["tcp", "http", "http-transparent"], TWICE),
    ],
)
def test_profiles_that_do_not_fit_are_refused(rest, profiles, said):
    answer = rest.ask("POST", "ltm/virtual", {**V, "profiles": profiles})
    assert (answer.status, answer.message) == (400, said)


@pytest.mark.parametrize(
    "profiles",
    [
        ["tcp", "http", "oneconnect", "httpcompression", "webacceleration"],
        ["tcp", "clientssl", "serverssl"],
        [
            {"name": "f5-tcp-lan", "context": "serverside"},
            {"name": "/Common/f5-tcp-wan", "context": "clientside"},
        ],
        ["fastL4"],
        ["ipother"],
    ],
)
def test_profiles_that_fit_are_taken(rest, profiles):
    rest.post("ltm/virtual", **V, profiles=profiles)
    found = rest.get("ltm/virtual/~T1~w/profiles").get("items", [])
    assert len(found) == len(profiles)


def test_ssl_profiles_find_their_side_by_themselves(rest):
    rest.post("ltm/virtual", **V, profiles=["tcp", "clientssl", "serverssl"])
    sides = {p["name"]: p["context"] for p in rest.get("ltm/virtual/~T1~w/profiles")["items"]}
    assert sides == {"tcp": "all", "clientssl": "clientside", "serverssl": "serverside"}


def test_one_profile_is_the_default_for_sni(rest):
    for name in ("a", "b"):
        body = {"serverName": f"{name}.example.com", "sniDefault": "true"}
        rest.post("ltm/profile/client-ssl", name=name, partition="T1", **body)
    answer = rest.ask("POST", "ltm/virtual", {**V, "profiles": ["tcp", "/T1/a", "/T1/b"]})
    assert answer.message == (
        "01071809:3: Virtual server /T1/w has more than one clientssl/serverssl profile that is "
        "default for SNI."
    )
    rest.patch("ltm/profile/client-ssl/~T1~b", sniDefault="false")
    rest.post("ltm/virtual", **V, profiles=["tcp", "/T1/a", "/T1/b"])


def test_universal_persistence_needs_an_irule(rest):
    answer = rest.ask("POST", "ltm/virtual", {**V, "persist": "universal"})
    assert answer.status == 400
    rest.post("ltm/rule", name="r", partition="T1", apiAnonymous="when CLIENT_ACCEPTED { drop }")
    rest.post("ltm/persistence/universal", name="u", partition="T1", rule="/T1/r")
    rest.post("ltm/persistence/universal", name="c", partition="T1", defaultsFrom="/T1/u")
    rest.post("ltm/virtual", **V, persist="/T1/c")


@pytest.mark.parametrize(
    ("body", "taken"),
    [
        ({}, False),
        ({"destination": "/T1/10.1.0.1:81"}, True),
        ({"ipProtocol": "udp"}, True),
        ({"source": "10.0.0.0/8"}, True),
        ({"vlans": ["/Common/a"], "vlansEnabled": True}, True),
        ({"vlans": ["/Common/a"], "vlansDisabled": True}, False),
    ],
)
def test_two_virtual_servers_do_not_listen_in_one_place(web, body, taken):
    web.post("net/vlan", name="a")
    same = {"name": "w", "partition": "T1", "destination": "/T1/10.1.0.1:80", "ipProtocol": "tcp"}
    assert (web.ask("POST", "ltm/virtual", {**same, **body}).status == 200) == taken


def test_vlans_that_overlap_are_one_place(rest):
    for name in ("a", "b", "c"):
        rest.post("net/vlan", name=name)
    rest.post("ltm/virtual", **V, vlans=["a", "b"], vlansEnabled=True)
    other = {**V, "name": "x", "vlansEnabled": True}
    assert rest.ask("POST", "ltm/virtual", {**other, "vlans": ["b", "c"]}).status == 400
    rest.post("ltm/virtual", **other, vlans=["c"])


@pytest.mark.parametrize(
    ("written", "source", "mask", "address"),
    [
        ({"destination": "/T1/10.1.0.7:80"}, "0.0.0.0/0", "255.255.255.255", "10.1.0.7"),
        (
            {"destination": "/T1/2001:db8::7.80"},
            "::/0",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "2001:db8::7",
        ),
        (
            {"destination": "/T1/10.7.0.0:0", "mask": "255.255.0.0", "source": "10.8.0.0/16"},
            *("10.8.0.0/16", "255.255.0.0", "10.7.0.0"),
        ),
        ({"destination": "/T1/any6.0"}, "::/0", "any6", "::"),
        ({"destination": "/T1/0.0.0.0:0"}, "0.0.0.0/0", "any", "0.0.0.0"),
    ],
)
def test_mask_and_source_follow_the_destination(rest, written, source, mask, address):
    virtual = rest.post("ltm/virtual", name="w", partition="T1", **written)
    assert (virtual["source"], virtual["mask"]) == (source, mask)
    (found,) = rest.get("ltm/virtual-address")["items"]
    assert (found["mask"], found["address"]) == (mask, address)


def test_families_do_not_mix(rest):
    body = {"destination": "/T1/2001:db8::7.80", "source": "10.0.0.0/8"}
    assert rest.ask("POST", "ltm/virtual", {**V, **body}).status == 400


def test_a_virtual_server_that_moves_takes_its_new_address_and_leaves_the_old(web):
    web.patch("ltm/virtual/~T1~v", destination="/T1/10.1.0.2:80")
    names = [item["name"] for item in web.get("ltm/virtual-address")["items"]]
    assert names == ["10.1.0.2"]


def test_source_address_translation_names_its_pool_only_while_it_uses_it(web):
    web.post("ltm/snatpool", name="s", partition="T1", members=["10.9.0.1"])
    read = web.patch(
        "ltm/virtual/~T1~v", sourceAddressTranslation={"type": "snat", "pool": "/T1/s"}
    )
    link = "https://localhost/mgmt/tm/ltm/snatpool/~T1~s?ver=15.1.8"
    assert read["sourceAddressTranslation"] == {
        "type": "snat",
        "pool": "/T1/s",
        "poolReference": {"link": link},
    }
    read = web.patch("ltm/virtual/~T1~v", sourceAddressTranslation={"type": "automap"})
    assert read["sourceAddressTranslation"] == {"type": "automap"}
    web.delete("ltm/snatpool/~T1~s")


def test_up_to_11_snat_is_one_word(new_rest):
    older, newer = new_rest("11.6.1"), new_rest("12.1.2")
    read = older.post("ltm/virtual", name="v", snat="automap")
    assert read["sourceAddressTranslation"] == {"type": "automap"}
    assert newer.ask("POST", "ltm/virtual", {"name": "v", "snat": "automap"}).status == 400


@pytest.mark.parametrize(
    ("version", "value", "taken"),
    [
        *[("12.1.2", "enabled", True), ("12.1.2", "selective", False)],
        *[("13.1.0", "selective", True), ("13.1.0", "enabled", False), ("16.1.3", "all", True)],
    ],
)
def test_route_advertisement_by_version(new_rest, version, value, taken):
    body = {"name": "10.1.0.1", "routeAdvertisement": value}
    answer = new_rest(version).ask("POST", "ltm/virtual-address", body)
    assert (answer.status == 200) == taken


def test_presence_flags_that_stand_alone(rest):
    read = rest.post("ltm/virtual", name="w", partition="T1", ipForward=True, profiles=["fastL4"])
    assert read["ipForward"] is True
    assert "ipForward" not in rest.patch("ltm/virtual/~T1~w", ipForward=False)
    assert not {"internal", "reject", "l2Forward", "dhcpRelay"} & read.keys()


def test_nodes_by_name_wait_for_the_resolver(rest):
    fqdn = {"tmName": "www.example.com", "autopopulate": "enabled"}
    node = rest.post("ltm/node", name="n", partition="T1", fqdn=fqdn)
    assert (node["address"], node["state"]) == ("any6", "fqdn-checking")
    assert node["fqdn"] == {
        **fqdn,
        "addressFamily": "ipv4",
        "downInterval": 5,
        "interval": "3600",
    }
    rest.post("ltm/pool", name="p", partition="T1", members=[{"name": "m:80", "fqdn": fqdn}])
    member = rest.get("ltm/pool/~T1~p/members/~T1~m:80")
    assert (member["state"], member["fqdn"]) == ("fqdn-checking", fqdn)
    assert rest.get("ltm/node/~T1~m")["fqdn"]["tmName"] == "www.example.com"
    changed = rest.patch("ltm/node/~T1~n", fqdn={"tmName": "other.example.com"})
    assert changed["fqdn"]["tmName"] == "other.example.com"
    answer = rest.ask("PATCH", "ltm/node/~T1~n", {"fqdn": {"autopopulate": "disabled"}})
    assert answer.status == 400


def test_a_nodes_name_is_its_address_unless_one_is_given(rest):
    assert rest.post("ltm/node", name="10.3.0.1", partition="T1")["address"] == "10.3.0.1"
    assert rest.ask("POST", "ltm/node", {"name": "n", "partition": "T1"}).status == 400


def test_an_unknown_state_is_refused(web):
    body = {"state": "sleeping"}
    assert web.ask("PATCH", "ltm/pool/~T1~p/members/~T1~10.0.0.1:80", body).status == 400


def test_a_default_route_domain_that_is_written_out_is_not_told(rest):
    virtual = {"destination": "/T1/10.1.0.1%0:80", "source": "0.0.0.0%0/0", "partition": "T1"}
    read = rest.post("ltm/virtual", name="v1", **virtual)
    assert (read["destination"], read["source"]) == ("/T1/10.1.0.1:80", "0.0.0.0/0")
    assert rest.get("ltm/virtual-address/~T1~10.1.0.1")["address"] == "10.1.0.1"
    assert rest.post("ltm/node", name="n", address="10.2.0.1%0")["address"] == "10.2.0.1"
    plain = {"name": "v2", "destination": "/T1/10.1.0.1:80", "partition": "T1"}
    assert rest.ask("POST", "ltm/virtual", plain).message.startswith("01070333:3:")


@pytest.mark.parametrize("source", ["nowhere", "10.0.0.1/33", "10.0.0.1%x/8"])
def test_a_source_is_a_network(rest, source):
    answer = rest.ask("POST", "ltm/virtual", {"name": "v", "source": source})
    assert (answer.status, "invalid property value" in answer.text) == (400, True)


def test_a_source_without_prefix_is_one_address(rest):
    assert rest.post("ltm/virtual", name="v", source="10.4.0.1")["source"] == "10.4.0.1/32"
