"""What becomes of a roster's rows about someone who leaves."""

from __future__ import annotations

from hashlib import sha256

from sqlalchemy import Connection, delete, select

from school.roster.tables import roster_left, roster_people
from school.sql_store import put_row

__all__ = ["forget_in_roster", "hash_of"]


def forget_in_roster(connection: Connection, person: str) -> None:
    """Remove their rows; of the roster's id a hash stays, by which a sync leaves them out."""
    of_person = roster_people.c.person == person
    for each in connection.scalars(select(roster_people.c.id).where(of_person)).all():
        put_row(connection, roster_left, {"id_hash": hash_of(each)})
    connection.execute(delete(roster_people).where(of_person))


def hash_of(roster_id: str) -> str:
    return sha256(roster_id.encode()).hexdigest()
