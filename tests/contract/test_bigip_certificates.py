"""Certificates, keys and SSL profiles of a BIG-IP (reference, sections 3.9 and 3.10)."""

import datetime

import pytest
from bigip import Bigip
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

DOWNLOADS = "/var/config/rest/downloads"


def made_pair() -> tuple[bytes, bytes]:
    """Return a certificate and its key, in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "contract.example")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM), key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def upload(bigip: Bigip, name: str, content: bytes, chunk: int = 512) -> dict[str, object]:
    """Send a file in chunks; return the last answer."""
    for begin in range(0, len(content), chunk):
        part = content[begin : begin + chunk]
        answer = bigip.client.post(
            f"/mgmt/shared/file-transfer/uploads/{name}",
            content=part,
            headers={
                "Content-Type": "application/octet-stream",
                "Content-Range": f"{begin}-{begin + len(part) - 1}/{len(content)}",
            },
        )
        assert answer.status_code == 200, answer.text
    told: dict[str, object] = answer.json()
    return told


@pytest.fixture
def pair(bigip: Bigip) -> Bigip:
    """Return the device with a certificate c.crt and its key c.key in the partition."""
    certificate, key = made_pair()
    for kind, name, content in (("cert", "c.crt", certificate), ("key", "c.key", key)):
        file = f"{bigip.partition}-{name}"
        upload(bigip, file, content)
        bigip.make(f"sys/file/ssl-{kind}", name, sourcePath=f"file:{DOWNLOADS}/{file}")
    return bigip


def test_an_upload_in_chunks_tells_where_the_file_is(bigip: Bigip) -> None:
    name = f"{bigip.partition}-x"
    told = upload(bigip, name, b"x" * 1500)
    assert told["remainingByteCount"] == 0
    assert told["localFilePath"] == f"{DOWNLOADS}/{name}"


def test_an_upload_without_a_range_is_refused(bigip: Bigip) -> None:
    answer = bigip.client.post("/mgmt/shared/file-transfer/uploads/x", content=b"x")
    assert answer.status_code in {400, 415}


def test_a_certificate_shows_what_is_in_it(pair: Bigip) -> None:
    shown = pair.get(f"sys/file/ssl-cert/{pair.segment('c.crt')}")
    assert shown["kind"] == "tm:sys:file:ssl-cert:ssl-certstate"
    assert shown["checksum"].startswith("SHA1:")
    assert "CN=contract.example" in shown["subject"]
    assert shown["keyType"] == "rsa-public"


def test_a_client_ssl_profile_holds_its_certificate_and_key(pair: Bigip) -> None:
    chain = [{"name": "default", "cert": pair.full("c.crt"), "key": pair.full("c.key")}]
    made = pair.make("ltm/profile/client-ssl", "cs", certKeyChain=chain)
    assert (made["cert"], made["key"]) == (pair.full("c.crt"), pair.full("c.key"))
    refused = pair.ask("DELETE", f"sys/file/ssl-cert/{pair.segment('c.crt')}")
    assert refused.status_code == 400
    words = f"01071349:3: File object by name ({pair.full('c.crt')}) is in use."
    assert refused.json()["message"] == words


def test_a_client_ssl_profile_without_its_key_is_refused(pair: Bigip) -> None:
    chain = [{"name": "default", "cert": pair.full("c.crt"), "key": pair.full("missing.key")}]
    body = {"name": "cs", "partition": pair.partition, "certKeyChain": chain}
    refused = pair.ask("POST", "ltm/profile/client-ssl", body)
    assert refused.status_code == 400
    assert refused.json()["message"].startswith(("010717e3:3:", "0107134a:3:"))


def test_what_is_no_certificate_is_refused(bigip: Bigip) -> None:
    name = f"{bigip.partition}-not"
    upload(bigip, name, b"not PEM")
    body = {"name": "n.crt", "partition": bigip.partition, "sourcePath": f"file:{DOWNLOADS}/{name}"}
    assert bigip.ask("POST", "sys/file/ssl-cert", body).status_code == 400
