"""Which school people belong to, and groups of schools."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _of(table: str, column: str, other: str, *, is_key: bool = False) -> sa.Column[str]:
    key = sa.ForeignKey(other, name=f"{table}_{column}_fkey", ondelete="CASCADE")
    return sa.Column(column, _TEXT, key, primary_key=is_key, nullable=False)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "person_sites",
        _of("person_sites", "person", "people.id", is_key=True),
        _of("person_sites", "site", "sites.name"),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("person_sites_site", "person_sites", ["site"])
    op.create_table(
        "school_groups",
        sa.Column("name", _TEXT, primary_key=True, nullable=False),
        sa.Column("title", _TEXT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "school_group_sites",
        _of("school_group_sites", "school_group", "school_groups.name", is_key=True),
        _of("school_group_sites", "site", "sites.name", is_key=True),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("school_group_sites_site", "school_group_sites", ["site"])
