"""What the device reads from a certificate or key file, in the forms in which it says it.

Source: iControl REST reference, section 3.10, and the recorded shapes. Forms of what was not
recorded (curve names, what is no PEM) are unverified.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.x509.oid import NameOID

Json = dict[str, object]
_SHORT = {
    NameOID.COMMON_NAME: "commonName",
    NameOID.COUNTRY_NAME: "country",
    NameOID.STATE_OR_PROVINCE_NAME: "state",
    NameOID.LOCALITY_NAME: "city",
    NameOID.ORGANIZATION_NAME: "organization",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "ou",
    NameOID.EMAIL_ADDRESS: "emailAddress",
}
_CURVES = {"secp256r1": "prime256v1"}


class NotPem(ValueError):
    """Bytes that are not what they were said to be."""


def file_facts(content: bytes) -> Json:
    """Return size and checksum: SHA1:<size>:<hex>."""
    digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    return {"checksum": f"SHA1:{len(content)}:{digest}", "size": len(content)}


def _certificates(content: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError as error:
        raise NotPem(str(error)) from error


def certificate_facts(content: bytes) -> Json:
    """Return what an ssl-cert says of its first certificate."""
    found = _certificates(content)
    first = found[0]
    public = first.public_key()
    kind, size, curve = _key_kind(public)
    digest = first.fingerprint(hashes.SHA256()).hex(":").upper()
    expires = first.not_valid_after_utc
    facts: Json = {
        "certificateKeyCurveName": curve,
        "certificateKeySize": size,
        "expirationDate": int(expires.timestamp()),
        "expirationString": expires.strftime("%b %e %H:%M:%S %Y GMT"),
        "fingerprint": f"SHA256/{digest}",
        "isBundle": "true" if len(found) > 1 else "false",
        "issuer": _name(first.issuer),
        "keyType": f"{kind}-public",
        "serialNumber": first.serial_number.to_bytes(20, "big").lstrip(b"\0").hex(":"),
        "subject": _name(first.subject),
        "version": first.version.value + 1,
    }
    if (mails := first.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS)) != []:
        facts["email"] = str(mails[0].value)
    return facts


def subject_facts(content: bytes) -> Json:
    """Return what sys/crypto/cert says: the parts of the subject's name, and raw values."""
    first = _certificates(content)[0]
    facts = certificate_facts(content)
    kind, size, _ = _key_kind(first.public_key())
    parts: Json = {
        _SHORT[attribute.oid]: str(attribute.value)
        for attribute in first.subject
        if attribute.oid in _SHORT
    }
    raw = {
        "certificateKeySize": str(size),
        "expiration": facts["expirationString"],
        "issuer": facts["issuer"],
        "publicKeyType": kind.upper(),
    }
    return {**parts, "fingerprint": facts["fingerprint"], "apiRawValues": raw}


def key_facts(content: bytes, passphrase: str = "") -> Json:
    """Return what an ssl-key says of itself."""
    kind, size, curve = _key_kind(_private(content, passphrase).public_key())
    security = "password" if b"ENCRYPTED" in content else "normal"
    return {
        "curveName": curve,
        "keySize": size,
        "keyType": f"{kind}-private",
        "securityType": security,
    }


def match(certificate: bytes, key: bytes, passphrase: str = "") -> bool:
    """Whether a key is that of a certificate."""
    form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    ours = _private(key, passphrase).public_key().public_bytes(*form)
    return _certificates(certificate)[0].public_key().public_bytes(*form) == ours


_Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | dsa.DSAPrivateKey


def _private(content: bytes, passphrase: str) -> _Private:
    try:
        key = serialization.load_pem_private_key(
            content, passphrase.encode() if b"ENCRYPTED" in content else None
        )
    except (ValueError, TypeError) as error:
        raise NotPem(str(error)) from error
    if not isinstance(key, _Private):
        raise NotPem("a kind of key that the device does not take")
    return key


def _key_kind(public: object) -> tuple[str, int, str]:
    if isinstance(public, ec.EllipticCurvePublicKey):
        return "ec", public.curve.key_size, _CURVES.get(public.curve.name, public.curve.name)
    if isinstance(public, rsa.RSAPublicKey):
        return "rsa", public.key_size, "none"
    if isinstance(public, dsa.DSAPublicKey):
        return "dsa", public.key_size, "none"
    raise NotPem("a kind of key that the device does not take")


def _name(name: x509.Name) -> str:
    return name.rfc4514_string({NameOID.EMAIL_ADDRESS: "emailAddress"})


@cache
def default_pair() -> Mapping[str, bytes]:
    """Return the device's own certificate and key, made once for all devices of a process."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "--"),
            x509.NameAttribute(NameOID.STATE_OR_PROVINCE_NAME, "WA"),
            x509.NameAttribute(NameOID.LOCALITY_NAME, "Seattle"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "MyCompany"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "IT"),
            x509.NameAttribute(NameOID.COMMON_NAME, "localhost.localdomain"),
        ]
    )
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    return {"cert": certificate.public_bytes(serialization.Encoding.PEM), "key": secret}
