"""The tables of rooms and kits, beside those in `school/schema.py`; importing `school` adds them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Index, Integer, Table

from school.column_types import COUNT as _COUNT
from school.column_types import TEXT as _TEXT
from school.schema import METADATA

__all__ = ["kit_hubs", "kit_seats", "kits", "rooms", "sites"]


def _of(table: str, column: str, other: str, *, is_key: bool = False) -> Column[str]:
    key = ForeignKey(f"{other}.{_key(other)}", name=f"{table}_{column}_fkey", ondelete="CASCADE")
    return Column(column, _TEXT, key, primary_key=is_key, nullable=False)


def _key(table: str) -> str:
    """A kit is known by its node's name, as on MQTT; a site and a room by their own."""
    return "node" if table == "kits" else "name"


sites: Final = Table(
    "sites", METADATA,
    Column("name", _TEXT, primary_key=True),
    Column("title", _TEXT, nullable=False),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""A school: its name on MQTT, and what people call it."""

rooms: Final = Table(
    "rooms", METADATA,
    Column("name", _TEXT, primary_key=True),
    _of("rooms", "site", "sites"),
    Column("title", _TEXT, nullable=False),
    Column("seat_lines", _TEXT, nullable=False),
    Column("zones", _TEXT, nullable=False),
    Index("rooms_site", "site"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Where its seats stand, and its zones: JSON. A lesson that is added without zones gets these."""

kits: Final = Table(
    "kits", METADATA,
    Column("node", _TEXT, primary_key=True),
    _of("kits", "room", "rooms"),
    Column("sound", _TEXT, nullable=False),
    Column("added_utc_ns", _COUNT, nullable=False),
    Index("kits_room", "room"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""A kit belongs to one room; `sound` is where its sound levels come from."""

kit_hubs: Final = Table(
    "kit_hubs", METADATA,
    _of("kit_hubs", "node", "kits", is_key=True),
    Column("hub", _TEXT, primary_key=True),
    Column("place", Integer, nullable=False),
    Column("port", _TEXT, nullable=False),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""A kit's hubs in their order, and where each is plugged in."""

kit_seats: Final = Table(
    "kit_seats", METADATA,
    _of("kit_seats", "room", "rooms", is_key=True),
    Column("seat", Integer, primary_key=True, autoincrement=False),
    Column("node", _TEXT, nullable=False),
    Column("hub", _TEXT, nullable=False),
    Column("place", Integer, nullable=False),
    ForeignKeyConstraint(
        ["node", "hub"], ["kit_hubs.node", "kit_hubs.hub"], name="kit_seats_hub_fkey",
        ondelete="CASCADE",
    ),
    Index("kit_seats_hub", "node", "hub"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Which hub has the sensor of a seat, and the how many-th of that hub it is: each seat once a room."""
