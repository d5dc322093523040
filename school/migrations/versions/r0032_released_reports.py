"""The reports of months that were released to a collector."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "released_reports",
        sa.Column("site", _TEXT, primary_key=True, nullable=False),
        sa.Column("month", _TEXT, primary_key=True, nullable=False),
        sa.Column("body", _TEXT, nullable=False),
        sa.Column("collector", _TEXT, nullable=False),
        sa.Column("released_utc_ns", _COUNT, nullable=False),
        sa.Column("taken_utc_ns", _COUNT),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
