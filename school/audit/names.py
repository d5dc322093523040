"""Who the tokens in the audit log stand for: apart from it, so that a name can go."""

from __future__ import annotations

import secrets
from typing import Final

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from school.schema import audit_names

__all__ = ["actor_of", "actor_of_program", "actors_named", "anonymise", "token_of"]

_OF_PERSON: Final = select(audit_names.c.actor, audit_names.c.name).where(
    audit_names.c.person == bindparam("person")
)
_OF_PROGRAM: Final = select(audit_names.c.actor).where(
    audit_names.c.person.is_(None), audit_names.c.name == bindparam("name")
)
_NAMED: Final = (
    select(audit_names.c.actor)
    .where(audit_names.c.name == bindparam("name"))
    .order_by(audit_names.c.actor)
)
_INSERT: Final = insert(audit_names)
_RENAME: Final = update(audit_names).where(audit_names.c.actor == bindparam("token"))
_FORGET: Final = delete(audit_names).where(audit_names.c.person == bindparam("person"))


def actor_of(connection: Connection, person_id: str, name: str) -> str:
    """The token of a person, made at first; the log shows them by the name given last.

    Within a transaction of `SchoolDatabase.writing` or `recording`.
    """
    found = connection.execute(_OF_PERSON, {"person": person_id}).first()
    if found is None:
        return _made(connection, person_id, name)
    if found.name != name:
        connection.execute(_RENAME.values(name=name), {"token": found.actor})
    return str(found.actor)


def actor_of_program(connection: Connection, name: str) -> str:
    """The token of a program that acts for nobody who is known, such as "roomtone purge"."""
    found = connection.execute(_OF_PROGRAM, {"name": name}).first()
    return _made(connection, None, name) if found is None else str(found.actor)


def token_of(connection: Connection, person_id: str) -> str | None:
    """The token of a person, if the log has one; nothing is written."""
    found = connection.execute(_OF_PERSON, {"person": person_id}).first()
    return None if found is None else str(found.actor)


def actors_named(connection: Connection, name: str) -> list[str]:
    """The tokens of all who have this name."""
    return list(connection.scalars(_NAMED, {"name": name}).all())


def anonymise(connection: Connection, person_id: str) -> bool:
    """Forget whose token it is; False if the log had none of them.

    What they did stays, done by "a person who left". If they do more, it is by another token,
    and nothing says that both are one person. Removed for good where the transaction is one of
    `SchoolDatabase.removing`.
    """
    return connection.execute(_FORGET, {"person": person_id}).rowcount > 0


def _made(connection: Connection, person_id: str | None, name: str) -> str:
    actor = secrets.token_hex(16)
    connection.execute(_INSERT, {"actor": actor, "person": person_id, "name": name})
    return actor
