"""Random tokens for cookies and links. Only their hashes are stored."""

from __future__ import annotations

import secrets
from hashlib import sha256
from typing import Final

from contract.clock import SECOND_NS

__all__ = ["AHEAD_NS", "new_id", "new_token", "token_hash"]

AHEAD_NS: Final = 86_400 * SECOND_NS
"""What was made so much later than now was made by a clock that was ahead: it works no more, since
it would work until that clock's time is over."""


def new_token() -> str:
    """256 random bits, as text that a cookie or an address can hold."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is stored of a token. It is random, so a fast hash is enough."""
    return sha256(token.encode("utf-8", "replace")).hexdigest()


def new_id() -> str:
    """Names something, and is no secret."""
    return secrets.token_hex(8)
