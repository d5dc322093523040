"""The authority's key, and what it signs: certificates and the list of the revoked ones.

Every certificate begins when the authority began, and the list's dates count from then too. So a
kit whose clock is behind, which is how a Pi's clock fails, still trusts the broker, and a server
whose clock was set back does not refuse every kit.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from contract.errors import DecodeError, StoreError
from contract.files.sqlite_file import sync_directory

__all__ = ["AUTHORITY_FILE", "UNREADABLE", "Purpose", "Signing", "public_key_of", "read_request"]

Purpose = Literal["kit", "server", "broker"]

_AUTHORITY_DAYS: Final = 20 * 365
AUTHORITY_FILE: Final = "authority.pem"
"""Key and certificate in one file, so that neither is ever there without the other."""
_EDGE: Final = timedelta(hours=1)
"""A server's clock may be a little ahead of a kit's when the authority is new."""
_SHA: Final = hashes.SHA256()
UNREADABLE: Final = (ValueError, TypeError, UnsupportedAlgorithm)
"""What the library raises for bytes of keys, requests and certificates that it can't use."""


@dataclass(frozen=True, slots=True)
class Signing:
    """Holds the key; made by `open`."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def open(cls, directory: Path, *, site: str, now: Callable[[], datetime]) -> Signing:
        """Read the key, or make one where there is none; raises StoreError."""
        path = directory / AUTHORITY_FILE
        try:
            if not path.exists():
                _make(path, site, now())
            pem = path.read_bytes()
            key = serialization.load_pem_private_key(pem, None)
            certificate = x509.load_pem_x509_certificate(pem)
        except (OSError, *UNREADABLE) as error:
            raise StoreError(
                f"The authority's key {path} can't be read ({error}): check its rights, or restore "
                "your copy of its directory."
            ) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or (
            _bytes_of(key.public_key()) != _bytes_of(certificate.public_key())
        ):
            raise StoreError(
                f"In {path} the key is not the certificate's: restore your copy of it."
            )
        return cls(key, certificate)

    @property
    def certificate_der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def certificate_pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def issue(
        self, name: str, key: ec.EllipticCurvePublicKey, purpose: Purpose, *, until: datetime,
        hosts: Iterable[str] = (),
    ) -> x509.Certificate:  # fmt: skip
        """A certificate with this common name; a broker's has the names that clients connect to.

        Where `until` is before the authority began, as by a wrong clock, it is valid for an hour.
        """
        begin, end = self.certificate.not_valid_before_utc, self.certificate.not_valid_after_utc
        usage = {
            "kit": [ExtendedKeyUsageOID.CLIENT_AUTH],
            "server": [ExtendedKeyUsageOID.CLIENT_AUTH],
            "broker": [ExtendedKeyUsageOID.SERVER_AUTH],
        }[purpose]
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(self.certificate.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(max(min(until, end), begin + _EDGE))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usage), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                critical=False,
            )
        )
        names = [_general_name(host) for host in hosts]
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, _SHA)

    def revoked_list(self, serials: Iterable[int], number: int) -> str:
        """The list of revoked certificates as PEM; a higher number replaces a lower one."""
        begin = self.certificate.not_valid_before_utc
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(begin + timedelta(seconds=number))
            .next_update(self.certificate.not_valid_after_utc)
            .add_extension(x509.CRLNumber(number), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                critical=False,
            )
        )
        for serial in serials:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(serial)
                .revocation_date(begin)
                .build()
            )
        signed = builder.sign(self.key, _SHA)
        return signed.public_bytes(serialization.Encoding.PEM).decode()

    def has_signed(self, certificate: x509.Certificate) -> bool:
        """Whether this authority made the certificate; its dates are not looked at."""
        try:
            certificate.verify_directly_issued_by(self.certificate)
        except (*UNREADABLE, InvalidSignature):
            return False
        return True


def read_request(der: bytes) -> ec.EllipticCurvePublicKey:
    """The key of a PKCS #10 request that the key itself signed; raises DecodeError.

    What else it asks for, names included, is not read.
    """
    try:
        request = x509.load_der_x509_csr(der)
        is_signed = request.is_signature_valid
        key = request.public_key()
    except UNREADABLE as error:
        raise DecodeError("the signing request", str(error)) from error
    if not is_signed:
        raise DecodeError("the signing request", "it is not signed by its own key")
    return _p256(key)


def public_key_of(der: bytes) -> ec.EllipticCurvePublicKey:
    """A key from its SubjectPublicKeyInfo; raises DecodeError."""
    try:
        key = serialization.load_der_public_key(der)
    except UNREADABLE as error:
        raise DecodeError("the public key", str(error)) from error
    return _p256(key)


def _p256(key: object) -> ec.EllipticCurvePublicKey:
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise DecodeError("the public key", "it is not on the curve P-256")
    return key


def _bytes_of(key: object) -> bytes:
    return _p256(key).public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _make(path: Path, site: str, now: datetime) -> None:
    """A new key and its certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"Roomtone authority of {site}")
    begin = now.astimezone(UTC).replace(microsecond=0) - _EDGE
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=_AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, _SHA)
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(path, pem + certificate.public_bytes(serialization.Encoding.PEM))


def _write(path: Path, data: bytes) -> None:
    """Write a new file durably, for its owner alone; a crash leaves none, or all of it."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    sync_directory(path.parent)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs, key_cert_sign=signs, crl_sign=signs,
        content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
