"""What a roster says of schools, teachers, classes and terms."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_FLAG: Final = sa.Boolean().with_variant(sa.Integer(), "sqlite")


def _of(table: str, column: str, other: str) -> sa.Column[str]:
    key = sa.ForeignKey(other, name=f"{table}_{column}_fkey", ondelete="CASCADE")
    return sa.Column(column, _TEXT, key, nullable=False)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "roster_records",
        sa.Column("kind", _TEXT, primary_key=True, nullable=False),
        sa.Column("id", _TEXT, primary_key=True, nullable=False),
        sa.Column("content", _TEXT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "roster_sites",
        sa.Column("org", _TEXT, primary_key=True, nullable=False),
        _of("roster_sites", "site", "sites.name"),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("roster_sites_site", "roster_sites", ["site"])
    op.create_table(
        "roster_people",
        sa.Column("id", _TEXT, primary_key=True, nullable=False),
        _of("roster_people", "person", "people.id"),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("sign_in_name", _TEXT, nullable=False),
        sa.Column("orgs", _TEXT, nullable=False),
        sa.Column("is_gone", _FLAG, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("roster_people_person", "roster_people", ["person"])
    op.create_table(
        "roster_teachings",
        sa.Column("id", _TEXT, primary_key=True, nullable=False),
        sa.Column("class_id", _TEXT, nullable=False),
        _of("roster_teachings", "teacher", "roster_people.id"),
        sa.Column("is_primary", _FLAG, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("roster_teachings_teacher", "roster_teachings", ["teacher"])
    op.create_table(
        "roster_left",
        sa.Column("id_hash", _TEXT, primary_key=True, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
