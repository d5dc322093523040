"""Short questions: who is not asked, how often each step was tapped, what was done, and words."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _person(table: str, column: str, *, is_key: bool = False) -> sa.Column[str]:
    key = sa.ForeignKey("people.id", name=f"{table}_{column}_fkey", ondelete="CASCADE")
    return sa.Column(column, _TEXT, key, primary_key=is_key, nullable=False)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "pulse_off",
        _person("pulse_off", "person", is_key=True),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "pulse_settled",
        _person("pulse_settled", "person", is_key=True),
        sa.Column("kind", _TEXT, primary_key=True, nullable=False),
        sa.Column("week", _TEXT, primary_key=True, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "pulse_counts",
        sa.Column("week", _TEXT, primary_key=True, nullable=False),
        sa.Column("site", _TEXT, primary_key=True, nullable=False),
        sa.Column("question", _TEXT, primary_key=True, nullable=False),
        sa.Column("step", sa.Integer(), primary_key=True, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "pulse_deeds",
        sa.Column("id", _TEXT, primary_key=True, nullable=False),
        sa.Column("site", _TEXT, nullable=False),
        sa.Column("day", _TEXT, nullable=False),
        sa.Column("said", _TEXT, nullable=False),
        sa.Column("did", _TEXT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "pulse_words",
        sa.Column("id", _TEXT, primary_key=True, nullable=False),
        _person("pulse_words", "person"),
        _person("pulse_words", "reader"),
        sa.Column("text", _TEXT, nullable=False),
        sa.Column("written_utc_ns", _COUNT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("pulse_words_person", "pulse_words", ["person"])
    op.create_index("pulse_words_reader", "pulse_words", ["reader"])
