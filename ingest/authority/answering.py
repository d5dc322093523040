"""Answers what the server's own programs ask through the authority's Unix socket."""

from __future__ import annotations

from typing import Final

from contract.enrolment.messages import Message, decode
from contract.errors import DecodeError, RoomtoneError, UsageError
from ingest.authority.asking import (
    AddCode,
    Certificate,
    Certify,
    CodeMade,
    Disconnected,
    Done,
    Failed,
    GetLists,
    GetNodes,
    GetPending,
    ListsMade,
    NodeList,
    NodeRow,
    PendingList,
    Revoke,
)
from ingest.authority.authority import Authority
from ingest.authority.failures import WordedError

__all__ = ["answer"]

_MAX_PART: Final = 100
_ASKS: Final = (AddCode, GetNodes, Revoke, Certify, GetLists, GetPending, Disconnected)


def answer(authority: Authority, body: bytes, *, may_certify: bool) -> bytes:
    """The frame that answers the body of one."""
    try:
        message: Message = decode(body, *_ASKS)
        return _answer(authority, message, may_certify=may_certify).encode()
    except DecodeError as error:
        return Failed(text=f"The authority can't read this ({error}).", is_usage=False).encode()
    except WordedError as error:
        return Failed(
            text=str(error), is_usage=isinstance(error, UsageError), message=error.message,
            values=error.values,
        ).encode()  # fmt: skip
    except RoomtoneError as error:
        return Failed(text=str(error), is_usage=isinstance(error, UsageError)).encode()


def _answer(authority: Authority, message: Message, *, may_certify: bool) -> Message:
    match message:
        case AddCode():
            made = authority.new_code(message.site, message.room, message.node, message.settings)
            return CodeMade(
                code=made.code, qr_text=made.qr_text, expires=int(made.expires.timestamp())
            )
        case GetNodes():
            left = [node for node in authority.nodes() if node.node > message.after]
            rows = [NodeRow.of(node) for node in left[:_MAX_PART]]
            return NodeList(nodes=rows, is_last=len(left) <= _MAX_PART)
        case Revoke():
            authority.revoke(message.node)
        case Certify():
            if not may_certify:
                raise UsageError("Only root may ask for a server's certificate: use sudo.")
            pem = authority.certify(message.name, message.key, message.hosts)
            return Certificate(pem=pem, authority=authority.signing.certificate_pem)
        case GetLists():
            lists = authority.lists
            return ListsMade(
                number=lists.number, access=lists.access, revoked=lists.revoked,
                authority=lists.authority, probe_certificate=lists.probe_certificate,
                probe_key=lists.probe_key,
            )  # fmt: skip
        case GetPending():
            return PendingList(nodes=authority.pending())
        case Disconnected():
            authority.disconnected(message.node)
    return Done()
