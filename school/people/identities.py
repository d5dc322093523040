"""School accounts that are linked to a person: an issuer's word for them, and nothing else."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, insert, select

from contract.errors import UsageError
from contract.language import N_, _
from school.people.records import Identity
from school.people.tokens import new_id
from school.schema import identities

__all__ = ["all_identities", "identities_of", "link", "person_of", "unlink"]

_PERSON_OF: Final = select(identities.c.person).where(
    identities.c.issuer == bindparam("issuer"), identities.c.subject == bindparam("subject")
)
_IDENTITIES: Final = select(
    identities.c.id, identities.c.issuer, identities.c.created_utc_ns, identities.c.person
).order_by(identities.c.created_utc_ns, identities.c.id)
_TAKEN: Final = N_(
    "This account is linked to someone else here already, so the invitation was not used. Sign in "
    "to it as somebody else, or choose a password."
)


def link(connection: Connection, person: str, issuer: str, subject: str, utc_ns: int) -> bool:
    """Link an account to a person; False if it already was. Raises UsageError if it is another's."""
    found = person_of(connection, issuer, subject)
    if found is not None:
        if found != person:
            raise UsageError(_(_TAKEN))
        return False
    row: dict[str, Any] = {
        "issuer": issuer, "subject": subject, "id": new_id(), "person": person,
        "created_utc_ns": utc_ns,
    }  # fmt: skip
    connection.execute(insert(identities), row)
    return True


def person_of(connection: Connection, issuer: str, subject: str) -> str | None:
    """Whose account it is."""
    return connection.scalar(_PERSON_OF, {"issuer": issuer, "subject": subject})


def identities_of(connection: Connection, person: str) -> list[Identity]:
    """Someone's linked accounts, the oldest first."""
    rows = connection.execute(_IDENTITIES.where(identities.c.person == person)).all()
    return [Identity(id=row[0], issuer=row[1], created_utc_ns=row[2]) for row in rows]


def all_identities(connection: Connection) -> dict[str, list[Identity]]:
    """Everybody's linked accounts, by person, the oldest first."""
    found: dict[str, list[Identity]] = {}
    for row in connection.execute(_IDENTITIES).all():
        one = Identity(id=row[0], issuer=row[1], created_utc_ns=row[2])
        found.setdefault(row[3], []).append(one)
    return found


def unlink(connection: Connection, person: str, identity: str) -> bool:
    """Remove one of someone's own; False if there is none."""
    gone = connection.execute(
        delete(identities).where(identities.c.person == person, identities.c.id == identity)
    )
    return bool(gone.rowcount)
