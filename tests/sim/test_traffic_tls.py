"""TLS on both sides of the data plane: certificates by name, trust, HTTP/2."""

import http.client
import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from programs import Running, free_port, member, running, wait_until

pytestmark = [
    pytest.mark.dataplane,
    pytest.mark.skipif(shutil.which("haproxy") is None, reason="there is no HAProxy"),
]
VIP = "127.3.2.1"
NAMES = ("a.example.com", "b.example.com", "client")


def make_pair(name: str, passphrase: bytes = b"") -> tuple[bytes, bytes]:
    """A certificate that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        secret = serialization.BestAvailableEncryption(passphrase)
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return certificate.public_bytes(pem), key.private_bytes(pem, form, secret)


def upload(device: Running, name: str, content: bytes, **more: str) -> None:
    files = device.rest.base_url.copy_with(path="/mgmt/shared/file-transfer/uploads/")
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Range": f"0-{len(content) - 1}/{len(content)}",
    }
    answer = device.rest.post(f"{files}{name}", content=content, headers=headers)
    assert answer.status_code == 200, answer.text
    kind = "ssl-key" if name.endswith(".key") else "ssl-cert"
    source = f"file:/var/config/rest/downloads/{name}"
    device.post(f"sys/file/{kind}", name=name, partition="T1", sourcePath=source, **more)


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("device")
    with running(home) as device:
        device.post("auth/partition", name="T1")
        for name in NAMES:
            more = {"passphrase": "geheim"} if name.startswith("b") else {}
            certificate, key = make_pair(name, more.get("passphrase", "").encode())
            upload(device, f"{name}.crt", certificate)
            upload(device, f"{name}.key", key, **more)
            (home / name).write_bytes(certificate + key)
            chain = [{"name": "default", "cert": f"/T1/{name}.crt", "key": f"/T1/{name}.key"}]
            device.post("ltm/profile/client-ssl", name=name, partition="T1", certKeyChain=chain)
        device.patch("ltm/profile/client-ssl/~T1~b.example.com", sniDefault="true")
        device.told["home"] = home
        yield device


@pytest.fixture(scope="module")
def service(device: Running) -> Iterator[SimpleNamespace]:
    port = free_port()
    with member("A") as number:
        device.post("ltm/pool", name="p", partition="T1", members=[f"127.0.0.1:{number}"])
        device.post(
            "ltm/virtual", name="v", partition="T1", destination=f"/T1/{VIP}:{port}",
            ipProtocol="tcp", pool="/T1/p",
            profiles=["/Common/tcp", "/Common/http", "/T1/a.example.com", "/T1/b.example.com"],
        )  # fmt: skip
        wait_until(lambda: shown(port, None), "TLS is spoken")
        yield SimpleNamespace(device=device, port=port, home=Path(device.told["home"]))


def shown(port: int, name: str | None, alpn: str = "http/1.1") -> str:
    """Return whose certificate is shown to one who asks for a name, and what was agreed on."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols([alpn])
    try:
        with (
            socket.create_connection((VIP, port), 2) as plain,
            context.wrap_socket(plain, server_hostname=name) as session,
        ):
            der = session.getpeercert(binary_form=True) or b""
            common = x509.load_der_x509_certificate(der).subject.rfc4514_string()
            return f"{common} {session.version()} {session.selected_alpn_protocol()}"
    except OSError:
        return ""


def test_certificates_are_chosen_by_name_and_the_default_is_for_the_rest(service):
    assert shown(service.port, "a.example.com").startswith("CN=a.example.com TLSv1.2")
    for other in ("b.example.com", "nobody.example.com", None):
        assert shown(service.port, other).startswith("CN=b.example.com")


def agreed(port: int, name: str) -> str:
    """Return the cipher that is agreed on with who takes any of TLS 1.2."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    try:
        with (
            socket.create_connection((VIP, port), 2) as plain,
            context.wrap_socket(plain, server_hostname=name) as session,
        ):
            cipher = session.cipher()
            return cipher[0] if cipher is not None else ""
    except OSError:
        return ""


def test_a_cipher_group_offers_what_its_rules_allow_and_do_not_exclude(service):
    device, profile = service.device, "ltm/profile/client-ssl/~T1~a.example.com"
    assert agreed(service.port, "a.example.com") == "ECDHE-ECDSA-AES256-GCM-SHA384"
    for name, ciphers in (("gcm", "ECDHE_ECDSA+AES-GCM:!TLSv1_1"), ("long", "AES256")):
        device.post("ltm/cipher/rule", name=name, partition="T1", cipher=ciphers)
    device.post("ltm/cipher/group", name="g", partition="T1", allow=["gcm"], exclude=["long"])
    device.patch(profile, cipherGroup="/T1/g")
    short = "ECDHE-ECDSA-AES128-GCM-SHA256"
    wait_until(lambda: agreed(service.port, "a.example.com") == short, "the group is offered")
    device.patch("ltm/cipher/rule/~T1~long", cipher="AES128")
    other = "ECDHE-ECDSA-AES256-GCM-SHA384"
    wait_until(lambda: agreed(service.port, "a.example.com") == other, "a rule has changed")
    assert not [p for p in device.health()["data_plane"]["problems"] if "cipher" in p]
    device.patch(profile, cipherGroup="none")
    device.settled()


def test_strict_transport_security_is_asked_for_where_the_profile_says_so(service):
    device, url = service.device, f"https://{VIP}:{service.port}"
    device.post("ltm/profile/http", name="hsts", partition="T1", hsts={"mode": "enabled"})
    more = ["/Common/tcp", "/T1/a.example.com", "/T1/b.example.com"]

    def asked() -> str:
        answer = httpx.get(url, verify=False)
        return answer.headers.get("Strict-Transport-Security", "")

    assert asked() == ""
    device.patch("ltm/virtual/~T1~v", profiles=[*more, "/T1/hsts"])
    wanted = "max-age=16070400; includeSubDomains"
    wait_until(lambda: asked() == wanted, "clients are told")
    device.patch("ltm/virtual/~T1~v", profiles=[*more, "/Common/http"])
    wait_until(lambda: asked() == "", "clients are not told any more")


def test_options_and_http2_take_effect(service):
    device = service.device
    device.patch("ltm/profile/client-ssl/~T1~a.example.com", tmOptions=["no-tlsv1.2"])
    profiles = ["/Common/tcp", "/Common/http", "/Common/http2", "/T1/a.example.com"]
    device.patch("ltm/virtual/~T1~v", profiles=profiles)
    wait_until(
        lambda: shown(service.port, "a.example.com", "h2") == "CN=a.example.com TLSv1.3 h2",
        "the other version, and HTTP/2",
    )
    device.patch("ltm/profile/client-ssl/~T1~a.example.com", tmOptions=["no-tlsv1.3"])


def test_clients_must_show_a_certificate_that_is_believed(service):
    device = service.device
    trust = {"peerCertMode": "require", "caFile": "/T1/client.crt"}
    device.patch("ltm/profile/client-ssl/~T1~a.example.com", **trust)
    profiles = ["/Common/tcp", "/Common/http", "/T1/a.example.com"]
    device.patch("ltm/virtual/~T1~v", profiles=profiles)
    context = ssl.create_default_context(cafile=str(service.home / "a.example.com"))
    context.check_hostname = False

    def answer() -> str:
        try:
            url = f"https://{VIP}:{service.port}/"
            return httpx.get(url, verify=context, timeout=3).text
        except httpx.HTTPError:
            return ""

    wait_until(lambda: answer() == "", "who shows nothing is refused")
    context.load_cert_chain(str(service.home / "client"))
    wait_until(lambda: answer() == "A", "who shows it is served")
    device.patch("ltm/profile/client-ssl/~T1~a.example.com", peerCertMode="ignore")


class _TlsMember(threading.Thread):
    """Answers one line over TLS with what name it was asked for."""

    def __init__(self, certificate: Path) -> None:
        super().__init__()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._asked = ""
        self._context.sni_callback = self._note
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]

    def _note(self, _session: ssl.SSLSocket, name: str | None, _context: ssl.SSLContext) -> None:
        self._asked = str(name)

    def run(self) -> None:
        while True:
            try:
                plain, _ = self._listening.accept()
            except OSError:
                return
            try:
                with plain, self._context.wrap_socket(plain, server_side=True) as session:
                    session.recv(4096)
                    head = f"HTTP/1.0 200 OK\r\nContent-Length: {len(self._asked)}\r\n\r\n"
                    session.sendall(f"{head}{self._asked}".encode())
            except OSError:
                continue  # it did not believe us

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.join()


def test_members_are_spoken_to_over_tls_and_must_be_believed(service):
    device = service.device
    behind = _TlsMember(service.home / "client")
    behind.start()
    try:
        device.patch("ltm/pool/~T1~p", members=[f"127.0.0.1:{behind.port}"])
        device.post("ltm/profile/server-ssl", name="s", partition="T1", serverName="client")
        device.patch("ltm/virtual/~T1~v", profiles=["/Common/tcp", "/Common/http", "/T1/s"])

        def answer() -> str:
            connection = http.client.HTTPConnection(VIP, service.port, timeout=0.7)
            try:
                connection.request("GET", "/")
                return connection.getresponse().read().decode()
            except (OSError, http.client.HTTPException):
                return ""
            finally:
                connection.close()

        wait_until(lambda: answer() == "client", "the member is asked by name")
        trust = {"peerCertMode": "require", "caFile": "/T1/a.example.com.crt"}
        device.patch("ltm/profile/server-ssl/~T1~s", **trust)
        wait_until(lambda: answer() == "", "it is not believed")
        device.patch("ltm/profile/server-ssl/~T1~s", caFile="/T1/client.crt")
        wait_until(lambda: answer() == "client", "it is believed")
    finally:
        behind.close()
