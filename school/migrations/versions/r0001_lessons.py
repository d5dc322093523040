"""Lessons, moments and what was said of them; takes over a school.db from before Alembic."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from school.migrations.older_school_db import OlderSchool

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_REAL: Final[sa.types.TypeEngine[float]] = sa.Double().with_variant(sa.REAL(), "sqlite")
_FLAG: Final = sa.Boolean().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make all tables, and fill them if there are older ones."""
    older = OlderSchool(op.get_bind())
    older.set_aside()
    _make_revision()
    _make_lessons()
    _make_moments()
    older.take_over()


def _of_lesson(table: str, *, is_key: bool = False) -> sa.Column[str]:
    lesson = sa.ForeignKey("lessons.id", name=f"{table}_lesson_fkey", ondelete="CASCADE")
    return sa.Column("lesson", _TEXT, lesson, primary_key=is_key, nullable=False)


def _make_revision() -> None:
    op.create_table(
        "revision",
        sa.Column("id", sa.Integer, sa.CheckConstraint("id = 0", name="revision_is_one"),
                  primary_key=True, autoincrement=False),
        sa.Column("value", _COUNT, nullable=False),
        sqlite_strict=True,
    )  # fmt: skip
    op.execute("INSERT INTO revision(id, value) VALUES(0, 1)")


def _make_lessons() -> None:
    op.create_table(
        "lessons",
        sa.Column("id", _TEXT, primary_key=True),
        sa.Column("room", _TEXT, nullable=False),
        sa.Column("teacher", _TEXT, nullable=False),
        sa.Column("title", _TEXT, nullable=False),
        sa.Column("starts_utc_ns", _COUNT, nullable=False),
        sa.Column("ends_utc_ns", _COUNT),
        sa.Column("source", _TEXT, nullable=False),
        sa.Column("activities", _TEXT, nullable=False),
        sa.Column("zones", _TEXT, nullable=False),
        sa.Column("video", _TEXT),
        sa.Column("video_offset_s", _REAL, nullable=False),
        sa.Column("revision", _COUNT, nullable=False, server_default="0"),
        sqlite_strict=True,
    )
    op.create_index("lessons_revision", "lessons", ["revision"])
    op.create_index("lessons_room", "lessons", ["room", "starts_utc_ns", "id"])
    op.create_index("lessons_start", "lessons", ["starts_utc_ns", "id"])
    op.create_table(
        "imported",
        _of_lesson("imported", is_key=True),
        sa.Column("source", _TEXT, nullable=False),
        sa.Column("event", _TEXT, nullable=False),
        sa.Column("occurrence", _TEXT, nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "opted_out",
        sa.Column("room", _TEXT, primary_key=True),
        sa.Column("seat", sa.Integer, primary_key=True, autoincrement=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _make_moments() -> None:
    op.create_table(
        "moments",
        sa.Column("id", _TEXT, primary_key=True),
        _of_lesson("moments"),
        sa.Column("start_s", _REAL, nullable=False),
        sa.Column("end_s", _REAL, nullable=False),
        sa.Column("note", _TEXT, nullable=False),
        sa.Column("author", _TEXT, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("moments_lesson", "moments", ["lesson", "start_s"])
    op.create_table(
        "verdicts",
        _of_lesson("verdicts", is_key=True),
        sa.Column("moment", _TEXT, primary_key=True),
        sa.Column("said_by", _TEXT, primary_key=True),
        sa.Column("is_confirmed", _FLAG, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("zone", _TEXT, nullable=False),
        sa.Column("start_s", _REAL, nullable=False),
        sa.Column("end_s", _REAL, nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("verdicts_moment", "verdicts", ["moment"])
    op.create_table(
        "labels",
        _of_lesson("labels", is_key=True),
        sa.Column("moment", _TEXT, primary_key=True),
        sa.Column("said_by", _TEXT, primary_key=True),
        sa.Column("is_room", _FLAG, nullable=False),
        sa.Column("utc_ns", _COUNT, nullable=False),
        sa.Column("model", _TEXT, nullable=False),
        sa.Column("features_version", _TEXT, nullable=False),
        sa.Column("features", sa.Integer, nullable=False),
        sa.Column("rows", sa.LargeBinary, nullable=False),
        sa.Column("written_utc_ns", _COUNT, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("labels_time", "labels", ["utc_ns"])
    op.create_table(
        "label_opt_ins",
        sa.Column("teacher", _TEXT, primary_key=True),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
