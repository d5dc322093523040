"""People who left: their row stays without a name."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_FLAG: Final = sa.Boolean().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    person = sa.ForeignKey("people.id", name="former_people_person_fkey", ondelete="CASCADE")
    op.create_table(
        "former_people",
        sa.Column("person", _TEXT, person, primary_key=True, nullable=False),
        sa.Column("left_utc_ns", _COUNT, nullable=False),
        sa.Column("deletes_lessons", _FLAG, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
