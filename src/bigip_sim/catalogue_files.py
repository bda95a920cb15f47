"""The types of file. Source: iControl REST reference, section 3.10, and the recorded shapes."""

from bigip_sim.kinds import Kind, Link, one

_WRITTEN = frozenset({"sourcePath", "description", "appService"})
_KEPT = frozenset(
    {"checksum", "createTime", "createdBy", "lastUpdateTime", "mode", "revision", "size"}
    | {"systemPath", "updatedBy"}
)
CERTIFICATE_FIELDS = frozenset(
    {"certificateKeyCurveName", "certificateKeySize", "email", "expirationDate", "fingerprint"}
    | {"expirationString", "isBundle", "issuer", "keyType", "serialNumber", "subject", "version"}
    | {"subjectAlternativeName"}
)
KEY_FIELDS = frozenset({"curveName", "keySize", "keyType", "securityType"})


def _held(path: str, parent: str) -> Kind:
    """A subcollection that stays empty here."""
    return Kind(path, path.rpartition("/")[2], partitioned=False, parent=parent, by_device=True)


FILES: tuple[Kind, ...] = (
    Kind(
        "sys/file/ssl-cert",
        "Certificate File",
        optional=_WRITTEN | {"issuerCert", "certValidationOptions"},
        read_only=_KEPT | CERTIFICATE_FIELDS,
        subcollections=("bundle-certificates", "cert-validators"),
    ),
    _held("sys/file/ssl-cert/bundle-certificates", "sys/file/ssl-cert"),
    _held("sys/file/ssl-cert/cert-validators", "sys/file/ssl-cert"),
    Kind(
        "sys/file/ssl-key",
        "Certificate Key File",
        optional=_WRITTEN | {"passphrase"},
        read_only=_KEPT | KEY_FIELDS,
        subcollections=("cert-order-manager",),
    ),
    _held("sys/file/ssl-key/cert-order-manager", "sys/file/ssl-key"),
    Kind(
        "sys/file/data-group",  # no item was recorded: the attributes are unverified
        "Data Group File",
        defaults={"separator": ":=", "type": "string"},
        optional=_WRITTEN | {"dataGroupName"},
        read_only=_KEPT,
        choices={"type": frozenset({"string", "ip", "integer"})},
    ),
    Kind(
        "ltm/data-group/external",
        "value list",
        family="value list",
        defaults={"type": "string"},
        optional=frozenset({"description", "appService", "externalFileName"}),
        fixed=frozenset({"type"}),
        links=(Link("externalFileName", "sys/file/data-group", one("externalFileName")),),
    ),
    Kind(
        "sys/crypto/cert",
        "Certificate File",
        partitioned=False,
        full_names=True,
        read_only=frozenset(
            {"apiRawValues", "city", "commonName", "country", "emailAddress", "fingerprint"}
            | {"organization", "ou", "state", "subjectAlternativeName"}
        ),
        subcollections=("cert-validators",),
    ),
    _held("sys/crypto/cert/cert-validators", "sys/crypto/cert"),
    Kind(
        "sys/crypto/key",
        "Certificate Key File",
        partitioned=False,
        full_names=True,
        read_only=frozenset({"keySize", "keyType", "securityType"}),
    ),
)
