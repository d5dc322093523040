"""What is counted of a cohort's spans, and in which group: as it was when they were handed."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the columns."""
    op.add_column("cohort_answers", sa.Column("activity", _TEXT))
    op.add_column("cohort_answers", sa.Column("third", _COUNT))
    op.add_column("cohort_answers", sa.Column("counted_in", _COUNT))
    # What was handed before was counted in other groups: in new ones beside them, the difference
    # of the two would be a single answer.
    answers = sa.table(
        "cohort_answers", sa.column("handed_utc_ns", _COUNT), sa.column("counted_in", _COUNT)
    )
    handed = answers.c.handed_utc_ns.is_not(None)
    op.execute(answers.update().where(handed).values(counted_in=0))
