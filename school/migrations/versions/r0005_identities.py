"""School accounts that are linked to people, and the sessions whose provider used two factors."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables: nobody has linked an account."""
    person = sa.ForeignKey("people.id", name="identities_person_fkey", ondelete="CASCADE")
    op.create_table(
        "identities",
        sa.Column("issuer", _TEXT, primary_key=True),
        sa.Column("subject", _TEXT, primary_key=True),
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("person", _TEXT, person, nullable=False),
        sa.Column("created_utc_ns", _COUNT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("identities_person", "identities", ["person"])
    session = sa.ForeignKey(
        "sessions.token_hash", name="session_factors_token_hash_fkey", ondelete="CASCADE"
    )
    op.create_table(
        "session_factors",
        sa.Column("token_hash", _TEXT, session, primary_key=True),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
