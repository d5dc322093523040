"""The kit's own key. It is made here, and never leaves this machine."""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from contract.errors import EnrolmentError

__all__ = ["OwnKey", "checked_certificate"]

_SHA = hashes.SHA256()


class OwnKey:
    """A key on the curve P-256."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key

    @classmethod
    def new(cls) -> OwnKey:
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def load(cls, pem: bytes) -> OwnKey:
        """Read what `pem` wrote; raises ValueError."""
        key = serialization.load_pem_private_key(pem, None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError("it is no key on the curve P-256")  # noqa: TRY004
        return cls(key)

    @property
    def public(self) -> bytes:
        """SubjectPublicKeyInfo."""
        return self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def pem(self) -> bytes:
        """For a file that only its owner may read."""
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )  # fmt: skip

    def signing_request(self) -> bytes:
        """A PKCS #10 request; the authority takes the key from it, and the name from the code."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a kit")])
        request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(self._key, _SHA)
        return request.public_bytes(serialization.Encoding.DER)

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data, ec.ECDSA(_SHA))


def checked_certificate(
    der: bytes, *, key: OwnKey, authority: bytes, node: str
) -> x509.Certificate:
    """The certificate, if the authority made it for this key and name; raises EnrolmentError."""
    try:
        made = x509.load_der_x509_certificate(der)
        made.verify_directly_issued_by(x509.load_der_x509_certificate(authority))
        names = made.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        public = made.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as error:
        raise EnrolmentError(
            "not usable", f"The server's answer holds no certificate of its authority ({error})."
        ) from error
    if public != key.public or [name.value for name in names] != [node]:
        raise EnrolmentError(
            "not usable",
            "The server's answer holds a certificate for another kit; nothing was kept.",
        )
    return made
