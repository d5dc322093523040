"""Writes a folder of files that has its name once it is complete, with the hash of each file."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from contract.errors import UsageError
from contract.files.sqlite_file import disk_error

__all__ = ["SUMS", "write_summed_folder"]

SUMS: Final = "SHA256SUMS"
"""The hashes of all other files, as `sha256sum --check` reads them."""


def write_summed_folder(files: Iterable[tuple[str, bytes]], out: Path) -> list[str]:
    """Write files, by their names in the folder, into a new folder; returns the names.

    Raises UsageError if there is something of the folder's name, StoreError if the disk takes it not.
    """
    if os.path.lexists(out):
        raise UsageError(f"{out} exists; name a new folder.")
    partial = out.with_name(f"{out.name}.partial")
    try:
        partial.mkdir(parents=True)
    except FileExistsError as error:
        raise UsageError(f"{partial} was left by a run that failed; remove it.") from error
    except PermissionError:
        raise  # the command line says what to do about it
    except OSError as error:
        raise disk_error(partial, error) from error
    try:
        sums = []
        for name, content in files:
            path = partial / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
            sums.append((name, hashlib.sha256(content).hexdigest()))
        lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(sums))
        (partial / SUMS).write_text(lines, encoding="utf-8")
        partial.rename(out)
    except OSError as error:
        raise disk_error(partial, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return [name for name, _digest in sums]
