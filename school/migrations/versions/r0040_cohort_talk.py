"""What members of a cohort show and answer each other, visits they agree on, and who leads next."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "cohort_offers",
        _of("cohort_offers", "cohort", "cohorts.id", is_key=True),
        _of("cohort_offers", "person", "people.id"),
        sa.Column("since_utc_ns", _COUNT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("cohort_offers_person", "cohort_offers", ["person"])
    op.create_table(
        "cohort_clips",
        _of("cohort_clips", "cohort", "cohorts.id", is_key=True),
        _of("cohort_clips", "clip", "clips.id", is_key=True),
        _of("cohort_clips", "person", "people.id"),
        sa.Column("since_utc_ns", _COUNT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("cohort_clips_clip", "cohort_clips", ["clip"])
    op.create_index("cohort_clips_person", "cohort_clips", ["person"])
    op.create_table(
        "cohort_replies",
        sa.Column("id", _TEXT, primary_key=True, nullable=False),
        _of("cohort_replies", "cohort", "cohorts.id"),
        _of("cohort_replies", "person", "people.id"),
        sa.Column("clip", _TEXT),
        sa.Column("task", _TEXT),
        sa.Column("writer", _TEXT),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("words", _TEXT, nullable=False),
        sa.Column("written_utc_ns", _COUNT, nullable=False),
        sa.ForeignKeyConstraint(
            ["cohort", "clip"], ["cohort_clips.cohort", "cohort_clips.clip"],
            name="cohort_replies_clip_fkey", ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["task", "writer"], ["cohort_answers.task", "cohort_answers.person"],
            name="cohort_replies_answer_fkey", ondelete="CASCADE",
        ),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("cohort_replies_cohort", "cohort_replies", ["cohort", "clip"])
    op.create_index("cohort_replies_person", "cohort_replies", ["person"])
    op.create_index("cohort_replies_answer", "cohort_replies", ["task", "writer"])
    op.create_table(
        "cohort_visits",
        sa.Column("id", _TEXT, primary_key=True, nullable=False),
        _of("cohort_visits", "cohort", "cohorts.id"),
        _of("cohort_visits", "person", "people.id"),
        _of("cohort_visits", "other", "people.id"),
        sa.Column("is_agreed", _COUNT, nullable=False),
        sa.Column("person_on", _TEXT, nullable=False),
        _lesson("person_lesson"),
        sa.Column("other_on", _TEXT, nullable=False),
        _lesson("other_lesson"),
        sa.Column("changed_utc_ns", _COUNT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    for column in ("cohort", "person", "other", "person_lesson", "other_lesson"):
        op.create_index(f"cohort_visits_{column}", "cohort_visits", [column])


def _of(table: str, column: str, other: str, *, is_key: bool = False) -> sa.Column[str]:
    key = sa.ForeignKey(other, name=f"{table}_{column}_fkey", ondelete="CASCADE")
    return sa.Column(column, _TEXT, key, primary_key=is_key, nullable=False)


def _lesson(column: str) -> sa.Column[str]:
    name = f"cohort_visits_{column}_fkey"
    return sa.Column(column, _TEXT, sa.ForeignKey("lessons.id", name=name, ondelete="SET NULL"))
