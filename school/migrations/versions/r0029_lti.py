"""Learning platforms, and people's accounts there."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "lti_platforms",
        sa.Column("name", _TEXT, primary_key=True, nullable=False),
        sa.Column("title", _TEXT, nullable=False),
        sa.Column("issuer", _TEXT, nullable=False),
        sa.Column("client_id", _TEXT, nullable=False),
        sa.Column("auth_url", _TEXT, nullable=False),
        sa.Column("jwks_url", _TEXT, nullable=False),
        sa.Column("added_utc_ns", _COUNT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("lti_platforms_client", "lti_platforms", ["issuer", "client_id"], unique=True)
    op.create_table(
        "lti_deployments",
        sa.Column(
            "platform", _TEXT,
            sa.ForeignKey(
                "lti_platforms.name", name="lti_deployments_platform_fkey", ondelete="CASCADE"
            ),
            primary_key=True, nullable=False,
        ),
        sa.Column("deployment", _TEXT, primary_key=True, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "lti_accounts",
        sa.Column("platform", _TEXT, primary_key=True, nullable=False),
        sa.Column("deployment", _TEXT, primary_key=True, nullable=False),
        sa.Column("subject", _TEXT, primary_key=True, nullable=False),
        sa.Column("id", _TEXT, nullable=False),
        sa.Column(
            "person", _TEXT,
            sa.ForeignKey("people.id", name="lti_accounts_person_fkey", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("created_utc_ns", _COUNT, nullable=False),
        sa.ForeignKeyConstraint(
            ["platform", "deployment"], ["lti_deployments.platform", "lti_deployments.deployment"],
            name="lti_accounts_deployment_fkey", ondelete="CASCADE",
        ),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("lti_accounts_person", "lti_accounts", ["person"])
