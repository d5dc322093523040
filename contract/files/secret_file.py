"""A secret that is kept in a file of its own, or in a variable of the environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from contract.files.text_file import read_text

__all__ = ["read_secret"]

_MAX_SECRET: Final = 10_000


def read_secret(path: Path | None, variable: str) -> str | None:
    """What the file holds, or without a file the variable: "" for nothing, None for what is no secret.

    A secret is one line. Raises UsageError for a file that can't be read; no message shows a secret.
    """
    text = (os.environ.get(variable, "") if path is None else read_text(path)).strip()
    return None if len(text) > _MAX_SECRET or not text.isprintable() else text
