"""Forms that people fill about a lesson, and what they say of each item."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_SHEET: Final = ("lesson", "person", "form")


def _of(column: str, other: str) -> sa.Column[str]:
    key = sa.ForeignKey(f"{other}.id", name=f"form_sheets_{column}_fkey", ondelete="CASCADE")
    return sa.Column(column, _TEXT, key, primary_key=True, nullable=False)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "form_sheets",
        _of("lesson", "lessons"),
        _of("person", "people"),
        sa.Column("form", _TEXT, primary_key=True, nullable=False),
        sa.Column("teacher", _TEXT, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("version", _TEXT, nullable=False),
        sa.Column("written_utc_ns", _COUNT, nullable=False),
        sa.Column("done_utc_ns", _COUNT),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("form_sheets_person", "form_sheets", ["person"])
    op.create_index("form_sheets_teacher", "form_sheets", ["teacher", "form"])
    op.create_table(
        "form_answers",
        *(sa.Column(name, _TEXT, primary_key=True, nullable=False) for name in (*_SHEET, "item")),
        sa.Column("label", _TEXT, nullable=False),
        sa.Column("choice", _TEXT, nullable=False),
        sa.Column("choice_label", _TEXT, nullable=False),
        sa.Column("words", _TEXT, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("written_utc_ns", _COUNT, nullable=False),
        sa.ForeignKeyConstraint(
            _SHEET, [f"form_sheets.{name}" for name in _SHEET], name="form_answers_sheet_fkey",
            ondelete="CASCADE",
        ),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
