"""What teachers guess of a lesson before they look, and who begins each lesson with a guess."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_FLAG: Final = sa.Boolean().with_variant(sa.Integer(), "sqlite")


def _of(table: str, column: str, other: str) -> sa.Column[str]:
    key = sa.ForeignKey(f"{other}.id", name=f"{table}_{column}_fkey", ondelete="CASCADE")
    return sa.Column(column, _TEXT, key, primary_key=True, nullable=False)


def upgrade() -> None:
    """Make the two tables."""
    op.create_table(
        "guesses",
        _of("guesses", "lesson", "lessons"),
        _of("guesses", "person", "people"),
        sa.Column("spans", _TEXT, nullable=False),
        sa.Column("settling_s", sa.Integer),
        sa.Column("is_shown", _FLAG, nullable=False),
        sa.Column("written_utc_ns", _COUNT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("guesses_person", "guesses", ["person"])
    op.create_table(
        "guess_choices", _of("guess_choices", "person", "people"),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
