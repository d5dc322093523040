"""How the replicas are, as a file for the other programs: the rooms' page and the doctor read it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contract.errors import StoreError
from contract.files.plain_file import read_plain_file
from contract.files.sqlite_file import make_directory
from ingest.replicas.progress import FOLDER

__all__ = ["STALE_NS", "ReplicaStatus", "ReplicasStatus", "read_status", "write_status"]

_NAME: Final = "status.json"
_MAX_BYTES: Final = 1 << 20
STALE_NS: Final = 120 * 1_000_000_000
"""A status that is older was left by a program that does not run any more."""

_Sentence = Annotated[str, Field(max_length=2_000)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ReplicaStatus(_Part):
    """One replica; a sentence is empty where all is well."""

    name: Annotated[str, Field(max_length=100)]
    trouble: _Sentence = ""
    clock: _Sentence = ""
    refusal: _Sentence = ""
    lag_s: Annotated[float, Field(ge=0)] = 0.0
    aside: Annotated[int, Field(ge=0)] = 0
    dropped: Annotated[int, Field(ge=0)] = 0


class ReplicasStatus(_Part):
    """All replicas at one moment."""

    utc_ns: Annotated[int, Field(ge=0)]
    replicas: Annotated[tuple[ReplicaStatus, ...], Field(max_length=100)]


def write_status(data_dir: Path, status: ReplicasStatus) -> None:
    """Replace the file as a whole; raises StoreError."""
    path = data_dir / FOLDER / _NAME
    make_directory(path.parent)
    new = path.with_name(f"{_NAME}.new")
    try:
        new.write_text(status.model_dump_json(), encoding="utf-8")
        new.chmod(0o600)
        new.replace(path)
    except OSError as error:
        raise StoreError(f"{path} can't be written ({error.strerror}).") from error


def read_status(data_dir: Path) -> ReplicasStatus | None:
    """The newest status; None where there is none, or what is there is none."""
    try:
        content = read_plain_file(data_dir / FOLDER / _NAME, max_bytes=_MAX_BYTES)
        return ReplicasStatus.model_validate_json(content)
    except (OSError, ValidationError):
        return None
