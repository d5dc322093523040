"""What becomes of a roster's rows about someone who leaves."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection, Iterable
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from school.roster.tables import roster_left, roster_people

__all__ = ["forget_in_roster", "left_hash", "who_left"]

_SALT_BYTES: Final = 16


def forget_in_roster(connection: Connection, person: str) -> None:
    """Remove their rows; of the roster's id a hash stays, by which a sync leaves them out."""
    of_person = roster_people.c.person == person
    ids = connection.scalars(select(roster_people.c.id).where(of_person)).all()
    kept = connection.scalars(select(roster_left.c.id_hash)).all()
    salt = next((_salt_of(each) for each in kept if _salt_of(each)), None)
    salt = salt or secrets.token_bytes(_SALT_BYTES)
    for plain in (each for each in kept if not _salt_of(each)):
        # Of a version that kept a hash without a salt.
        connection.execute(delete(roster_left).where(roster_left.c.id_hash == plain))
        connection.execute(insert(roster_left), {"id_hash": _salted(plain, salt)})
    for each in sorted(set(ids) - who_left(ids, kept)):
        connection.execute(insert(roster_left), {"id_hash": left_hash(each, salt)})
    connection.execute(delete(roster_people).where(of_person))


def left_hash(roster_id: str, salt: bytes) -> str:
    """What is kept of an id: the school's own salt, and a hash that no list of hashes has."""
    return _salted(_plain(roster_id), salt)


def who_left(roster_ids: Iterable[str], kept: Collection[str]) -> set[str]:
    """Those of some ids whose hash is kept; one salt for all costs a hash for each id."""
    salts = {_salt_of(each) for each in kept}
    return {
        each
        for each in roster_ids
        for plain in (_plain(each),)
        if any((_salted(plain, salt) if salt else plain) in kept for salt in salts)
    }


def _plain(roster_id: str) -> str:
    return sha256(roster_id.encode()).hexdigest()


def _salted(plain: str, salt: bytes) -> str:
    return f"{salt.hex()}:{hmac.digest(salt, plain.encode(), 'sha256').hex()}"


def _salt_of(kept: str) -> bytes:
    """Empty for a hash without one."""
    salt, mark, _hash = kept.partition(":")
    return bytes.fromhex(salt) if mark else b""
