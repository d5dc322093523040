"""In which language each person reads the pages."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the table."""
    person = sa.ForeignKey("people.id", name="chosen_languages_person_fkey", ondelete="CASCADE")
    op.create_table(
        "chosen_languages",
        sa.Column("person", _TEXT, person, primary_key=True, nullable=False),
        sa.Column("language", _TEXT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
