"""Tokens with which programs read what their owner may see."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    person = sa.ForeignKey("people.id", name="program_tokens_person_fkey", ondelete="CASCADE")
    lesson = sa.ForeignKey("lessons.id", name="program_tokens_lesson_fkey", ondelete="CASCADE")
    op.create_table(
        "program_tokens",
        sa.Column("token_hash", _TEXT, primary_key=True),
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("person", _TEXT, person, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("role", _TEXT, nullable=False),
        sa.Column("lesson", _TEXT, lesson),
        sa.Column("created_utc_ns", _COUNT, nullable=False),
        sa.Column("expires_utc_ns", _COUNT, nullable=False),
        sa.Column("used_utc_ns", _COUNT),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("program_tokens_person", "program_tokens", ["person"])
    op.create_index("program_tokens_lesson", "program_tokens", ["lesson"])
