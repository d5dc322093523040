"""Random tokens for cookies and links. Only their hashes are stored."""

from __future__ import annotations

import secrets
from hashlib import sha256

__all__ = ["new_id", "new_token", "token_hash"]


def new_token() -> str:
    """256 random bits, as text that a cookie or an address can hold."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is stored of a token. It is random, so a fast hash is enough."""
    return sha256(token.encode("utf-8", "replace")).hexdigest()


def new_id() -> str:
    """Names something, and is no secret."""
    return secrets.token_hex(8)
