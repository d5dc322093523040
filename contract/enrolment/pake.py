"""The proofs and the sealing of an enrolment: SPAKE2, and keys that are bound to all that was said.

SPAKE2 (RFC 9382) gives both sides the same secret if they know the same code; whoever does not gets
one guess for each run, and learns nothing that could be tried offline. The keys are derived from
that secret and from the whole transcript: version, slot, the kit's public key, the authority's
certificate, both elements. So a change of any of them by somebody in between makes the proofs fail.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from spake2 import SPAKE2_A, SPAKE2_B, SPAKEError
from spake2.ed25519_basic import NotOnCurve

from contract.enrolment.codes import KitCode
from contract.enrolment.messages import VERSION, Hello, Request, Welcome
from contract.errors import EnrolmentError

__all__ = ["AuthoritySide", "KitSide", "ProofError"]

_KIT: Final = b"roomtone kit"
_AUTHORITY: Final = b"roomtone authority"
_KEY_BYTES: Final = 32
_NONCE: Final = bytes(12)
"""Each key seals one message."""


class ProofError(EnrolmentError):
    """The other side does not know the code, or somebody in between changed what was sent."""

    def __init__(self, sentence: str) -> None:
        super().__init__("code", sentence)


@dataclass(frozen=True, slots=True)
class _Keys:
    """What both sides derive."""

    authority_proof: bytes
    kit_proof: bytes
    to_authority: bytes
    to_kit: bytes
    transcript: bytes

    def seal(self, key: bytes, data: bytes) -> bytes:
        return ChaCha20Poly1305(key).encrypt(_NONCE, data, self.transcript)

    def open(self, key: bytes, sealed: bytes) -> bytes:
        try:
            return ChaCha20Poly1305(key).decrypt(_NONCE, sealed, self.transcript)
        except InvalidTag:
            raise ProofError("A sealed message was changed on its way.") from None


class KitSide:
    """One run of the exchange on the kit; each method is called once, in this order."""

    def __init__(self, code: KitCode, public_key: bytes) -> None:
        self._code, self._key = code, public_key
        self._exchange = SPAKE2_A(code.password, idA=_KIT, idB=_AUTHORITY)
        self._keys: _Keys | None = None

    def hello(self) -> Hello:
        self._hello = Hello(
            slot=self._code.slot, form=self._code.form, key=self._key,
            element=self._exchange.start(),
        )  # fmt: skip
        return self._hello

    def check(self, welcome: Welcome) -> None:
        """Raise ProofError unless the authority knows the code and is the one of the QR code."""
        wanted = self._code.fingerprint
        found = hashlib.sha256(welcome.authority).digest()
        if wanted is not None and not hmac.compare_digest(found, wanted):
            raise ProofError(
                "The server's authority is not the one that the QR code names: this is another "
                "server, or somebody is in between. Nothing was sent."
            )
        keys = _derive(
            _finish(self._exchange, welcome.element),
            self._hello,
            welcome.authority,
            welcome.element,
        )
        if not hmac.compare_digest(_proof(keys.authority_proof, keys), welcome.proof):
            raise ProofError("The server does not know this code.")
        self._keys = keys

    def request(self, signing_request: bytes) -> Request:
        keys = self._known()
        return Request(
            proof=_proof(keys.kit_proof, keys), sealed=keys.seal(keys.to_authority, signing_request)
        )

    def open_grant(self, sealed: bytes) -> bytes:
        keys = self._known()
        return keys.open(keys.to_kit, sealed)

    def _known(self) -> _Keys:
        assert self._keys is not None, "the authority has not proved anything yet"
        return self._keys


class AuthoritySide:
    """One run of the exchange on the authority. Making it is a try: the caller counts it first."""

    def __init__(self, password: bytes, hello: Hello, certificate: bytes) -> None:
        exchange = SPAKE2_B(password, idA=_KIT, idB=_AUTHORITY)
        element = exchange.start()
        self._keys = _derive(_finish(exchange, hello.element), hello, certificate, element)
        self._element, self._certificate = element, certificate

    def welcome(self, tries_left: int) -> Welcome:
        return Welcome(
            authority=self._certificate, element=self._element, tries_left=tries_left,
            proof=_proof(self._keys.authority_proof, self._keys),
        )  # fmt: skip

    def open_request(self, request: Request) -> bytes:
        """The kit's signing request; raises ProofError if the kit does not know the code."""
        if not hmac.compare_digest(_proof(self._keys.kit_proof, self._keys), request.proof):
            raise ProofError("The kit does not know this code.")
        return self._keys.open(self._keys.to_authority, request.sealed)

    def seal_grant(self, identity: bytes) -> bytes:
        return self._keys.seal(self._keys.to_kit, identity)


def _finish(exchange: SPAKE2_A | SPAKE2_B, element: bytes) -> bytes:
    """The shared secret; raises ProofError if the element is none of the group's."""
    try:
        secret: bytes = exchange.finish(element)
    except (
        SPAKEError,
        NotOnCurve,
        ValueError,
        AssertionError,
    ) as error:  # the library asserts the range
        raise ProofError("The other side sent no element of the key exchange.") from error
    return secret


def _derive(secret: bytes, hello: Hello, certificate: bytes, element: bytes) -> _Keys:
    """Keys from the secret and from all that both sides have sent in the clear."""
    digest = hashlib.sha256()
    for part in (
        b"roomtone enrolment", bytes([VERSION, hello.slot]), hello.form.encode(), hello.key,
        certificate, hello.element, element,
    ):  # fmt: skip
        digest.update(len(part).to_bytes(4, "big") + part)
    transcript = digest.digest()
    material = HKDF(
        algorithm=SHA256(), length=4 * _KEY_BYTES, salt=transcript, info=b"roomtone enrolment keys"
    ).derive(secret)
    first, second, third, fourth = (
        material[at : at + _KEY_BYTES] for at in range(0, len(material), _KEY_BYTES)
    )
    return _Keys(first, second, third, fourth, transcript)


def _proof(key: bytes, keys: _Keys) -> bytes:
    return hmac.digest(key, keys.transcript, "sha256")
