"""What people look for and offer, and next steps that a teacher hands to a coach."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "colleague_tags",
        sa.Column(
            "person", _TEXT,
            sa.ForeignKey("people.id", name="colleague_tags_person_fkey", ondelete="CASCADE"),
            primary_key=True, nullable=False,
        ),
        sa.Column("kind", _TEXT, primary_key=True, nullable=False),
        sa.Column("topic", _TEXT, primary_key=True, nullable=False),
        sa.Column("audience", _TEXT, nullable=False),
        sa.Column(
            "cycle", _TEXT,
            sa.ForeignKey("cycles.id", name="colleague_tags_cycle_fkey", ondelete="CASCADE"),
        ),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("colleague_tags_cycle", "colleague_tags", ["cycle"])
    op.create_table(
        "passed_steps",
        sa.Column(
            "step", _TEXT,
            sa.ForeignKey("action_steps.id", name="passed_steps_step_fkey", ondelete="CASCADE"),
            primary_key=True, nullable=False,
        ),
        sa.Column(
            "person", _TEXT,
            sa.ForeignKey("people.id", name="passed_steps_person_fkey", ondelete="CASCADE"),
            primary_key=True, nullable=False,
        ),
        sa.Column("until_utc_ns", _COUNT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("passed_steps_person", "passed_steps", ["person"])
