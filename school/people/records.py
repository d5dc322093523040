"""A person with their roles, a session and an invitation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from contract.language import N_

__all__ = [
    "NEED_SECOND_FACTOR",
    "ROLES",
    "ROLE_NAMES",
    "Credentials",
    "Identity",
    "Invitation",
    "Person",
    "Role",
    "Session",
]

Role = Literal["teacher", "coach", "technician", "administrator", "privacy_officer"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
ROLE_NAMES: Final[dict[Role, str]] = {
    "teacher": N_("teacher"),
    "coach": N_("coach"),
    "technician": N_("technician"),
    "administrator": N_("school administrator"),
    "privacy_officer": N_("data protection officer"),
}
"""As pages and messages call them, in the reader's language with `_`."""
NEED_SECOND_FACTOR: Final = frozenset[Role]({"administrator", "privacy_officer"})
"""Roles that reach everybody: a password alone is not enough for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone who may sign in."""

    id: str
    name: str
    sign_in_name: str
    """Their e-mail address, or another name that nobody else has; in lower case."""
    roles: frozenset[Role]
    has_password: bool
    has_second_factor: bool
    created_utc_ns: int
    language: str | None = None
    """What they read the pages in, by its BCP 47 tag; None leaves it to their browser."""
    has_left: bool = False
    """Their name is gone, and the row stays for what others keep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a sign-in is checked against."""

    person: str
    password: str | None
    """An Argon2id hash; None until the person has redeemed an invitation."""
    second_factor: str | None
    """The key of time-based one-time passwords, in base 32."""
    second_factor_step: int
    """The last time step that was used: a code works once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser in which a person is signed in."""

    id: str
    """Names it to its owner, and opens nothing."""
    person: str
    created_utc_ns: int
    seen_utc_ns: int
    """Exact to ten minutes."""
    expires_utc_ns: int
    browser: str
    has_second_factor: bool
    """Whether an identity provider says that it used more than one factor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A school account that is linked to a person."""

    id: str
    """Names it to its owner, and opens nothing."""
    issuer: str
    created_utc_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A link with which a person chooses a password: the first one, or a new one."""

    person: str
    made_by: str | None
    """The name of who made it; None for a command on the server."""
    created_utc_ns: int
    expires_utc_ns: int
    used_utc_ns: int | None
