"""A small certificate authority and a server certificate for loopback addresses."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID_FOR = timedelta(days=397)


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """Where the three files are."""

    ca: Path
    certificate: Path
    key: Path

    @classmethod
    def within(cls, directory: Path) -> "CertificateFiles":
        """Return the names that this program uses in a directory."""
        return cls(directory / "ca.pem", directory / "server.pem", directory / "server.key")

    def missing(self) -> list[Path]:
        """Return which of the files are not there."""
        return [path for path in (self.ca, self.certificate, self.key) if not path.is_file()]


def make_certificates(directory: Path, hosts: Iterable[str] = ("127.0.0.1",)) -> CertificateFiles:
    """Write a new authority and a server certificate for these hosts and `localhost`."""
    directory.mkdir(parents=True, exist_ok=True)
    files = CertificateFiles.within(directory)
    ca_key, server_key = ec.generate_private_key(ec.SECP256R1()), _new_key()
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bigip-sim authority")])
    ca = _sign(_authority(ca_name, ca_key), ca_key)
    server = _sign(_server(ca_name, ca_key, server_key, hosts), ca_key)
    files.ca.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    files.certificate.write_bytes(server.public_bytes(serialization.Encoding.PEM))
    files.key.touch(mode=0o600)
    files.key.write_bytes(
        server_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _authority(name: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        _blank(name, name, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _server(
    issuer: x509.Name,
    ca_key: ec.EllipticCurvePrivateKey,
    key: ec.EllipticCurvePrivateKey,
    hosts: Iterable[str],
) -> x509.CertificateBuilder:
    names = x509.SubjectAlternativeName(
        [_host(host) for host in dict.fromkeys([*hosts, "localhost"])]
    )
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bigip-sim")])
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    return (
        _blank(subject, issuer, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(above, critical=False)
        .add_extension(names, critical=False)
    )


def _blank(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + VALID_FOR)
    )


def _sign(builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    return builder.sign(key, hashes.SHA256())


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
