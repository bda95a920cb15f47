"""Certificates, keys and the profiles that show them (iControl REST reference, 3.9 and 3.10)."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

PEM = serialization.Encoding.PEM
OPEN = serialization.NoEncryption()
EXPIRES = datetime(2031, 3, 4, 5, 6, 7, tzinfo=UTC)
DOWNLOADS = "/var/config/rest/downloads"


def make_pair(key, common_name="www.example.com", secret=OPEN):
    parts = [(NameOID.COUNTRY_NAME, "DE"), (NameOID.COMMON_NAME, common_name)]
    name = x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(4711)
        .not_valid_before(EXPIRES - timedelta(days=3650))
        .not_valid_after(EXPIRES)
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8
    return certificate.public_bytes(PEM), key.private_bytes(PEM, form, secret)


@pytest.fixture(scope="module")
def pair():
    return make_pair(rsa.generate_private_key(public_exponent=65537, key_size=2048))


@pytest.fixture(scope="module")
def other_pair():
    return make_pair(ec.generate_private_key(ec.SECP256R1()), "other.example.com")


def put(rest, name, content, **more):
    kind = "ssl-key" if name.endswith(".key") else "ssl-cert"
    rest.device.uploads.write(f"{DOWNLOADS}/{name}", content)
    source = f"file:{DOWNLOADS}/{name}"
    return rest.post(f"sys/file/{kind}", name=name, partition="T1", sourcePath=source, **more)


@pytest.fixture
def files(rest, pair):
    put(rest, "a.crt", pair[0])
    put(rest, "a.key", pair[1])
    return rest


def test_a_certificate_file_says_what_is_in_it(rest, pair):
    read = put(rest, "a.crt", pair[0])
    certificate = x509.load_pem_x509_certificate(pair[0])
    digest = certificate.fingerprint(hashes.SHA256()).hex(":").upper()
    assert read["checksum"].startswith(f"SHA1:{len(pair[0])}:")
    assert read["expirationDate"] == int(EXPIRES.timestamp())
    assert read["expirationString"] == "Mar  4 05:06:07 2031 GMT"
    assert read["fingerprint"] == f"SHA256/{digest}"
    assert read["subject"] == read["issuer"] == "CN=www.example.com,C=DE"
    assert (read["keyType"], read["certificateKeySize"]) == ("rsa-public", 2048)
    assert (read["isBundle"], read["version"], read["revision"]) == ("false", 3, 1)


def test_a_key_says_its_kind_and_never_itself(rest, pair, other_pair):
    read = put(rest, "a.key", pair[1])
    assert (read["keyType"], read["keySize"]) == ("rsa-private", 2048)
    assert "PRIVATE" not in str(read)
    other = put(rest, "b.key", other_pair[1])
    assert (other["keyType"], other["curveName"]) == ("ec-private", "prime256v1")


def test_a_key_with_a_passphrase_needs_it(rest):
    secret = serialization.BestAvailableEncryption(b"geheim")
    _, key = make_pair(ec.generate_private_key(ec.SECP256R1()), secret=secret)
    assert put(rest, "a.key", key, passphrase="geheim")["securityType"] == "password"
    rest.device.uploads.write("/b.key", key)
    body = {"name": "b.key", "partition": "T1", "sourcePath": "file:/b.key", "passphrase": "falsch"}
    assert rest.ask("POST", "sys/file/ssl-key", body).status == 400


def test_a_new_source_path_replaces_the_content_and_raises_the_revision(files, other_pair):
    files.device.uploads.write("/new.crt", other_pair[0])
    path = "sys/file/ssl-cert/~T1~a.crt"
    created = files.get(path)["createTime"]
    files.clock.now += 60
    read = files.patch(path, sourcePath="file:/new.crt")
    assert (read["revision"], read["subject"]) == (2, "CN=other.example.com,C=DE")
    assert read["createTime"] == created < read["lastUpdateTime"]


@pytest.mark.parametrize("kind", ["ssl-cert", "ssl-key"])
def test_what_is_no_pem_or_was_never_uploaded_is_refused(rest, kind):
    rest.device.uploads.write("/x", b"no pem at all")
    for source in ("file:/x", "file:/nothing"):
        body = {"name": "x", "partition": "T1", "sourcePath": source}
        assert rest.ask("POST", f"sys/file/{kind}", body).status == 400
    assert rest.ask("POST", f"sys/file/{kind}", {"name": "x", "partition": "T1"}).status == 400


def test_the_older_way_appends_the_ending_and_both_ways_show_the_same_file(rest, pair):
    for word, content in (("cert", pair[0]), ("key", pair[1])):
        rest.device.uploads.write(f"{DOWNLOADS}/up", content)
        body = {"command": "install", "name": "old", "from-local-file": f"{DOWNLOADS}/up"}
        answer = rest.ask("POST", f"sys/crypto/{word}", body)
        assert answer.status == 200, answer.text
        assert answer.body["kind"] == f"tm:sys:crypto:{word}:installstate"
    assert rest.get("sys/file/ssl-cert/~Common~old.crt")["subject"] == "CN=www.example.com,C=DE"
    read = rest.get("sys/crypto/cert/~Common~old.crt")
    assert (read["name"], read["commonName"]) == ("/Common/old.crt", "www.example.com")
    assert rest.get("sys/crypto/key/~Common~old.key")["keySize"] == "2048"
    rest.delete("sys/crypto/cert/~Common~old.crt")
    assert rest.ask("GET", "sys/file/ssl-cert/~Common~old.crt").status == 404


def test_what_the_device_came_with_is_there(rest):
    names = [item["name"] for item in rest.get("sys/file/ssl-cert")["items"]]
    assert names == ["ca-bundle.crt", "default.crt", "f5-ca-bundle.crt", "f5-irule.crt"]
    default = rest.get("sys/file/ssl-cert/default.crt")
    assert default["keyType"] == "rsa-public"
    assert rest.get("sys/crypto/cert/~Common~default.crt")["fingerprint"] == default["fingerprint"]
    assert rest.ask("DELETE", "sys/file/ssl-key/default.key").status == 400


def test_the_chain_of_a_client_ssl_profile_rules_and_cert_and_key_mirror_it(files):
    entry = {
        "name": "own",
        "cert": "/T1/a.crt",
        "key": "/T1/a.key",
        "chain": "/Common/ca-bundle.crt",
    }
    read = files.post("ltm/profile/client-ssl", name="s", partition="T1", certKeyChain=[entry])
    assert (read["cert"], read["key"]) == ("/T1/a.crt", "/T1/a.key")
    assert read["chain"] == "/Common/ca-bundle.crt"
    assert read["inheritCertkeychain"] == "false"
    (shown,) = read["certKeyChain"]
    assert shown["name"] == "own"
    assert shown["keyReference"]["link"].endswith("/sys/file/ssl-key/~T1~a.key?ver=15.1.8")
    assert read["certReference"] == shown["certReference"]


def test_cert_and_key_alone_make_the_chain(files):
    body = {"cert": "/T1/a.crt", "key": "/T1/a.key", "serverName": "www.example.com"}
    read = files.post("ltm/profile/client-ssl", name="s", partition="T1", **body)
    (entry,) = read["certKeyChain"]
    assert (entry["cert"], entry["key"], entry["chain"]) == ("/T1/a.crt", "/T1/a.key", "none")
    assert "chainReference" not in read


def test_a_profile_that_names_nothing_shows_its_parents_pair(rest):
    read = rest.post("ltm/profile/client-ssl", name="s", partition="T1")
    assert read["cert"] == "/Common/default.crt"
    assert read["certKeyChain"][0]["key"] == "/Common/default.key"
    assert read["certReference"]["link"].endswith("/~Common~default.crt?ver=15.1.8")


@pytest.mark.parametrize("version", ["13.1.1", "14.1.2"])
def test_options_read_as_a_list_up_to_13_and_as_a_string_from_14(new_rest, version):
    rest = new_rest(version)
    path = "ltm/profile/client-ssl"
    for name, written in (("a", ["no-tlsv1", "no-sslv3"]), ("b", "{ no-tlsv1 no-sslv3 }")):
        read = rest.post(path, name=name, tmOptions=written)["tmOptions"]
        assert read == (["no-tlsv1", "no-sslv3"] if version < "14" else "{ no-tlsv1 no-sslv3 }")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            {"cert": "/T1/a.crt", "key": "/T1/no.key"},
            "010717e3:3: Client SSL profile must have RSA certificate/key pair.",
        ),
        (
            {"cert": "/T1/no.crt", "key": "/T1/no.key"},
            "010717e3:3: Client SSL profile must have RSA certificate/key pair.",
        ),
        (
            {"cert": "/T1/a.crt"},
            "010717e3:3: Client SSL profile must have RSA certificate/key pair.",
        ),
        (
            {"cert": "/T1/no.crt", "key": "/T1/a.key"},
            "0107134a:3: File object by name (/T1/no.crt) is missing.",
        ),
        (
            {"cert": "/T1/a.crt", "key": "/T1/b.key"},
            "01070317:3: profile /T1/s's key (/T1/b.key) and certificate (/T1/a.crt) do not match.",
        ),
    ],
)
def test_a_client_ssl_profile_needs_a_pair_that_is_there_and_fits(
    files, other_pair, entry, message
):
    put(files, "b.key", other_pair[1])
    body = {"name": "s", "partition": "T1", "certKeyChain": [{"name": "x", **entry}]}
    answer = files.ask("POST", "ltm/profile/client-ssl", body)
    assert (answer.status, answer.message) == (400, message)


def test_files_in_use_stay_and_a_pair_changes_in_one_step_only(files, other_pair):
    body = {"cert": "/T1/a.crt", "key": "/T1/a.key"}
    files.post("ltm/profile/client-ssl", name="s", partition="T1", **body)
    for path in ("sys/file/ssl-cert/~T1~a.crt", "sys/crypto/cert/~T1~a.crt"):
        answer = files.ask("DELETE", path)
        assert answer.message == "01071349:3: File object by name (/T1/a.crt) is in use."
    put(files, "b.crt", other_pair[0])
    put(files, "b.key", other_pair[1])
    profile = "ltm/profile/client-ssl/~T1~s"
    assert files.ask("PATCH", profile, {"cert": "/T1/b.crt"}).status == 400
    read = files.patch(profile, cert="/T1/b.crt", key="/T1/b.key")
    assert read["certKeyChain"][0]["key"] == "/T1/b.key"
    files.delete("sys/file/ssl-cert/~T1~a.crt")
    files.delete("sys/file/ssl-key/~T1~a.key")


def test_a_monitor_keeps_the_certificate_that_it_shows(files):
    body = {"cert": "/T1/a.crt", "key": "/T1/a.key"}
    files.post("ltm/monitor/https", name="m", partition="T1", **body)
    for path in ("sys/file/ssl-cert/~T1~a.crt", "sys/file/ssl-key/~T1~a.key"):
        assert files.ask("DELETE", path).message.startswith("01071349:3: ")
    answer = files.ask("PATCH", "ltm/monitor/https/~T1~m", {"cert": "/T1/no.crt"})
    assert answer.message == "0107134a:3: File object by name (/T1/no.crt) is missing."


def test_a_passphrase_is_told_by_nobody(rest):
    secret = serialization.BestAvailableEncryption(b"geheim")
    certificate, key = make_pair(ec.generate_private_key(ec.SECP256R1()), secret=secret)
    put(rest, "a.crt", certificate)
    put(rest, "a.key", key, passphrase="geheim")
    entry = {"name": "x", "cert": "/T1/a.crt", "key": "/T1/a.key", "passphrase": "geheim"}
    rest.post("ltm/profile/client-ssl", name="s", partition="T1", certKeyChain=[entry])
    body = {"cert": "/T1/a.crt", "key": "/T1/a.key", "passphrase": "geheim"}
    rest.post("ltm/profile/server-ssl", name="t", partition="T1", **body)
    for path in ("ltm/profile/client-ssl", "ltm/profile/server-ssl", "sys/file/ssl-key"):
        assert "geheim" not in str(rest.get(path))
    assert "geheim" not in str(rest.device.journal.last(99))
