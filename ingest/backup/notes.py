"""Notes in the data directory when the last backup went off this computer, and how it was proved."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contract.errors import StoreError
from ingest.purge.requests import write_whole

__all__ = ["NOTES", "BackupNotes", "read_notes", "write_notes"]

NOTES: Final = "backups.json"
_MAX_BYTES: Final = 1 << 16
_Utc = Annotated[int, Field(ge=0, lt=1 << 63)]


class BackupNotes(BaseModel):
    """What is known of the last backup, and of the last rehearsal of a restore; 0 for never."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: int = 1
    made_utc_ns: _Utc = 0
    """When the last backup that is complete was begun."""
    snapshot: str = ""
    n_bytes: int = 0
    failed_utc_ns: _Utc = 0
    """When a backup failed after that."""
    failure: str = ""
    rehearsed_utc_ns: _Utc = 0
    """When a restore was rehearsed last."""
    rehearsed_snapshot: str = ""
    rehearsed_made_utc_ns: _Utc = 0
    """When that backup was made."""
    faults: tuple[str, ...] = ()
    """What that rehearsal found wrong."""


def read_notes(data_dir: Path) -> BackupNotes:
    """The notes; empty ones where there are none, or none that can be read."""
    try:
        with (data_dir / NOTES).open("rb") as file:
            return BackupNotes.model_validate_json(file.read(_MAX_BYTES))
    except (OSError, ValidationError):
        return BackupNotes()


def write_notes(data_dir: Path, notes: BackupNotes) -> None:
    """Replace the notes; raises StoreError if they can't be written."""
    try:
        write_whole(data_dir / NOTES, f"{notes.model_dump_json(indent=1)}\n".encode())
    except OSError as error:
        raise StoreError(
            f"{data_dir / NOTES} can't be written ({error.strerror}); run this as the owner of the data."
        ) from error
