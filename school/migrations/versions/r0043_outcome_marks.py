"""Marks of the outcomes that a sheet's gains are of; rooms of older months of the district alone."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_MIN_ROOMS: Final = 5


def upgrade() -> None:
    """Make the column, mark what is known, and hide what a single room may be read from."""
    op.add_column(
        "worth_sheets", sa.Column("outcome_marks", _TEXT, nullable=False, server_default="")
    )
    connection = op.get_bind()
    _mark_latest(connection)
    _hide_rooms(connection)


def _mark_latest(connection: sa.Connection) -> None:
    """Earlier sheets' outcomes are gone; those of the latest are marked if they are still there."""
    sheets = sa.table(
        "worth_sheets", sa.column("number"), sa.column("outcomes_utc_ns"), sa.column("body"),
        sa.column("outcome_marks"),
    )  # fmt: skip
    latest = connection.execute(sa.select(sheets).order_by(sheets.c.number.desc()).limit(1)).first()
    if latest is None:
        return
    classes = json.loads(latest.body).get("classes", {})
    salt, marks = secrets.token_hex(8), set()
    outcomes = sa.table(
        "class_outcomes", sa.column("site"), sa.column("is_coached"), sa.column("class_size"),
        sa.column("before_score"), sa.column("after_score"), sa.column("imported_utc_ns"),
    )  # fmt: skip
    for row in connection.execute(
        sa.select(outcomes).where(outcomes.c.imported_utc_ns == latest.outcomes_utc_ns)
    ).all():
        if ("coached" if row.is_coached else "others") in classes:
            values = row.site, row.class_size, float(row.before_score), float(row.after_score)
            text = "|".join([salt, *map(str, values)])
            marks.add(hashlib.sha256(text.encode()).hexdigest()[:6])
    if marks:
        connection.execute(
            sheets.update()
            .where(sheets.c.number == latest.number)
            .values(outcome_marks=" ".join([salt, *sorted(marks)]))
        )


def _hide_rooms(connection: sa.Connection) -> None:
    """Which rooms a row had is not kept, so that nobody can say what a difference of two is of."""
    months = sa.table("coverage_months", sa.column("month"), sa.column("body"))
    for row in connection.execute(sa.select(months)).all():
        rows = json.loads(row.body)
        for each in rows:
            if each["kind"] != "district" or 0 < (each["rooms"] or 0) < _MIN_ROOMS:
                each["rooms"] = each["running"] = None
        body = json.dumps(rows, separators=(",", ":"))
        connection.execute(months.update().where(months.c.month == row.month).values(body=body))
