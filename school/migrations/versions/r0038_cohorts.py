"""Cohorts of teachers, their tasks, and what members answer."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "cohorts",
        sa.Column("id", _TEXT, primary_key=True, nullable=False),
        sa.Column(
            "coach", _TEXT,
            sa.ForeignKey("people.id", name="cohorts_coach_fkey", ondelete="SET NULL"),
        ),
        sa.Column("title", _TEXT, nullable=False),
        sa.Column("focus", _TEXT, nullable=False),
        sa.Column("changed_utc_ns", _COUNT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("cohorts_coach", "cohorts", ["coach"])
    op.create_table(
        "cohort_members",
        _of("cohort_members", "cohort", "cohorts.id", is_key=True),
        _of("cohort_members", "person", "people.id", is_key=True),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("since_utc_ns", _COUNT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("cohort_members_person", "cohort_members", ["person"])
    op.create_table(
        "cohort_tasks",
        sa.Column("id", _TEXT, primary_key=True, nullable=False),
        _of("cohort_tasks", "cohort", "cohorts.id"),
        sa.Column("question", _TEXT, nullable=False),
        sa.Column("due_on", _TEXT, nullable=False),
        sa.Column("written_utc_ns", _COUNT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("cohort_tasks_cohort", "cohort_tasks", ["cohort"])
    op.create_table(
        "cohort_answers",
        _of("cohort_answers", "task", "cohort_tasks.id", is_key=True),
        _of("cohort_answers", "person", "people.id", is_key=True),
        _of("cohort_answers", "lesson", "lessons.id"),
        sa.Column("start_s", _COUNT, nullable=False),
        sa.Column("end_s", _COUNT, nullable=False),
        sa.Column("words", _TEXT, nullable=False),
        sa.Column("handed_utc_ns", _COUNT),
        sa.Column("changed_utc_ns", _COUNT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("cohort_answers_person", "cohort_answers", ["person"])
    op.create_index("cohort_answers_lesson", "cohort_answers", ["lesson"])


def _of(table: str, column: str, other: str, *, is_key: bool = False) -> sa.Column[str]:
    key = sa.ForeignKey(other, name=f"{table}_{column}_fkey", ondelete="CASCADE")
    return sa.Column(column, _TEXT, key, primary_key=is_key, nullable=False)
