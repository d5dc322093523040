"""Brings the school's tables up to today's, with Alembic, inside the caller's transaction."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, text

__all__ = ["HEAD", "REVISIONS", "SQLITE_VERSION", "revision_in", "upgrade"]

REVISIONS: Final = (
    "0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010",
    "0011", "0012", "0013", "0014", "0015", "0016", "0017", "0018", "0019", "0020",
    "0021", "0022", "0023", "0024", "0025", "0026", "0027", "0028", "0029", "0030",
    "0031", "0032", "0033", "0034", "0035", "0036", "0037", "0038", "0039", "0040", "0041",
    "0042", "0043",
)  # fmt: skip
"""Every schema that there was, in order; each has a file in `migrations/versions/`."""
HEAD: Final = REVISIONS[-1]
_BEFORE_ALEMBIC: Final = 4
"""The last number of a school.db that was made without Alembic."""
SQLITE_VERSION: Final = _BEFORE_ALEMBIC + len(REVISIONS)
"""The `user_version` of a school.db of today: earlier programs look at that number."""
_SCRIPTS: Final = Path(__file__).parent / "migrations"


def upgrade(connection: Connection) -> None:
    """Make the tables, or bring them up; the caller has begun a transaction, and commits it."""
    # Only here: every program opens the database, and few of them ever have to upgrade it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    logging.getLogger("alembic").setLevel(logging.WARNING)  # whoever opens says what it does
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def revision_in(connection: Connection) -> str | None:
    """The schema of a PostgreSQL database; None where it has no tables yet."""
    if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    return str(connection.scalar(text("SELECT version_num FROM alembic_version")))
