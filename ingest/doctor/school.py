"""Checks a PostgreSQL database that has the school's data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from contract.errors import RoomtoneError
from contract.finding import Finding
from school.migrating import HEAD, REVISIONS
from school.postgres_database import postgres_state

__all__ = ["ABOUT", "school_findings"]

ABOUT: Final = "school's database"


def school_findings(data_dir: Path, database_url: SecretStr) -> Iterator[Finding]:
    """Whether it answers, its version, and whether this program knows its tables."""
    try:
        state = postgres_state(database_url)
    except RoomtoneError as error:
        yield Finding(
            about=ABOUT, state="wrong", said=str(error), advice="do what the sentence says"
        )
        return
    said = f"{state.where} answers, PostgreSQL {state.server_version}"
    if state.schema is None:
        yield Finding(
            about=ABOUT, state="note", said=f"{said}, and has no tables yet",
            advice="start `roomtone ingest`, which creates them",
        )  # fmt: skip
    elif state.schema not in REVISIONS:
        yield Finding(
            about=ABOUT, state="wrong",
            said=f"{said}, and a later version of Roomtone wrote it (schema {state.schema}, this "
            f"program knows {HEAD})",
            advice="install that version",
        )  # fmt: skip
    else:
        yield Finding(about=ABOUT, state="fine", said=said)
    if (data_dir / "school.db").exists():
        yield Finding(
            about="school.db", state="note",
            said="exists, and no program reads it: school.database_url is set",
            advice="remove that setting to use the file, or move the file away",
        )  # fmt: skip
