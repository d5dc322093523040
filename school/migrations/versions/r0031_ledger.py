"""The ledger: weeks of people, what the programme costs, and outcomes by class."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_FLAG: Final = sa.Boolean().with_variant(sa.Integer(), "sqlite")
_REAL: Final[sa.types.TypeEngine[float]] = sa.Double().with_variant(sa.REAL(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    kinds = ("preparing", "visiting", "travelling", "debriefing", "travel_saved")
    op.create_table(
        "ledger_weeks",
        sa.Column(
            "person", _TEXT,
            sa.ForeignKey("people.id", name="ledger_weeks_person_fkey", ondelete="CASCADE"),
            primary_key=True, nullable=False,
        ),
        sa.Column("monday", _TEXT, primary_key=True, nullable=False),
        *(sa.Column(kind, sa.Integer, nullable=False) for kind in kinds),
        sa.Column("written_utc_ns", _COUNT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("ledger_weeks_written", "ledger_weeks", ["written_utc_ns"])
    op.create_table(
        "ledger_costs",
        sa.Column(
            "id", sa.Integer, sa.CheckConstraint("id = 0", name="ledger_costs_are_one"),
            primary_key=True, autoincrement=False, nullable=False,
        ),
        sa.Column("starts_on", _TEXT),
        *(sa.Column(name, _REAL, nullable=False) for name in ("hour_cost", "kit_cost", "kit_years")),
        sa.Column("school_weeks", sa.Integer, nullable=False),
        sa.Column("comparison", _REAL, nullable=False),
        sqlite_strict=True,
    )  # fmt: skip
    op.create_table(
        "class_outcomes",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False, nullable=False),
        sa.Column(
            "site", _TEXT,
            sa.ForeignKey("sites.name", name="class_outcomes_site_fkey", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("teacher", sa.Integer, nullable=False),
        sa.Column("is_coached", _FLAG, nullable=False),
        sa.Column("class_size", sa.Integer, nullable=False),
        sa.Column("before_score", _REAL, nullable=False),
        sa.Column("after_score", _REAL, nullable=False),
        sqlite_strict=True,
    )  # fmt: skip
    op.create_index("class_outcomes_site", "class_outcomes", ["site"])
