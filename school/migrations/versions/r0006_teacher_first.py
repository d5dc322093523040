"""What a teacher decides about a lesson: spans, what is left out or hidden, offers and notices."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _of(table: str, column: str, other: str, *, is_key: bool = False) -> sa.Column[str]:
    key = sa.ForeignKey(f"{other}.id", name=f"{table}_{column}_fkey", ondelete="CASCADE")
    return sa.Column(column, _TEXT, key, primary_key=is_key, nullable=False)


def upgrade() -> None:
    """Make the five tables."""
    op.create_table(
        "share_spans",
        sa.Column("lesson", _TEXT, primary_key=True),
        sa.Column("person", _TEXT, primary_key=True),
        sa.Column("start_s", sa.Integer, primary_key=True),
        sa.Column("end_s", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(
            ["lesson", "person"], ["shares.lesson", "shares.person"],
            name="share_spans_share_fkey", ondelete="CASCADE",
        ),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "exclusions",
        sa.Column("id", _TEXT, primary_key=True),
        _of("exclusions", "lesson", "lessons"),
        sa.Column("start_s", sa.Integer, nullable=False),
        sa.Column("end_s", sa.Integer, nullable=False),
        sa.Column("reason", _TEXT, nullable=False),
        sa.Column("note", _TEXT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("exclusions_lesson", "exclusions", ["lesson", "start_s"])
    op.create_table(
        "hidden_lessons",
        _of("hidden_lessons", "lesson", "lessons", is_key=True),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "offers",
        _of("offers", "lesson", "lessons", is_key=True),
        _of("offers", "person", "people"),
        sa.Column("created_utc_ns", _COUNT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("offers_person", "offers", ["person"])
    op.create_table(
        "notices",
        sa.Column("id", _TEXT, primary_key=True),
        _of("notices", "person", "people"),
        sa.Column("by_name", _TEXT, nullable=False),
        sa.Column("lesson_utc_ns", _COUNT, nullable=False),
        sa.Column("created_utc_ns", _COUNT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("notices_person", "notices", ["person"])
