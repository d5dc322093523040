"""Waves of a roll-out: their schools, and what each is to reach before the next one begins."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_REAL: Final[sa.types.TypeEngine[float]] = sa.Double().with_variant(sa.REAL(), "sqlite")


def _of(table: str, column: str, other: str, *, is_key: bool = False) -> sa.Column[str]:
    key = sa.ForeignKey(other, name=f"{table}_{column}_fkey", ondelete="CASCADE")
    return sa.Column(column, _TEXT, key, primary_key=is_key, nullable=False)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "waves",
        sa.Column("name", _TEXT, primary_key=True, nullable=False),
        sa.Column("title", _TEXT, nullable=False),
        sa.Column("starts_on", _TEXT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "wave_sites",
        _of("wave_sites", "site", "sites.name", is_key=True),
        _of("wave_sites", "wave", "waves.name"),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("wave_sites_wave", "wave_sites", ["wave"])
    op.create_table(
        "wave_criteria",
        _of("wave_criteria", "wave", "waves.name", is_key=True),
        sa.Column("place", sa.Integer(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("figure", _TEXT, nullable=False),
        sa.Column("words", _TEXT, nullable=False),
        sa.Column("at_least", _REAL, nullable=False),
        sa.Column("value", _REAL),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
