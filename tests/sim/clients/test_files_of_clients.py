"""Uploads, downloads, certificates and keys as both clients do them."""

import os
from io import BytesIO
from pathlib import Path

import pytest
from bigrest.bigip import BIGIP
from bigrest.common.exceptions import RESTAPIError
from f5.bigip import ManagementRoot

from bigip_sim.certificates import make_certificates

pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS request")  # f5-sdk's uploads
UPLOADS = "/mgmt/shared/file-transfer/uploads"
FILES = "file:/var/config/rest/downloads"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the files of a certificate and its key."""
    directory = tmp_path_factory.mktemp("pair")
    files = make_certificates(directory)
    return files.certificate, files.key


def test_bigrest_uploads_and_downloads_in_chunks(bigip: BIGIP, tmp_path: Path) -> None:
    image = tmp_path / "clients.iso"
    content = os.urandom(2_500_000)  # three chunks of bigrest's
    image.write_bytes(content)
    bigip.upload("/mgmt/cm/autodeploy/software-image-uploads", filename=str(image))
    image.unlink()
    bigip.download("/mgmt/cm/autodeploy/software-image-downloads", filename=str(image))
    assert image.read_bytes() == content


def test_sdk_uploads_bytes_and_files(root: ManagementRoot, tmp_path: Path) -> None:
    uploads = root.shared.file_transfer.uploads
    path = tmp_path / "clients.txt"
    path.write_bytes(b"x" * 700_000)  # two chunks of f5-sdk's
    uploads.upload_file(str(path))
    uploads.upload_stringio(BytesIO(b"some text"), "clients-2.txt")
    uploads.upload_stringio(BytesIO(b'"name1" := "value1",\n'), "clients-3.txt")
    groups = root.tm.sys.file.data_groups.data_group
    made = groups.create(name="clients-dg", type="string", sourcePath=f"{FILES}/clients-3.txt")
    external = root.tm.ltm.data_group.externals.external.create(
        name="clients-dg", partition="Common", externalFileName=made.name
    )
    assert external.type == "string"
    external.delete()
    made.delete()


def test_bigrest_keeps_a_certificate_and_key_for_a_profile(
    bigip: BIGIP, pair: tuple[Path, Path]
) -> None:
    for path, kind in zip(pair, ("cert", "key"), strict=True):
        bigip.upload(UPLOADS, filename=str(path))
        body = {"name": f"shop.{kind}", "partition": "T1", "sourcePath": f"{FILES}/{path.name}"}
        made = bigip.create(f"/mgmt/tm/sys/file/ssl-{kind}", body)
        assert made.properties["fullPath"] == f"/T1/shop.{kind}"
    certificate = bigip.load("/mgmt/tm/sys/file/ssl-cert/~T1~shop.cert").properties
    assert certificate["keyType"]
    assert certificate["expirationDate"] > 0
    assert certificate["checksum"].startswith("SHA1:")
    chain = [{"name": "default", "cert": "/T1/shop.cert", "key": "/T1/shop.key"}]
    profile = {"name": "shop", "partition": "T1", "certKeyChain": chain, "serverName": "shop.test"}
    made = bigip.create("/mgmt/tm/ltm/profile/client-ssl", profile)
    assert (made.properties["cert"], made.properties["key"]) == ("/T1/shop.cert", "/T1/shop.key")
    with pytest.raises(RESTAPIError, match=r"01071349:3: File object by name \(/T1/shop.cert\)"):
        bigip.delete("/mgmt/tm/sys/file/ssl-cert/~T1~shop.cert")
    bigip.delete("/mgmt/tm/ltm/profile/client-ssl/~T1~shop")
    for kind in ("cert", "key"):
        bigip.delete(f"/mgmt/tm/sys/file/ssl-{kind}/~T1~shop.{kind}")


def test_sdk_puts_a_certificate_anew(root: ManagementRoot, pair: tuple[Path, Path]) -> None:
    certificate, _ = pair
    root.shared.file_transfer.uploads.upload_file(str(certificate))
    certificates = root.tm.sys.file.ssl_certs.ssl_cert
    first = certificates.create(name="anew.crt", sourcePath=f"{FILES}/{certificate.name}")
    second = root.tm.sys.file.ssl_certs.ssl_cert.load(name="anew.crt")
    second.update()
    assert second.revision == first.revision + 1
    first.refresh()
    assert first.revision == second.revision
    first.delete()


def test_sdk_installs_in_the_older_way(root: ManagementRoot, pair: tuple[Path, Path]) -> None:
    uploads, crypto = root.shared.file_transfer.uploads, root.tm.sys.crypto
    for path, collection, ending in zip(
        pair, (crypto.certs, crypto.keys), ("crt", "key"), strict=True
    ):
        uploads.upload_file(str(path))
        options = {"from-local-file": f"/var/config/rest/downloads/{path.name}", "name": "older"}
        collection.exec_cmd("install", **options)
        names = [found.name for found in collection.get_collection()]
        assert f"/Common/older.{ending}" in names or f"older.{ending}" in names
    for ending in ("crt", "key"):
        name = {"name": f"older.{ending}", "partition": "Common"}
        kind = "cert" if ending == "crt" else "key"
        getattr(getattr(root.tm.sys.file, f"ssl_{kind}s"), f"ssl_{kind}").load(**name).delete()


def test_what_is_no_certificate_is_refused(bigip: BIGIP, tmp_path: Path) -> None:
    path = tmp_path / "no.crt"
    path.write_text("this is no certificate")
    bigip.upload(UPLOADS, filename=str(path))
    body = {"name": "no.crt", "partition": "T1", "sourcePath": f"{FILES}/no.crt"}
    with pytest.raises(RESTAPIError, match="400"):
        bigip.create("/mgmt/tm/sys/file/ssl-cert", body)
