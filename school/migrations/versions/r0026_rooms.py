"""Sites, rooms with their plan and zones, and the kits in them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _of(table: str, column: str, other: str, *, is_key: bool = False) -> sa.Column[str]:
    key = sa.ForeignKey(other, name=f"{table}_{column}_fkey", ondelete="CASCADE")
    return sa.Column(column, _TEXT, key, primary_key=is_key, nullable=False)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "sites",
        sa.Column("name", _TEXT, primary_key=True, nullable=False),
        sa.Column("title", _TEXT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "rooms",
        sa.Column("name", _TEXT, primary_key=True, nullable=False),
        _of("rooms", "site", "sites.name"),
        sa.Column("title", _TEXT, nullable=False),
        sa.Column("seat_lines", _TEXT, nullable=False),
        sa.Column("zones", _TEXT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("rooms_site", "rooms", ["site"])
    op.create_table(
        "kits",
        sa.Column("node", _TEXT, primary_key=True, nullable=False),
        _of("kits", "room", "rooms.name"),
        sa.Column("sound", _TEXT, nullable=False),
        sa.Column("added_utc_ns", _COUNT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("kits_room", "kits", ["room"])
    op.create_table(
        "kit_hubs",
        _of("kit_hubs", "node", "kits.node", is_key=True),
        sa.Column("hub", _TEXT, primary_key=True, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("port", _TEXT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "kit_seats",
        _of("kit_seats", "room", "rooms.name", is_key=True),
        sa.Column("seat", sa.Integer, primary_key=True, autoincrement=False, nullable=False),
        sa.Column("node", _TEXT, nullable=False),
        sa.Column("hub", _TEXT, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(
            ["node", "hub"], ["kit_hubs.node", "kit_hubs.hub"], name="kit_seats_hub_fkey",
            ondelete="CASCADE",
        ),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("kit_seats_hub", "kit_seats", ["node", "hub"])
