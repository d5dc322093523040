"""People, their roles, sessions and invitations, whose a lesson is, and who else may see it."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables: nobody may sign in, and every lesson is nobody's."""
    _make_people()
    _make_sharing()


def _of(table: str, column: str, other: str, *, is_key: bool = False) -> sa.Column[str]:
    target = sa.ForeignKey(f"{other}.id", name=f"{table}_{column}_fkey", ondelete="CASCADE")
    return sa.Column(column, _TEXT, target, primary_key=is_key, nullable=False)


def _make_people() -> None:
    op.create_table(
        "people",
        sa.Column("id", _TEXT, primary_key=True),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("sign_in_name", _TEXT, nullable=False),
        sa.Column("password", _TEXT),
        sa.Column("second_factor", _TEXT),
        sa.Column("second_factor_step", _COUNT, nullable=False),
        sa.Column("created_utc_ns", _COUNT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("people_sign_in_name", "people", ["sign_in_name"], unique=True)
    op.create_table(
        "roles",
        _of("roles", "person", "people", is_key=True),
        sa.Column("role", _TEXT, primary_key=True),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "sessions",
        sa.Column("token_hash", _TEXT, primary_key=True),
        sa.Column("id", _TEXT, nullable=False),
        _of("sessions", "person", "people"),
        sa.Column("created_utc_ns", _COUNT, nullable=False),
        sa.Column("seen_utc_ns", _COUNT, nullable=False),
        sa.Column("expires_utc_ns", _COUNT, nullable=False),
        sa.Column("browser", _TEXT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("sessions_person", "sessions", ["person"])
    op.create_table(
        "invitations",
        sa.Column("token_hash", _TEXT, primary_key=True),
        _of("invitations", "person", "people"),
        sa.Column("made_by", _TEXT),
        sa.Column("created_utc_ns", _COUNT, nullable=False),
        sa.Column("expires_utc_ns", _COUNT, nullable=False),
        sa.Column("used_utc_ns", _COUNT),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("invitations_person", "invitations", ["person"])


def _make_sharing() -> None:
    op.create_table(
        "teacher_names",
        sa.Column("name", _TEXT, primary_key=True),
        _of("teacher_names", "person", "people"),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("teacher_names_person", "teacher_names", ["person"])
    op.create_table(
        "lesson_owners",
        _of("lesson_owners", "lesson", "lessons", is_key=True),
        _of("lesson_owners", "person", "people"),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("lesson_owners_person", "lesson_owners", ["person"])
    op.create_table(
        "shares",
        _of("shares", "lesson", "lessons", is_key=True),
        _of("shares", "person", "people", is_key=True),
        sa.Column("until_utc_ns", _COUNT, nullable=False),
        sa.Column("created_utc_ns", _COUNT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("shares_person", "shares", ["person"])
