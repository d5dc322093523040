"""Hashes passwords with Argon2id, and refuses the ones that are easy to guess."""

from __future__ import annotations

from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from contract.errors import UsageError
from contract.language import N_, _

__all__ = ["MAX_LENGTH", "MIN_LENGTH", "WARNINGS", "check_strength", "hash_password", "is_password"]

MIN_LENGTH: Final = 10
MAX_LENGTH: Final = 200
_MIN_GUESSES_LOG10: Final = 8.0
"""zxcvbn's estimate. A guesser who keeps to the rate limits needs years for that many."""

# RFC 9106's second choice, for machines with little memory: 64 MiB, three passes.
_HASHER: Final = PasswordHasher()
_NOBODYS: Final = _HASHER.hash("nobody has this password")
WARNINGS: Final = (
    N_("Straight rows of keys are easy to guess."),
    N_("Short keyboard patterns are easy to guess."),
    N_('Repeats like "aaa" are easy to guess.'),
    N_('Repeats like "abcabcabc" are only slightly harder to guess than "abc".'),
    N_('Sequences like "abc" or "6543" are easy to guess.'),
    N_("Recent years are easy to guess."),
    N_("Dates are often easy to guess."),
    N_("This is a top-10 common password."),
    N_("This is a top-100 common password."),
    N_("This is a very common password."),
    N_("This is similar to a commonly used password."),
    N_("A word by itself is easy to guess."),
    N_("Names and surnames by themselves are easy to guess."),
    N_("Common names and surnames are easy to guess."),
)
"""What zxcvbn says of a password, for the catalogue."""


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
        raise UsageError(
            _("The password is too short: take at least {n} characters.", n=MIN_LENGTH)
        )
    if len(password) > MAX_LENGTH:
        raise UsageError(_("The password is too long: take at most {n} characters.", n=MAX_LENGTH))
    # Its time grows with the square of the length, and longer ones are strong anyway.
    found = zxcvbn(password[:72], user_inputs=[word for word in known if word], max_length=72)
    if float(found["guesses_log10"]) < _MIN_GUESSES_LOG10:
        raise UsageError(_advice(str(found["feedback"]["warning"])))


def _advice(warning: str) -> str:
    if not warning:
        return _(
            "The password is easy to guess: take four or more words that do not belong together, or "
            "take one that a password manager chooses."
        )
    reason = _(warning).rstrip(".")
    reason = f"{reason[0].lower()}{reason[1:]}"
    return _(
        "The password is easy to guess ({reason}): take four or more words that do not belong "
        "together, or take one that a password manager chooses.",
        reason=reason,
    )
