"""Hashes passwords with Argon2id, and refuses the ones that are easy to guess."""

from __future__ import annotations

from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from contract.errors import UsageError

__all__ = ["MAX_LENGTH", "MIN_LENGTH", "check_strength", "hash_password", "is_password"]

MIN_LENGTH: Final = 10
MAX_LENGTH: Final = 200
_MIN_GUESSES_LOG10: Final = 8.0
"""zxcvbn's estimate. A guesser who keeps to the rate limits needs years for that many."""

# RFC 9106's second choice, for machines with little memory: 64 MiB, three passes.
_HASHER: Final = PasswordHasher()
_NOBODYS: Final = _HASHER.hash("nobody has this password")


def hash_password(password: str) -> str:
    return _HASHER.hash(password)


def is_password(password: str, hashed: str | None) -> bool:
    """Whether it is the password; it takes as long where there is none (None)."""
    try:
        _HASHER.verify(_NOBODYS if hashed is None else hashed, password[: MAX_LENGTH + 1])
    except (VerificationError, InvalidHashError):
        return False
    return hashed is not None


def check_strength(password: str, *, known: tuple[str, ...]) -> None:
    """Raise UsageError with advice if it is short or easy to guess; needs no network.

    `known` are words that a guesser would try first: the person's names.
    """
    from zxcvbn import zxcvbn  # noqa: PLC0415  # its word lists take 5 MB, and few programs need it

    if len(password) < MIN_LENGTH:
        raise UsageError(f"The password is too short: take at least {MIN_LENGTH} characters.")
    if len(password) > MAX_LENGTH:
        raise UsageError(f"The password is too long: take at most {MAX_LENGTH} characters.")
    # Its time grows with the square of the length, and longer ones are strong anyway.
    found = zxcvbn(password[:72], user_inputs=[word for word in known if word], max_length=72)
    if float(found["guesses_log10"]) < _MIN_GUESSES_LOG10:
        reason = str(found["feedback"]["warning"]).rstrip(".")
        why = f" ({reason[0].lower()}{reason[1:]})" if reason else ""
        raise UsageError(
            f"The password is easy to guess{why}: take four or more words that do not belong "
            "together, or take one that a password manager chooses."
        )
