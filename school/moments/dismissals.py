"""Why someone says that a suggested moment was not worth talking about, beside `school/schema.py`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, get_args

from sqlalchemy import Column, ForeignKeyConstraint, Table

from contract.language import N_
from school.column_types import TEXT as _TEXT
from school.schema import METADATA

__all__ = ["DISMISSAL_REASONS", "LONGEST_WORDS", "DismissalReason", "dismissals"]

DismissalReason = Literal["planned", "group_work", "routine", "outside", "nothing", "other"]

DISMISSAL_REASONS: Final[Mapping[DismissalReason, str]] = MappingProxyType({
    "planned": N_("a planned activity"),
    "group_work": N_("group work"),
    "routine": N_("a routine"),
    "outside": N_("a disturbance from outside"),
    "nothing": N_("nothing happened"),
    "other": N_("another reason"),
})  # fmt: skip
assert set(DISMISSAL_REASONS) == set(get_args(DismissalReason))

LONGEST_WORDS: Final = 200
"""Of a person's own words about another reason."""

dismissals: Final = Table(
    "dismissals", METADATA,
    Column("lesson", _TEXT, primary_key=True),
    Column("moment", _TEXT, primary_key=True),
    Column("said_by", _TEXT, key="by", primary_key=True),
    Column("role", _TEXT, primary_key=True),
    Column("reason", _TEXT, nullable=False),
    Column("words", _TEXT, nullable=False),
    ForeignKeyConstraint(
        ["lesson", "moment", "by", "role"],
        ["verdicts.lesson", "verdicts.moment", "verdicts.by", "verdicts.role"],
        name="dismissals_verdict_fkey", ondelete="CASCADE",
    ),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""The reason that a verdict has, which goes with it; a verdict without a row has none."""
