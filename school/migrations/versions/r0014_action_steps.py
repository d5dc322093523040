"""What a teacher tries next, or a coach proposes to them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _lesson(column: str) -> sa.Column[str]:
    lesson = sa.ForeignKey("lessons.id", name=f"action_steps_{column}_fkey", ondelete="SET NULL")
    return sa.Column(column, _TEXT, lesson)


def upgrade() -> None:
    """Make the table."""
    person = sa.ForeignKey("people.id", name="action_steps_person_fkey", ondelete="CASCADE")
    op.create_table(
        "action_steps",
        sa.Column("id", _TEXT, primary_key=True, nullable=False),
        sa.Column("person", _TEXT, person, nullable=False),
        _lesson("lesson"),
        *(
            sa.Column(name, _TEXT, nullable=False)
            for name in ("state", "what", "when_words", "part", "shows", "shows_zone")
        ),
        sa.Column("shows_minutes", sa.Integer),
        *(
            sa.Column(name, _TEXT, nullable=False)
            for name in ("shows_words", "moment", "author", "changed_by")
        ),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("written_utc_ns", _COUNT, nullable=False),
        sa.Column("changed_utc_ns", _COUNT, nullable=False),
        sa.Column("went", _TEXT, nullable=False),
        sa.Column("went_words", _TEXT, nullable=False),
        _lesson("went_lesson"),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("action_steps_person", "action_steps", ["person", "state"])
    op.create_index("action_steps_lesson", "action_steps", ["lesson"])
    op.create_index("action_steps_went_lesson", "action_steps", ["went_lesson"])
