"""The tables of learning platforms, beside those in `school/schema.py`; importing `school` adds them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Index, Table

from school.column_types import COUNT as _COUNT
from school.column_types import TEXT as _TEXT
from school.schema import METADATA

__all__ = ["lti_accounts", "lti_deployments", "lti_platforms"]

lti_platforms: Final = Table(
    "lti_platforms", METADATA,
    Column("name", _TEXT, primary_key=True),
    Column("title", _TEXT, nullable=False),
    Column("issuer", _TEXT, nullable=False),
    Column("client_id", _TEXT, nullable=False),
    Column("auth_url", _TEXT, nullable=False),
    Column("jwks_url", _TEXT, nullable=False),
    Column("added_utc_ns", _COUNT, nullable=False),
    Index("lti_platforms_client", "issuer", "client_id", unique=True),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""A registration at a platform. Schools of one vendor have its issuer, and each its own client id."""

lti_deployments: Final = Table(
    "lti_deployments", METADATA,
    Column(
        "platform", _TEXT,
        ForeignKey("lti_platforms.name", name="lti_deployments_platform_fkey", ondelete="CASCADE"),
        primary_key=True, nullable=False,
    ),
    Column("deployment", _TEXT, primary_key=True),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Where on a platform Roomtone is in use: a launch from anywhere else is refused."""

lti_accounts: Final = Table(
    "lti_accounts", METADATA,
    Column("platform", _TEXT, primary_key=True),
    Column("deployment", _TEXT, primary_key=True),
    Column("subject", _TEXT, primary_key=True),
    Column("id", _TEXT, nullable=False),
    Column(
        "person", _TEXT,
        ForeignKey("people.id", name="lti_accounts_person_fkey", ondelete="CASCADE"), nullable=False,
    ),
    Column("created_utc_ns", _COUNT, nullable=False),
    ForeignKeyConstraint(
        ["platform", "deployment"], ["lti_deployments.platform", "lti_deployments.deployment"],
        name="lti_accounts_deployment_fkey", ondelete="CASCADE",
    ),
    Index("lti_accounts_person", "person"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Accounts on platforms that a person has linked to themselves; `id` names one to its owner."""
