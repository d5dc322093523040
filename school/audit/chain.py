"""How the entries of the audit log are chained.

The hash of an entry is

    SHA-256( b"roomtone audit 1," + hash of the entry before, 32 bytes + the entry, encoded )

with 32 zero bytes in place of the hash before entry 1. An entry is encoded as its eight fields in
this order, one after the other: number, at_utc_ns, actor, action, thing, thing_id, lesson, detail.
A number is written in decimal, text as UTF-8, detail as the JSON text that is kept. Each field is a
netstring: the count of its bytes in decimal, a colon, the bytes, a comma. A lesson that is NULL is
`-,`, which no netstring begins with. So no two different entries have the same encoding.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final, NamedTuple

__all__ = ["START", "ChainRow", "encoded", "entry_hash"]

START: Final = bytes(32)
"""What the first entry follows."""
_TAG: Final = b"roomtone audit 1,"


class ChainRow(NamedTuple):
    """What is hashed of an entry, as it is in the database."""

    number: int
    at_utc_ns: int
    actor: bytes
    action: bytes
    thing: bytes
    thing_id: bytes
    lesson: bytes | None
    detail: bytes


def encoded(row: ChainRow) -> bytes:
    """An entry as bytes that no other entry has."""
    return b"".join(_netstring(each) for each in row)


def entry_hash(before: bytes, row: ChainRow) -> bytes:
    """The hash of an entry that follows one with the hash `before`; both 32 bytes."""
    return sha256(_TAG + before + encoded(row)).digest()


def _netstring(value: int | bytes | None) -> bytes:
    if value is None:
        return b"-,"
    text = b"%d" % value if isinstance(value, int) else value
    return b"%d:%b," % (len(text), text)
