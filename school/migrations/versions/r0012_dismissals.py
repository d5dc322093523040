"""Why someone says that a suggested moment was not worth talking about."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_KEY: Final = ("lesson", "moment", "said_by", "role")


def upgrade() -> None:
    """Make the table: nobody has given a reason yet."""
    op.create_table(
        "dismissals",
        *(sa.Column(name, _TEXT, primary_key=True, nullable=False) for name in _KEY),
        sa.Column("reason", _TEXT, nullable=False),
        sa.Column("words", _TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            _KEY, [f"verdicts.{name}" for name in _KEY],
            name="dismissals_verdict_fkey", ondelete="CASCADE",
        ),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
