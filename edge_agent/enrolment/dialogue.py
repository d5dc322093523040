"""The kit's side of an enrolment and of a renewal, without sockets and files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from cryptography import x509

from contract.enrolment.codes import KitCode
from contract.enrolment.frames import HEAD_BYTES
from contract.enrolment.messages import (
    Grant,
    Identity,
    Message,
    Refusal,
    Renewal,
    Renewed,
    Welcome,
    decode,
)
from contract.enrolment.pake import KitSide, ProofError
from contract.errors import DecodeError, EnrolmentError
from edge_agent.enrolment.own_key import OwnKey, checked_certificate

__all__ = ["Enrolled", "Exchange", "enrol", "renew"]

_Wanted = TypeVar("_Wanted", bound=Message)
Exchange = Callable[[bytes], bytes]
"""Sends a frame, and returns the body of the frame that answers it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """What a kit has after its enrolment."""

    identity: Identity
    certificate: x509.Certificate
    authority: bytes
    """The authority's certificate, DER."""


def enrol(code: KitCode, key: OwnKey, exchange: Exchange) -> Enrolled:
    """Prove the code to the server, after the server has proved it; raises EnrolmentError.

    Before that proof the kit has sent nothing but its public key and an element of the exchange.
    """
    side = KitSide(code, key.public)
    welcome = _answer(exchange, side.hello(), Welcome)
    try:
        side.check(welcome)
    except ProofError as error:
        if code.fingerprint is not None:
            raise
        raise EnrolmentError(
            "code",
            f"{error} Most likely it is mistyped: read it again from the page "
            f"({welcome.tries_left} more tries are left). If it is right, this is another server, "
            "or somebody is in between: check --server, or use the QR code. Nothing was sent.",
        ) from error
    grant = _answer(exchange, side.request(key.signing_request()), Grant)
    try:
        identity: Identity = decode(side.open_grant(grant.sealed)[HEAD_BYTES:], Identity)
    except DecodeError as error:
        raise _unusable(error) from error
    made = checked_certificate(
        identity.certificate, key=key, authority=welcome.authority, node=identity.node
    )
    return Enrolled(identity=identity, certificate=made, authority=welcome.authority)


def renew(
    old: OwnKey, certificate: bytes, new: OwnKey, *, authority: bytes, node: str, exchange: Exchange
) -> tuple[x509.Certificate, int]:
    """A certificate for the new key, and the server's UTC in seconds; raises EnrolmentError.

    Nothing of it is secret, and a false answer does no harm: the certificate proves itself. The
    seconds are unproved.
    """
    request = new.signing_request()
    renewal = Renewal(
        certificate=certificate, request=request, signature=old.sign(Renewal.purpose + request)
    )
    answer = _answer(exchange, renewal, Renewed)
    made = checked_certificate(answer.certificate, key=new, authority=authority, node=node)
    return made, answer.now


def _answer(exchange: Exchange, message: Message, wanted: type[_Wanted]) -> _Wanted:
    try:
        answer: Message = decode(exchange(message.encode()), wanted, Refusal)
    except DecodeError as error:
        raise _unusable(error) from error
    if isinstance(answer, Refusal):
        raise EnrolmentError(answer.reason, answer.text)
    assert isinstance(answer, wanted)
    return answer


def _unusable(error: DecodeError) -> EnrolmentError:
    return EnrolmentError(
        "not usable",
        f"What answers there is no enrolment of this version of Roomtone ({error}): check --server.",
    )
