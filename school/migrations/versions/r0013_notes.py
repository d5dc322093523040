"""Notes: what kind a marked moment is, its tags, its revision, when it was begun; and replies."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the columns, which make an observation without tags of every older moment; and the table."""
    for column in (
        sa.Column("kind", _TEXT, nullable=False, server_default="observation"),
        sa.Column("tags", _TEXT, nullable=False, server_default="[]"),
        sa.Column("revision", _COUNT, nullable=False, server_default="1"),
        sa.Column("began_utc_ns", _COUNT),
    ):
        op.add_column("moments", column)
    op.create_table(
        "replies",
        sa.Column("id", _TEXT, primary_key=True),
        _of("lesson", "lessons"),
        _of("moment", "moments"),
        sa.Column("author", _TEXT, nullable=False),
        sa.Column("role", _TEXT, nullable=False),
        sa.Column("text", _TEXT, nullable=False),
        sa.Column("written_utc_ns", _COUNT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("replies_lesson", "replies", ["lesson", "written_utc_ns"])
    op.create_index("replies_moment", "replies", ["moment"])


def _of(column: str, other: str) -> sa.Column[str]:
    key = sa.ForeignKey(f"{other}.id", name=f"replies_{column}_fkey", ondelete="CASCADE")
    return sa.Column(column, _TEXT, key, nullable=False)
