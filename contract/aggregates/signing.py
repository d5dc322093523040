"""Signs a report with a site's key (Ed25519, RFC 8032), and checks one that arrives."""

from __future__ import annotations

import base64
import binascii
import json
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from contract.errors import PayloadError, StoreError, UsageError

__all__ = [
    "MAX_ENVELOPE_BYTES",
    "Envelope",
    "fingerprint",
    "make_key",
    "open_envelope",
    "public_bytes",
    "public_text",
    "read_key",
    "read_public_text",
    "seal",
    "verify",
]

MAX_ENVELOPE_BYTES: Final = 16_384
_CONTEXT: Final = b"roomtone aggregates 1\n"
"""Goes before what is signed, so that no other use of the key signs a report."""
_PUBLIC_BYTES: Final = 32
_SIGNATURE_BYTES: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A report's bytes and their signature, as they travel; neither is checked yet."""

    body: bytes
    signature: bytes


def make_key(path: Path) -> Ed25519PrivateKey:
    """Make a key in a new file that its owner alone reads. Raises UsageError, StoreError."""
    key = Ed25519PrivateKey.generate()
    text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as error:
        raise UsageError(
            f"{path} has a key already; the collector knows the site by it. Move it away first."
        ) from error
    except OSError as error:
        raise StoreError(f"can't write {path}: {error.strerror}") from error
    return key


def read_key(path: Path) -> Ed25519PrivateKey:
    """A site's key. Raises UsageError for a file that is missing, open to others or no such key."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(10_000)
    except FileNotFoundError as error:
        raise UsageError(
            f"{path} is missing; `roomtone aggregates key --make` makes a key for this site."
        ) from error
    except OSError as error:
        raise UsageError(f"can't read {path}: {error.strerror}") from error
    if mode & 0o077:
        raise UsageError(f"{path} is open to others; `chmod 600 {path}` closes it.")
    try:
        key = serialization.load_pem_private_key(text, password=None)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{path} holds no private key.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"{path} holds a key of another kind, expected Ed25519.")
    return key


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The 32 bytes by which others check its signatures."""
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def public_text(public: bytes) -> str:
    """A public key as people copy it: 43 letters and digits, `-` and `_`."""
    return base64.urlsafe_b64encode(public).rstrip(b"=").decode("ascii")


def read_public_text(text: str) -> bytes:
    """The other way round. Raises UsageError."""
    try:
        public = base64.b64decode(text.strip() + "=", altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        public = b""
    if len(public) != _PUBLIC_BYTES or public_text(public) != text.strip():
        raise UsageError("that is no public key: `roomtone aggregates key` prints one of 43 signs.")
    return public


def fingerprint(public: bytes) -> str:
    """For two people on the telephone: sixteen hexadecimal digits in groups of four."""
    digits = sha256(public).hexdigest()[:16]
    return " ".join(digits[at : at + 4] for at in range(0, 16, 4))


def seal(body: bytes, key: Ed25519PrivateKey) -> bytes:
    """A report's bytes with their signature, as JSON."""
    signature = base64.b64encode(key.sign(_CONTEXT + body)).decode("ascii")
    return json.dumps({"report": body.decode("ascii"), "signature": signature}).encode("ascii")


def open_envelope(content: bytes) -> Envelope:
    """The parts, unchecked. Raises PayloadError for what is no signed report."""
    if len(content) > MAX_ENVELOPE_BYTES:
        raise PayloadError("body", f"{len(content)} bytes, at most {MAX_ENVELOPE_BYTES} are read")
    try:
        parts: Any = json.loads(content.decode("ascii"))
    except (ValueError, RecursionError) as error:
        raise PayloadError("body", "is not JSON in ASCII") from error
    if not isinstance(parts, dict) or not isinstance(parts.get("report"), str):
        raise PayloadError("body", "has no report")
    if not isinstance(parts.get("signature"), str):
        raise PayloadError("signature", "is missing: an unsigned report is not taken")
    try:
        signature = base64.b64decode(parts["signature"], validate=True)
        body = parts["report"].encode("ascii")
    except ValueError as error:
        raise PayloadError("signature", "is not base 64") from error
    if len(signature) != _SIGNATURE_BYTES:
        raise PayloadError("signature", f"{len(signature)} bytes, expected {_SIGNATURE_BYTES}")
    return Envelope(body=body, signature=signature)


def verify(envelope: Envelope, public: bytes) -> None:
    """Raises PayloadError unless the owner of the key signed exactly these bytes."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(
            envelope.signature, _CONTEXT + envelope.body
        )
    except InvalidSignature as error:
        raise PayloadError(
            "signature", "does not fit: the report was changed on the way, or another key signed it"
        ) from error
