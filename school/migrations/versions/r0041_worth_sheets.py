"""What the programme was worth, counted once a span; when outcomes were read in; notes by author."""

from __future__ import annotations

import time
from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table, the column and the index."""
    op.create_table(
        "worth_sheets",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("starts_on", _TEXT, nullable=False),
        sa.Column("first_week", _TEXT, nullable=False),
        sa.Column("last_week", _TEXT, nullable=False),
        sa.Column("body", _TEXT, nullable=False),
        sa.Column("counted_utc_ns", _COUNT, nullable=False),
        sa.Column("outcomes_utc_ns", _COUNT),
        sqlite_strict=True,
    )  # fmt: skip
    op.add_column(
        "class_outcomes",
        sa.Column("imported_utc_ns", _COUNT, nullable=False, server_default="0"),
    )
    # From now on, so that none of before is as old as the clock.
    outcomes = sa.table("class_outcomes", sa.column("imported_utc_ns", _COUNT))
    op.execute(outcomes.update().values(imported_utc_ns=time.time_ns()))
    op.create_index("moments_author", "moments", ["author"])
