"""Moments, answers and labels have a person as author, and not only a word.

Whoever it surely was becomes the author: of a teacher's words the lesson's owner, of a coach's words
the one person with whom the lesson was ever shared. Where that is not sure the author stays empty,
and the word, "teacher" or "coach", is all that is known.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_REAL: Final[sa.types.TypeEngine[float]] = sa.Double().with_variant(sa.REAL(), "sqlite")
_FLAG: Final = sa.Boolean().with_variant(sa.Integer(), "sqlite")

_OWNERS: Final = """
CREATE TABLE older_owners AS
SELECT lesson, person FROM lesson_owners
WHERE lesson NOT IN (
    SELECT lesson FROM audit_events
    WHERE action IN ('took_over', 'handed_over') AND lesson IS NOT NULL
)
"""
"""Without lessons that changed hands: their teacher of today may not be who wrote."""
_COACHES: Final = """
CREATE TABLE older_coaches AS
SELECT lesson, MIN(person) AS person
FROM (
    SELECT lesson, person FROM shares
    UNION
    SELECT e.lesson, COALESCE(n.person, 'someone who left, ' || e.thing_id) AS person
    FROM audit_events e LEFT JOIN audit_names n ON n.actor = e.thing_id
    WHERE e.action = 'shared' AND e.thing = 'person' AND e.lesson IS NOT NULL
) readers
GROUP BY lesson
HAVING COUNT(*) = 1 AND MIN(person) IN (SELECT id FROM people)
"""
"""Also shares that have ended count, which only the audit log remembers."""
_AUTHOR: Final = """
COALESCE(
    CASE WHEN {word} = 'teacher'
        THEN (SELECT person FROM older_owners WHERE older_owners.lesson = older.lesson)
        ELSE (SELECT person FROM older_coaches WHERE older_coaches.lesson = older.lesson)
    END,
    ''
),
CASE WHEN {word} = 'teacher' THEN 'teacher' ELSE 'coach' END
"""
_TABLES: Final = {
    "moments": ("author", "id, lesson, start_s, end_s, note"),
    "verdicts": ("said_by", "lesson, moment, is_confirmed, kind, zone, start_s, end_s"),
    "labels": (
        "said_by",
        "lesson, moment, is_room, utc_ns, model, features_version, features, rows, written_utc_ns",
    ),
}
"""Table → where its author stands, and its other columns."""


def upgrade() -> None:
    """Make the three tables again, with who their rows are by."""
    op.execute(_OWNERS)
    op.execute(_COACHES)
    for table in _TABLES:
        op.execute(f"CREATE TABLE older_{table} AS SELECT * FROM {table}")  # noqa: S608 - our own words alone
        op.drop_table(table)
    _make_tables()
    for table, (author, others) in _TABLES.items():
        op.execute(
            f"INSERT INTO {table}({others}, {author}, role) "  # noqa: S608 - our own words alone
            f"SELECT {others}, {_AUTHOR.format(word=author)} FROM older_{table} older"
        )
        op.drop_table(f"older_{table}")
    op.drop_table("older_owners")
    op.drop_table("older_coaches")


def _of_lesson(table: str, *, is_key: bool = False) -> sa.Column[str]:
    lesson = sa.ForeignKey("lessons.id", name=f"{table}_lesson_fkey", ondelete="CASCADE")
    return sa.Column("lesson", _TEXT, lesson, primary_key=is_key, nullable=False)


def _make_tables() -> None:
    op.create_table(
        "moments",
        sa.Column("id", _TEXT, primary_key=True),
        _of_lesson("moments"),
        sa.Column("start_s", _REAL, nullable=False),
        sa.Column("end_s", _REAL, nullable=False),
        sa.Column("note", _TEXT, nullable=False),
        sa.Column("author", _TEXT, nullable=False),
        sa.Column("role", _TEXT, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("moments_lesson", "moments", ["lesson", "start_s"])
    op.create_table(
        "verdicts",
        _of_lesson("verdicts", is_key=True),
        sa.Column("moment", _TEXT, primary_key=True),
        sa.Column("said_by", _TEXT, primary_key=True),
        sa.Column("role", _TEXT, primary_key=True),
        sa.Column("is_confirmed", _FLAG, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("zone", _TEXT, nullable=False),
        sa.Column("start_s", _REAL, nullable=False),
        sa.Column("end_s", _REAL, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("verdicts_moment", "verdicts", ["moment"])
    op.create_table(
        "labels",
        _of_lesson("labels", is_key=True),
        sa.Column("moment", _TEXT, primary_key=True),
        sa.Column("said_by", _TEXT, primary_key=True),
        sa.Column("role", _TEXT, primary_key=True),
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
