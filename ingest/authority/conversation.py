"""One conversation of a kit with the authority: it enrols, or renews its certificate."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from contract.enrolment.messages import (
    Grant,
    Hello,
    Identity,
    Message,
    Refusal,
    Renewal,
    Renewed,
    Request,
    decode,
)
from contract.enrolment.pake import AuthoritySide, ProofError
from contract.errors import DecodeError, EnrolmentError, UnknownVersionError
from ingest.authority.authority import Authority
from ingest.authority.signing import UNREADABLE, public_key_of, read_request
from ingest.authority.state import MAX_TRIES, Code

__all__ = ["KitConversation"]

log = logging.getLogger(__name__)


class KitConversation:
    """Answers a kit's messages one by one. After a refusal, or the last answer, it is over."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._open: tuple[Hello, Code, AuthoritySide] | None = None
        self.is_over = False

    def answer(self, body: bytes) -> bytes:
        """The frame that answers the body of one; a `Refusal` for whatever does not fit."""
        try:
            if self._open is None:
                message = _first(body)
                self.is_over = isinstance(message, Renewal)
                answer = (
                    self._renewed(message)
                    if isinstance(message, Renewal)
                    else self._welcome(message)
                )
            else:
                self.is_over = True
                answer = self._grant(decode(body, Request))
        except EnrolmentError as error:
            answer = self._refuse(error.reason, str(error))
        except UnknownVersionError as error:
            answer = self._refuse(
                "version",
                f"The server can't read this ({error}): install the same version on both.",
            )
        except DecodeError as error:
            answer = self._refuse(
                "not usable", f"The server can't use what the kit sent ({error})."
            )
        return answer.encode()

    def _refuse(self, reason: str, text: str) -> Message:
        self.is_over = True
        log.warning("A kit was refused: %s", text)
        return Refusal.checked({"kind": "refusal", "reason": reason, "text": text[:600]})

    def _welcome(self, hello: Hello) -> Message:
        public_key_of(hello.key)  # what can't be a key costs no try
        code = self._authority.open_code(hello.slot)
        secret = code.digits if hello.form == "typed" else code.secret
        side = AuthoritySide(
            f"{hello.form}:{secret}".encode(), hello, self._authority.signing.certificate_der
        )
        self._open = hello, code, side
        return side.welcome(MAX_TRIES - code.tries - 1)

    def _grant(self, request: Request) -> Message:
        assert self._open is not None
        hello, code, side = self._open
        try:
            signing_request = side.open_request(request)
        except ProofError as error:
            left = MAX_TRIES - code.tries - 1
            raise EnrolmentError(
                "code",
                f"The code is wrong, or was changed on its way; {left} more tries are left.",
            ) from error
        key = read_request(signing_request)
        if _info(key) != hello.key:
            raise DecodeError("the signing request", "it is for another key than the greeting")
        made = self._authority.enrol(code, key)
        identity = Identity(
            site=code.site, room=code.room, node=code.node, settings=code.settings,
            certificate=made.public_bytes(serialization.Encoding.DER), now=self._authority.seconds,
        )  # fmt: skip
        return Grant(sealed=side.seal_grant(identity.encode()))

    def _renewed(self, renewal: Renewal) -> Message:
        node = self._owner(renewal)
        key = read_request(renewal.request)
        certificate = self._authority.renew(node, key)
        return Renewed(certificate=certificate, now=self._authority.seconds)

    def _owner(self, renewal: Renewal) -> str:
        """Whose certificate it is that signs for a new one; raises EnrolmentError, DecodeError."""
        try:
            old = x509.load_der_x509_certificate(renewal.certificate)
            names = old.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
            key = old.public_key()
        except UNREADABLE as error:
            raise DecodeError("the certificate", str(error)) from error
        if not isinstance(key, ec.EllipticCurvePublicKey) or len(names) != 1:
            raise DecodeError("the certificate", "it is none of a kit's")
        node = str(names[0].value)
        is_revoked = self._authority.state.is_revoked(old.serial_number)
        if not self._authority.signing.has_signed(old) or is_revoked is None:
            raise EnrolmentError(
                "not usable",
                "The kit's certificate is of another authority: enrol the kit again with a new code.",
            )
        try:
            key.verify(
                renewal.signature, Renewal.purpose + renewal.request, ec.ECDSA(hashes.SHA256())
            )
        except InvalidSignature:
            raise EnrolmentError(
                "not usable", "The request is not signed by the key of its certificate."
            ) from None
        if is_revoked:
            raise EnrolmentError(
                "revoked",
                f"The certificate of {node} is revoked: the kit is locked out, or another kit has its "
                "name now. Enrol it again with a new code.",
            )
        late = datetime.fromtimestamp(self._authority.seconds, UTC) - old.not_valid_after_utc
        if late.days >= self._authority.settings.late_days > 0 or (
            late.total_seconds() > 0 and self._authority.settings.late_days == 0
        ):
            raise EnrolmentError(
                "too old",
                f"The certificate of {node} ended {late.days} days ago, which is too long: enrol the "
                "kit again with a new code.",
            )
        return node


def _first(body: bytes) -> Hello | Renewal:
    message: Message = decode(body, Hello, Renewal)
    assert isinstance(message, Hello | Renewal)
    return message


def _info(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
