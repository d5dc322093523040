"""Who has switched on the pages of seat rows of their own lessons."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the table: nobody has."""
    person = sa.ForeignKey("people.id", name="seat_row_choices_person_fkey", ondelete="CASCADE")
    op.create_table(
        "seat_row_choices",
        sa.Column("person", _TEXT, person, primary_key=True, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
