"""A folder that a run's stores and logs may fill: one that is empty."""

from __future__ import annotations

from pathlib import Path

from contract.errors import UsageError

__all__ = ["new_folder"]


def new_folder(keep: Path) -> Path:
    """The folder that `--keep` names, made if it is not there; raises UsageError."""
    try:
        keep.mkdir(parents=True, exist_ok=True)
        is_empty = not any(keep.iterdir())
    except OSError as error:
        raise UsageError(
            f"--keep: {keep} can't be used as a folder ({error.strerror}); name a new one."
        ) from error
    if not is_empty:
        raise UsageError(f"--keep: {keep} is not empty; name a new folder.")
    return keep.resolve()
