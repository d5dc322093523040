"""What a teacher and a coach work on for some weeks."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _names(column: str, other: str) -> sa.Column[str]:
    key = sa.ForeignKey(f"{other}.id", name=f"cycles_{column}_fkey", ondelete="SET NULL")
    return sa.Column(column, _TEXT, key)


def upgrade() -> None:
    """Make the table."""
    person = sa.ForeignKey("people.id", name="cycles_person_fkey", ondelete="CASCADE")
    op.create_table(
        "cycles",
        sa.Column("id", _TEXT, primary_key=True, nullable=False),
        sa.Column("person", _TEXT, person, nullable=False),
        _names("coach", "people"),
        *(
            sa.Column(name, _TEXT, nullable=False)
            for name in ("state", "focus", "debrief_on", "again_on")
        ),
        _names("lesson", "lessons"),
        _names("step", "action_steps"),
        sa.Column("talked_utc_ns", _COUNT),
        sa.Column("author", _TEXT, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("written_utc_ns", _COUNT, nullable=False),
        sa.Column("changed_utc_ns", _COUNT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("cycles_person", "cycles", ["person", "state"])
    op.create_index("cycles_coach", "cycles", ["coach", "state"])
    op.create_index("cycles_lesson", "cycles", ["lesson"])
    op.create_index("cycles_step", "cycles", ["step"])
    op.create_index("cycles_changed", "cycles", ["changed_utc_ns"])
